//! Which partitions are ours, and how far their hand-over has come.
//!
//! ```text
//! assigned ─▶ waiting ── start ─▶ started ── revoked, lost ─▶ leaving ── release ─▶ (gone)
//! ```
//!
//! librdkafka is told of an assignment at once, and of what is given up when the last partition
//! that is leaving was released: in between, the group would believe that the rest is still where
//! it was, and one given up later would be nobody's.

use std::collections::BTreeMap;

use crate::runtime::{Source, Start};

/// The partitions of one member.
#[derive(Default)]
pub(super) struct Holdings {
    phases: BTreeMap<Source, Phase>,
}

enum Phase {
    /// Ours, and paused until it has its place.
    Waiting,
    Started(Start),
    Leaving {
        /// The runtime is done with it.
        released: bool,
    },
}

impl Holdings {
    /// Notes partitions that the group gave us.
    pub(super) fn assigned(&mut self, sources: &[Source]) {
        for source in sources {
            self.phases.insert(*source, Phase::Waiting);
        }
    }

    /// Those of the given places that are in partitions of ours which are not leaving.
    pub(super) fn ours_among(&self, places: &[(Source, Start)]) -> Vec<(Source, Start)> {
        let mut ours = places.to_vec();
        ours.retain(|(source, _)| {
            let phase = self.phases.get(source);
            matches!(phase, Some(Phase::Waiting | Phase::Started(_)))
        });
        ours
    }

    /// The partitions of the given places that were not started yet.
    pub(super) fn waiting_among(&self, places: &[(Source, Start)]) -> Vec<Source> {
        let mut waiting: Vec<Source> = places.iter().map(|(source, _)| *source).collect();
        waiting.retain(|source| matches!(self.phases.get(source), Some(Phase::Waiting)));
        waiting
    }

    /// Notes that partitions of ours are read from these places on.
    pub(super) fn start(&mut self, places: &[(Source, Start)]) {
        for (source, start) in places {
            self.phases.insert(*source, Phase::Started(*start));
        }
    }

    /// Notes partitions that we must give up, or have lost already.
    pub(super) fn leaving(&mut self, sources: &[Source]) {
        for source in sources {
            let released = false;
            self.phases.insert(*source, Phase::Leaving { released });
        }
    }

    /// Notes partitions that the runtime is done with. Once it is done with every one that is
    /// leaving, returns those that librdkafka must give up.
    pub(super) fn release(&mut self, sources: &[Source]) -> Option<Vec<Source>> {
        for source in sources {
            if let Some(Phase::Leaving { released }) = self.phases.get_mut(source) {
                *released = true;
            }
        }
        let mut given_up = Vec::new();
        for (source, phase) in &self.phases {
            match phase {
                Phase::Leaving { released: false } => return None,
                Phase::Leaving { .. } => given_up.push(*source),
                Phase::Waiting | Phase::Started(_) => {}
            }
        }
        self.phases
            .retain(|_, phase| !matches!(phase, Phase::Leaving { .. }));
        (!given_up.is_empty()).then_some(given_up)
    }

    /// Where this partition was started, if it was and is not leaving.
    pub(super) fn started(&self, source: Source) -> Option<Start> {
        match self.phases.get(&source) {
            Some(Phase::Started(start)) => Some(*start),
            _ => None,
        }
    }

    /// Those of the given partitions that are started.
    pub(super) fn started_among(&self, sources: &[Source]) -> Vec<Source> {
        let mut started = sources.to_vec();
        started.retain(|source| self.started(*source).is_some());
        started
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(partition: u32) -> Source {
        Source {
            input: 0,
            partition,
        }
    }

    fn started(partitions: &[u32]) -> Holdings {
        let mut holdings = Holdings::default();
        let sources: Vec<Source> = partitions.iter().map(|p| source(*p)).collect();
        holdings.assigned(&sources);
        let places: Vec<(Source, Start)> = sources.iter().map(|s| (*s, Start::Earliest)).collect();
        assert_eq!(holdings.waiting_among(&places), sources);
        holdings.start(&places);
        holdings
    }

    #[test]
    fn partitions_assigned_together_may_be_started_one_by_one() {
        let mut holdings = Holdings::default();
        holdings.assigned(&[source(0), source(1)]);
        holdings.start(&[(source(1), Start::At(7))]);
        assert_eq!(holdings.started(source(0)), None);
        assert_eq!(holdings.started(source(1)), Some(Start::At(7)));
        let both = [(source(0), Start::Earliest), (source(1), Start::At(8))];
        assert_eq!(holdings.waiting_among(&both), [source(0)]);
    }

    #[test]
    fn only_what_is_ours_and_stays_can_be_started() {
        let mut holdings = started(&[0, 1]);
        holdings.leaving(&[source(1)]);
        let places = [0, 1, 9].map(|p| (source(p), Start::At(3)));
        assert_eq!(holdings.ours_among(&places), places[..1]);
    }

    #[test]
    fn revoked_partitions_are_given_up_when_the_last_is_released() {
        let mut holdings = started(&[0, 1, 2]);
        holdings.leaving(&[source(0), source(1)]);
        assert_eq!(holdings.started(source(0)), None);
        assert_eq!(holdings.release(&[source(0), source(2)]), None);
        assert_eq!(
            holdings.release(&[source(1)]),
            Some(vec![source(0), source(1)])
        );
        assert_eq!(holdings.started(source(2)), Some(Start::Earliest));
        assert_eq!(holdings.release(&[source(1)]), None);
    }

    #[test]
    fn a_partition_lost_before_it_was_started_is_given_up_all_the_same() {
        let mut holdings = Holdings::default();
        holdings.assigned(&[source(0)]);
        holdings.leaving(&[source(0)]);
        assert_eq!(holdings.release(&[source(0)]), Some(vec![source(0)]));
    }
}

//! Which partitions are ours, and how far their hand-over has come.
//!
//! ```text
//! assigned ─▶ waiting ── start ─▶ started ── revoked, lost ─▶ leaving ── release ─▶ (gone)
//! ```
//!
//! Partitions assigned together are taken together, when the last of them has its place, and
//! revoked ones are given up together. In between, the group would believe that the rest is still
//! where it was: a partition taken later could already be somebody else's, and one given up later
//! would be nobody's.

use std::collections::BTreeMap;

use crate::runtime::{Source, Start};

/// The partitions of one member.
#[derive(Default)]
pub(super) struct Holdings {
    phases: BTreeMap<Source, Phase>,
}

enum Phase {
    Waiting(Option<Start>),
    Started(Start),
    Leaving(Leaving),
}

struct Leaving {
    /// librdkafka has it in its assignment.
    taken: bool,
    /// It is somebody else's already.
    lost: bool,
    /// The runtime is done with it.
    released: bool,
}

/// What to tell librdkafka after places were given.
#[derive(Default, PartialEq, Eq, Debug)]
pub(super) struct Places {
    /// Take these; none while some that were assigned together have no place yet.
    pub(super) take: Vec<(Source, Start)>,
    /// These were started before: go there.
    pub(super) seek: Vec<(Source, Start)>,
}

impl Holdings {
    /// Notes partitions that the group gave us.
    pub(super) fn assigned(&mut self, sources: &[Source]) {
        for source in sources {
            self.phases.insert(*source, Phase::Waiting(None));
        }
    }

    /// Notes places to read from; those of partitions that are not ours are ignored.
    pub(super) fn start(&mut self, places: &[(Source, Start)]) -> Places {
        let mut answer = Places::default();
        for (source, start) in places {
            match self.phases.get_mut(source) {
                Some(Phase::Waiting(place)) => *place = Some(*start),
                Some(Phase::Started(place)) => {
                    *place = *start;
                    answer.seek.push((*source, *start));
                }
                Some(Phase::Leaving(_)) | None => {}
            }
        }
        answer.take = self.ready();
        for (source, start) in &answer.take {
            self.phases.insert(*source, Phase::Started(*start));
        }
        answer
    }

    /// The waiting partitions if every one has its place.
    fn ready(&self) -> Vec<(Source, Start)> {
        let mut ready = Vec::new();
        for (source, phase) in &self.phases {
            match phase {
                Phase::Waiting(Some(start)) => ready.push((*source, *start)),
                Phase::Waiting(None) => return Vec::new(),
                Phase::Started(_) | Phase::Leaving(_) => {}
            }
        }
        ready
    }

    /// Notes partitions that we must give up, or have lost already.
    pub(super) fn leaving(&mut self, sources: &[Source], lost: bool) {
        for source in sources {
            let taken = !matches!(self.phases.get(source), Some(Phase::Waiting(_)));
            let leaving = Leaving {
                taken,
                lost,
                released: false,
            };
            self.phases.insert(*source, Phase::Leaving(leaving));
        }
    }

    /// Notes partitions that the runtime is done with. Once it is done with every one that is
    /// leaving, returns those that librdkafka must give up.
    pub(super) fn release(&mut self, sources: &[Source]) -> Option<Vec<Source>> {
        for source in sources {
            if let Some(Phase::Leaving(leaving)) = self.phases.get_mut(source) {
                leaving.released = true;
            }
        }
        let mut given_up = Vec::new();
        let mut any = false;
        for (source, phase) in &self.phases {
            match phase {
                Phase::Leaving(leaving) if !leaving.released => return None,
                Phase::Leaving(leaving) => {
                    any = true;
                    if leaving.taken {
                        given_up.push(*source);
                    }
                }
                Phase::Waiting(_) | Phase::Started(_) => {}
            }
        }
        self.phases
            .retain(|_, phase| !matches!(phase, Phase::Leaving(_)));
        any.then_some(given_up)
    }

    /// Whether offsets of this partition are ours to commit.
    pub(super) fn may_commit(&self, source: Source) -> bool {
        match self.phases.get(&source) {
            Some(Phase::Started(_)) => true,
            Some(Phase::Leaving(leaving)) => leaving.taken && !leaving.lost,
            Some(Phase::Waiting(_)) | None => false,
        }
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
        assert_eq!(holdings.start(&places).take, places);
        holdings
    }

    #[test]
    fn partitions_assigned_together_are_taken_when_the_last_has_its_place() {
        let mut holdings = Holdings::default();
        holdings.assigned(&[source(0), source(1)]);
        assert_eq!(
            holdings.start(&[(source(1), Start::At(7))]),
            Places::default()
        );
        assert_eq!(holdings.started(source(1)), None);
        let both = vec![(source(0), Start::Earliest), (source(1), Start::At(7))];
        assert_eq!(holdings.start(&[(source(0), Start::Earliest)]).take, both);
        assert_eq!(holdings.started(source(1)), Some(Start::At(7)));
    }

    #[test]
    fn starting_a_started_partition_again_is_a_seek() {
        let mut holdings = started(&[0]);
        let places = holdings.start(&[(source(0), Start::At(3)), (source(9), Start::At(1))]);
        assert_eq!(places.take, vec![]);
        assert_eq!(places.seek, vec![(source(0), Start::At(3))]);
    }

    #[test]
    fn revoked_partitions_are_given_up_when_the_last_is_released() {
        let mut holdings = started(&[0, 1, 2]);
        holdings.leaving(&[source(0), source(1)], false);
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
    fn a_partition_lost_before_it_was_started_is_answered_with_nothing() {
        let mut holdings = Holdings::default();
        holdings.assigned(&[source(0)]);
        holdings.leaving(&[source(0)], true);
        assert_eq!(holdings.release(&[source(0)]), Some(vec![]));
    }

    #[test]
    fn offsets_are_committed_until_a_release_but_never_after_a_loss() {
        let mut holdings = started(&[0, 1]);
        holdings.leaving(&[source(0)], false);
        holdings.leaving(&[source(1)], true);
        assert!(holdings.may_commit(source(0)));
        assert!(!holdings.may_commit(source(1)));
        assert!(holdings.release(&[source(0), source(1)]).is_some());
        assert!(!holdings.may_commit(source(0)));
    }
}

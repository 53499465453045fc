//! Idle advance: when the wall clock may move a silent partition's watermark.
//!
//! Only proof counts. A partition is *read to the end* when the broker, asked after the last
//! record was read, says that nothing follows. When that has held without a gap for the whole idle
//! interval, the watermark may follow the wall clock as it stood when the broker was last asked.
//! A record, a probe without a timely answer (an outage, a pause of this process) or a paused
//! partition breaks the proof, and the interval begins anew.

use std::time::Duration;

use crate::domain::{EventTime, Millis};

/// The moment at which a probe was asked for, on both clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Moment {
    pub(super) wall: EventTime,
    pub(super) monotonic: Duration,
}

/// How a partition came to be proven silent.
#[derive(Debug)]
pub(super) struct IdleWatch {
    interval: Duration,
    inputs: Vec<Proof>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Proof {
    /// The probe that waits for its answer.
    asked: Option<Moment>,
    /// When the run of answers that say "nothing follows" began.
    since: Option<Duration>,
    /// When the newest of them was asked for.
    confirmed: Option<Moment>,
}

impl IdleWatch {
    /// A watch over a partition of `inputs` topics.
    pub(super) fn new(interval: Duration, inputs: usize) -> Self {
        Self {
            interval,
            inputs: vec![Proof::default(); inputs],
        }
    }

    /// How often a silent partition is probed: four times an interval, at least once a second.
    pub(super) fn probe_interval(&self) -> Duration {
        (self.interval / 4).clamp(Duration::from_millis(20), Duration::from_secs(1))
    }

    /// A record was read, or the partition was paused: whatever was proven no longer is.
    pub(super) fn interrupt(&mut self) {
        for proof in &mut self.inputs {
            proof.since = None;
            proof.confirmed = None;
        }
    }

    /// Whether the input should be probed now, and takes note that it is.
    pub(super) fn ask(&mut self, input: usize, now: Moment) -> bool {
        let every = self.probe_interval();
        let proof = &mut self.inputs[input];
        let waiting = proof.asked.is_some_and(|asked| !overdue(asked, now, every));
        let fresh = proof
            .confirmed
            .is_some_and(|confirmed| now.monotonic.saturating_sub(confirmed.monotonic) < every);
        let ask = !waiting && !fresh;
        if ask {
            proof.asked = Some(now);
        }
        ask
    }

    /// An answer came: whether it says that nothing follows what was read.
    pub(super) fn answer(&mut self, input: usize, at_end: bool, now: Moment) {
        let every = self.probe_interval();
        let proof = &mut self.inputs[input];
        let Some(asked) = proof.asked.take() else {
            return;
        };
        if !at_end || overdue(asked, now, every) {
            proof.since = None;
            proof.confirmed = None;
            return;
        }
        proof.since = proof.since.or(Some(asked.monotonic));
        proof.confirmed = Some(asked);
    }

    /// Where the watermark may move to, `disorder` being the allowance.
    pub(super) fn step(&mut self, now: Moment, disorder: Millis) -> Option<EventTime> {
        let patience = self.probe_interval() * 4;
        let mut earliest: Option<EventTime> = None;
        for proof in &mut self.inputs {
            let confirmed = proof.confirmed?;
            if now.monotonic.saturating_sub(confirmed.monotonic) > patience {
                proof.since = None;
                proof.confirmed = None;
                return None;
            }
            let silent = confirmed.monotonic.saturating_sub(proof.since?);
            if silent < self.interval {
                return None;
            }
            earliest = Some(earliest.map_or(confirmed.wall, |wall| wall.min(confirmed.wall)));
        }
        Some(earliest?.minus(disorder).minus(Millis::new(1)))
    }
}

/// Whether an answer to a probe asked for at `asked` comes too late to prove anything.
fn overdue(asked: Moment, now: Moment, every: Duration) -> bool {
    now.monotonic.saturating_sub(asked.monotonic) > every * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISORDER: Millis = Millis::from_secs(30);
    const SECOND: Duration = Duration::from_secs(1);

    fn at(secs: u32) -> Moment {
        let wall = EventTime::from_millis(1_000_000 + i64::from(secs) * 1_000);
        Moment {
            wall,
            monotonic: SECOND * secs,
        }
    }

    fn watch() -> IdleWatch {
        IdleWatch::new(SECOND * 10, 1)
    }

    /// Probes once a second from `from` to `to`, every answer saying `at_end`.
    fn probe(watch: &mut IdleWatch, from: u32, to: u32, at_end: bool) {
        for secs in from..=to {
            assert!(watch.ask(0, at(secs)), "a probe is due at {secs}");
            watch.answer(0, at_end, at(secs));
        }
    }

    #[test]
    fn silence_proven_for_the_whole_interval_moves_the_watermark() {
        let mut watch = watch();
        probe(&mut watch, 0, 9, true);
        assert_eq!(watch.step(at(9), DISORDER), None);
        probe(&mut watch, 10, 10, true);
        let expected = at(10).wall.minus(DISORDER).minus(Millis::new(1));
        assert_eq!(watch.step(at(10), DISORDER), Some(expected));
    }

    #[test]
    fn a_record_begins_the_interval_anew() {
        let mut watch = watch();
        probe(&mut watch, 0, 9, true);
        watch.interrupt();
        probe(&mut watch, 10, 19, true);
        assert_eq!(watch.step(at(19), DISORDER), None);
        probe(&mut watch, 20, 20, true);
        assert!(watch.step(at(20), DISORDER).is_some());
    }

    #[test]
    fn an_end_ahead_of_what_was_read_is_no_silence() {
        let mut watch = watch();
        probe(&mut watch, 0, 30, false);
        assert_eq!(watch.step(at(30), DISORDER), None);
    }

    #[test]
    fn probes_without_answer_break_the_proof() {
        let mut watch = watch();
        probe(&mut watch, 0, 12, true);
        assert!(watch.ask(0, at(13)));
        assert_eq!(
            watch.step(at(40), DISORDER),
            None,
            "the process slept or the broker was away"
        );
        assert!(watch.ask(0, at(40)), "an overdue probe is asked again");
        watch.answer(0, true, at(40));
        assert_eq!(watch.step(at(40), DISORDER), None);
    }

    #[test]
    fn an_answer_that_took_too_long_proves_nothing() {
        let mut watch = watch();
        probe(&mut watch, 0, 12, true);
        assert!(watch.ask(0, at(13)));
        watch.answer(0, true, at(30));
        assert_eq!(watch.step(at(30), DISORDER), None);
    }

    #[test]
    fn every_input_must_be_silent() {
        let mut watch = IdleWatch::new(SECOND * 10, 2);
        probe(&mut watch, 0, 12, true);
        assert_eq!(watch.step(at(12), DISORDER), None);
    }
}

//! What a customer finds when it is their turn.

use crate::domain::{EventTime, Millis};

use super::rng::{Rng, mix};

/// What a customer finds when it is their turn.
pub(super) struct Scene<'a> {
    pub(super) rng: &'a mut Rng,
    pub(super) names: &'a mut Names,
    pub(super) now: EventTime,
    /// How many times faster than in life.
    pub(super) pace: i64,
}

impl Scene<'_> {
    /// A moment about `median` from now, sooner by the pace, never at once.
    pub(super) fn in_about(&mut self, median: Millis) -> EventTime {
        let span = self.rng.about(median).get() / self.pace;
        self.now.plus(Millis::new(span.max(1)))
    }
}

/// Gives names that no other touchpoint, cart, order or request has.
pub(super) struct Names {
    run: u64,
    given: u64,
}

impl Names {
    /// Names for the traffic of a seed from `start` on; other seeds and starts get other names, so
    /// that several runs can fill one topic.
    pub(super) fn new(seed: u64, start: EventTime) -> Self {
        Self {
            run: mix(mix(seed) ^ start.as_millis().cast_unsigned()),
            given: 0,
        }
    }

    /// A number that was not given before.
    pub(super) fn next(&mut self) -> u64 {
        self.given += 1;
        mix(self.run.wrapping_add(self.given))
    }

    pub(super) fn touchpoint(&mut self) -> String {
        format!("{:016x}", self.next())
    }

    /// A name for a cart, an order or a request.
    pub(super) fn thing(&mut self, prefix: &str) -> Box<str> {
        format!("{prefix}-{:012x}", self.next() >> 16).into()
    }
}

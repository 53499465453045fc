//! Timers: for every customer at most one armed deadline.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::store::Number;
use crate::domain::EventTime;

/// Deadlines in event time, earliest first. An entry that a customer no longer stands by is told
/// apart by whoever pops it.
#[derive(Debug, Default)]
pub(super) struct Timers {
    entries: BinaryHeap<Reverse<(EventTime, Number)>>,
}

impl Timers {
    /// Adds a deadline.
    pub(super) fn arm(&mut self, at: EventTime, customer: Number) {
        self.entries.push(Reverse((at, customer)));
    }

    /// Takes out the earliest deadline, if it is at or before `watermark`.
    pub(super) fn pop_due(&mut self, watermark: EventTime) -> Option<(EventTime, Number)> {
        let Reverse((at, _)) = self.entries.peek()?;
        if *at > watermark {
            return None;
        }
        self.entries.pop().map(|Reverse(entry)| entry)
    }

    /// How many entries there are, stale ones included.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Forgets every deadline.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}

//! A queue by time: what is due first leaves first, and of two at one time the one put in first.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::domain::EventTime;

/// What waits for its time.
pub(super) struct Queue<T> {
    waiting: BinaryHeap<Waiting<T>>,
    put: u64,
}

struct Waiting<T> {
    at: EventTime,
    turn: u64,
    what: T,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            waiting: BinaryHeap::new(),
            put: 0,
        }
    }

    /// Puts `what` in, to leave at `at`.
    pub(super) fn put(&mut self, at: EventTime, what: T) {
        let turn = self.put;
        self.put += 1;
        self.waiting.push(Waiting { at, turn, what });
    }

    /// When the first is due.
    pub(super) fn due(&self) -> Option<EventTime> {
        self.waiting.peek().map(|first| first.at)
    }

    /// Takes the first out.
    pub(super) fn take(&mut self) -> Option<(EventTime, T)> {
        self.waiting.pop().map(|first| (first.at, first.what))
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

impl<T> Ord for Waiting<T> {
    /// Backwards: the heap gives the greatest, and the earliest is wanted.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.turn).cmp(&(self.at, self.turn))
    }
}

impl<T> PartialOrd for Waiting<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Waiting<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Waiting<T> {}

//! A partition's event-time clock: its watermark and what it follows from.

use crate::domain::{EventTime, Millis, Rule, Rules};

/// The watermark of a partition, which only rises.
///
/// Of each input topic the largest time accepted is kept; the watermark is the smallest of those
/// less the allowance for disorder, less one millisecond, so that a touchpoint exactly the
/// allowance behind is on time. Before every input has been heard of there is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventClock {
    largest: Vec<Option<EventTime>>,
    watermark: Option<EventTime>,
    trail: Millis,
    slowest: bool,
}

impl EventClock {
    /// A clock for `inputs` topics with this allowance.
    pub fn new(inputs: usize, disorder: Millis, rules: Rules) -> Self {
        let one = i64::from(rules.holds(Rule::OneMillisecondMore));
        Self {
            largest: vec![None; inputs],
            watermark: None,
            trail: Millis::new(disorder.get() + one),
            slowest: rules.holds(Rule::SmallestInput),
        }
    }

    /// The moment at or before which a touchpoint is late.
    pub fn watermark(&self) -> Option<EventTime> {
        self.watermark
    }

    /// The newest moment that the clock has heard of or been moved to: KPI windows end here.
    pub fn now(&self) -> Option<EventTime> {
        self.watermark.map(|watermark| watermark.plus(self.trail))
    }

    /// By input: the largest time seen.
    pub fn largest(&self) -> &[Option<EventTime>] {
        &self.largest
    }

    /// Sets the clock to where another one stood.
    pub(super) fn restore(&mut self, watermark: Option<EventTime>, largest: &[Option<EventTime>]) {
        self.watermark = watermark;
        for (ours, theirs) in self.largest.iter_mut().zip(largest) {
            *ours = *theirs;
        }
    }

    /// Takes note of a time read from an input, without moving the watermark.
    pub(super) fn see(&mut self, input: usize, at: EventTime) {
        let largest = &mut self.largest[input];
        *largest = (*largest).max(Some(at));
    }

    /// Moves the watermark to where the times seen allow it.
    pub(super) fn raise(&mut self) {
        // `None` is less than any time, so an input not heard of holds the watermark back.
        let times = self.largest.iter().copied();
        let leading = if self.slowest {
            times.min()
        } else {
            times.max()
        };
        let raised = leading.flatten().map(|at| at.minus(self.trail));
        self.watermark = self.watermark.max(raised);
    }

    /// Moves the watermark to `to`, if that is ahead of it.
    pub(super) fn advance(&mut self, to: EventTime) {
        self.watermark = self.watermark.max(Some(to));
    }
}

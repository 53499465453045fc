//! What traffic to make.

use crate::domain::{EventTime, Millis};

use super::amounts::{Rate, Share};

/// What traffic to make. Equal configs make equal traffic, byte for byte, on every platform.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrafficConfig {
    /// What chance starts from. The shares below do not change what the customers of a seed do.
    pub seed: u64,
    /// The event time before which nothing happens.
    pub start: EventTime,
    /// How many touchpoints happen in a span of event time; duplicates come on top.
    pub rate: Rate,
    /// Whether the rate follows the hour.
    pub rhythm: Rhythm,
    /// How many people the shop knows. The ids of the accounts among them are `c-1` to `c-N`.
    pub customers: u32,
    /// How many of the visitors come from outside those: they have ids that were never seen.
    pub newcomers: Share,
    /// How many times faster than in life people think, wait and come back; 0 counts as 1.
    pub pace: u32,
    /// How long a touchpoint on time is under way, at most.
    pub disorder_max: Millis,
    /// How many touchpoints arrive late: more than twice `disorder_max` after they happened.
    pub late: Share,
    /// How many touchpoints arrive twice.
    pub duplicates: Share,
    /// How many unreadable records are planted for each touchpoint.
    pub planted: Share,
}

impl Default for TrafficConfig {
    /// A hundred touchpoints a second at the pace of life from the beginning of 2026.
    fn default() -> Self {
        Self {
            seed: 1,
            start: EventTime::from_millis(1_767_225_600_000),
            rate: Rate::per_second(100),
            rhythm: Rhythm::Steady,
            customers: 50_000,
            newcomers: Share::percent(30),
            pace: 1,
            disorder_max: Millis::from_secs(10),
            late: Share::percent(1),
            duplicates: Share::percent(1),
            planted: Share::NONE,
        }
    }
}

/// Whether the rate follows the hour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rhythm {
    /// The same rate at all times.
    Steady,
    /// Quiet before dawn, busiest in the evening, by the clock of UTC; the rate is the mean of a
    /// day.
    Daily,
}

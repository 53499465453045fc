//! What the options of `wayfarer generate` come to.

use super::Args;
use crate::domain::{EventTime, Millis};
use crate::traffic::{Rhythm, TrafficConfig};

/// How long traffic lasts when nothing says so.
const USUAL_SPAN: Millis = Millis::from_minutes(10);

/// What to make, and when to stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::cli) struct Plan {
    /// The traffic.
    pub(in crate::cli) config: TrafficConfig,
    /// The last moment at which something may arrive.
    pub(in crate::cli) until: Option<EventTime>,
    /// How many records there may be.
    pub(in crate::cli) count: Option<u64>,
    /// Whether nothing is sent before its time.
    pub(in crate::cli) real_time: bool,
}

impl Args {
    /// What to make if it is `now`.
    ///
    /// # Errors
    ///
    /// If the end is not after the start.
    pub(super) fn plan(&self, now: EventTime) -> Result<Plan, String> {
        let (start, end) = (
            self.start.map(|at| at.by(now)),
            self.end.map(|at| at.by(now)),
        );
        let endless = self.real_time && end.is_none() && self.count.is_none();
        let span = self.span.or(match self.count {
            Some(count) => Some(self.rate.span(count)),
            None => (!endless).then_some(USUAL_SPAN),
        });
        let length = span.unwrap_or(Millis::ZERO);
        let start = start.unwrap_or_else(|| match end {
            Some(end) => end.minus(length),
            None if self.real_time => now,
            None => now.minus(length),
        });
        // A count alone is kept exactly, though chance may make it take a little longer.
        let bounded = self.span.is_some() || self.count.is_none();
        let until = end.or_else(|| span.filter(|_| bounded).map(|span| start.plus(span)));
        if until.is_some_and(|until| until <= start) {
            return Err(
                "the end is not after the start: give a later --end or an earlier --start".into(),
            );
        }
        let lasts_a_day = until.is_some_and(|until| until.since(start) >= Millis::from_days(1));
        let natural = if lasts_a_day && self.pace == 1 {
            Rhythm::Daily
        } else {
            Rhythm::Steady
        };
        Ok(Plan {
            config: TrafficConfig {
                seed: self.seed,
                start,
                rate: self.rate,
                rhythm: self.rhythm.unwrap_or(natural),
                customers: self.customers,
                newcomers: self.newcomers,
                pace: self.pace,
                disorder_max: self.disorder,
                late: self.late,
                duplicates: self.duplicates,
                planted: self.planted,
            },
            until,
            count: self.count,
            real_time: self.real_time,
        })
    }
}

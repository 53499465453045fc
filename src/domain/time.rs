//! Event time: when something happened, by the account of whoever saw it.

use std::fmt;

/// A moment in event time: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EventTime(i64);

impl EventTime {
    /// The end of the year 9999, the latest moment that a touchpoint may name.
    pub const MAX: Self = Self(253_402_300_799_999);
    /// The beginning of the year 0, the earliest moment that a touchpoint may name.
    pub const MIN: Self = Self(-62_167_219_200_000);

    /// The moment `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The moment `span` later, saturating.
    #[must_use]
    pub const fn plus(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The moment `span` earlier, saturating.
    #[must_use]
    pub const fn minus(self, span: Millis) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// How long after `earlier` this moment is; negative if it is before.
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

/// A span of time in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Millis(i64);

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of `millis` milliseconds.
    pub const fn new(millis: i64) -> Self {
        Self(millis)
    }

    /// A span of `secs` seconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * 1_000)
    }

    /// A span of `minutes` minutes.
    pub const fn from_minutes(minutes: i64) -> Self {
        Self(minutes * 60_000)
    }

    /// A span of `hours` hours.
    pub const fn from_hours(hours: i64) -> Self {
        Self(hours * 3_600_000)
    }

    /// A span of `days` days of 24 hours.
    pub const fn from_days(days: i64) -> Self {
        Self(days * 86_400_000)
    }

    /// The span in milliseconds.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Millis {
    /// Writes the span in the largest units that hold it exactly: `30m`, `24h`, `1500ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(i64, &str); 4] = [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "m"),
            (1_000, "s"),
        ];
        match UNITS
            .iter()
            .find(|(size, _)| self.0 != 0 && self.0 % size == 0)
        {
            Some((size, unit)) => write!(f, "{}{unit}", self.0 / size),
            None => write!(f, "{}ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_counted_in_milliseconds() {
        let spans = [
            Millis::from_secs(2),
            Millis::from_minutes(2),
            Millis::from_hours(2),
            Millis::from_days(2),
        ];
        let millis = [2_000, 120_000, 7_200_000, 172_800_000];
        assert_eq!(spans.map(Millis::get), millis);
    }

    #[test]
    fn a_span_is_written_in_the_largest_unit_that_holds_it() {
        let spans = [
            0,
            1_500,
            90_000,
            1_800_000,
            86_400_000,
            129_600_000,
            -60_000,
        ];
        let written = spans.map(|millis| Millis::new(millis).to_string());
        assert_eq!(written, ["0ms", "1500ms", "90s", "30m", "1d", "36h", "-1m"]);
    }

    #[test]
    fn the_limits_of_time_saturate() {
        let end = EventTime::from_millis(i64::MAX);
        assert_eq!(end.plus(Millis::new(1)), end);
        let beginning = EventTime::from_millis(i64::MIN);
        assert_eq!(beginning.minus(Millis::new(1)), beginning);
        assert_eq!(end.since(beginning).get(), i64::MAX);
    }
}

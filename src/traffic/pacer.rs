//! The beat: when the next touchpoint is wanted if the rate is to hold.

use crate::domain::{EventTime, Millis};

use super::config::{Rhythm, TrafficConfig};
use super::rng::Rng;

/// How busy a shop is at each full hour, in thousandths of its mean.
const DAY: [u64; 24] = [
    560, 400, 310, 270, 280, 350, 520, 750, 950, 1_080, 1_150, 1_200, 1_250, 1_220, 1_170, 1_150,
    1_200, 1_320, 1_450, 1_600, 1_720, 1_680, 1_400, 1_020,
];

/// Says when the next touchpoint happens.
///
/// Beats come at random distances with the right mean, and at each one exactly one thing happens:
/// whoever's plans are due first acts, and if nobody's are, somebody new comes. So the rate holds
/// from the first second on whatever visits are like: at first every beat brings a newcomer, later
/// most belong to those already there. A deed that comes due between two beats waits for the
/// second, so that people who think faster than the beat are held up a little and never burst.
pub(super) struct Pacer {
    start: EventTime,
    rhythm: Rhythm,
    per_hour: u64,
    /// Nanoseconds from the start to the next beat.
    next: u64,
}

impl Pacer {
    pub(super) fn new(config: &TrafficConfig) -> Self {
        Self {
            start: config.start,
            rhythm: config.rhythm,
            per_hour: config.rate.per_hour(),
            next: 0,
        }
    }

    /// When the next beat is.
    pub(super) fn at(&self) -> EventTime {
        let millis = i64::try_from(self.next / 1_000_000).unwrap_or(i64::MAX);
        self.start.plus(Millis::new(millis))
    }

    /// Goes on to the following beat.
    pub(super) fn advance(&mut self, rng: &mut Rng) {
        const HOUR: u64 = 3_600_000_000_000;
        let even = HOUR * 1_000 / (self.per_hour * self.busy());
        self.next += rng.below(2 * even + 1);
    }

    /// How busy it is at the next beat, in thousandths of the mean.
    fn busy(&self) -> u64 {
        if self.rhythm == Rhythm::Steady {
            return 1_000;
        }
        let minute = self.at().as_millis().div_euclid(60_000).rem_euclid(1_440);
        let minute = usize::try_from(minute).unwrap_or(0);
        let (hour, past) = (minute / 60, (minute % 60) as u64);
        (DAY[hour] * (60 - past) + DAY[(hour + 1) % 24] * past) / 60
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_adds_up_to_the_mean() {
        assert_eq!(DAY.iter().sum::<u64>(), 24_000);
    }
}

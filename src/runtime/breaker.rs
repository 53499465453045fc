//! A breaker: stops a partition when too many of its records cannot be used.
//!
//! A burst of dead letters is most likely a changed schema upstream. Draining the topic into the
//! dead letters would lose its order; a stopped partition loses nothing and is seen at once.

/// Records that the share is judged over; fewer are not judged.
const WINDOW: u32 = 200;

/// Counts dead letters among the latest records.
#[derive(Clone, Debug)]
pub(super) struct Breaker {
    percent: u32,
    records: u32,
    dead: u32,
    open: bool,
}

impl Breaker {
    /// A breaker that opens when more than `percent` of [`WINDOW`] records are dead letters.
    pub(super) fn new(percent: u8) -> Self {
        Self {
            percent: percent.into(),
            records: 0,
            dead: 0,
            open: false,
        }
    }

    /// Counts a record.
    pub(super) fn record(&mut self, dead: bool) {
        self.records += 1;
        self.dead += u32::from(dead);
        if self.records >= WINDOW {
            self.open |= self.dead * 100 > self.records * self.percent;
            // Halving makes old records count less and less.
            self.records /= 2;
            self.dead /= 2;
        }
    }

    /// Whether the partition is stopped.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(breaker: &mut Breaker, records: u32, every: u32) {
        for n in 0..records {
            breaker.record(n % every == 0);
        }
    }

    #[test]
    fn a_few_dead_letters_stop_nothing() {
        let mut breaker = Breaker::new(50);
        feed(&mut breaker, 10_000, 3);
        assert!(!breaker.is_open());
    }

    #[test]
    fn a_burst_of_dead_letters_stops_the_partition() {
        let mut breaker = Breaker::new(50);
        feed(&mut breaker, 10_000, 100);
        feed(&mut breaker, 400, 1);
        assert!(breaker.is_open());
    }

    #[test]
    fn too_few_records_are_not_judged() {
        let mut breaker = Breaker::new(50);
        feed(&mut breaker, WINDOW - 1, 1);
        assert!(!breaker.is_open());
    }
}

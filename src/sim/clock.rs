//! The two clocks, moved by hand.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::domain::{EventTime, Millis};
use crate::runtime::Clock;

/// Clocks that stand still until somebody moves them. Clones show the same time.
#[derive(Clone, Debug)]
pub struct SimClock {
    wall: Rc<Cell<EventTime>>,
    monotonic: Rc<Cell<Duration>>,
}

impl SimClock {
    /// Clocks that begin at this wall-clock time, the monotonic one at zero.
    pub fn new(wall: EventTime) -> Self {
        Self {
            wall: Rc::new(Cell::new(wall)),
            monotonic: Rc::default(),
        }
    }

    /// Lets time pass on both clocks.
    ///
    /// # Panics
    ///
    /// If the clocks would leave the range that can be counted.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).expect("no test lasts millions of years");
        self.wall.set(self.wall.get().plus(Millis::new(millis)));
        self.monotonic.set(self.monotonic.get() + by);
    }

    /// Sets the wall clock, to whatever side, as a correction does; no time passes.
    pub fn set_wall(&self, to: EventTime) {
        self.wall.set(to);
    }
}

impl Clock for SimClock {
    fn wall(&self) -> EventTime {
        self.wall.get()
    }

    fn monotonic(&self) -> Duration {
        self.monotonic.get()
    }

    /// Lets the time pass, for everybody.
    fn sleep(&self, span: Duration) {
        self.advance(span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_show_the_same_time() {
        let clock = SimClock::new(EventTime::from_millis(5));
        let other = clock.clone();
        clock.advance(Duration::from_secs(1));
        other.sleep(Duration::from_secs(1));
        assert_eq!(other.wall(), EventTime::from_millis(2_005));
        assert_eq!(other.monotonic(), Duration::from_secs(2));
    }

    #[test]
    fn a_correction_of_the_wall_clock_moves_no_time() {
        let clock = SimClock::new(EventTime::from_millis(5_000));
        clock.advance(Duration::from_secs(1));
        clock.set_wall(EventTime::from_millis(0));
        assert_eq!(clock.wall(), EventTime::from_millis(0));
        assert_eq!(clock.monotonic(), Duration::from_secs(1));
    }
}

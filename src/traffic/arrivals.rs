//! The way from where things happen to the log: disorder, lateness and duplicates.

use crate::domain::{CustomerId, EventTime, Millis, Touchpoint};

use super::config::TrafficConfig;
use super::planted::Planted;
use super::queue::Queue;
use super::rng::{Rng, mix};

/// How many late touchpoints are under way at most, so that memory stays bounded at high rates.
const LATE_MAX: usize = 50_000;

/// How long a touchpoint is usually under way.
const USUAL: Millis = Millis::new(120);

/// Something that arrives at the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// When it arrives: the record's own timestamp. Never falls from one arrival to the next, and
    /// is never before what arrives happened.
    pub arrives: EventTime,
    /// The record's key.
    pub customer: CustomerId,
    /// What arrives.
    pub load: Load,
}

/// What arrives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Load {
    /// A touchpoint for the first time, at most `disorder_max` after it happened.
    OnTime(Box<Touchpoint>),
    /// A touchpoint for the first time, more than twice `disorder_max` after it happened.
    Late(Box<Touchpoint>),
    /// A touchpoint that arrived before, equal in everything; usually soon after, seldom much
    /// later.
    Again(Box<Touchpoint>),
    /// A record that cannot be read.
    Planted(Planted),
}

impl Arrival {
    /// The touchpoint, unless the record cannot be read.
    pub fn touchpoint(&self) -> Option<&Touchpoint> {
        match &self.load {
            Load::OnTime(touchpoint) | Load::Late(touchpoint) | Load::Again(touchpoint) => {
                Some(touchpoint)
            }
            Load::Planted(_) => None,
        }
    }
}

/// Everything that is under way.
pub(super) struct Arrivals {
    config: TrafficConfig,
    rng: Rng,
    under_way: Queue<Arrival>,
    late: usize,
}

impl Arrivals {
    pub(super) fn new(config: &TrafficConfig) -> Self {
        Self {
            config: config.clone(),
            // Its own source: what is under way leaves what happens as it is.
            rng: Rng::new(mix(config.seed) ^ 1),
            under_way: Queue::new(),
            late: 0,
        }
    }

    /// Sends a touchpoint on its way.
    pub(super) fn send(&mut self, touchpoint: Touchpoint) {
        let at = touchpoint.at;
        let last = at.plus(self.config.disorder_max);
        let late = self.rng.chance(self.config.late) && self.late < LATE_MAX;
        let arrives = if late {
            self.much_later(last)
        } else {
            self.in_time(at, last)
        };
        let again = self.rng.chance(self.config.duplicates).then(|| {
            let often = self.rng.percent(85);
            match often {
                true if late => arrives.plus(self.rng.within(self.config.disorder_max)),
                true => arrives.plus(self.rng.within(last.since(arrives))),
                false => self.much_later(arrives),
            }
        });
        let planted = self
            .rng
            .chance(self.config.planted)
            .then(|| Planted::draw(touchpoint.customer.as_str(), at, &mut self.rng));

        let customer = touchpoint.customer.clone();
        let touchpoint = Box::new(touchpoint);
        let second = again.map(|when| (when, Load::Again(touchpoint.clone())));
        let first = if late {
            Load::Late(touchpoint)
        } else {
            Load::OnTime(touchpoint)
        };
        self.late += usize::from(late);
        self.put(arrives, &customer, first);
        if let Some((when, load)) = second {
            self.put(when, &customer, load);
        }
        if let Some(planted) = planted {
            self.put(arrives, &customer, Load::Planted(planted));
        }
    }

    fn put(&mut self, arrives: EventTime, customer: &CustomerId, load: Load) {
        let customer = customer.clone();
        let arrival = Arrival {
            arrives,
            customer,
            load,
        };
        self.under_way.put(arrives, arrival);
    }

    /// Most are under way for a moment; some take as long as may be.
    fn in_time(&mut self, at: EventTime, last: EventTime) -> EventTime {
        let slow = self.rng.percent(10);
        let way = if slow {
            self.rng.within(last.since(at))
        } else {
            self.rng.about(USUAL)
        };
        at.plus(way).min(last)
    }

    /// Long after `last`: a telephone without a signal for a minute, a till that sends its day in
    /// the evening.
    fn much_later(&mut self, last: EventTime) -> EventTime {
        let medians = [(60, Millis::from_secs(45)), (40, Millis::from_hours(1))];
        let median = self.rng.weighted(&medians);
        let pace = i64::from(self.config.pace.max(1));
        let way = self.rng.about(median).get() / pace;
        last.plus(self.config.disorder_max)
            .plus(Millis::new(way + 1))
    }

    /// When the next one arrives.
    pub(super) fn due(&self) -> Option<EventTime> {
        self.under_way.due()
    }

    /// The next one.
    pub(super) fn take(&mut self) -> Option<Arrival> {
        let (_, arrival) = self.under_way.take()?;
        self.late -= usize::from(matches!(arrival.load, Load::Late(_)));
        Some(arrival)
    }
}

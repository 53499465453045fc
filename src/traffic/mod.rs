//! Beside floor 0: made-up traffic of a made-up shop, for the demo, for load and for tests.
//!
//! [`Traffic`] yields [`Arrival`]s for ever, in the order in which they arrive at the log. Each
//! customer has a temper and plans. A beat keeps the rate: at each one somebody acts, whoever's
//! plans are due first or else a newcomer. A second queue by time holds what is under way:
//!
//! ```text
//! beat ─▶ crowd ─▶ customer acts ─▶ touchpoint ─▶ under way ─▶ arrival
//!           ▲           │                           │  disorder, lateness, duplicates,
//!           └── plans ──┘                           │  planted records
//! ```
//!
//! The shop behaves as shops do: visits are short or very long, one in ten fills a cart, seven in
//! ten carts are left behind, some of those are bought after all, parcels come back, tickets stay
//! open. Everything follows from the [`TrafficConfig`]: there is no clock, no float and no hash
//! order in here, so equal configs make equal traffic.
//!
//! ```
//! use wayfarer::domain::{EventTime, Millis};
//! use wayfarer::traffic::{Rate, Traffic, TrafficConfig};
//!
//! // History that ends now, and goes on into the future for whoever goes on reading.
//! let now = EventTime::from_millis(1_795_000_000_000);
//! let config = TrafficConfig {
//!     start: now.minus(Millis::from_minutes(1)),
//!     rate: Rate::per_second(50),
//!     ..TrafficConfig::default()
//! };
//! let history = Traffic::new(&config).take_while(|arrival| arrival.arrives <= now);
//! assert!((2_700..3_300).contains(&history.count()));
//! ```
#![deny(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::float_arithmetic
)]

mod after;
mod amounts;
mod arrivals;
mod browse;
mod catalogue;
mod checkout;
mod config;
mod crowd;
mod customer;
mod deed;
mod entries;
mod help;
mod pacer;
mod person;
mod planted;
mod queue;
mod rng;
mod scene;
mod visit;

#[cfg(test)]
mod tests;

pub use amounts::{AmountError, Rate, Share};
pub use arrivals::{Arrival, Load};
pub use config::{Rhythm, TrafficConfig};
pub use planted::{Flaw, Planted};

/// Traffic without end, in the order of arrival.
pub struct Traffic {
    crowd: crowd::Crowd,
    arrivals: arrivals::Arrivals,
}

impl Traffic {
    /// The traffic of a config, from its start on.
    pub fn new(config: &TrafficConfig) -> Self {
        Self {
            crowd: crowd::Crowd::new(config),
            arrivals: arrivals::Arrivals::new(config),
        }
    }
}

impl Iterator for Traffic {
    type Item = Arrival;

    /// The next arrival; there always is one.
    fn next(&mut self) -> Option<Arrival> {
        // Nothing that has yet to happen can arrive before it does.
        while self.arrivals.due().is_none_or(|due| due > self.crowd.now()) {
            self.arrivals.send(self.crowd.step());
        }
        self.arrivals.take()
    }
}

//! Floor 4: the ports of the runtime in memory, for tests.
//!
//! A [`SimBroker`] keeps topics and consumer groups. [`SimInput`] and [`SimOutput`] are its clients
//! and implement the ports as the Kafka clients do. Nothing here waits, starts a thread or draws a
//! random number: time is a [`SimClock`] that the caller moves, trouble comes when the caller asks
//! for it, and the same calls in the same order give the same results. A failure found with a seed
//! is found again with that seed.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `clock` | the wall clock and the monotonic clock, moved by hand |
//! | `log` | records, and a partition as a log of records and marks |
//! | `transaction` | a transaction of some program that writes to the topics |
//! | `group` | who has which partition, and how it changes hands |
//! | `broker` | topics, groups, outages and failing flushes |
//! | `input` | a member of a group |
//! | `output` | a producer |
//!
//! # Non-obvious
//!
//! - **The group moves when its members poll.** A member hears of a rebalance at its next poll, and
//!   a revoked partition reaches another member only after its owner released it and the other
//!   polled.
//! - **Partitions of the same number go to the same member** in all input topics, as a task needs
//!   them.
//! - **Marks take offsets** and are never handed over: a reader's position can lie beyond the last
//!   record, and the end of a partition beyond both.
//!
//! ```
//! use std::time::Duration;
//!
//! use wayfarer::domain::EventTime;
//! use wayfarer::runtime::{InputEvent, InputLog, Start};
//! use wayfarer::sim::{Record, SimBroker, SimClock, SimInput};
//!
//! let broker = SimBroker::new(&SimClock::new(EventTime::from_millis(0)));
//! broker.create_topic("touchpoints", 4)?;
//! broker.write("touchpoints", Record::new("ada", "a touchpoint"))?;
//!
//! let mut input = SimInput::join(&broker, "wayfarer", &["touchpoints"])?;
//! let mut assigned = Vec::new();
//! input.poll(Duration::ZERO, 100, &mut |event| {
//!     if let InputEvent::Assigned(sources) = event {
//!         assigned.extend(sources.into_iter().map(|source| (source, Start::Earliest)));
//!     }
//! })?;
//! assert_eq!(assigned.len(), 4);
//! input.start(&assigned)?;
//! assert_eq!(input.poll(Duration::ZERO, 100, &mut |_| {})?, 1);
//! # Ok::<(), wayfarer::runtime::Error>(())
//! ```

mod broker;
mod clock;
mod group;
mod input;
mod log;
mod output;
#[cfg(test)]
mod tests;
mod transaction;

pub use broker::SimBroker;
pub use clock::SimClock;
pub use group::MemberId;
pub use input::SimInput;
pub use log::{Record, StoredRecord};
pub use output::SimOutput;
pub use transaction::SimTransaction;

//! Floor 4: the ports of the runtime in memory, for tests.
//!
//! A [`SimBroker`] keeps topics, consumer groups and transactions. [`SimInput`], [`SimCommitter`]
//! and [`SimChangelog`] are its clients and implement the ports as the Kafka clients do. Nothing
//! here waits, starts a thread or draws a random number: time is a [`SimClock`] that the caller
//! moves, trouble comes when the caller asks for it, and the same calls in the same order give the
//! same results. A failure found with a seed is found again with that seed.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `clock` | the wall clock and the monotonic clock, moved by hand |
//! | `log` | records, and a partition as a log of records and marks |
//! | `transaction` | a transaction of some program that writes to the topics |
//! | `group` | who has which partition, and how it changes hands |
//! | `offsets` | what a group stored: what counts, and what waits for its transaction |
//! | `coordinator` | who may write under a name, and what is decided |
//! | `broker` | topics, groups and outages |
//! | `faults` | what goes wrong with the calls of a process, as the test planned it |
//! | `membership` | what a member knows of its own membership, and what is its to commit |
//! | `input` | a member of a group |
//! | `committer` | a producer of transactions |
//! | `changelog` | a reader of the changelog |
//! | `audit` | what somebody sees who only looks on |
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
//! - **A decision and its marks are two things.** A committer hears of success when the end of its
//!   transaction is written down; until the marks are written, with a [`MarkDelay`], its records
//!   are unread and its offsets pending.
//! - **A committer that can do nothing lets time pass**: as long as it was told to wait, on the
//!   clock that everybody has.
//! - **A process has one [`Faults`]**, which all its clients share. After a crash none of them can
//!   do anything, and dropping them tells nobody: the transaction stays open and the member in its
//!   group until somebody takes the name or the time is out.
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

mod audit;
mod broker;
mod changelog;
mod clock;
mod committer;
mod coordinator;
mod faults;
mod group;
mod input;
mod log;
mod membership;
mod offsets;
#[cfg(test)]
mod tests;
mod transaction;

pub use audit::{Writer, Written};
pub use broker::SimBroker;
pub use changelog::SimChangelog;
pub use clock::SimClock;
pub use committer::{CommitterConfig, SimCommitter};
pub use coordinator::MarkDelay;
pub use faults::{Call, Fault, Faults, Trouble};
pub use group::MemberId;
pub use input::SimInput;
pub use log::{Fate, Record, StoredRecord};
pub use membership::Membership;
pub use transaction::SimTransaction;

//! Floor 2: one partition's memory: committed bytes and an open transaction.

mod clock;
mod partition;
mod record;
mod store;
mod timers;

pub use clock::EventClock;
pub use partition::{Counters, Output, Partition};
pub use store::Store;

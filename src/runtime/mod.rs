//! Floor 3: when things happen. Knows logs, not brokers.

mod error;
mod observer;
mod ports;

pub use error::Error;
pub use observer::{Intake, Observer, PartitionReport};
pub use ports::{
    Clock, InputEvent, InputLog, InputRecord, OutputLog, OutputRecord, OutputTopic, Source, Start,
};

//! Floor 3: when things happen. Knows logs, not brokers.

mod error;
mod ports;

pub use error::Error;
pub use ports::{
    Clock, InputEvent, InputLog, InputRecord, OutputLog, OutputRecord, OutputTopic, Source, Start,
};

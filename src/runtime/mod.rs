//! Floor 3: when things happen. Knows logs, not brokers.

mod breaker;
mod commit;
mod config;
mod emit;
mod error;
mod idle;
mod kpis;
mod membership;
mod observer;
mod ports;
mod record;
mod restore;
mod task;
mod worker;

pub use config::{Delivery, InputConfig, LatePolicy, StateMismatch, WorkerConfig};
pub use emit::kpi_message;
pub use error::Error;
pub use observer::{Intake, Observer, PartitionReport, Restoration};
pub use ports::{
    Bounds, Change, ChangeRecord, Changelog, Clock, Committer, InputEvent, InputLog, InputRecord,
    OutputRecord, OutputTopic, Progress, Source, Start, Stored, Transaction,
};
pub use worker::{Worker, World};

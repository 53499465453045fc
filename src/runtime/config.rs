//! What a worker must be told.

use std::time::Duration;

use crate::domain::Millis;
use crate::wire::touchpoint::{DecodeOptions, Format};

/// What happens to a touchpoint that comes behind the watermark.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LatePolicy {
    /// It is applied as a late touchpoint.
    #[default]
    Apply,
    /// It goes to the dead letters, with the reason `late`.
    Divert,
    /// It is dropped and counted.
    Drop,
}

/// What is promised of outputs and state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Delivery {
    /// Outputs, state and offsets are one transaction.
    #[default]
    ExactlyOnce,
    /// Outputs, then state, then offsets: after a crash some outputs are written again, under the
    /// same ids.
    AtLeastOnce,
}

/// What happens if the changelog and the group's offsets do not tell the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StateMismatch {
    /// The process stops and says what it found.
    #[default]
    Fail,
    /// The state of the changelog holds, and the input is read from where that stood.
    TrustChangelog,
    /// The input is read from the group's offsets, whatever state there is.
    TrustGroup,
}

/// One input topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InputConfig {
    /// The topic's name, for dead letters and logs.
    pub topic: String,
    /// How its records are read.
    pub format: Format,
    /// What happens to late ones.
    pub late: LatePolicy,
}

/// What a worker must be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkerConfig {
    /// The name that output records give as their source.
    pub app: String,
    /// The input topics, co-partitioned.
    pub inputs: Vec<InputConfig>,
    /// What decoding may take in.
    pub decode: DecodeOptions,
    /// How outputs are encoded.
    pub encodings: crate::wire::output::Encodings,
    /// What is promised of outputs and state.
    pub delivery: Delivery,
    /// What happens if the changelog and the group's offsets do not tell the same.
    pub on_state_mismatch: StateMismatch,
    /// Names this incarnation of the worker: another one for every start of every worker.
    pub nonce: u64,
    /// The longest time between two commits while there is something to commit.
    pub commit_interval: Duration,
    /// How often the KPI snapshots that changed are written.
    pub kpi_interval: Duration,
    /// How long a partition must have been proven silent before its watermark follows the wall
    /// clock; none turns idle steps off.
    pub idle: Option<Duration>,
    /// How far ahead of its record's own timestamp a touchpoint's time may lie.
    pub max_future_skew: Millis,
    /// The share of dead letters among the latest records, in percent, that stops a partition.
    pub dead_letter_percent: u8,
}

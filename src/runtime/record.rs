//! What a record of the input is to a task: a touchpoint, the cause of effects, or a dead letter.

use std::num::NonZeroU32;

use super::config::{InputConfig, WorkerConfig};
use super::ports::{InputRecord, Source};
use crate::domain::{EventTime, Touchpoint};
use crate::wire::placement;
use crate::wire::touchpoint::{DecodeError, Decoded, Reason};

/// Trace headers that an output takes over from the record that caused it.
pub(super) const TRACE_HEADERS: [&str; 2] = ["traceparent", "tracestate"];

/// Effects that wait for the commit, with what was known when they came about.
#[derive(Debug)]
pub(super) struct Cause {
    /// How many outputs of the open transaction came about before.
    pub(super) from: usize,
    /// The watermark at that time.
    pub(super) watermark: Option<EventTime>,
    /// The trace headers of the record, if it had any.
    pub(super) trace: Vec<(String, Vec<u8>)>,
}

/// A record that could not be used, as it came.
#[derive(Debug)]
pub(super) struct DeadLetter {
    pub(super) source: Source,
    pub(super) offset: u64,
    pub(super) timestamp: Option<EventTime>,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) error: DecodeError,
}

/// Reads a record's touchpoint, and checks what only its record can tell.
pub(super) fn read(
    record: &InputRecord<'_>,
    input: &InputConfig,
    config: &WorkerConfig,
) -> Result<Decoded, DecodeError> {
    let value = record.value.unwrap_or_default();
    let decoded = input.format.decode(record.key, value, &config.decode)?;
    let at = decoded.touchpoint.at;
    if let Some(logged) = record.timestamp {
        let ahead = at.since(logged);
        if ahead > config.max_future_skew {
            let message = format_args!(
                "the time lies {ahead} ahead of the record's own timestamp; at most {} are taken",
                config.max_future_skew
            );
            return Err(DecodeError::of_record(Reason::TooFarAhead, message));
        }
    }
    Ok(decoded)
}

/// Whether a record does not lie where the journey of its customer does.
pub(super) fn is_misplaced(
    touchpoint: &Touchpoint,
    record: &InputRecord<'_>,
    partitions: NonZeroU32,
) -> bool {
    let id = touchpoint.customer.as_str().as_bytes();
    record.key != Some(id) || placement::partition(id, partitions) != record.source.partition
}

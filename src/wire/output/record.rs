//! Records that are to be written, and the topics they go to.

use crate::domain::EventTime;

/// The topics that a pipeline writes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum OutputTopic {
    /// Stage transitions.
    Transitions,
    /// Abandonment alerts, retractions and recoveries.
    Alerts,
    /// Conversions and sessions that ended.
    Conversions,
    /// KPI snapshots.
    Kpis,
    /// Records that could not be used, as they came.
    DeadLetters,
}

impl OutputTopic {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Transitions,
        Self::Alerts,
        Self::Conversions,
        Self::Kpis,
        Self::DeadLetters,
    ];

    /// The last part of the topic's default name, after the `app` prefix and a dot.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Transitions => "transitions",
            Self::Alerts => "alerts",
            Self::Conversions => "conversions",
            Self::Kpis => "kpis",
            Self::DeadLetters => "dlq",
        }
    }
}

/// A record to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutputRecord {
    /// Where to.
    pub topic: OutputTopic,
    /// The key; its murmur2 hash chooses the partition, as Java clients place it.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// The headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The record's timestamp; none leaves it to the log.
    pub timestamp: Option<EventTime>,
}

impl OutputRecord {
    /// How many bytes its key, value and headers have.
    pub fn bytes(&self) -> usize {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| name.len() + value.len());
        length(&self.key) + length(&self.value) + headers.sum::<usize>()
    }
}

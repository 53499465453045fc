//! Dead letters: records that could not be used, as they came, with the reason in their headers.

use super::record::{OutputRecord, OutputTopic};
use crate::domain::EventTime;
use crate::wire::touchpoint::DecodeError;

/// What the headers begin with unless the configuration says otherwise: the names of Kafka Connect,
/// which most tools know.
pub const DEAD_LETTER_PREFIX: &str = "__connect.errors.";

/// A record that could not be used.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetter<'a> {
    /// The topic that it came from.
    pub topic: &'a str,
    /// The partition that it came from.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
    /// Its own timestamp, if it had one.
    pub timestamp: Option<EventTime>,
    /// Its key, if it had one.
    pub key: Option<&'a [u8]>,
    /// Its value; none is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its headers in their order.
    pub headers: &'a [(String, Vec<u8>)],
    /// Why it could not be used.
    pub error: &'a DecodeError,
}

impl DeadLetter<'_> {
    /// The record for the dead letters' topic: key, value and headers as they came, then where it
    /// came from and why, under names that begin with `prefix`. Headers of these names from an
    /// earlier round are replaced. `app` is the pipeline's name.
    pub fn record(&self, prefix: &str, app: &str) -> OutputRecord {
        let mut told = vec![
            ("topic", self.topic.to_owned()),
            ("partition", self.partition.to_string()),
            ("offset", self.offset.to_string()),
            ("connector.name", app.to_owned()),
            ("stage", self.error.reason.stage().to_owned()),
            ("reason", self.error.reason.code().to_owned()),
            ("message", self.error.to_string()),
        ];
        let timestamp = self.timestamp.map(|at| at.as_millis().to_string());
        told.extend(timestamp.map(|timestamp| ("timestamp", timestamp)));
        let is_told = |name: &str| {
            name.strip_prefix(prefix).is_some_and(|name| {
                name == "timestamp" || told.iter().any(|(told, _)| *told == name)
            })
        };
        let kept = self.headers.iter().filter(|(name, _)| !is_told(name));
        let mut headers: Vec<_> = kept.cloned().collect();
        headers.extend(
            told.into_iter()
                .map(|(name, value)| (format!("{prefix}{name}"), value.into_bytes())),
        );
        OutputRecord {
            topic: OutputTopic::DeadLetters,
            key: self.key.map(<[u8]>::to_vec),
            value: self.value.map(<[u8]>::to_vec),
            headers,
            timestamp: None,
        }
    }
}

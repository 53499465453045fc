//! Dead letters: records that could not be used, as they came, with the reason in their headers.

use super::record::{OutputRecord, OutputTopic};
use crate::domain::EventTime;
use crate::wire::touchpoint::DecodeError;

/// What the headers begin with unless the configuration says otherwise: the names of Kafka Connect,
/// which most tools know.
pub const DEAD_LETTER_PREFIX: &str = "__connect.errors.";

/// The most bytes that are kept of each part of a record that was cut.
const KEPT: usize = 1_024;

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
        self.tell(prefix, app, &[])
    }

    /// The same in few bytes, for a topic that does not take it whole: of key and value what comes
    /// first, and no headers of its own if they are many. A header for each part that was cut says
    /// how many bytes it had; where it came from, all of it can be read.
    pub fn cut(&self, prefix: &str, app: &str) -> OutputRecord {
        let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| name.len() + value.len());
        let sizes = [
            ("key.bytes", length(self.key)),
            ("value.bytes", length(self.value)),
            ("headers.bytes", headers.sum()),
        ];
        let cut: Vec<_> = sizes.into_iter().filter(|(_, size)| *size > KEPT).collect();
        let kept = Self {
            key: self.key.map(first),
            value: self.value.map(first),
            headers: if sizes[2].1 > KEPT { &[] } else { self.headers },
            ..*self
        };
        kept.tell(prefix, app, &cut)
    }

    fn tell(&self, prefix: &str, app: &str, cut: &[(&'static str, usize)]) -> OutputRecord {
        let mut told = vec![
            ("topic", self.topic.to_owned()),
            ("partition", self.partition.to_string()),
            ("offset", self.offset.to_string()),
            ("connector.name", app.to_owned()),
            ("stage", self.error.reason.stage().to_owned()),
            ("reason", self.error.reason.code().to_owned()),
            ("message", self.error.to_string()),
        ];
        told.extend(cut.iter().map(|(part, size)| (*part, size.to_string())));
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

/// What is kept of a part of a record that may be too long.
fn first(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(KEPT)]
}

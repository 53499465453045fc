//! librdkafka's log and errors, as tracing events that cannot flood.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;

/// One line for each kind of message in this time; the rest is counted.
const INTERVAL: Duration = Duration::from_secs(10);

/// Writes what one client has to say under the target `librdkafka`.
pub(super) struct LogBridge {
    client: &'static str,
    kinds: Mutex<BTreeMap<String, Kind>>,
}

struct Kind {
    written: Instant,
    held_back: u64,
}

impl LogBridge {
    /// A bridge for the client of this name.
    pub(super) fn new(client: &'static str) -> Self {
        Self {
            client,
            kinds: Mutex::new(BTreeMap::new()),
        }
    }

    /// A line of librdkafka's log; `facility` is its kind.
    pub(super) fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let client = self.client;
        match level {
            RDKafkaLogLevel::Debug => {
                tracing::debug!(target: "librdkafka", client, facility, "{message}");
            }
            RDKafkaLogLevel::Info | RDKafkaLogLevel::Notice => {
                tracing::info!(target: "librdkafka", client, facility, "{message}");
            }
            _ => {
                if let Some(held_back) = self.may_write(facility, Instant::now()) {
                    tracing::warn!(target: "librdkafka", client, facility, held_back, "{message}");
                }
            }
        }
    }

    /// An error that librdkafka reports on its own account. It goes on by itself; what it cannot
    /// mend comes back from a call as well.
    pub(super) fn error(&self, error: &KafkaError, reason: &str) {
        let kind = error.to_string();
        if let Some(held_back) = self.may_write(&kind, Instant::now()) {
            let client = self.client;
            tracing::warn!(target: "librdkafka", client, held_back, "{kind}: {reason}");
        }
    }

    /// Whether a line of this kind may be written now, and how many were held back before it.
    fn may_write(&self, kind: &str, now: Instant) -> Option<u64> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        match kinds.get_mut(kind) {
            Some(seen) if now.duration_since(seen.written) < INTERVAL => {
                seen.held_back += 1;
                None
            }
            Some(seen) => {
                seen.written = now;
                Some(std::mem::take(&mut seen.held_back))
            }
            None => {
                let first = Kind {
                    written: now,
                    held_back: 0,
                };
                kinds.insert(kind.to_owned(), first);
                Some(0)
            }
        }
    }
}

/// The context of a client that only needs its log written.
pub(super) struct LogOnly(pub(super) LogBridge);

impl ClientContext for LogOnly {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(&error, reason);
    }
}

impl rdkafka::consumer::ConsumerContext for LogOnly {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_line_is_written_once_in_an_interval_and_the_rest_counted() {
        let bridge = LogBridge::new("test");
        let start = Instant::now();
        assert_eq!(bridge.may_write("FAIL", start), Some(0));
        assert_eq!(bridge.may_write("FAIL", start), None);
        assert_eq!(bridge.may_write("FAIL", start + INTERVAL / 2), None);
        assert_eq!(bridge.may_write("OTHER", start), Some(0));
        assert_eq!(bridge.may_write("FAIL", start + INTERVAL), Some(2));
        assert_eq!(bridge.may_write("FAIL", start + INTERVAL * 2), Some(0));
    }
}

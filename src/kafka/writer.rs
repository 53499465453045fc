//! Records on their way to a cluster, and what became of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientContext, client::Client};

use super::config::KafkaConfig;
use super::errors;
use super::log::LogBridge;
use super::reaper::Reaped;
use crate::runtime::{Change, Error, OutputRecord, OutputTopic};

/// One round of serving delivery reports. rust-rdkafka's poll always takes all of the time it is
/// given, and its flush a tenth of a second, so small rounds are what makes a drain fast.
pub(super) const ROUND: Duration = Duration::from_millis(1);

/// After so many sends the reports that came in meanwhile are served.
const SENDS_A_ROUND: u32 = 1_024;

/// A producer of the output topics and of the changelog.
///
/// Dropping it gives up what was not drained.
pub(super) struct Writer {
    producer: Reaped<BaseProducer<Deliveries>>,
    topics: BTreeMap<OutputTopic, String>,
    changelog: Option<String>,
    sends: u32,
}

impl Writer {
    /// A producer with these settings; it connects by itself.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if a setting is refused.
    pub(super) fn open(config: &KafkaConfig, settings: &ClientConfig) -> Result<Self, Error> {
        let producer = BaseProducer::from_config_and_context(settings, Deliveries::new())
            .map_err(|error| errors::sort(&error, "starting the producer"))?;
        Ok(Self {
            producer: Reaped::new(producer, "output"),
            topics: config.outputs.clone(),
            changelog: config.changelog.clone(),
            sends: 0,
        })
    }

    pub(super) fn producer(&self) -> &BaseProducer<Deliveries> {
        &self.producer
    }

    pub(super) fn client(&self) -> &Client<Deliveries> {
        self.producer.client()
    }

    /// Serves what has come in, without waiting.
    pub(super) fn serve(&self) {
        self.producer.poll(Duration::ZERO);
    }

    /// Whether librdkafka had trouble of its own since it was last asked, such as a connection
    /// that broke.
    pub(super) fn take_trouble(&self) -> bool {
        let context = self.producer.context();
        context.trouble.swap(false, Ordering::Relaxed)
    }

    /// Queues a record of an output. Blocks while the queue is full.
    ///
    /// # Errors
    ///
    /// By their code; [`Error::Fatal`] if the output has no topic.
    pub(super) fn send(&mut self, record: &OutputRecord) -> Result<(), Error> {
        let bytes = record.bytes();
        let Some(topic) = self.topics.get(&record.topic) else {
            let suffix = record.topic.suffix();
            return Err(Error::Fatal(format!(
                "no output topic is named for {suffix}"
            )));
        };
        let mut queued = BaseRecord::to(topic);
        queued.key = record.key.as_deref();
        queued.payload = record.value.as_deref();
        // Kafka knows no time before its epoch, and librdkafka takes 0 for "now".
        queued.timestamp = record
            .timestamp
            .map(crate::domain::EventTime::as_millis)
            .filter(|millis| *millis > 0);
        if !record.headers.is_empty() {
            let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
            for (key, value) in &record.headers {
                headers = headers.insert(Header {
                    key,
                    value: Some(value),
                });
            }
            queued.headers = Some(headers);
        }
        self.queue(queued, bytes)?;
        self.count();
        Ok(())
    }

    /// Queues a record of the changelog. Blocks while the queue is full.
    ///
    /// # Errors
    ///
    /// By their code; [`Error::Fatal`] if there is no changelog or no such partition can be.
    pub(super) fn send_change(&mut self, change: &Change) -> Result<(), Error> {
        let Some(topic) = &self.changelog else {
            return Err(Error::Fatal("no changelog topic is named".to_owned()));
        };
        let partition = i32::try_from(change.partition).map_err(|_| {
            Error::Fatal(format!(
                "the changelog has no partition {}",
                change.partition
            ))
        })?;
        let mut queued = BaseRecord::to(topic).partition(partition);
        queued.key = Some(&*change.key);
        queued.payload = change.value.as_deref();
        let bytes = change.key.len() + change.value.as_ref().map_or(0, Vec::len);
        self.queue(queued, bytes)?;
        self.count();
        Ok(())
    }

    fn queue(&self, mut queued: BaseRecord<'_, [u8], [u8]>, bytes: usize) -> Result<(), Error> {
        while let Err((error, refused)) = self.producer.send(queued) {
            let mut code = error.rdkafka_error_code();
            if code == Some(RDKafkaErrorCode::QueueFull) && self.producer.in_flight_count() == 0 {
                // An empty queue that is full has no room for it, ever.
                code = Some(RDKafkaErrorCode::MessageSizeTooLarge);
            }
            if code != Some(RDKafkaErrorCode::QueueFull) {
                let doing = format!("writing {bytes} bytes to {}", refused.topic);
                return Err(match code {
                    None => errors::sort(&error, &doing),
                    Some(code) if errors::is_too_large(code) => {
                        self.too_large(code, refused.topic, bytes)
                    }
                    Some(code) => self.sort(code, &doing),
                });
            }
            // It empties as records are acknowledged or time out.
            self.producer.poll(ROUND);
            queued = refused;
        }
        Ok(())
    }

    fn count(&mut self) {
        self.sends = self.sends.wrapping_add(1);
        if self.sends.is_multiple_of(SENDS_A_ROUND) {
            self.serve();
        }
    }

    /// Waits until everything sent is acknowledged or given up.
    ///
    /// # Errors
    ///
    /// [`Error::Abort`] if something sent since the last drain was not written; otherwise by its
    /// code.
    pub(super) fn drain(&mut self) -> Result<(), Error> {
        while self.producer.in_flight_count() > 0 {
            self.producer.poll(ROUND);
        }
        match self.producer.context().take_failures() {
            None => Ok(()),
            Some(Failures {
                too_large: Some((code, topic, bytes)),
                ..
            }) => Err(self.too_large(code, &topic, bytes)),
            Some(Failures {
                count, topic, code, ..
            }) => {
                let doing = format!("writing to {topic}, {count} records not written");
                Err(match self.sort(code, &doing) {
                    // The records are gone from the queue: calling again would not bring them back.
                    Error::Retry(text) => Error::Abort(text),
                    error => error,
                })
            }
        }
    }

    fn too_large(&self, code: RDKafkaErrorCode, topic: &str, bytes: usize) -> Error {
        let doing = format!("writing {bytes} bytes to {topic}");
        let output = self.topics.iter().find(|(_, name)| *name == topic);
        Error::TooLarge {
            reason: self.sort(code, &doing).to_string(),
            topic: output.map(|(output, _)| *output),
            bytes,
        }
    }

    /// Sorts an error, by the client's fatal error if there is one: then every call fails.
    fn sort(&self, code: RDKafkaErrorCode, doing: &str) -> Error {
        match self.producer.client().fatal_error() {
            Some((fatal, reason)) => match errors::sort_code(fatal, doing) {
                fenced @ Error::Fenced(_) => fenced,
                _ => Error::Fatal(format!("{doing}: {reason}")),
            },
            None => errors::sort_code(code, doing),
        }
    }
}

/// What became of the records.
pub(super) struct Deliveries {
    failures: Mutex<Option<Failures>>,
    trouble: AtomicBool,
    log: LogBridge,
}

/// Records that were not written since the last drain, and why the first was not.
struct Failures {
    count: u64,
    topic: String,
    code: RDKafkaErrorCode,
    /// The largest that was refused for its size: why, where to and how many bytes. Smaller ones
    /// may only have shared its batch.
    too_large: Option<(RDKafkaErrorCode, String, usize)>,
}

/// How many bytes a record's key, value and headers have, as [`OutputRecord::bytes`] counts them.
fn bytes(message: &BorrowedMessage<'_>) -> usize {
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    let headers = headers.map(|header| header.key.len() + length(header.value));
    length(message.key()) + length(message.payload()) + headers.sum::<usize>()
}

impl Deliveries {
    fn new() -> Self {
        Self {
            failures: Mutex::default(),
            trouble: AtomicBool::new(false),
            log: LogBridge::new("output"),
        }
    }

    fn take_failures(&self) -> Option<Failures> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.take()
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.log.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.trouble.store(true, Ordering::Relaxed);
        self.log.error(&error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, delivery: &DeliveryResult<'_>, (): ()) {
        let Err((error, message)) = delivery else {
            return;
        };
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let code = error.rdkafka_error_code();
        let code = code.unwrap_or(RDKafkaErrorCode::Unknown);
        let topic = message.topic();
        let failures = failures.get_or_insert_with(|| Failures {
            count: 0,
            topic: topic.to_owned(),
            code,
            too_large: None,
        });
        failures.count += 1;
        let bytes = bytes(message);
        let larger = |known: &(_, _, usize)| bytes > known.2;
        if errors::is_too_large(code) && failures.too_large.as_ref().is_none_or(larger) {
            failures.too_large = Some((code, topic.to_owned(), bytes));
        }
    }
}

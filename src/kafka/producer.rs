//! An idempotent producer of the output topics.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use super::config::KafkaConfig;
use super::errors;
use super::log::LogBridge;
use super::reaper::Reaped;
use crate::runtime::{Error, OutputLog, OutputRecord, OutputTopic};

/// One round of serving delivery reports. rust-rdkafka's poll always takes all of the time it is
/// given, and its flush a tenth of a second, so small rounds are what makes a flush fast.
const ROUND: Duration = Duration::from_millis(1);

/// What librdkafka and brokers say of a record that they do not take.
const TOO_LARGE: RDKafkaErrorCode = RDKafkaErrorCode::MessageSizeTooLarge;

/// After so many sends the reports that came in meanwhile are served.
const SENDS_A_ROUND: u32 = 1_024;

/// The output topics of a Kafka cluster.
///
/// Dropping it gives up what was not flushed.
pub struct KafkaOutput {
    producer: Reaped<BaseProducer<Deliveries>>,
    topics: BTreeMap<OutputTopic, String>,
    /// By topic: so many bytes had the smallest record that was refused for its size.
    refused: BTreeMap<String, usize>,
    sends: u32,
}

impl KafkaOutput {
    /// A producer; it connects with the first record.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if a setting is refused.
    pub fn open(config: &KafkaConfig) -> Result<Self, Error> {
        config.check()?;
        let producer = BaseProducer::from_config_and_context(&config.producer(), Deliveries::new())
            .map_err(|error| errors::sort(&error, "starting the producer"))?;
        Ok(Self {
            producer: Reaped::new(producer, "output"),
            topics: config.outputs.clone(),
            refused: BTreeMap::new(),
            sends: 0,
        })
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

impl OutputLog for KafkaOutput {
    fn send(&mut self, record: OutputRecord) -> Result<(), Error> {
        let Some(topic) = self.topics.get(&record.topic) else {
            let suffix = record.topic.suffix();
            return Err(Error::Fatal(format!(
                "no output topic is named for {suffix}"
            )));
        };
        let bytes = record.bytes();
        if self
            .refused
            .get(topic)
            .is_some_and(|refused| bytes >= *refused)
        {
            return Err(self.sort(TOO_LARGE, &format!("writing {bytes} bytes to {topic}")));
        }
        self.sends = self.sends.wrapping_add(1);
        if self.sends.is_multiple_of(SENDS_A_ROUND) {
            self.producer.poll(Duration::ZERO);
        }
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
        while let Err((error, refused)) = self.producer.send(queued) {
            let mut code = error.rdkafka_error_code();
            if code == Some(RDKafkaErrorCode::QueueFull) && self.producer.in_flight_count() == 0 {
                // An empty queue that is full has no room for it, ever.
                code = Some(TOO_LARGE);
            }
            if code != Some(RDKafkaErrorCode::QueueFull) {
                let doing = format!("writing {bytes} bytes to {topic}");
                return Err(code.map_or_else(
                    || errors::sort(&error, &doing),
                    |code| self.sort(code, &doing),
                ));
            }
            // It empties as records are acknowledged or time out.
            self.producer.poll(ROUND);
            queued = refused;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        while self.producer.in_flight_count() > 0 {
            self.producer.poll(ROUND);
        }
        match self.producer.context().take_failures() {
            None => Ok(()),
            Some(failures) => {
                self.refused.extend(failures.too_large);
                let Failures {
                    count, topic, code, ..
                } = failures;
                let doing = format!("writing to {topic}, {count} records not written");
                Err(match self.sort(code, &doing) {
                    // The records are gone from the queue: calling again would not bring them back.
                    Error::Retry(text) | Error::TooLarge(text) => Error::Abort(text),
                    error => error,
                })
            }
        }
    }
}

/// How many bytes a record's key, value and headers have, as [`OutputRecord::bytes`] counts them.
fn bytes(message: &BorrowedMessage<'_>) -> usize {
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    let headers = headers.map(|header| header.key.len() + length(header.value));
    length(message.key()) + length(message.payload()) + headers.sum::<usize>()
}

/// What became of the records.
struct Deliveries {
    failures: Mutex<Option<Failures>>,
    log: LogBridge,
}

/// Records that were not written since the last flush, and why the first was not.
struct Failures {
    count: u64,
    topic: String,
    code: RDKafkaErrorCode,
    /// By topic: the largest that was refused for its size. Others may only have shared its batch.
    too_large: BTreeMap<String, usize>,
}

impl Deliveries {
    fn new() -> Self {
        Self {
            failures: Mutex::default(),
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
            too_large: BTreeMap::new(),
        });
        failures.count += 1;
        if errors::is_too_large(code) {
            let largest = failures.too_large.entry(topic.to_owned()).or_default();
            *largest = bytes(message).max(*largest);
        }
    }
}

//! Records on their way to a cluster, and what became of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message, OwnedHeaders};
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
        self.queue(queued)?;
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
        self.queue(queued)?;
        self.count();
        Ok(())
    }

    fn queue(&self, mut queued: BaseRecord<'_, [u8], [u8]>) -> Result<(), Error> {
        while let Err((error, refused)) = self.producer.send(queued) {
            let code = error.rdkafka_error_code();
            if code != Some(RDKafkaErrorCode::QueueFull) {
                let doing = format!("writing to {}", refused.topic);
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
            Some(Failures { count, topic, code }) => {
                let doing = format!("writing to {topic}, {count} records not written");
                Err(match self.sort(code, &doing) {
                    // The records are gone from the queue: calling again would not bring them back.
                    Error::Retry(text) => Error::Abort(text),
                    error => error,
                })
            }
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
        let failures = failures.get_or_insert_with(|| Failures {
            count: 0,
            topic: message.topic().to_owned(),
            code: error
                .rdkafka_error_code()
                .unwrap_or(RDKafkaErrorCode::Unknown),
        });
        failures.count += 1;
    }
}

//! A reader of the changelog.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::config::KafkaConfig;
use super::log::{LogBridge, LogOnly};
use super::reaper::Reaped;
use super::{errors, ffi};
use crate::runtime::{Bounds, ChangeRecord, Changelog, Error};

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The changelog of a Kafka cluster, read outside of any group.
pub struct KafkaChangelog {
    reader: Reaped<BaseConsumer<LogOnly>>,
    // A reader of committed records is told where the first open transaction begins instead of
    // where the partition ends.
    auditor: Reaped<BaseConsumer<LogOnly>>,
    topic: String,
    /// The partitions that are read, and from where on.
    started: BTreeMap<u32, u64>,
    deferred: Option<Error>,
}

impl KafkaChangelog {
    /// A reader; it connects by itself.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if a setting is refused or no changelog is named.
    pub fn open(config: &KafkaConfig) -> Result<Self, Error> {
        config.check()?;
        let Some(topic) = &config.changelog else {
            return Err(Error::Fatal("no changelog topic is named".to_owned()));
        };
        let open = |settings: &rdkafka::ClientConfig| {
            let context = LogOnly(LogBridge::new("changelog"));
            BaseConsumer::from_config_and_context(settings, context)
                .map(|consumer| Reaped::new(consumer, "changelog"))
                .map_err(|error| errors::sort(&error, "starting the changelog's reader"))
        };
        Ok(Self {
            reader: open(&config.restorer())?,
            auditor: open(&config.auditor())?,
            topic: topic.clone(),
            started: BTreeMap::new(),
            deferred: None,
        })
    }

    fn number(&self, partition: u32) -> Result<i32, Error> {
        i32::try_from(partition).map_err(|_| {
            let topic = &self.topic;
            Error::Fatal(format!("{topic} has no partition {partition}"))
        })
    }

    fn doing(&self, partition: u32) -> String {
        format!(
            "reading the changelog, partition {partition} of {}",
            self.topic
        )
    }

    fn sort(&self, error: &KafkaError, doing: &str) -> Error {
        match self.reader.client().fatal_error() {
            Some((_, reason)) => Error::Fatal(format!("{doing}: {reason}")),
            None => errors::sort(error, doing),
        }
    }
}

impl Changelog for KafkaChangelog {
    fn partition_count(&mut self) -> Result<NonZeroU32, Error> {
        let topic = &self.topic;
        let doing = format!("counting the partitions of {topic}");
        let metadata = self
            .auditor
            .fetch_metadata(Some(topic), PATIENCE)
            .map_err(|error| errors::sort(&error, &doing))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let count = found.and_then(|found| u32::try_from(found.partitions().len()).ok());
        count.and_then(NonZeroU32::new).ok_or_else(|| {
            Error::Fatal(format!(
                "{doing}: there is none: create it (see `wayfarer topics`)"
            ))
        })
    }

    fn bounds(&mut self, partition: u32) -> Result<Bounds, Error> {
        let doing = self.doing(partition);
        let (low, high) = self
            .auditor
            .fetch_watermarks(&self.topic, self.number(partition)?, PATIENCE)
            .map_err(|error| errors::sort(&error, &doing))?;
        // Its log is only written when it is polled; there is nothing that it could read.
        drop(self.auditor.poll(Duration::ZERO));
        match (u64::try_from(low), u64::try_from(high)) {
            (Ok(begin), Ok(end)) => Ok(Bounds { begin, end }),
            _ => Err(Error::Retry(format!("{doing}: its bounds are not known"))),
        }
    }

    fn start(&mut self, partition: u32, from: u64) -> Result<(), Error> {
        let doing = self.doing(partition);
        self.stop(partition)?;
        let offset = i64::try_from(from)
            .map_err(|_| Error::Fatal(format!("{doing}: {from} is no offset")))?;
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic, self.number(partition)?, Offset::Offset(offset))
            .map_err(|error| self.sort(&error, &doing))?;
        self.reader
            .incremental_assign(&list)
            .map_err(|error| self.sort(&error, &doing))?;
        self.started.insert(partition, from);
        Ok(())
    }

    fn stop(&mut self, partition: u32) -> Result<(), Error> {
        if self.started.contains_key(&partition) {
            let mut list = TopicPartitionList::new();
            list.add_partition(&self.topic, self.number(partition)?);
            self.reader
                .incremental_unassign(&list)
                .map_err(|error| self.sort(&error, &self.doing(partition)))?;
            self.started.remove(&partition);
        }
        Ok(())
    }

    fn poll(
        &mut self,
        wait: Duration,
        limit: usize,
        sink: &mut dyn FnMut(ChangeRecord<'_>),
    ) -> Result<usize, Error> {
        if let Some(error) = self.deferred.take() {
            return Err(error);
        }
        let mut wait = wait;
        let mut records = 0;
        while records < limit {
            match self.reader.poll(wait) {
                None => break,
                Some(Ok(message)) => {
                    let partition = u32::try_from(message.partition()).ok();
                    let partition = partition.filter(|known| self.started.contains_key(known));
                    if let Some(partition) = partition {
                        sink(ChangeRecord {
                            partition,
                            key: message.key().unwrap_or_default(),
                            value: message.payload(),
                        });
                        records += 1;
                    }
                }
                Some(Err(error)) => match error.rdkafka_error_code() {
                    None | Some(RDKafkaErrorCode::PartitionEOF) => {}
                    Some(code) if errors::is_connection_trouble(code) => {}
                    Some(_) => {
                        let error = self.sort(&error, &format!("reading {}", self.topic));
                        if records == 0 {
                            return Err(error);
                        }
                        // What was handed over counts first; the error is for the next poll.
                        self.deferred = Some(error);
                        break;
                    }
                },
            }
            wait = Duration::ZERO;
        }
        Ok(records)
    }

    fn position(&self, partition: u32) -> Option<u64> {
        let from = *self.started.get(&partition)?;
        let number = self.number(partition).ok()?;
        ffi::position(self.reader.client(), &self.topic, number).or(Some(from))
    }
}

//! A member of the consumer group that reads the input topics.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::config::KafkaConfig;
use super::context::{Change, Context};
use super::holdings::Holdings;
use super::probe::Probe;
use super::reaper::Reaped;
use super::topics::Topics;
use super::{errors, ffi};
use crate::domain::EventTime;
use crate::runtime::{Error, InputEvent, InputLog, InputRecord, Source, Start, Stored};

/// How long a commit may take before the caller is told to try again.
const COMMIT_PATIENCE: Duration = Duration::from_secs(2);

/// How long the group's coordinator may take to say what it stored.
const OFFSETS_PATIENCE: Duration = Duration::from_secs(1);

/// How long the cluster may take to say what an input looks like.
const METADATA_PATIENCE: Duration = Duration::from_secs(10);

/// How long a started partition may take to be ready for a seek.
const SEEK_PATIENCE: Duration = Duration::from_secs(5);

/// The input topics of a Kafka cluster, shared with the other members of the group.
///
/// Dropping it leaves the group (a member with an instance id keeps its place for the session
/// timeout) without committing anything, and takes ten seconds at most.
pub struct KafkaInput {
    consumer: Reaped<BaseConsumer<Context>>,
    topics: Topics,
    holdings: Holdings,
    probe: Probe,
    deferred: Option<Error>,
}

impl KafkaInput {
    /// Becomes a member of the group. Returns before anything was assigned, and before it is known
    /// whether a broker can be reached; the session starts with the first poll.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if a setting is refused.
    pub fn join(config: &KafkaConfig) -> Result<Self, Error> {
        let doing = "joining the consumer group";
        config.check()?;
        let consumer = BaseConsumer::from_config_and_context(&config.member(), Context::new())
            .map_err(|error| errors::sort(&error, doing))?;
        let topics: Vec<&str> = config.inputs.iter().map(String::as_str).collect();
        consumer
            .subscribe(&topics)
            .map_err(|error| errors::sort(&error, doing))?;
        Ok(Self {
            consumer: Reaped::new(consumer, "input"),
            topics: Topics::new(&config.inputs),
            holdings: Holdings::default(),
            probe: Probe::start(config)?,
            deferred: None,
        })
    }

    /// Leaves the group; the same as dropping it.
    pub fn close(self) {
        drop(self);
    }

    /// Hands a record over if its partition is started; false if it is not ours any more.
    fn hand_over(
        &self,
        message: &BorrowedMessage<'_>,
        sink: &mut dyn FnMut(InputEvent<'_>),
    ) -> bool {
        let source = self.topics.source(message.topic(), message.partition());
        let (Some(source), Ok(offset)) = (source, u64::try_from(message.offset())) else {
            return false;
        };
        if self.holdings.started(source).is_none() {
            return false;
        }
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            headers
                .iter()
                .map(|header| (header.key, header.value.unwrap_or_default()))
                .collect()
        });
        sink(InputEvent::Record(InputRecord {
            source,
            offset,
            timestamp: message.timestamp().to_millis().map(EventTime::from_millis),
            key: message.key(),
            value: message.payload(),
            headers,
        }));
        true
    }

    fn hand_over_ends(&mut self, sink: &mut dyn FnMut(InputEvent<'_>)) -> usize {
        let mut handed_over = 0;
        while let Some((source, offset)) = self.probe.answer() {
            sink(InputEvent::End { source, offset });
            handed_over += 1;
        }
        handed_over
    }

    fn hand_over_rebalances(
        &mut self,
        sink: &mut dyn FnMut(InputEvent<'_>),
    ) -> Result<usize, Error> {
        let mut handed_over = 0;
        while let Some(rebalance) = self.consumer.context().next_rebalance() {
            let mut sources = Vec::with_capacity(rebalance.partitions.len());
            for (topic, partition) in &rebalance.partitions {
                sources.extend(self.topics.source(topic, *partition));
            }
            if sources.is_empty() {
                self.answer_empty(rebalance.change)?;
                if rebalance.change == Change::Assigned {
                    sink(InputEvent::Assigned(sources));
                    handed_over += 1;
                }
                continue;
            }
            let event = match rebalance.change {
                Change::Assigned => {
                    self.holdings.assigned(&sources);
                    InputEvent::Assigned(sources)
                }
                Change::Revoked => {
                    self.holdings.leaving(&sources, false);
                    InputEvent::Revoked(sources)
                }
                Change::Lost => {
                    self.holdings.leaving(&sources, true);
                    InputEvent::Lost(sources)
                }
            };
            sink(event);
            handed_over += 1;
        }
        Ok(handed_over)
    }

    fn answer_empty(&self, change: Change) -> Result<(), Error> {
        let nothing = TopicPartitionList::new();
        let answered = match change {
            Change::Assigned => self.consumer.incremental_assign(&nothing),
            Change::Revoked | Change::Lost => self.consumer.incremental_unassign(&nothing),
        };
        answered.map_err(|error| self.sort(&error, "answering a rebalance"))
    }

    /// What a poll's error means; none if librdkafka mends it alone and has logged it.
    fn verdict(&self, error: &KafkaError) -> Option<Error> {
        let reason = self.consumer.context().reason();
        match error.rdkafka_error_code() {
            None | Some(RDKafkaErrorCode::PartitionEOF) => None,
            Some(code) if errors::is_connection_trouble(code) => None,
            Some(_) => {
                let doing = reason.map_or_else(
                    || "reading the input topics".to_owned(),
                    |reason| format!("reading the input topics: {reason}"),
                );
                Some(self.sort(error, &doing))
            }
        }
    }

    /// Sorts an error, by the client's fatal error if there is one: then every call fails.
    fn sort(&self, error: &KafkaError, doing: &str) -> Error {
        match self.consumer.client().fatal_error() {
            Some((code, reason)) => match errors::sort_code(code, doing) {
                fenced @ Error::Fenced(_) => fenced,
                _ => Error::Fatal(format!("{doing}: {reason}")),
            },
            None => errors::sort(error, doing),
        }
    }

    fn go_to(&self, places: &[(Source, Start)]) -> Result<(), Error> {
        let doing = "going to a place in an input";
        let started = Instant::now();
        let mut missing = places.to_vec();
        while !missing.is_empty() {
            let sought = self
                .consumer
                .seek_partitions(self.topics.list_at(&missing)?, SEEK_PATIENCE)
                .map_err(|error| self.sort(&error, doing))?;
            let mut refused = Vec::new();
            for (source, start) in missing {
                let (topic, partition) = self.topics.name(source)?;
                let element = sought.find_partition(topic, partition);
                match element.and_then(|element| element.error().err()) {
                    None => {}
                    // Just started, and not ready yet.
                    Some(error)
                        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::State)
                            && started.elapsed() < SEEK_PATIENCE =>
                    {
                        refused.push((source, start));
                    }
                    Some(error) => return Err(self.sort(&error, doing)),
                }
            }
            missing = refused;
            if !missing.is_empty() {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Ok(())
    }

    fn change_flow(
        &self,
        sources: &[Source],
        doing: &str,
        change: fn(&BaseConsumer<Context>, &TopicPartitionList) -> KafkaResult<()>,
    ) -> Result<(), Error> {
        let started = self.holdings.started_among(sources);
        if started.is_empty() {
            return Ok(());
        }
        let list = self.topics.list(&started)?;
        change(&self.consumer, &list).map_err(|error| self.sort(&error, doing))?;
        for element in list.elements() {
            element.error().map_err(|error| self.sort(&error, doing))?;
        }
        Ok(())
    }
}

impl InputLog for KafkaInput {
    fn poll(
        &mut self,
        wait: Duration,
        limit: usize,
        sink: &mut dyn FnMut(InputEvent<'_>),
    ) -> Result<usize, Error> {
        if let Some(error) = self.deferred.take() {
            return Err(error);
        }
        let mut handed_over = self.hand_over_ends(sink);
        let mut wait = if handed_over == 0 {
            wait
        } else {
            Duration::ZERO
        };
        let mut records = 0;
        while records < limit {
            // Returns nothing as well after a callback, so that a rebalance is handed over behind
            // the records that were fetched before it.
            match self.consumer.poll(wait) {
                None => break,
                Some(Ok(message)) => {
                    records += usize::from(self.hand_over(&message, sink));
                }
                Some(Err(error)) => {
                    self.deferred = self.verdict(&error);
                    if self.deferred.is_some() {
                        break;
                    }
                }
            }
            wait = Duration::ZERO;
        }
        handed_over += records + self.hand_over_rebalances(sink)?;
        // What was handed over counts first; the error is for the next poll.
        match self.deferred.take() {
            Some(error) if handed_over == 0 => Err(error),
            deferred => {
                self.deferred = deferred;
                Ok(handed_over)
            }
        }
    }

    fn partition_count(&mut self, input: u16) -> Result<NonZeroU32, Error> {
        let doing = "counting an input's partitions";
        let (topic, _) = self.topics.name(Source {
            input,
            partition: 0,
        })?;
        let metadata = self
            .consumer
            .fetch_metadata(Some(topic), METADATA_PATIENCE)
            .map_err(|error| self.sort(&error, doing))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let count = found.and_then(|found| u32::try_from(found.partitions().len()).ok());
        count
            .and_then(NonZeroU32::new)
            .ok_or_else(|| Error::Fatal(format!("{doing}: there is no topic {topic}: create it")))
    }

    fn start(&mut self, places: &[(Source, Start)]) -> Result<(), Error> {
        // What cannot be said to librdkafka must not be noted either.
        drop(self.topics.list_at(places)?);
        let todo = self.holdings.start(places);
        if !todo.take.is_empty() {
            let list = self.topics.list_at(&todo.take)?;
            self.consumer
                .incremental_assign(&list)
                .map_err(|error| self.sort(&error, "taking assigned partitions"))?;
        }
        self.go_to(&todo.seek)
    }

    fn release(&mut self, sources: &[Source]) -> Result<(), Error> {
        for source in sources {
            self.probe.forget(*source);
        }
        let Some(given_up) = self.holdings.release(sources) else {
            return Ok(());
        };
        let list = self.topics.list(&given_up)?;
        self.consumer
            .incremental_unassign(&list)
            .map_err(|error| self.sort(&error, "giving partitions up"))
    }

    fn pause(&mut self, sources: &[Source]) -> Result<(), Error> {
        self.change_flow(sources, "pausing inputs", Consumer::pause)
    }

    fn resume(&mut self, sources: &[Source]) -> Result<(), Error> {
        self.change_flow(sources, "resuming inputs", Consumer::resume)
    }

    fn probe(&mut self, sources: &[Source]) {
        for source in self.holdings.started_among(sources) {
            if let Ok((topic, _)) = self.topics.name(source) {
                self.probe.ask(source, topic);
            }
        }
    }

    fn position(&self, source: Source) -> Option<u64> {
        let start = self.holdings.started(source)?;
        let (topic, partition) = self.topics.name(source).ok()?;
        let read = ffi::position(self.consumer.client(), topic, partition);
        read.or(match start {
            Start::At(offset) => Some(offset),
            Start::Earliest => self.probe.low(source),
        })
    }

    fn committed(&mut self, sources: &[Source]) -> Result<Vec<Option<Stored>>, Error> {
        let doing = "asking for the group's offsets";
        let known = self
            .consumer
            .committed_offsets(self.topics.list(sources)?, OFFSETS_PATIENCE)
            .map_err(|error| self.sort(&error, doing))?;
        let mut stored = Vec::with_capacity(sources.len());
        for source in sources {
            let (topic, partition) = self.topics.name(*source)?;
            let Some(element) = known.find_partition(topic, partition) else {
                return Err(Error::Retry(format!("{doing}: no answer for {source:?}")));
            };
            // An offset that an open transaction stores comes as an error beside no offset.
            element.error().map_err(|error| self.sort(&error, doing))?;
            stored.push(match element.offset() {
                Offset::Offset(next) => Some(Stored {
                    next: u64::try_from(next).unwrap_or(0),
                    note: element.metadata().to_owned(),
                }),
                _ => None,
            });
        }
        Ok(stored)
    }

    fn commit(&mut self, next: &[(Source, u64)]) -> Result<(), Error> {
        let doing = "committing input offsets";
        if next.is_empty() {
            return Ok(());
        }
        let mut places = Vec::with_capacity(next.len());
        for (source, offset) in next {
            if !self.holdings.may_commit(*source) {
                return Err(Error::Abort(format!("{doing}: {source:?} is not ours now")));
            }
            places.push((*source, Start::At(*offset)));
        }
        let list = self.topics.list_at(&places)?;
        ffi::commit(self.consumer.client(), &list, COMMIT_PATIENCE)
            .map_err(|code| self.sort(&KafkaError::ConsumerCommit(code), doing))
    }
}

impl Drop for KafkaInput {
    fn drop(&mut self) {
        self.consumer.context().close();
        // A rebalance that was handed over or still waits to be will not be answered by anybody
        // else, and librdkafka does not end before. Where nothing is asked this changes nothing.
        for change in [Change::Assigned, Change::Revoked] {
            if let Err(error) = self.answer_empty(change) {
                tracing::debug!(%error, "leaving the consumer group");
            }
        }
    }
}

//! A member of the consumer group that reads the input topics.

use std::num::NonZeroU32;
use std::sync::{Arc, Weak};
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};

use super::config::KafkaConfig;
use super::context::{Change, Context};
use super::holdings::Holdings;
use super::membership::Member;
use super::partitions::Partitions;
use super::probe::Probe;
use super::topics::Topics;
use super::{errors, ffi};
use crate::domain::EventTime;
use crate::runtime::{Error, InputEvent, InputLog, InputRecord, Source, Start, Stored};

/// How long the cluster may take to say what an input looks like.
const METADATA_PATIENCE: Duration = Duration::from_secs(10);

/// The input topics of a Kafka cluster, shared with the other members of the group.
///
/// Dropping it leaves the group (a member with an instance id keeps its place for the session
/// timeout) without committing anything, and takes ten seconds at most.
pub struct KafkaInput {
    partitions: Partitions,
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
            partitions: Partitions {
                member: Arc::new(Member::new(consumer)),
                topics: Topics::new(&config.inputs),
            },
            holdings: Holdings::default(),
            probe: Probe::start(config)?,
            deferred: None,
        })
    }

    /// Leaves the group; the same as dropping it.
    pub fn close(self) {
        drop(self);
    }

    /// The membership, for somebody who commits on its behalf.
    pub(super) fn member(&self) -> Weak<Member> {
        Arc::downgrade(&self.partitions.member)
    }

    /// Hands a record over if its partition is started; false if it is not ours any more.
    fn hand_over(
        &self,
        message: &BorrowedMessage<'_>,
        sink: &mut dyn FnMut(InputEvent<'_>),
    ) -> bool {
        let source = self
            .partitions
            .topics
            .source(message.topic(), message.partition());
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
        handed_over: &mut usize,
        sink: &mut dyn FnMut(InputEvent<'_>),
    ) -> Result<(), Error> {
        while let Some(rebalance) = self.partitions.consumer().context().next_rebalance() {
            let mut sources = Vec::with_capacity(rebalance.partitions.len());
            for (topic, partition) in &rebalance.partitions {
                sources.extend(self.partitions.topics.source(topic, *partition));
            }
            if sources.is_empty() {
                self.partitions.answer_empty(rebalance.change)?;
                if rebalance.change == Change::Assigned {
                    sink(InputEvent::Assigned(sources));
                    *handed_over += 1;
                }
                continue;
            }
            let event = match rebalance.change {
                Change::Assigned => {
                    let places = match self.partitions.earliest(&sources) {
                        Ok(places) => places,
                        Err(error) => {
                            self.partitions.consumer().context().put_back(rebalance);
                            return Err(error);
                        }
                    };
                    self.partitions.take(&places)?;
                    self.holdings.assigned(&sources);
                    InputEvent::Assigned(sources)
                }
                Change::Revoked => {
                    self.holdings.leaving(&sources);
                    InputEvent::Revoked(sources)
                }
                Change::Lost => {
                    self.partitions.member.tenures.end(&sources);
                    self.holdings.leaving(&sources);
                    InputEvent::Lost(sources)
                }
            };
            sink(event);
            *handed_over += 1;
        }
        Ok(())
    }

    /// What a poll's error means; none if librdkafka mends it alone and has logged it.
    fn verdict(&self, error: &KafkaError) -> Option<Error> {
        let reason = self.partitions.consumer().context().reason();
        match error.rdkafka_error_code() {
            None | Some(RDKafkaErrorCode::PartitionEOF) => None,
            Some(code) if errors::is_connection_trouble(code) => None,
            Some(_) => {
                let doing = reason.map_or_else(
                    || "reading the input topics".to_owned(),
                    |reason| format!("reading the input topics: {reason}"),
                );
                Some(self.partitions.sort(error, &doing))
            }
        }
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
            match self.partitions.consumer().poll(wait) {
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
        handed_over += records;
        if let Err(error) = self.hand_over_rebalances(&mut handed_over, sink) {
            self.deferred = Some(error);
        }
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
        let (topic, _) = self.partitions.topics.name(Source {
            input,
            partition: 0,
        })?;
        let metadata = self
            .partitions
            .consumer()
            .fetch_metadata(Some(topic), METADATA_PATIENCE)
            .map_err(|error| self.partitions.sort(&error, doing))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let count = found.and_then(|found| u32::try_from(found.partitions().len()).ok());
        count
            .and_then(NonZeroU32::new)
            .ok_or_else(|| Error::Fatal(format!("{doing}: there is no topic {topic}: create it")))
    }

    fn start(&mut self, places: &[(Source, Start)]) -> Result<(), Error> {
        let mut places = self.holdings.ours_among(places);
        let earliest: Vec<Source> = places
            .extract_if(.., |(_, start)| *start == Start::Earliest)
            .map(|(source, _)| source)
            .collect();
        places.extend(self.partitions.earliest(&earliest)?);
        self.partitions.go_to(&places)?;
        let paused = self.holdings.waiting_among(&places);
        self.partitions
            .change_flow(&paused, "starting inputs", Consumer::resume)?;
        // Only now: what failed is done again by a further call.
        self.holdings.start(&places);
        Ok(())
    }

    fn release(&mut self, sources: &[Source]) -> Result<(), Error> {
        for source in sources {
            self.probe.forget(*source);
        }
        let Some(given_up) = self.holdings.release(sources) else {
            return Ok(());
        };
        self.partitions.member.tenures.end(&given_up);
        let list = self.partitions.topics.list(&given_up)?;
        self.partitions
            .consumer()
            .incremental_unassign(&list)
            .map_err(|error| self.partitions.sort(&error, "giving partitions up"))
    }

    fn pause(&mut self, sources: &[Source]) -> Result<(), Error> {
        let started = self.holdings.started_among(sources);
        self.partitions
            .change_flow(&started, "pausing inputs", Consumer::pause)
    }

    fn resume(&mut self, sources: &[Source]) -> Result<(), Error> {
        let started = self.holdings.started_among(sources);
        self.partitions
            .change_flow(&started, "resuming inputs", Consumer::resume)
    }

    fn probe(&mut self, sources: &[Source]) {
        for source in self.holdings.started_among(sources) {
            if let Ok((topic, _)) = self.partitions.topics.name(source) {
                self.probe.ask(source, topic);
            }
        }
    }

    fn position(&self, source: Source) -> Option<u64> {
        let start = self.holdings.started(source)?;
        let (topic, partition) = self.partitions.topics.name(source).ok()?;
        ffi::position(self.partitions.consumer().client(), topic, partition).or(match start {
            Start::At(offset) => Some(offset),
            Start::Earliest => None,
        })
    }

    fn committed(&mut self, sources: &[Source]) -> Result<Vec<Option<Stored>>, Error> {
        self.partitions.committed(sources)
    }
}

impl Drop for KafkaInput {
    fn drop(&mut self) {
        self.partitions.consumer().context().close();
        // A rebalance that was handed over or still waits to be will not be answered by anybody
        // else, and librdkafka does not end before. Where nothing is asked this changes nothing.
        for change in [Change::Assigned, Change::Revoked] {
            if let Err(error) = self.partitions.answer_empty(change) {
                tracing::debug!(%error, "leaving the consumer group");
            }
        }
    }
}

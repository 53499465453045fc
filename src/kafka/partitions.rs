//! The partitions of a member, as librdkafka is told to read them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::context::{Change, Context};
use super::errors;
use super::membership::Member;
use super::topics::Topics;
use crate::runtime::{Error, Source, Start, Stored};

/// How long the brokers may take to say what the group stored, or where inputs begin.
const OFFSETS_PATIENCE: Duration = Duration::from_secs(1);

/// How long a started partition may take to be ready for a seek.
const SEEK_PATIENCE: Duration = Duration::from_secs(5);

/// A member's consumer and the names of what it reads.
pub(super) struct Partitions {
    pub(super) member: Arc<Member>,
    pub(super) topics: Topics,
}

impl Partitions {
    pub(super) fn consumer(&self) -> &BaseConsumer<Context> {
        &self.member.consumer
    }

    /// Takes assigned partitions at once, so that the group need not wait for their start, and lets
    /// nothing of them in before.
    pub(super) fn take(&self, places: &[(Source, Start)]) -> Result<(), Error> {
        let doing = "taking assigned partitions";
        let sources: Vec<Source> = places.iter().map(|(source, _)| *source).collect();
        let list = self.topics.list_at(places)?;
        self.consumer()
            .incremental_assign(&list)
            .map_err(|error| self.sort(&error, doing))?;
        self.member.tenures.begin(&sources);
        self.change_flow(&sources, doing, Consumer::pause)
    }

    /// The places of the oldest records that are kept.
    ///
    /// librdkafka is never asked to find one itself: it asks anew when a pause or a seek made it
    /// ignore the answer, and then goes there although it was sent elsewhere meanwhile.
    pub(super) fn earliest(&self, sources: &[Source]) -> Result<Vec<(Source, Start)>, Error> {
        let doing = "asking where inputs begin";
        if sources.is_empty() {
            return Ok(Vec::new());
        }
        let beginnings: Vec<_> = sources.iter().map(|s| (*s, Start::Earliest)).collect();
        // Where a time is expected, the protocol takes the mark for the beginning as well.
        let found = self
            .consumer()
            .offsets_for_times(self.topics.list_at(&beginnings)?, OFFSETS_PATIENCE)
            .map_err(|error| self.sort(&error, doing))?;
        let mut places = Vec::with_capacity(sources.len());
        for source in sources {
            let (topic, partition) = self.topics.name(*source)?;
            let element = found.find_partition(topic, partition);
            match element.map(|element| (element.offset(), element.error().err())) {
                Some((Offset::Offset(offset), None)) => {
                    places.push((*source, Start::At(u64::try_from(offset).unwrap_or(0))));
                }
                Some((_, Some(error))) => return Err(self.sort(&error, doing)),
                _ => return Err(Error::Retry(format!("{doing}: no answer for {source:?}"))),
            }
        }
        Ok(places)
    }

    /// Goes to these places in partitions that are taken.
    pub(super) fn go_to(&self, places: &[(Source, Start)]) -> Result<(), Error> {
        let doing = "going to a place in an input";
        let started = Instant::now();
        let mut missing = places.to_vec();
        while !missing.is_empty() {
            let sought = self
                .consumer()
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
                            && started.elapsed() < SEEK_PATIENCE
                            && self.consumer().client().fatal_error().is_none() =>
                    {
                        refused.push((source, start));
                    }
                    // A consumer that can do nothing any more says no more than that either.
                    Some(error)
                        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::State)
                            && self.consumer().client().fatal_error().is_none() =>
                    {
                        return Err(Error::Retry(format!("{doing}: {error}")));
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

    /// Pauses or resumes partitions.
    pub(super) fn change_flow(
        &self,
        sources: &[Source],
        doing: &str,
        change: fn(&BaseConsumer<Context>, &TopicPartitionList) -> KafkaResult<()>,
    ) -> Result<(), Error> {
        if sources.is_empty() {
            return Ok(());
        }
        let list = self.topics.list(sources)?;
        change(self.consumer(), &list).map_err(|error| self.sort(&error, doing))?;
        for element in list.elements() {
            element.error().map_err(|error| self.sort(&error, doing))?;
        }
        Ok(())
    }

    /// Answers a rebalance that gives or takes nothing: librdkafka waits for that too.
    pub(super) fn answer_empty(&self, change: Change) -> Result<(), Error> {
        let nothing = TopicPartitionList::new();
        let answered = match change {
            Change::Assigned => self.consumer().incremental_assign(&nothing),
            Change::Revoked | Change::Lost => self.consumer().incremental_unassign(&nothing),
        };
        answered.map_err(|error| self.sort(&error, "answering a rebalance"))
    }

    /// What the group stored for these partitions, in their order.
    pub(super) fn committed(&self, sources: &[Source]) -> Result<Vec<Option<Stored>>, Error> {
        let doing = "asking for the group's offsets";
        let known = self
            .consumer()
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

    /// Sorts an error, by the client's fatal error if there is one: then every call fails.
    pub(super) fn sort(&self, error: &KafkaError, doing: &str) -> Error {
        match self.consumer().client().fatal_error() {
            Some((code, reason)) => match errors::sort_code(code, doing) {
                fenced @ Error::Fenced(_) => fenced,
                _ => Error::Fatal(format!("{doing}: {reason}")),
            },
            None => errors::sort(error, doing),
        }
    }
}

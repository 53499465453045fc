//! What a worker would be answered, tried without being one.

use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::Producer;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::config::KafkaConfig;
use super::errors::{self, Refusal, Way};
use super::log::{LogBridge, LogOnly};
use super::reaper::Reaped;
use super::writer::Writer;
use crate::runtime::Error;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a group is to read on, and what the partition still holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The topic.
    pub topic: String,
    /// The partition's number.
    pub partition: u32,
    /// The offset that the group stored.
    pub next: i64,
    /// The oldest offset that is kept.
    pub begin: i64,
    /// The offset of the record to come.
    pub end: i64,
}

/// Takes the place of a producer of this transactional id, and leaves it: whether the cluster takes
/// transactions from this client. Nothing is begun or written. No live producer may have the id.
///
/// # Errors
///
/// [`Error::Retry`] if no coordinator answered, [`Error::Fatal`] if it refused.
pub fn try_transactions(config: &KafkaConfig, id: &str) -> Result<(), Error> {
    let doing = "trying a transaction";
    let writer = Writer::open(config, &config.transactional(id))?;
    let began = Instant::now();
    loop {
        writer.serve();
        let done = writer.producer().init_transactions(PATIENCE);
        let Err(refusal) = done.map_err(Refusal::from) else {
            return Ok(());
        };
        if refusal.way != Way::Again || began.elapsed() >= PATIENCE {
            return Err(refusal.sorted(doing));
        }
    }
}

/// Where the group is to read on, in every partition in which it has stored an offset. It is not
/// joined.
///
/// # Errors
///
/// [`Error::Retry`] if no broker answered, [`Error::Fatal`] if the question was refused.
pub fn places(config: &KafkaConfig, topics: &[(&str, u32)]) -> Result<Vec<Place>, Error> {
    let group = &config.group_id;
    let doing = format!("reading the offsets of group {group}");
    let sort = |error| errors::sort(&error, &doing);
    let context = LogOnly(LogBridge::new("onlooker"));
    let reader = BaseConsumer::from_config_and_context(&config.restorer(), context);
    let reader = Reaped::new(reader.map_err(sort)?, "onlooker");
    let mut list = TopicPartitionList::new();
    for (topic, partitions) in topics {
        for partition in 0..i32::try_from(*partitions).unwrap_or(i32::MAX) {
            list.add_partition(topic, partition);
        }
    }
    let stored = reader.committed_offsets(list, PATIENCE).map_err(sort)?;
    let mut places = Vec::new();
    for element in stored.elements() {
        let Offset::Offset(next) = element.offset() else {
            continue;
        };
        let (topic, partition) = (element.topic().to_owned(), element.partition());
        let (begin, end) = reader
            .fetch_watermarks(&topic, partition, PATIENCE)
            .map_err(sort)?;
        places.push(Place {
            topic,
            partition: u32::try_from(partition).unwrap_or(0),
            next,
            begin,
            end,
        });
    }
    Ok(places)
}

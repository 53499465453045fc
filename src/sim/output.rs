//! A producer.

use std::collections::{BTreeMap, VecDeque};

use super::broker::{Cluster, SimBroker};
use super::log::Record;
use crate::runtime::{Error, OutputLog, OutputRecord, OutputTopic};

/// A producer of the output topics. What was sent can be read once it is flushed; dropping the
/// producer gives up what was not.
#[derive(Debug)]
pub struct SimOutput {
    broker: SimBroker,
    topics: BTreeMap<OutputTopic, String>,
    queue: VecDeque<OutputRecord>,
}

impl SimOutput {
    /// A producer of the topics with these names.
    pub fn open(broker: &SimBroker, topics: BTreeMap<OutputTopic, String>) -> Self {
        Self {
            broker: broker.clone(),
            topics,
            queue: VecDeque::new(),
        }
    }

    fn name_of(&self, topic: OutputTopic) -> Result<&str, Error> {
        let name = self.topics.get(&topic).map(String::as_str);
        name.ok_or_else(|| Error::Fatal(format!("no output topic {}: name one", topic.suffix())))
    }

    fn write(&self, cluster: &mut Cluster, record: OutputRecord) -> Result<(), Error> {
        let name = self.name_of(record.topic)?;
        let written = Record {
            timestamp: record.timestamp,
            key: record.key,
            value: record.value,
            headers: record.headers,
        };
        cluster.write(name, written).map(drop)
    }
}

impl OutputLog for SimOutput {
    fn send(&mut self, record: OutputRecord) -> Result<(), Error> {
        let name = self.name_of(record.topic)?;
        let cluster = self.broker.cluster();
        cluster.partition_count(name)?;
        let bytes = record.bytes();
        if cluster.record_max.is_some_and(|max| bytes > max) {
            return Err(Error::TooLarge {
                reason: format!("{name} takes no {bytes} bytes"),
                topic: Some(record.topic),
                bytes,
            });
        }
        drop(cluster);
        self.queue.push_back(record);
        Ok(())
    }

    /// Writes what was sent. What an outage, or a failure that the test asked for, keeps from being
    /// written is gone, as it is when a Kafka producer's records have waited for too long.
    fn flush(&mut self) -> Result<(), Error> {
        let broker = self.broker.clone();
        let mut cluster = broker.cluster_mut();
        let mut queue = std::mem::take(&mut self.queue);
        let sent = queue.len();
        if sent == 0 {
            return Ok(());
        }
        let failing = match cluster.away {
            true => Some(0),
            false => cluster
                .failing
                .pop_front()
                .map(|written| written.min(sent - 1)),
        };
        queue.truncate(failing.unwrap_or(sent));
        for record in queue {
            self.write(&mut cluster, record)?;
        }
        match failing {
            Some(written) => Err(Error::Abort(format!(
                "{written} of {sent} records were written"
            ))),
            None => Ok(()),
        }
    }
}

//! A transaction of some program that writes to the topics.

use super::broker::SimBroker;
use super::log::{Record, TransactionId};
use crate::runtime::{Error, Source, Stored};

/// A transaction that was not decided yet. Readers stop before its first record; dropped without a
/// decision, it holds them up for ever.
#[derive(Debug)]
pub struct SimTransaction {
    pub(super) broker: SimBroker,
    pub(super) id: TransactionId,
}

impl SimTransaction {
    /// Writes a record to a partition, and returns the offset.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if there is no such topic or partition.
    pub fn write_to(&self, topic: &str, partition: u32, record: Record) -> Result<u64, Error> {
        let mut cluster = self.broker.cluster_mut();
        cluster.write_to(topic, partition, record, Some(self.id))
    }

    /// Stores what a group is to keep of a partition.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if there is no such group.
    pub fn store(&self, group: &str, source: Source, stored: Stored) -> Result<(), Error> {
        let mut cluster = self.broker.cluster_mut();
        let Some(found) = cluster.groups.get_mut(group) else {
            return Err(Error::Fatal(format!("there is no group {group}")));
        };
        found.offsets.store_in(self.id, source, stored);
        Ok(())
    }

    /// Its records become readable and its offsets count, all at once.
    pub fn commit(self) {
        self.decide(true);
    }

    /// Its records and offsets never were; the places in the logs stay taken.
    pub fn abort(self) {
        self.decide(false);
    }

    fn decide(self, committed: bool) {
        let mut cluster = self.broker.cluster_mut();
        cluster.decide(self.id, committed);
        cluster.decide_offsets(self.id, committed);
    }
}

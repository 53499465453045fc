//! A transaction of some program that writes to the topics.

use super::broker::SimBroker;
use super::log::{Record, TransactionId};
use crate::runtime::Error;

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

    /// Its records become readable, all at once.
    pub fn commit(self) {
        self.broker.cluster_mut().decide(self.id, true);
    }

    /// Its records never were; their offsets stay taken.
    pub fn abort(self) {
        self.broker.cluster_mut().decide(self.id, false);
    }
}

//! What somebody sees who only looks on.

use super::broker::SimBroker;
use super::log::{Fate, PartitionLog, StoredRecord};
use crate::runtime::{Error, Source, Stored};

/// A record that was written, whether it can be read or not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// The record.
    pub record: StoredRecord,
    /// What became of it.
    pub fate: Fate,
    /// The producer that wrote it; none if that has no transactional id.
    pub writer: Option<Writer>,
}

/// A producer in a transaction.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Writer {
    /// The transaction, numbered in the order of beginning.
    pub transaction: u64,
    /// The name of the producer.
    pub transactional_id: String,
    /// Which producer of that name it is.
    pub epoch: u32,
}

impl SimBroker {
    /// The committed records that a topic keeps, partition after partition, each in order.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn records(&self, topic: &str) -> Result<Vec<StoredRecord>, Error> {
        let cluster = self.cluster();
        let records = cluster.logs(topic)?.iter().flat_map(PartitionLog::records);
        Ok(records.cloned().collect())
    }

    /// All records that a topic keeps, as [`records`](Self::records): undecided and aborted ones
    /// too.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn written(&self, topic: &str) -> Result<Vec<Written>, Error> {
        let cluster = self.cluster();
        let written = cluster.logs(topic)?.iter().flat_map(PartitionLog::written);
        let seen = written.map(|(record, transaction, fate)| {
            let began = transaction.and_then(|id| Some((id, cluster.writers.get(&id)?)));
            let writer = began.map(|(id, ticket)| Writer {
                transaction: id.0,
                transactional_id: ticket.name.clone(),
                epoch: ticket.epoch,
            });
            Written {
                record: record.clone(),
                fate,
                writer,
            }
        });
        Ok(seen.collect())
    }

    /// The offset that a group stored for a partition.
    pub fn committed(&self, group: &str, source: Source) -> Option<u64> {
        Some(self.stored(group, source)?.next)
    }

    /// What a group stored for a partition. What undecided transactions stored does not count yet.
    pub fn stored(&self, group: &str, source: Source) -> Option<Stored> {
        let cluster = self.cluster();
        cluster
            .groups
            .get(group)?
            .offsets
            .committed(source)
            .cloned()
    }

    /// What undecided transactions stored with a group, the oldest transaction first.
    pub fn pending(&self, group: &str) -> Vec<(Source, Stored)> {
        let cluster = self.cluster();
        let pending = cluster.groups.get(group);
        let pending = pending
            .into_iter()
            .flat_map(|group| group.offsets.pending());
        pending
            .map(|(source, stored)| (source, stored.clone()))
            .collect()
    }
}

//! Topics and groups in memory, and the trouble that a test asks for.

use std::cell::{Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use super::clock::SimClock;
use super::coordinator::{LateEnd, MarkDelay, Producer, Ticket};
use super::group::{Group, MemberId};
use super::log::{PartitionLog, Record, StoredRecord, TransactionId};
use super::transaction::SimTransaction;
use crate::runtime::{Clock, Error, Source};
use crate::wire::placement;

/// How long a member may be silent unless the test says otherwise.
const SESSION_TIME_OUT: Duration = Duration::from_secs(10);

/// A broker in memory. Clones are the same broker.
#[derive(Clone, Debug)]
pub struct SimBroker(Rc<RefCell<Cluster>>);

/// What a broker keeps.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) clock: SimClock,
    topics: BTreeMap<String, Topic>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) away: bool,
    /// How many records a poll hands over at most.
    pub(super) poll_limit: Option<usize>,
    /// How many bytes a record that a producer sends may have.
    pub(super) record_max: Option<usize>,
    /// How many transactions were begun.
    pub(super) transactions: u64,
    /// By transactional id.
    pub(super) producers: BTreeMap<String, Producer>,
    /// Who began which transaction.
    pub(super) writers: BTreeMap<TransactionId, Ticket>,
    pub(super) late: Vec<LateEnd>,
    pub(super) mark_delay: MarkDelay,
    pub(super) session_time_out: Duration,
    /// How many calls a committer makes in one look at its outcome.
    pub(super) pace: Option<usize>,
}

/// A topic.
#[derive(Debug)]
pub(super) struct Topic {
    partitions: Vec<PartitionLog>,
    /// How many records without a key were placed.
    keyless: u32,
}

impl SimBroker {
    /// A broker without topics.
    pub fn new(clock: &SimClock) -> Self {
        Self(Rc::new(RefCell::new(Cluster {
            clock: clock.clone(),
            topics: BTreeMap::new(),
            groups: BTreeMap::new(),
            away: false,
            poll_limit: None,
            record_max: None,
            transactions: 0,
            producers: BTreeMap::new(),
            writers: BTreeMap::new(),
            late: Vec::new(),
            mark_delay: MarkDelay::default(),
            session_time_out: SESSION_TIME_OUT,
            pace: None,
        })))
    }

    /// Creates a topic.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if there is one of this name, or it would have no partitions.
    pub fn create_topic(&self, name: &str, partitions: u32) -> Result<(), Error> {
        if partitions == 0 {
            return Err(Error::Fatal(format!(
                "topic {name} needs at least one partition"
            )));
        }
        let mut cluster = self.cluster_mut();
        if cluster.topics.contains_key(name) {
            return Err(Error::Fatal(format!("there is a topic {name} already")));
        }
        let partitions = (0..partitions).map(|_| PartitionLog::default()).collect();
        cluster.topics.insert(
            name.to_owned(),
            Topic {
                partitions,
                keyless: 0,
            },
        );
        Ok(())
    }

    /// Writes a record where its key belongs; records without a key go round. Returns the
    /// partition and the offset. Works in an outage too: the outage is between the broker and the
    /// clients.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if there is no such topic.
    pub fn write(&self, topic: &str, record: Record) -> Result<(u32, u64), Error> {
        self.cluster_mut().write(topic, record)
    }

    /// Writes a record to a partition of the caller's choice, and returns the offset.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if there is no such topic or partition.
    pub fn write_to(&self, topic: &str, partition: u32, record: Record) -> Result<u64, Error> {
        self.cluster_mut().write_to(topic, partition, record, None)
    }

    /// Begins a transaction of some program that writes to the topics.
    pub fn begin_transaction(&self) -> SimTransaction {
        let mut cluster = self.cluster_mut();
        cluster.transactions += 1;
        SimTransaction {
            broker: self.clone(),
            id: TransactionId(cluster.transactions),
        }
    }

    /// Appends a mark to a partition: something that takes an offset and is never handed over.
    ///
    /// # Errors
    ///
    /// As [`write_to`](Self::write_to).
    pub fn mark(&self, topic: &str, partition: u32) -> Result<(), Error> {
        self.cluster_mut().log_mut(topic, partition)?.mark();
        Ok(())
    }

    /// Drops the oldest entries of a partition, as retention does.
    ///
    /// # Errors
    ///
    /// As [`write_to`](Self::write_to).
    pub fn forget_before(&self, topic: &str, partition: u32, offset: u64) -> Result<(), Error> {
        self.cluster_mut()
            .log_mut(topic, partition)?
            .forget_before(offset);
        Ok(())
    }

    /// Drops what is superseded in a partition, as the cleaner of a compacted topic does: before
    /// the first undecided record, all but the last of each key, and with `old_tombstones` those
    /// too. Offsets stay taken.
    ///
    /// # Errors
    ///
    /// As [`write_to`](Self::write_to).
    pub fn compact(&self, topic: &str, partition: u32, old_tombstones: bool) -> Result<(), Error> {
        let mut cluster = self.cluster_mut();
        cluster.log_mut(topic, partition)?.compact(old_tombstones);
        Ok(())
    }

    /// Lets the marks of transactions that are decided from now on be written so much later.
    pub fn set_mark_delay(&self, delay: MarkDelay) {
        self.cluster_mut().mark_delay = delay;
    }

    /// Lets a committer make at most so many calls in one look at its outcome, so that others come
    /// between; none lifts the limit.
    ///
    /// # Panics
    ///
    /// If there were none to be made.
    pub fn set_pace(&self, calls: Option<usize>) {
        assert_ne!(calls, Some(0), "a committer must make progress");
        self.cluster_mut().pace = calls;
    }

    /// How long a member may be silent before it is expelled; 10 seconds unless this is called.
    pub fn set_session_time_out(&self, span: Duration) {
        self.cluster_mut().session_time_out = span;
    }

    /// A member is not heard of from now on until it polls, as if its process stood still or were
    /// gone.
    pub fn silence(&self, group: &str, member: MemberId) {
        let mut cluster = self.cluster_mut();
        let now = cluster.clock.monotonic();
        if let Some(group) = cluster.groups.get_mut(group) {
            group.silence(member, now);
        }
    }

    /// Begins or ends an outage between the broker and all clients: meanwhile polls bring nothing,
    /// probes fail, and whatever else needs the broker is to be tried again.
    pub fn set_away(&self, away: bool) {
        self.cluster_mut().away = away;
    }

    /// Holds back what a partition has, or hands it over again. Probes are answered all the same,
    /// as when fetching is slower than asking.
    ///
    /// # Errors
    ///
    /// As [`write_to`](Self::write_to).
    pub fn withhold(&self, topic: &str, partition: u32, held: bool) -> Result<(), Error> {
        self.cluster_mut().log_mut(topic, partition)?.withheld = held;
        Ok(())
    }

    /// Lets a poll hand over at most so many records, whatever it asks for; none lifts the limit.
    pub fn limit_polls(&self, records: Option<usize>) {
        self.cluster_mut().poll_limit = records;
    }

    /// Lets producers take records of at most so many bytes, key, value and headers together; none
    /// lifts the limit.
    pub fn limit_records(&self, bytes: Option<usize>) {
        self.cluster_mut().record_max = bytes;
    }

    /// Throws a member out of its group, as happens to one that was not heard of in time: its
    /// partitions are free at once, and it learns of it at its next poll.
    pub fn expel(&self, group: &str, member: MemberId) {
        if let Some(group) = self.cluster_mut().groups.get_mut(group) {
            group.expel(member);
        }
    }

    /// The partitions that a member has, in the eyes of its group.
    pub fn holdings(&self, group: &str, member: MemberId) -> Vec<Source> {
        let cluster = self.cluster();
        cluster
            .groups
            .get(group)
            .map_or_else(Vec::new, |group| group.holdings(member))
    }

    /// The broker as it is now, with all done that time has brought.
    pub(super) fn cluster(&self) -> Ref<'_, Cluster> {
        self.0.borrow_mut().tick();
        self.0.borrow()
    }

    /// As [`cluster`](Self::cluster).
    pub(super) fn cluster_mut(&self) -> RefMut<'_, Cluster> {
        let mut cluster = self.0.borrow_mut();
        cluster.tick();
        cluster
    }
}

impl Cluster {
    /// Fails during an outage.
    pub(super) fn reach(&self) -> Result<(), Error> {
        if self.away {
            return Err(Error::Retry("the broker cannot be reached".into()));
        }
        Ok(())
    }

    /// How many partitions a topic has.
    pub(super) fn partition_count(&self, topic: &str) -> Result<NonZeroU32, Error> {
        Ok(self.topic(topic)?.count())
    }

    /// A partition of a topic.
    pub(super) fn log(&self, topic: &str, partition: u32) -> Result<&PartitionLog, Error> {
        let partitions = &self.topic(topic)?.partitions;
        partitions
            .get(place(partition))
            .ok_or_else(|| no_partition(topic, partition))
    }

    /// Writes a record where its key belongs.
    pub(super) fn write(&mut self, topic: &str, record: Record) -> Result<(u32, u64), Error> {
        let partition = self.place(topic, record.key.as_deref())?;
        Ok((partition, self.write_to(topic, partition, record, None)?))
    }

    /// The partition where a key belongs; without one it is the next in turn.
    pub(super) fn place(&mut self, topic: &str, key: Option<&[u8]>) -> Result<u32, Error> {
        let found = self.topic_mut(topic)?;
        let count = found.count();
        Ok(match key {
            Some(key) => placement::partition(key, count),
            None => {
                found.keyless = found.keyless.wrapping_add(1);
                found.keyless.wrapping_sub(1) % count
            }
        })
    }

    /// Writes a record to a partition, in a transaction or by itself.
    pub(super) fn write_to(
        &mut self,
        topic: &str,
        partition: u32,
        record: Record,
        transaction: Option<TransactionId>,
    ) -> Result<u64, Error> {
        let written = self.clock.wall();
        let log = self.log_mut(topic, partition)?;
        let offset = log.next();
        let stored = StoredRecord {
            partition,
            offset,
            timestamp: record.timestamp.unwrap_or(written),
            key: record.key,
            value: record.value,
            headers: record.headers,
        };
        log.append(stored, transaction);
        Ok(offset)
    }

    /// Decides a transaction wherever it wrote.
    pub(super) fn decide(&mut self, id: TransactionId, committed: bool) {
        let logs = self
            .topics
            .values_mut()
            .flat_map(|topic| &mut topic.partitions);
        logs.for_each(|log| log.decide(id, committed));
    }

    /// Decides what a transaction stored with the groups.
    pub(super) fn decide_offsets(&mut self, id: TransactionId, committed: bool) {
        for group in self.groups.values_mut() {
            group.offsets.decide(id, committed);
        }
    }

    /// As [`log`](Self::log).
    pub(super) fn log_mut(
        &mut self,
        topic: &str,
        partition: u32,
    ) -> Result<&mut PartitionLog, Error> {
        let partitions = &mut self.topic_mut(topic)?.partitions;
        partitions
            .get_mut(place(partition))
            .ok_or_else(|| no_partition(topic, partition))
    }

    /// The partitions of a topic.
    pub(super) fn logs(&self, topic: &str) -> Result<&[PartitionLog], Error> {
        Ok(&self.topic(topic)?.partitions)
    }

    fn topic(&self, name: &str) -> Result<&Topic, Error> {
        self.topics.get(name).ok_or_else(|| no_topic(name))
    }

    fn topic_mut(&mut self, name: &str) -> Result<&mut Topic, Error> {
        self.topics.get_mut(name).ok_or_else(|| no_topic(name))
    }
}

impl Topic {
    fn count(&self) -> NonZeroU32 {
        let count = u32::try_from(self.partitions.len())
            .ok()
            .and_then(NonZeroU32::new);
        count.expect("a topic is created with a count of at least one that fits 32 bits")
    }
}

fn place(partition: u32) -> usize {
    usize::try_from(partition).unwrap_or(usize::MAX)
}

fn no_topic(name: &str) -> Error {
    Error::Fatal(format!("there is no topic {name}: create it"))
}

fn no_partition(topic: &str, partition: u32) -> Error {
    Error::Fatal(format!("topic {topic} has no partition {partition}"))
}

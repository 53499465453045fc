//! The world as the runtime sees it: an input log, an output log and a clock, in bytes.
//!
//! `kafka` and `sim` implement these traits; `tests/it/contract.rs` holds both to them.

use std::num::NonZeroU32;
use std::time::Duration;

use super::error::Error;
use crate::domain::EventTime;

pub use crate::wire::output::{OutputRecord, OutputTopic};

/// A partition of one input topic.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Source {
    /// The topic's place in the configured list of inputs.
    pub input: u16,
    /// The partition.
    pub partition: u32,
}

/// A record of an input topic, borrowed from the client until the call returns.
#[derive(Debug)]
pub struct InputRecord<'a> {
    /// Where it was read.
    pub source: Source,
    /// Its offset there.
    pub offset: u64,
    /// The record's own timestamp, if the log keeps one.
    pub timestamp: Option<EventTime>,
    /// The key, if it has one.
    pub key: Option<&'a [u8]>,
    /// The value; none is a tombstone.
    pub value: Option<&'a [u8]>,
    /// The headers in their order; a header without a value has an empty one.
    pub headers: Vec<(&'a str, &'a [u8])>,
}

/// What a poll can bring.
#[derive(Debug)]
pub enum InputEvent<'a> {
    /// These partitions are ours from now on; none, if the group has no more to share. Nothing is
    /// read of them until [`InputLog::start`].
    Assigned(Vec<Source>),
    /// These partitions must be handed over: finish what is open, then [`InputLog::release`] them.
    Revoked(Vec<Source>),
    /// These partitions are already somebody else's: commit nothing, then
    /// [`InputLog::release`] them.
    Lost(Vec<Source>),
    /// A record of a started partition, in offset order within its source.
    Record(InputRecord<'a>),
    /// The answer to [`InputLog::probe`]: the end of a partition as the broker knew it after the
    /// probe was asked for. A probe that failed gives no answer.
    End {
        /// Which partition.
        source: Source,
        /// The offset that the next record readable by us will have.
        offset: u64,
    },
}

/// Where to begin to read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// At the oldest record that is kept.
    Earliest,
    /// At this offset.
    At(u64),
}

/// A member of a consumer group that reads the input topics.
pub trait InputLog {
    /// Waits up to `wait` for something to happen, then hands over what is there, at most
    /// `limit` records, and returns how many events were handed over.
    ///
    /// # Errors
    ///
    /// [`Error::Retry`] for passing trouble, [`Error::Fenced`] if another process has our
    /// identity, [`Error::Fatal`] for what will not pass.
    fn poll(
        &mut self,
        wait: Duration,
        limit: usize,
        sink: &mut dyn FnMut(InputEvent<'_>),
    ) -> Result<usize, Error>;

    /// How many partitions an input topic has.
    ///
    /// # Errors
    ///
    /// As [`poll`](Self::poll).
    fn partition_count(&mut self, input: u16) -> Result<NonZeroU32, Error>;

    /// Takes assigned partitions and reads them from the given places on. One that is started
    /// already goes on there.
    ///
    /// # Errors
    ///
    /// As [`poll`](Self::poll).
    fn start(&mut self, places: &[(Source, Start)]) -> Result<(), Error>;

    /// Gives revoked or lost partitions up; only now can another member get them.
    ///
    /// # Errors
    ///
    /// As [`poll`](Self::poll).
    fn release(&mut self, sources: &[Source]) -> Result<(), Error>;

    /// Reads no further in these partitions until [`resume`](Self::resume).
    ///
    /// # Errors
    ///
    /// As [`poll`](Self::poll).
    fn pause(&mut self, sources: &[Source]) -> Result<(), Error>;

    /// Reads on in paused partitions.
    ///
    /// # Errors
    ///
    /// As [`poll`](Self::poll).
    fn resume(&mut self, sources: &[Source]) -> Result<(), Error>;

    /// Asks the broker for the ends of these partitions without waiting; the answers come as
    /// [`InputEvent::End`] from later polls. Asking again while an answer is due changes nothing.
    fn probe(&mut self, sources: &[Source]);

    /// How far a started partition was read: every record before this offset that we could read
    /// was handed over. None if the partition is not started, or not known yet how far.
    ///
    /// It can lie beyond the last record handed over, since the marks of transactions take offsets
    /// too. So a partition was read to an [`InputEvent::End`] if this is at or past that offset;
    /// the offset after the last record may never get there.
    fn position(&self, source: Source) -> Option<u64>;

    /// Stores, on behalf of the group, the offsets that come next.
    ///
    /// # Errors
    ///
    /// [`Error::Retry`] or [`Error::Abort`] if they were not stored (a rebalance is on its way);
    /// otherwise as [`poll`](Self::poll).
    fn commit(&mut self, next: &[(Source, u64)]) -> Result<(), Error>;
}

/// A producer of the output topics.
pub trait OutputLog {
    /// Queues a record. Blocks while the queue is full.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if it has more bytes than can be written, or as many as a record that
    /// the topic has refused for its size; otherwise as [`InputLog::poll`].
    fn send(&mut self, record: OutputRecord) -> Result<(), Error>;

    /// Waits until everything sent is acknowledged.
    ///
    /// # Errors
    ///
    /// [`Error::Abort`] if something sent since the last flush was not written; otherwise as
    /// [`InputLog::poll`].
    fn flush(&mut self) -> Result<(), Error>;
}

/// The two clocks of a machine.
pub trait Clock {
    /// Wall-clock time, which may jump.
    fn wall(&self) -> EventTime;

    /// Time since some fixed moment, which never goes back.
    fn monotonic(&self) -> Duration;

    /// Waits so long.
    fn sleep(&self, span: Duration) {
        std::thread::sleep(span);
    }
}

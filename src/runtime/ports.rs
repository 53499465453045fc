//! The world as the runtime sees it: what it reads, writes and keeps, and a clock, in bytes.
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

    /// What the group stored for these partitions, in their order; none for one that nothing was
    /// stored for.
    ///
    /// # Errors
    ///
    /// [`Error::Retry`] while a transaction that stores one of them is undecided, and as
    /// [`poll`](Self::poll).
    fn committed(&mut self, sources: &[Source]) -> Result<Vec<Option<Stored>>, Error>;
}

/// A record of the changelog that is to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The partition, of the same number as the input's.
    pub partition: u32,
    /// The key.
    pub key: Vec<u8>,
    /// The value; none is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// How far an input partition was read, to be stored with the group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The partition.
    pub source: Source,
    /// The offset to read next and what to keep beside it.
    pub stored: Stored,
}

/// What the group keeps of a partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The offset to read next.
    pub next: u64,
    /// A short text of whoever stored it.
    pub note: String,
}

/// What a worker writes at once: all of it becomes readable, or nothing ever does.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Transaction {
    /// Effects, dead letters and KPI snapshots.
    pub outputs: Vec<OutputRecord>,
    /// What has changed of the state, in the order to be written.
    pub changes: Vec<Change>,
    /// How far every partition was read that has a part in it; never empty, since only the group's
    /// word on these offsets keeps out a worker that has lost its partitions.
    pub progress: Vec<Progress>,
}

/// A producer that writes transactions, one at a time, beside the worker's thread.
pub trait Committer {
    /// Takes the place of every earlier producer of our name: what those left open is decided, and
    /// they can write no more. Must have succeeded before the first transaction and after each
    /// whose outcome is unknown.
    ///
    /// # Errors
    ///
    /// [`Error::Retry`] for passing trouble, within a second or so, after which a further call goes
    /// on where this one stood; [`Error::Fatal`] for what will not pass.
    fn renew(&mut self) -> Result<(), Error>;

    /// Begins to write a transaction and to commit it, and returns at once. The
    /// [`outcome`](Self::outcome) of the one before must have been heard.
    fn submit(&mut self, transaction: Transaction);

    /// Waits up to `wait` for what became of the transaction submitted last; none if that is not
    /// decided yet. Success is told once, and so is failure.
    ///
    /// # Errors
    ///
    /// [`Error::Abort`] if nothing of it is readable or ever will be, [`Error::Unknown`] if nobody
    /// here can tell: then [`renew`](Self::renew), and see what the group stored.
    /// [`Error::TooLarge`] if a record was refused for its size, and nothing is readable.
    /// [`Error::Fenced`] if another process has our identity as a member, [`Error::Fatal`] for what
    /// will not pass; in both cases nothing of it is readable.
    fn outcome(&mut self, wait: Duration) -> Option<Result<(), Error>>;
}

/// A committed record of the changelog, borrowed from the client until the call returns.
#[derive(Debug)]
pub struct ChangeRecord<'a> {
    /// The partition.
    pub partition: u32,
    /// The key.
    pub key: &'a [u8],
    /// The value; none is a tombstone.
    pub value: Option<&'a [u8]>,
}

/// What offsets a partition of the changelog has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bounds {
    /// The oldest that is kept.
    pub begin: u64,
    /// The one that the next record will have, transactions that are still open included.
    pub end: u64,
}

/// A reader of the changelog.
pub trait Changelog {
    /// How many partitions the changelog has.
    ///
    /// # Errors
    ///
    /// As [`InputLog::poll`].
    fn partition_count(&mut self) -> Result<NonZeroU32, Error>;

    /// What offsets a partition has now, by the broker's word.
    ///
    /// # Errors
    ///
    /// As [`InputLog::poll`].
    fn bounds(&mut self, partition: u32) -> Result<Bounds, Error>;

    /// Reads a partition from this offset on; one that is read already goes on there.
    ///
    /// # Errors
    ///
    /// As [`InputLog::poll`].
    fn start(&mut self, partition: u32, from: u64) -> Result<(), Error>;

    /// Reads a partition no further.
    ///
    /// # Errors
    ///
    /// As [`InputLog::poll`].
    fn stop(&mut self, partition: u32) -> Result<(), Error>;

    /// Waits up to `wait` for committed records of the partitions that are read, hands over at most
    /// `limit` of them, each partition's in order, and returns how many.
    ///
    /// # Errors
    ///
    /// As [`InputLog::poll`].
    fn poll(
        &mut self,
        wait: Duration,
        limit: usize,
        sink: &mut dyn FnMut(ChangeRecord<'_>),
    ) -> Result<usize, Error>;

    /// How far a partition was read: every committed record before this offset was handed over, and
    /// no transaction before it is undecided. As [`InputLog::position`].
    fn position(&self, partition: u32) -> Option<u64>;
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

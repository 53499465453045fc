//! Restores: from the changelog to the memory of a partition, in an order that loses no update.
//!
//! ```text
//! the group's offsets, once no transaction that stores them is undecided
//!   ─▶ the changelog's end, open transactions included ─▶ committed records up to it
//!   ─▶ do offsets and state tell the same? ─▶ the task
//! ```
//!
//! The offsets come first: once they are decided, whatever the transaction that stored them wrote
//! to the changelog lies before its end. Asked the other way round, a transaction could be
//! committed in between, and its offsets would stand over a state without it.

use std::sync::Arc;
use std::time::Duration;

use super::config::{Delivery, StateMismatch, WorkerConfig};
use super::error::Error;
use super::ports::{Bounds, ChangeRecord, Changelog, InputLog, Source, Stored};
use crate::domain::Maps;
use crate::state::Partition;
use crate::wire::changelog::Key;
use crate::wire::meta::{Meta, Stamp};

/// A partition whose state is on its way into memory.
#[derive(Debug)]
pub(super) struct Restore {
    number: u32,
    partition: Partition,
    meta: Option<Meta>,
    /// What the group stored, by input, and what is to be read; none before it is known.
    reading: Option<(Vec<Option<Stored>>, Bounds)>,
    /// When it began.
    pub(super) begun: Duration,
    /// What was read so far.
    pub(super) records: u64,
    pub(super) bytes: u64,
}

/// What a restore came to.
#[derive(Debug)]
pub(super) struct Restored {
    pub(super) partition: Partition,
    /// By input: where to read on; none is the oldest record.
    pub(super) next: Vec<Option<u64>>,
    /// The last transaction of the partition.
    pub(super) stamp: Stamp,
}

impl Restore {
    /// Begins with an empty partition.
    pub(super) fn new(number: u32, maps: Arc<Maps>, inputs: usize, begun: Duration) -> Self {
        Self {
            number,
            partition: Partition::new(maps, inputs),
            meta: None,
            reading: None,
            begun,
            records: 0,
            bytes: 0,
        }
    }

    /// Whether it is still to be found out what must be read.
    pub(super) fn is_waiting(&self) -> bool {
        self.reading.is_none()
    }

    /// Finds out what must be read, and begins to read it.
    ///
    /// # Errors
    ///
    /// [`Error::Retry`] while a transaction that stores the offsets is undecided, and as the ports.
    pub(super) fn find_out(
        &mut self,
        input: &mut impl InputLog,
        changelog: &mut impl Changelog,
        sources: &[Source],
    ) -> Result<(), Error> {
        let stored = input.committed(sources)?;
        let bounds = changelog.bounds(self.number)?;
        if bounds.begin < bounds.end {
            changelog.start(self.number, bounds.begin)?;
        }
        self.reading = Some((stored, bounds));
        Ok(())
    }

    /// Takes a record of the changelog in.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupted`] if it is not one of ours.
    pub(super) fn load(&mut self, record: &ChangeRecord<'_>) -> Result<(), Error> {
        self.records += 1;
        self.bytes += (record.key.len() + record.value.map_or(0, <[u8]>::len)) as u64;
        let number = self.number;
        let broken = |error| Error::Corrupted(format!("changelog partition {number}: {error}"));
        match (Key::decode(record.key).map_err(broken)?, record.value) {
            (Key::Meta, Some(bytes)) => {
                let maps = self.partition.maps();
                self.meta = Some(Meta::decode(bytes, maps).map_err(broken)?);
                Ok(())
            }
            (key, value) => self.partition.load(key, value).map_err(broken),
        }
    }

    /// How many offsets of the changelog are still to be read; none before that is known.
    pub(super) fn remaining(&self, changelog: &impl Changelog) -> Option<u64> {
        let (_, bounds) = self.reading.as_ref()?;
        let position = changelog.position(self.number).unwrap_or(bounds.begin);
        Some(bounds.end.saturating_sub(position))
    }

    /// Checks that the state and the group's offsets tell the same.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish).
    pub(super) fn check(&self, config: &WorkerConfig) -> Result<(), Error> {
        let stored = self.reading.as_ref().map_or(&[][..], |(stored, _)| stored);
        agree(self.number, self.meta.as_ref(), stored, config).map(drop)
    }

    /// Whether the group's offsets have changed since the restore began.
    ///
    /// # Errors
    ///
    /// [`Error::Retry`] while a transaction that stores them is undecided, and as the port.
    pub(super) fn is_overtaken(
        &self,
        input: &mut impl InputLog,
        sources: &[Source],
    ) -> Result<bool, Error> {
        let now = input.committed(sources)?;
        let before = self.reading.as_ref().map(|(stored, _)| stored);
        Ok(before.is_some_and(|before| *before != now))
    }

    /// Ends the restore: the partition and where it goes on.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupted`] if the state and the group's offsets do not tell the same, and the
    /// config does not say which to trust.
    pub(super) fn finish(mut self, config: &WorkerConfig) -> Result<Restored, Error> {
        let (stored, _) = self.reading.take().unwrap_or_default();
        let next = agree(self.number, self.meta.as_ref(), &stored, config)?;
        let stamp = self
            .meta
            .as_ref()
            .map_or_else(Stamp::default, |meta| meta.stamp);
        if let Some(meta) = &self.meta {
            self.partition.resume(meta.watermark, &meta.largest);
        }
        Ok(Restored {
            partition: self.partition,
            next,
            stamp,
        })
    }
}

/// Where the inputs are read on, by what the state and the group say.
fn agree(
    number: u32,
    meta: Option<&Meta>,
    stored: &[Option<Stored>],
    config: &WorkerConfig,
) -> Result<Vec<Option<u64>>, Error> {
    let group: Vec<Option<u64>> = stored
        .iter()
        .map(|stored| stored.as_ref().map(|stored| stored.next))
        .collect();
    let known = group.iter().any(Option::is_some);
    let Some(meta) = meta else {
        return match (known, config.on_state_mismatch) {
            (false, _) => Ok(group),
            (true, StateMismatch::TrustChangelog) => Ok(vec![None; group.len()]),
            (true, StateMismatch::TrustGroup) => Ok(group),
            (true, StateMismatch::Fail) => Err(mismatch(number, &group, None)),
        };
    };
    let stamps = stored
        .iter()
        .flatten()
        .map(|stored| Stamp::from_note(&stored.note));
    let same = group == meta.next && stamps.into_iter().all(|stamp| stamp == Ok(meta.stamp));
    match (same, config.on_state_mismatch) {
        (true, _) | (false, StateMismatch::TrustChangelog) => Ok(meta.next.clone()),
        // Offsets are written after the state in this mode, and expire while the state stays.
        _ if !known || config.delivery == Delivery::AtLeastOnce => Ok(meta.next.clone()),
        (false, StateMismatch::TrustGroup) => Ok(group),
        (false, StateMismatch::Fail) => Err(mismatch(number, &group, Some(meta))),
    }
}

fn mismatch(number: u32, group: &[Option<u64>], meta: Option<&Meta>) -> Error {
    let state = meta.map_or_else(
        || "the changelog holds no state".to_owned(),
        |meta| format!("the changelog's state stands before {:?}", meta.next),
    );
    Error::Corrupted(format!(
        "partition {number}: the group's offsets are {group:?}, and {state}. The changelog was \
         truncated or made anew, or the offsets were set by hand. Set on_state_mismatch to \
         trust_changelog to read on from where the state stands, or to trust_group to read from \
         the group's offsets whatever the state"
    ))
}

//! A task: the work for one input partition, over all input topics.

use std::num::NonZeroU32;
use std::time::Duration;

use super::breaker::Breaker;
use super::config::{InputConfig, LatePolicy, WorkerConfig};
use super::idle::{IdleWatch, Moment};
use super::membership::sources;
use super::observer::Intake;
use super::ports::{Change, InputRecord, Progress, Source, Start, Stored, Transaction};
use super::record::{Cause, DeadLetter, TRACE_HEADERS, is_misplaced, read};
use super::restore::Restored;
use crate::domain::{EventTime, Rule};
use crate::state::{Output, Partition};
use crate::wire::changelog::Key;
use crate::wire::meta::{Meta, Stamp, Step};
use crate::wire::touchpoint::{DecodeError, Reason};

/// The work for one input partition.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) number: u32,
    pub(super) partition: Partition,
    /// By input: the offset after the last record read.
    pub(super) next: Vec<Option<u64>>,
    /// What the last commit left of `next`.
    committed: Vec<Option<u64>>,
    /// By input: the newest end that the broker told.
    pub(super) ends: Vec<Option<u64>>,
    pub(super) intake: Intake,
    committed_intake: Intake,
    /// How many misplaced records were warned of.
    warned: u64,
    idle: Option<IdleWatch>,
    pub(super) breaker: Breaker,
    /// The effects of the open transaction.
    pub(super) outputs: Vec<Output>,
    pub(super) causes: Vec<Cause>,
    pub(super) dead_letters: Vec<DeadLetter>,
    /// The idle steps of the open transaction.
    idle_steps: Vec<Step>,
    /// The last transaction that had a part of this.
    pub(super) stamp: Stamp,
}

impl Task {
    /// A task that goes on where a restore ended.
    pub(super) fn new(number: u32, restored: Restored, config: &WorkerConfig) -> Self {
        let inputs = config.inputs.len();
        Self {
            number,
            partition: restored.partition,
            committed: restored.next.clone(),
            next: restored.next,
            ends: vec![None; inputs],
            intake: Intake::default(),
            committed_intake: Intake::default(),
            warned: 0,
            idle: config.idle.map(|interval| IdleWatch::new(interval, inputs)),
            breaker: Breaker::new(config.dead_letter_percent),
            outputs: Vec::new(),
            causes: Vec::new(),
            dead_letters: Vec::new(),
            idle_steps: Vec::new(),
            stamp: restored.stamp,
        }
    }

    /// The sources that the task reads.
    pub(super) fn sources(&self) -> impl Iterator<Item = Source> + use<> {
        sources(self.number, self.next.len())
    }

    /// Takes one record in. One that was read before, or comes while the task is stopped, is left.
    pub(super) fn record(
        &mut self,
        record: &InputRecord<'_>,
        partitions: NonZeroU32,
        config: &WorkerConfig,
    ) {
        let input = usize::from(record.source.input);
        let known = self.next[input].is_some_and(|next| record.offset < next);
        if known || self.breaker.is_open() {
            return;
        }
        self.next[input] = Some(record.offset + 1);
        self.interrupt_idle();
        self.intake.records += 1;
        let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        self.intake.bytes += (length(record.key) + length(record.value)) as u64;
        let input_config = &config.inputs[input];
        let read = read(record, input_config, config);
        self.breaker.record(read.is_err());
        if self.breaker.is_open() {
            tracing::error!(
                partition = self.number,
                offset = record.offset,
                "stopped: too many records cannot be used; see the dead letters, mend the format \
                 or its config, and start again"
            );
        }
        match read {
            Ok(touchpoint) => self.touchpoint(&touchpoint, record, partitions, input_config),
            Err(error) => self.dead_letter(record, error),
        }
    }

    fn touchpoint(
        &mut self,
        read: &crate::wire::touchpoint::Decoded,
        record: &InputRecord<'_>,
        partitions: NonZeroU32,
        config: &InputConfig,
    ) {
        let touchpoint = &read.touchpoint;
        self.intake.derived_ids += u64::from(read.derived_id);
        self.intake.misplaced += u64::from(is_misplaced(touchpoint, record, partitions));
        let unknown = !self.partition.maps().knows_kind(&touchpoint.kind);
        self.intake.unknown_types += u64::from(unknown);
        let input = usize::from(record.source.input);
        let late = || {
            self.partition
                .would_be_late(input, touchpoint.at, record.timestamp)
        };
        if config.late != LatePolicy::Apply && late() {
            self.cause(record);
            self.partition
                .pass_by(input, touchpoint.at, record.timestamp, &mut self.outputs);
            if config.late == LatePolicy::Divert {
                let message =
                    "the touchpoint lies behind the watermark; the input diverts late ones";
                self.dead_letter(record, DecodeError::of_record(Reason::Late, message));
            } else {
                self.intake.dropped_late += 1;
            }
            return;
        }
        self.cause(record);
        self.partition
            .observe(input, touchpoint, record.timestamp, &mut self.outputs);
        if let Some(cause) = self.causes.last_mut() {
            cause.watermark = self.partition.watermark();
        }
    }

    /// Remembers where the outputs that follow come from.
    fn cause(&mut self, record: &InputRecord<'_>) {
        let trace = record
            .headers
            .iter()
            .filter(|(name, _)| TRACE_HEADERS.contains(name))
            .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
            .collect();
        self.follow(trace);
    }

    fn follow(&mut self, trace: Vec<(String, Vec<u8>)>) {
        let (from, watermark) = (self.outputs.len(), self.partition.watermark());
        if self.causes.last().is_some_and(|last| last.from == from) {
            self.causes.pop();
        }
        self.causes.push(Cause {
            from,
            watermark,
            trace,
        });
    }

    fn dead_letter(&mut self, record: &InputRecord<'_>, error: DecodeError) {
        self.dead_letters.push(DeadLetter {
            source: record.source,
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record
                .headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
                .collect(),
            error,
        });
    }

    /// The sources whose end should be asked for now. A stopped task asks too: its lag is news.
    pub(super) fn probes(&mut self, now: Moment) -> Vec<Source> {
        let sources = self.sources();
        match &mut self.idle {
            Some(idle) => sources
                .filter(|source| idle.ask(source.input.into(), now))
                .collect(),
            None => Vec::new(),
        }
    }

    /// Takes the broker's word on where a source ends; `position` is how far it was read.
    pub(super) fn end(&mut self, source: Source, end: u64, position: Option<u64>, now: Moment) {
        let input = usize::from(source.input);
        self.ends[input] = Some(end);
        if let Some(idle) = &mut self.idle {
            idle.answer(input, position.is_some_and(|position| position >= end), now);
        }
    }

    /// Takes an idle step, if the partition is proven silent and it moves the watermark.
    pub(super) fn advance_idle(&mut self, now: Moment) -> Option<EventTime> {
        if self.breaker.is_open() {
            return None;
        }
        let disorder = self.partition.maps().disorder;
        let to = self.idle.as_mut()?.step(now, disorder)?;
        // Without a watermark another input may have touchpoints that wait for this one's; a
        // partition that never held a touchpoint has nothing to wait for.
        let watermark = self.partition.watermark();
        let waits = self.partition.largest().iter().any(Option::is_some);
        if !waits || watermark.is_some_and(|watermark| to <= watermark) {
            return None;
        }
        let skipped = watermark.map_or(0, |watermark| to.since(watermark).get().unsigned_abs());
        let skipped = Duration::from_millis(skipped);
        if skipped > Duration::from_secs(3_600) {
            tracing::warn!(
                partition = self.number,
                ?skipped,
                "an idle step skips over an hour"
            );
        }
        tracing::debug!(
            partition = self.number,
            next = ?self.next,
            watermark = to.as_millis(),
            "idle step"
        );
        self.intake.idle_steps += 1;
        self.idle_steps.push(Step {
            next: self.next.clone(),
            watermark: to,
        });
        self.follow(Vec::new());
        self.partition.idle(to, &mut self.outputs);
        if let Some(cause) = self.causes.last_mut() {
            cause.watermark = Some(to);
        }
        Some(to)
    }

    /// Whether a commit would write or change anything.
    pub(super) fn is_touched(&self) -> bool {
        self.next != self.committed
            || !self.outputs.is_empty()
            || !self.dead_letters.is_empty()
            || self.partition.is_touched()
    }

    /// Appends the task's part of a transaction, but for the outputs: what has changed of the
    /// state, and how far the input was read. Nothing may be taken in until
    /// [`commit`](Self::commit) or [`abort`](Self::abort).
    pub(super) fn prepare(&mut self, nonce: u64, transaction: &mut Transaction) -> Stamp {
        let partition = self.number;
        let changes = &mut transaction.changes;
        self.partition.prepare(|key, value| {
            changes.push(Change {
                partition,
                key: key.to_vec(),
                value: value.map(<[u8]>::to_vec),
            });
        });
        let meta = Meta {
            next: self.next.clone(),
            watermark: self.partition.watermark(),
            largest: self.partition.largest().to_vec(),
            stamp: Stamp {
                sequence: self.stamp.sequence + 1,
                nonce,
            },
            idle_steps: self.idle_steps.clone(),
        };
        let rules = self.partition.maps().rules;
        if rules.holds(Rule::StateNamesItsPlace) {
            // The last of the partition's records: whoever reads it has read the others.
            changes.push(Change {
                partition,
                key: Key::Meta.encode().into_owned(),
                value: Some(meta.encode(self.partition.maps())),
            });
        }
        if self.next == self.committed && !rules.holds(Rule::OffsetsAlways) {
            return meta.stamp;
        }
        let note = meta.note();
        let progress = self.sources().zip(&self.next).filter_map(|(source, next)| {
            let note = note.clone();
            next.map(|next| Progress {
                source,
                stored: Stored { next, note },
            })
        });
        transaction.progress.extend(progress);
        meta.stamp
    }

    /// The open transaction is written: it is the state from now on.
    pub(super) fn commit(&mut self, stamp: Stamp) {
        self.partition.commit();
        self.committed.clone_from(&self.next);
        self.committed_intake = self.intake.clone();
        self.stamp = stamp;
        self.clear();
    }

    /// The open transaction is not written: its records must be read again, from these offsets.
    pub(super) fn abort(&mut self) -> Vec<(Source, Start)> {
        self.partition.abort();
        self.next.clone_from(&self.committed);
        self.intake = self.committed_intake.clone();
        self.clear();
        self.places()
    }

    /// Where the inputs are to be read on.
    pub(super) fn places(&self) -> Vec<(Source, Start)> {
        let place = |next: &Option<u64>| next.map_or(Start::Earliest, Start::At);
        self.sources().zip(self.next.iter().map(place)).collect()
    }

    fn clear(&mut self) {
        self.outputs.clear();
        self.causes.clear();
        self.dead_letters.clear();
        self.idle_steps.clear();
    }

    /// The partition is read no further for a while: what was proven of its silence no longer is.
    pub(super) fn interrupt_idle(&mut self) {
        if let Some(idle) = &mut self.idle {
            idle.interrupt();
        }
    }

    /// Warns of misplaced records that were read since the last warning.
    pub(super) fn warn_of_misplaced(&mut self) {
        let misplaced = self.intake.misplaced;
        if misplaced > self.warned {
            self.warned = misplaced;
            tracing::warn!(
                partition = self.number,
                misplaced,
                "records are misplaced: key them with the customer's id, and let the producer \
                 place them as Kafka's Java clients do (murmur2)"
            );
        }
    }

    /// Records that the broker has and the task has not read, where the ends are known.
    pub(super) fn lag(&self) -> Option<u64> {
        let lag = |(end, next): (&Option<u64>, &Option<u64>)| {
            end.map(|end| end.saturating_sub(next.unwrap_or(0)))
        };
        self.ends.iter().zip(&self.next).map(lag).sum()
    }
}

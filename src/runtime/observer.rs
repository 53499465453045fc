//! What a worker tells whoever watches it.

use std::time::Duration;

use super::ports::OutputTopic;
use crate::domain::{EventTime, Maps, Panes};
use crate::state::{Counters, Output};

/// Where a partition stands after a commit.
#[derive(Debug)]
pub struct PartitionReport<'a> {
    /// The maps, for names.
    pub maps: &'a Maps,
    /// Which partition.
    pub partition: u32,
    /// Its watermark.
    pub watermark: Option<EventTime>,
    /// Where its KPI windows end.
    pub now: Option<EventTime>,
    /// Its committed KPI panes.
    pub panes: &'a Panes,
    /// What it has seen and done since it was assigned.
    pub counters: Counters,
    /// What its records have come to since it was assigned.
    pub intake: &'a Intake,
    /// How many customers it keeps.
    pub customers: usize,
    /// How many timer entries it keeps.
    pub timers: usize,
    /// Records that the broker has and we have not read, where the end is known.
    pub lag: Option<u64>,
    /// Why it is stopped, if it is.
    pub stopped: Option<&'a str>,
}

/// What became of the records of a partition.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Intake {
    /// Records read.
    pub records: u64,
    /// Bytes read, keys and values.
    pub bytes: u64,
    /// Records whose key is not the customer's id or that lie in another partition than it.
    pub misplaced: u64,
    /// Touchpoints without an id of their own.
    pub derived_ids: u64,
    /// Touchpoints of a type that neither the maps nor the vocabulary know.
    pub unknown_types: u64,
    /// Late touchpoints dropped as configured.
    pub dropped_late: u64,
    /// Idle steps taken.
    pub idle_steps: u64,
}

/// What a restore came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Restoration {
    /// How many customers the partition has.
    pub customers: usize,
    /// How many records of the changelog were read.
    pub records: u64,
    /// How many bytes, keys and values.
    pub bytes: u64,
    /// How long it took since the partition was assigned.
    pub took: Duration,
}

/// Whoever watches a worker.
pub trait Observer {
    /// The worker's loop has turned once more. Told often; costs next to nothing.
    fn turned(&mut self) {}

    /// These partitions, and no others, are the worker's now. Told after every rebalance, an empty
    /// assignment included.
    fn assigned(&mut self, partitions: &[u32]);

    /// A partition's part of a transaction that was written: its effects in order, KPI-only ones
    /// included, and how many records were dead letters, by the reason's code.
    fn effects(&mut self, partition: u32, outputs: &[Output], dead_letters: &[(&'static str, u64)]);

    /// A transaction was written: how many records went to each topic, and how long it took.
    fn committed(&mut self, written: &[(OutputTopic, u64)], took: Duration);

    /// The state of a partition is on its way into memory: so many offsets of the changelog are
    /// still to be read, if that is known. Told once a second.
    fn restoring(&mut self, _partition: u32, _remaining: Option<u64>) {}

    /// The state of a partition is in memory, and the partition runs.
    fn restored(&mut self, _partition: u32, _restoration: &Restoration) {}

    /// A transaction was given up for this reason; its records are read again.
    fn aborted(&mut self, _reason: &str) {}

    /// So many of the dead letters that were written have been cut, because their topic does not
    /// take them whole.
    fn cut(&mut self, _dead_letters: u64) {}

    /// A partition stands here; told after each commit that touched it, and once a second.
    fn stands(&mut self, report: &PartitionReport<'_>);
}

/// Two observers are told one after the other.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn turned(&mut self) {
        self.0.turned();
        self.1.turned();
    }

    fn assigned(&mut self, partitions: &[u32]) {
        self.0.assigned(partitions);
        self.1.assigned(partitions);
    }

    fn effects(
        &mut self,
        partition: u32,
        outputs: &[Output],
        dead_letters: &[(&'static str, u64)],
    ) {
        self.0.effects(partition, outputs, dead_letters);
        self.1.effects(partition, outputs, dead_letters);
    }

    fn committed(&mut self, written: &[(OutputTopic, u64)], took: Duration) {
        self.0.committed(written, took);
        self.1.committed(written, took);
    }

    fn restoring(&mut self, partition: u32, remaining: Option<u64>) {
        self.0.restoring(partition, remaining);
        self.1.restoring(partition, remaining);
    }

    fn restored(&mut self, partition: u32, restoration: &Restoration) {
        self.0.restored(partition, restoration);
        self.1.restored(partition, restoration);
    }

    fn aborted(&mut self, reason: &str) {
        self.0.aborted(reason);
        self.1.aborted(reason);
    }

    fn cut(&mut self, dead_letters: u64) {
        self.0.cut(dead_letters);
        self.1.cut(dead_letters);
    }

    fn stands(&mut self, report: &PartitionReport<'_>) {
        self.0.stands(report);
        self.1.stands(report);
    }
}

//! Whether what the pipeline wrote is what a replay of the same touchpoints says.
//!
//! The pipeline read them from four partitions, out of order, while its watermarks rose by the
//! clock. By the order law the net effects must be those of one pass over the sorted touchpoints up
//! to each partition's watermark.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::{CustomerId, Effect, EventTime, Maps, Sign, Touchpoint};
use crate::runtime::{Observer, OutputTopic, PartitionReport};
use crate::state::{Output, Partition};
use crate::wire::placement;

/// Effects with how often each was stated, less how often it was taken back.
type Net = BTreeMap<(CustomerId, Effect), i64>;

/// What the workers wrote, and how far each partition was read.
#[derive(Debug, Default)]
pub(super) struct Written {
    net: Net,
    pub(super) watermarks: BTreeMap<u32, EventTime>,
    /// By partition: records read.
    pub(super) records: BTreeMap<u32, u64>,
}

/// Keeps what one worker writes.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder(pub(super) Arc<Mutex<Written>>);

impl Recorder {
    /// What is kept so far, for a look.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Written) -> T) -> T {
        look(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Written)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Observer for Recorder {
    fn turned(&mut self) {}

    fn assigned(&mut self, _partitions: &[u32]) {}

    fn effects(&mut self, _partition: u32, outputs: &[Output], _dead: &[(&'static str, u64)]) {
        self.change(|written| {
            for output in outputs {
                add(&mut written.net, output);
            }
        });
    }

    fn committed(&mut self, _written: &[(OutputTopic, u64)], _took: Duration) {}

    fn stands(&mut self, report: &PartitionReport<'_>) {
        self.change(|written| {
            written
                .records
                .insert(report.partition, report.intake.records);
            if let Some(watermark) = report.watermark {
                written.watermarks.insert(report.partition, watermark);
            }
        });
    }
}

fn add(net: &mut Net, output: &Output) {
    if !output.effect.kind.is_record() {
        return;
    }
    let stated = Effect {
        sign: Sign::Assert,
        ..output.effect.clone()
    };
    let key = (output.customer.clone(), stated);
    let sum = net.entry(key.clone()).or_default();
    *sum += output.effect.sign.factor();
    if *sum == 0 {
        net.remove(&key);
    }
}

/// How the two compare: how many effects agree, and how many only one side has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Agreement {
    pub(super) both: usize,
    pub(super) only_written: usize,
    pub(super) only_replayed: usize,
}

/// Compares what was written with a replay of `touchpoints`, which lay in so many partitions.
pub(super) fn compare(
    written: &Written,
    mut touchpoints: Vec<Touchpoint>,
    maps: &Arc<Maps>,
    partitions: NonZeroU32,
) -> Agreement {
    touchpoints.sort_by_key(|touchpoint| touchpoint.at);
    let mut net = Net::new();
    for (number, watermark) in &written.watermarks {
        let mut partition = Partition::new(Arc::clone(maps), 1);
        let mut outputs = Vec::new();
        for touchpoint in &touchpoints {
            let id = touchpoint.customer.as_str().as_bytes();
            if placement::partition(id, partitions) == *number {
                partition.observe(0, touchpoint, None, &mut outputs);
            }
        }
        partition.idle(*watermark, &mut outputs);
        outputs.iter().for_each(|output| add(&mut net, output));
    }
    let both = net
        .iter()
        .filter(|(key, sum)| written.net.get(*key) == Some(*sum))
        .count();
    Agreement {
        both,
        only_written: written.net.len() - both,
        only_replayed: net.len() - both,
    }
}

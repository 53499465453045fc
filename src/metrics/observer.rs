//! A worker's observer that keeps the metrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::effect_kind::EffectLabel;
use super::handles::Handles;
use super::registry::{Registry, Standing};
use crate::domain::{EffectKind, Sign, figures};
use crate::runtime::{Intake, Observer, OutputTopic, PartitionReport};
use crate::state::{Counters, Output};

/// How often the KPI figures of a partition are computed: they walk all panes of a month.
const FIGURES_INTERVAL: Duration = Duration::from_secs(1);

/// Keeps the metrics of one worker in a [`Registry`] that all workers of the process share.
#[derive(Debug)]
pub struct MetricsObserver {
    registry: Arc<Registry>,
    worker: usize,
    handles: Handles,
    figures_interval: Duration,
    partitions: BTreeMap<u32, Seen>,
}

/// What a partition's last report said, to know by how much the next one is ahead.
#[derive(Clone, Debug, Default)]
struct Seen {
    counters: Counters,
    intake: Intake,
    figured: Option<Instant>,
}

impl MetricsObserver {
    /// The observer of the worker with this number, unique in the process.
    pub fn new(registry: &Arc<Registry>, worker: usize) -> Self {
        Self {
            handles: Handles::register(registry.recorder(), registry.maps()),
            registry: Arc::clone(registry),
            worker,
            figures_interval: FIGURES_INTERVAL,
            partitions: BTreeMap::new(),
        }
    }

    /// The same observer, computing KPI figures at every report if `interval` is zero.
    #[must_use]
    pub fn with_figures_interval(self, interval: Duration) -> Self {
        Self {
            figures_interval: interval,
            ..self
        }
    }
}

impl Observer for MetricsObserver {
    fn assigned(&mut self, partitions: &[u32]) {
        self.handles.rebalances.increment(1);
        self.partitions
            .retain(|partition, _| partitions.contains(partition));
        self.registry.keep(self.worker, partitions);
    }

    fn effects(&mut self, _: u32, outputs: &[Output], dead_letters: &[(&'static str, u64)]) {
        let mut counts = BTreeMap::<_, u64>::new();
        for output in outputs {
            let effect = &output.effect;
            if let Some(label) = EffectLabel::of(&effect.kind, effect.sign) {
                *counts.entry((effect.map, label)).or_default() += 1;
            }
            if let (EffectKind::StayCompleted { step, dwell }, Sign::Assert) =
                (&effect.kind, effect.sign)
                && let Some(histogram) = self.handles.dwell(effect.map, *step)
            {
                let dwell = u64::try_from(dwell.get()).unwrap_or(0);
                histogram.record(Duration::from_millis(dwell));
            }
        }
        for ((map, label), count) in counts {
            if let Some(counter) = self.handles.effect(map, label) {
                counter.increment(count);
            }
        }
        for (reason, count) in dead_letters {
            if let Some(counter) = self.handles.dead_letters(reason) {
                counter.increment(*count);
            }
        }
    }

    fn committed(&mut self, written: &[(OutputTopic, u64)], took: Duration) {
        self.handles.commits.increment(1);
        self.handles.commit_duration.record(took);
        for (topic, count) in written {
            if let Some(counter) = self.handles.written(*topic) {
                counter.increment(*count);
            }
        }
    }

    fn cut(&mut self, dead_letters: u64) {
        self.handles.dead_letters_cut.increment(dead_letters);
    }

    fn stands(&mut self, report: &PartitionReport<'_>) {
        let seen = self.partitions.entry(report.partition).or_default();
        tell_counters(&self.handles, &seen.counters, &report.counters);
        tell_intake(&self.handles, &seen.intake, report.intake);
        seen.counters = report.counters;
        seen.intake.clone_from(report.intake);
        let due = seen
            .figured
            .is_none_or(|figured| figured.elapsed() >= self.figures_interval);
        let figures = report.now.filter(|_| due).map(|now| {
            seen.figured = Some(Instant::now());
            figures(report.maps, report.panes, now)
        });
        let standing = Standing {
            worker: self.worker,
            watermark: report.watermark,
            lag: report.lag,
            customers: report.customers,
            timers: report.timers,
            stopped: report.stopped.is_some(),
            figures: Vec::new(),
        };
        self.registry.stands(report.partition, standing, figures);
    }
}

/// By how much a count that began at 0 with the assignment is ahead of what was seen. A partition
/// that was dropped and read anew counts from 0 again.
const fn ahead(now: u64, seen: u64) -> u64 {
    if now < seen { now } else { now - seen }
}

fn tell_counters(handles: &Handles, seen: &Counters, now: &Counters) {
    let [applied, late, duplicate, _] = &handles.touchpoints;
    applied.increment(ahead(now.applied, seen.applied));
    late.increment(ahead(now.late, seen.late));
    duplicate.increment(ahead(now.duplicates, seen.duplicates));
    handles.cut.increment(ahead(now.cut, seen.cut));
    handles.wakes.increment(ahead(now.wakes, seen.wakes));
}

fn tell_intake(handles: &Handles, seen: &Intake, now: &Intake) {
    let [.., dropped_late] = &handles.touchpoints;
    dropped_late.increment(ahead(now.dropped_late, seen.dropped_late));
    handles.records.increment(ahead(now.records, seen.records));
    handles.bytes.increment(ahead(now.bytes, seen.bytes));
    handles
        .misplaced
        .increment(ahead(now.misplaced, seen.misplaced));
    handles
        .derived_ids
        .increment(ahead(now.derived_ids, seen.derived_ids));
    handles
        .unknown_types
        .increment(ahead(now.unknown_types, seen.unknown_types));
    handles
        .idle_steps
        .increment(ahead(now.idle_steps, seen.idle_steps));
}

//! The registry: where the workers of a process leave their numbers, and where a scrape reads them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use super::catalogue as all;
use super::kpis::{Sums, float};
use super::metric::{Kind, Metric};
use super::record;
use crate::domain::{EventTime, Figure, Maps};

/// How often the samples of histograms are put into their buckets while nobody scrapes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Where the workers of a process leave their numbers.
///
/// Counters and histograms live as long as the process. Gauges are a picture taken at the scrape,
/// from what the partitions that the process owns at that moment last reported: those of a
/// partition that went elsewhere are gone with it.
pub struct Registry {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    maps: Arc<Maps>,
    version: &'static str,
    started: EventTime,
    standings: Mutex<Standings>,
}

/// What the owned partitions last reported.
#[derive(Debug)]
struct Standings {
    partitions: BTreeMap<u32, Standing>,
    upkept: Instant,
}

/// What one partition last reported.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Standing {
    /// The worker that owns it.
    pub(super) worker: usize,
    pub(super) watermark: Option<EventTime>,
    pub(super) lag: Option<u64>,
    pub(super) customers: usize,
    pub(super) timers: usize,
    pub(super) stopped: bool,
    pub(super) figures: Vec<Figure>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Registry {
    /// A registry for these maps, in a program of this version that started at this moment.
    pub fn new(maps: &Arc<Maps>, version: &'static str, started: EventTime) -> Arc<Self> {
        let recorder = recorder();
        record::describe(&recorder, |metric| metric.kind != Kind::Gauge);
        Arc::new(Self {
            handle: recorder.handle(),
            recorder,
            maps: Arc::clone(maps),
            version,
            started,
            standings: Mutex::new(Standings {
                partitions: BTreeMap::new(),
                upkept: Instant::now(),
            }),
        })
    }

    /// Everything in the text format of Prometheus, as of this moment, families by name.
    pub fn render(&self, wall: EventTime) -> String {
        let text = self.handle.render() + &self.picture(wall);
        let mut families: Vec<_> = text.split_inclusive("\n\n").collect();
        families.sort_unstable();
        families.concat()
    }

    /// The version of the program.
    pub const fn version(&self) -> &'static str {
        self.version
    }

    /// The maps that names come from.
    pub(super) fn maps(&self) -> &Maps {
        &self.maps
    }

    /// Where counters and histograms are kept.
    pub(super) fn recorder(&self) -> &PrometheusRecorder {
        &self.recorder
    }

    /// Takes a partition's report; without figures, those it gave before still hold.
    pub(super) fn stands(
        &self,
        partition: u32,
        mut standing: Standing,
        figures: Option<Vec<Figure>>,
    ) {
        let mut standings = self.lock();
        let before = standings.partitions.remove(&partition);
        let kept = before
            .filter(|before| before.worker == standing.worker)
            .map_or_else(Vec::new, |before| before.figures);
        standing.figures = figures.unwrap_or(kept);
        standings.partitions.insert(partition, standing);
        if standings.upkept.elapsed() >= UPKEEP_INTERVAL {
            standings.upkept = Instant::now();
            drop(standings);
            self.handle.run_upkeep();
        }
    }

    /// Forgets the partitions of a worker that are not among `owned`.
    pub(super) fn keep(&self, worker: usize, owned: &[u32]) {
        self.lock()
            .partitions
            .retain(|partition, standing| standing.worker != worker || owned.contains(partition));
    }

    fn lock(&self) -> MutexGuard<'_, Standings> {
        self.standings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The gauges.
    fn picture(&self, wall: EventTime) -> String {
        let recorder = recorder();
        record::describe(&recorder, |metric| metric.kind == Kind::Gauge);
        let mut set = |metric: &Metric, labels: &[&str], value: f64| {
            record::gauge(&recorder, metric, labels).set(value);
        };
        set(&all::BUILD_INFO, &[self.version], 1.0);
        set(
            &all::PROCESS_START_TIME,
            &[],
            seconds(self.started.as_millis()),
        );
        for map in &self.maps.maps {
            set(&all::MAP_INFO, &[&map.id, &map.version.to_string()], 1.0);
        }
        let mut sums = Sums::default();
        let standings = self.lock();
        set(
            &all::ASSIGNED_PARTITIONS,
            &[],
            size(standings.partitions.len()),
        );
        for (partition, standing) in &standings.partitions {
            sums.add(&standing.figures);
            let label = partition.to_string();
            standing.show(wall, &mut |metric, value| set(metric, &[&label], value));
        }
        drop(standings);
        sums.show(&self.maps, &mut set);
        recorder.handle().render()
    }
}

impl Standing {
    fn show(&self, wall: EventTime, set: &mut dyn FnMut(&Metric, f64)) {
        if let Some(watermark) = self.watermark {
            set(&all::PARTITION_WATERMARK, seconds(watermark.as_millis()));
            set(
                &all::PARTITION_WATERMARK_LAG,
                seconds(wall.since(watermark).get()),
            );
        }
        if let Some(lag) = self.lag {
            set(&all::PARTITION_LAG, float(lag.cast_signed()));
        }
        set(&all::PARTITION_CUSTOMERS, size(self.customers));
        set(&all::PARTITION_TIMERS, size(self.timers));
        set(&all::PARTITION_STOPPED, f64::from(u8::from(self.stopped)));
    }
}

fn seconds(millis: i64) -> f64 {
    float(millis) / 1_000.0
}

fn size(count: usize) -> f64 {
    float(i64::try_from(count).unwrap_or(i64::MAX))
}

/// An empty recorder in which every histogram has the buckets of the catalogue.
fn recorder() -> PrometheusRecorder {
    let mut builder = PrometheusBuilder::new();
    for metric in all::ALL {
        if let Kind::Histogram(buckets) = metric.kind {
            let matcher = Matcher::Full(metric.name.to_owned());
            builder = builder
                .set_buckets_for_metric(matcher, buckets)
                .expect("histograms of the catalogue have buckets");
        }
    }
    builder.build_recorder()
}

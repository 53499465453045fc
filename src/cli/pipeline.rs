//! The pipeline of a process: one thread for each worker, with its own consumer and producer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::process;
use crate::domain::{EventTime, Maps};
use crate::http::{Health, HealthObserver};
use crate::kafka::{KafkaChangelog, KafkaCommitter, KafkaConfig, KafkaInput, SystemClock};
use crate::metrics::{MetricsObserver, Registry};
use crate::runtime::{Clock, Error, Observer, Worker, WorkerConfig, World};

/// How long a worker's loop may stand before the process counts as stuck.
const SILENCE_MAX: std::time::Duration = std::time::Duration::from_secs(120);

/// What the workers of a process share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    /// The maps.
    pub(super) maps: Arc<Maps>,
    /// How the workers fare.
    pub(super) health: Arc<Health>,
    /// The metrics.
    pub(super) registry: Arc<Registry>,
    /// Set when everybody is to stop.
    pub(super) stop: Arc<AtomicBool>,
}

impl Shared {
    /// What the workers of this process share, nothing of it touched yet.
    pub(super) fn new(maps: Maps) -> Self {
        let maps = Arc::new(maps);
        let started: EventTime = SystemClock::new().wall();
        let registry = Registry::new(&maps, env!("CARGO_PKG_VERSION"), started);
        let stop = Arc::new(AtomicBool::new(false));
        Self {
            maps,
            health: Health::new(SILENCE_MAX),
            registry,
            stop,
        }
    }

    /// Who tells metrics and probes of worker `number`.
    pub(super) fn observer(&self, number: u16) -> (MetricsObserver, HealthObserver) {
        let metrics = MetricsObserver::new(&self.registry, number.into());
        (metrics, self.health.observer(number.into()))
    }
}

/// Workers that are at work.
#[derive(Debug)]
pub(super) struct Pipeline {
    workers: Vec<JoinHandle<Result<(), Error>>>,
}

impl Pipeline {
    /// Starts `workers`, each under the observer that `watch` makes for its number.
    ///
    /// # Errors
    ///
    /// If a setting is refused or a thread cannot be had.
    pub(super) fn start<W: Observer + Send + 'static>(
        shared: &Shared,
        config: &WorkerConfig,
        kafka: impl Fn(u16) -> KafkaConfig,
        watch: impl Fn(u16) -> W,
        workers: u16,
    ) -> Result<Self, Error> {
        let mut started = Self {
            workers: Vec::new(),
        };
        for number in 0..workers {
            let kafka = kafka(number);
            let input = KafkaInput::join(&kafka)?;
            let world = World {
                output: KafkaCommitter::open(&kafka, &input)?,
                input,
                changelog: KafkaChangelog::open(&kafka)?,
                clock: SystemClock::new(),
            };
            let config = WorkerConfig {
                nonce: process::draw(),
                ..config.clone()
            };
            let worker = Worker::new(world, watch(number), Arc::clone(&shared.maps), config);
            started
                .workers
                .push(spawn(worker, number, Arc::clone(&shared.stop))?);
        }
        Ok(started)
    }

    /// Waits until every worker has stopped, and says what the first that failed says.
    ///
    /// # Errors
    ///
    /// [`Error::Fenced`], [`Error::Corrupted`] or [`Error::Fatal`] of a worker that could not go
    /// on.
    pub(super) fn join(self) -> Result<(), Error> {
        let mut ended = Ok(());
        for worker in self.workers {
            let result = worker
                .join()
                .unwrap_or_else(|_| Err(Error::Fatal("a worker has panicked".to_owned())));
            ended = ended.and(result);
        }
        ended
    }
}

/// Runs a worker on a thread of its own. One that ends by itself stops the others.
fn spawn<W: Observer + Send + 'static>(
    mut worker: Worker<KafkaInput, KafkaCommitter, KafkaChangelog, SystemClock, W>,
    number: u16,
    stop: Arc<AtomicBool>,
) -> Result<JoinHandle<Result<(), Error>>, Error> {
    thread::Builder::new()
        .name(format!("worker-{number}"))
        .spawn(move || {
            let stop_all = StopOnDrop(Arc::clone(&stop));
            let ended = worker.run(&stop);
            drop(stop_all);
            ended
        })
        .map_err(|error| Error::Fatal(format!("starting worker {number}: {error}")))
}

/// Stops every worker when it goes, also by a panic.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

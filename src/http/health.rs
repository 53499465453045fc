//! How the workers of a process fare: alive if their loops turn, ready if their partitions run.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::runtime::{Observer, OutputTopic, PartitionReport, Restoration};
use crate::state::Output;

/// How the workers of a process fare.
#[derive(Debug)]
pub struct Health {
    silence_max: Duration,
    begun: Instant,
    stopping: AtomicBool,
    workers: Mutex<BTreeMap<usize, Worker>>,
}

/// What is known of one worker.
#[derive(Debug)]
struct Worker {
    /// Milliseconds from the beginning to its latest turn.
    turned: Arc<AtomicU64>,
    /// What it owns, once it was told.
    assigned: Option<Vec<u32>>,
    /// Why partitions of its do not run.
    halted: BTreeMap<u32, String>,
}

/// One thing that a probe looks at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// What is looked at.
    pub name: String,
    /// What is wrong, if anything is.
    pub trouble: Option<String>,
}

impl Check {
    fn new(name: impl Into<String>, trouble: Option<String>) -> Self {
        Self {
            name: name.into(),
            trouble,
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.trouble {
            None => write!(f, "[+] {}: ok", self.name),
            Some(trouble) => write!(f, "[-] {}: {trouble}", self.name),
        }
    }
}

impl Health {
    /// A process without workers, in which a worker counts as dead when its loop has not turned
    /// for `silence_max`. That must be longer than any call of the loop may wait for the broker.
    pub fn new(silence_max: Duration) -> Arc<Self> {
        Arc::new(Self {
            silence_max,
            begun: Instant::now(),
            stopping: AtomicBool::new(false),
            workers: Mutex::default(),
        })
    }

    /// The observer of the worker with this number, unique in the process. From now on its loop
    /// must turn.
    pub fn observer(self: &Arc<Self>, worker: usize) -> HealthObserver {
        let turned = Arc::new(AtomicU64::new(millis(self.begun.elapsed())));
        let entry = Worker {
            turned: Arc::clone(&turned),
            assigned: None,
            halted: BTreeMap::new(),
        };
        self.lock().insert(worker, entry);
        HealthObserver {
            health: Arc::clone(self),
            worker,
            turned,
        }
    }

    /// Says that the process is about to end: it is alive, but no longer ready.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether every worker's loop turns.
    pub fn live(&self) -> Vec<Check> {
        self.live_at(self.begun.elapsed())
    }

    fn live_at(&self, now: Duration) -> Vec<Check> {
        let workers = self.lock();
        let check = |(number, worker): (&usize, &Worker)| {
            let turned = Duration::from_millis(worker.turned.load(Ordering::Relaxed));
            let silent = now.saturating_sub(turned);
            let trouble = (silent > self.silence_max).then(|| {
                let (silent, limit) = (silent.as_secs(), self.silence_max.as_secs());
                format!("its loop has not turned for {silent} s; {limit} s are allowed")
            });
            Check::new(format!("worker {number}"), trouble)
        };
        workers.iter().map(check).collect()
    }

    /// Whether partitions were assigned and all of them run.
    pub fn ready(&self) -> Vec<Check> {
        let workers = self.lock();
        let stopping = self.stopping.load(Ordering::Relaxed);
        let waiting = workers.values().all(|worker| worker.assigned.is_none());
        let mut checks = vec![
            Check::new("process", stopping.then(|| "it is about to end".to_owned())),
            Check::new(
                "assignment",
                waiting.then(|| "no worker has been told its partitions yet".to_owned()),
            ),
        ];
        for worker in workers.values() {
            for partition in worker.assigned.iter().flatten() {
                let trouble = worker.halted.get(partition).cloned();
                checks.push(Check::new(format!("partition {partition}"), trouble));
            }
        }
        checks
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Worker>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells a [`Health`] how one worker fares.
#[derive(Debug)]
pub struct HealthObserver {
    health: Arc<Health>,
    worker: usize,
    turned: Arc<AtomicU64>,
}

impl Observer for HealthObserver {
    fn turned(&mut self) {
        let now = millis(self.health.begun.elapsed());
        self.turned.store(now, Ordering::Relaxed);
    }

    fn assigned(&mut self, partitions: &[u32]) {
        if let Some(worker) = self.health.lock().get_mut(&self.worker) {
            worker
                .halted
                .retain(|partition, _| partitions.contains(partition));
            worker.assigned = Some(partitions.to_vec());
        }
    }

    fn effects(&mut self, _: u32, _: &[Output], _: &[(&'static str, u64)]) {}

    fn committed(&mut self, _: &[(OutputTopic, u64)], _: Duration) {}

    fn restoring(&mut self, partition: u32, remaining: Option<u64>) {
        let what = match remaining {
            Some(remaining) => {
                format!("its state is being restored: {remaining} offsets are still to be read")
            }
            None => "its state is about to be restored".to_owned(),
        };
        if let Some(worker) = self.health.lock().get_mut(&self.worker) {
            worker.halted.insert(partition, what);
        }
    }

    fn restored(&mut self, partition: u32, _: &Restoration) {
        if let Some(worker) = self.health.lock().get_mut(&self.worker) {
            worker.halted.remove(&partition);
        }
    }

    fn stands(&mut self, report: &PartitionReport<'_>) {
        if let Some(worker) = self.health.lock().get_mut(&self.worker) {
            match report.stopped {
                None => {
                    worker.halted.remove(&report.partition);
                }
                Some(why) => {
                    let entry = worker.halted.entry(report.partition);
                    entry.or_insert_with(|| format!("it is stopped: {why}"));
                }
            }
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::fixture;

    const LIMIT: Duration = Duration::from_secs(30);

    fn troubles(checks: &[Check]) -> Vec<&str> {
        let troubles = checks.iter().filter(|check| check.trouble.is_some());
        troubles.map(|check| &*check.name).collect()
    }

    #[test]
    fn a_worker_whose_loop_stands_still_is_dead() {
        let health = Health::new(LIMIT);
        let (mut turning, _still) = (health.observer(0), health.observer(1));
        turning.turned.store(70_000, Ordering::Relaxed);
        assert_eq!(troubles(&health.live_at(LIMIT)), [""; 0]);
        assert_eq!(
            troubles(&health.live_at(Duration::from_secs(100))),
            ["worker 1"]
        );
        turning.turned();
        let turned = turning.turned.load(Ordering::Relaxed);
        assert!(turned < 70_000, "a turn takes the time from the clock");
    }

    #[test]
    fn a_process_without_workers_lives_but_is_not_ready() {
        let health = Health::new(LIMIT);
        assert_eq!(health.live(), []);
        assert_eq!(troubles(&health.ready()), ["assignment"]);
    }

    #[test]
    fn one_assignment_makes_the_process_ready_even_an_empty_one() {
        let health = Health::new(LIMIT);
        let (mut first, _second) = (health.observer(0), health.observer(1));
        assert_eq!(troubles(&health.ready()), ["assignment"]);
        first.assigned(&[]);
        assert_eq!(troubles(&health.ready()), [""; 0]);
    }

    #[test]
    fn a_stopped_partition_takes_readiness_until_it_runs_or_goes() {
        let health = Health::new(LIMIT);
        let mut observer = health.observer(0);
        let mut worker = fixture::Worker::new(&fixture::maps(), 4);
        observer.assigned(&[3, 4]);
        worker.stopped = Some("too many records cannot be used");
        worker.report(&mut observer);
        assert_eq!(troubles(&health.ready()), ["partition 4"]);
        worker.stopped = None;
        worker.report(&mut observer);
        assert_eq!(troubles(&health.ready()), [""; 0]);
        worker.stopped = Some("too many records cannot be used");
        worker.report(&mut observer);
        observer.assigned(&[3]);
        assert_eq!(troubles(&health.ready()), [""; 0]);
    }

    #[test]
    fn a_partition_that_is_being_restored_takes_readiness_until_it_runs() {
        let health = Health::new(LIMIT);
        let mut observer = health.observer(0);
        observer.assigned(&[3, 4]);
        observer.restoring(4, Some(70));
        let told = &health.ready()[3];
        assert!(told.trouble.as_deref().unwrap().contains("70 offsets"));
        let restoration = Restoration {
            customers: 1,
            records: 2,
            bytes: 3,
            took: Duration::ZERO,
        };
        observer.restored(4, &restoration);
        assert_eq!(troubles(&health.ready()), [""; 0]);
    }

    #[test]
    fn a_process_about_to_end_is_alive_but_not_ready() {
        let health = Health::new(LIMIT);
        let mut observer = health.observer(0);
        observer.assigned(&[0]);
        health.stop();
        assert_eq!(troubles(&health.ready()), ["process"]);
        assert_eq!(troubles(&health.live()), [""; 0]);
    }
}

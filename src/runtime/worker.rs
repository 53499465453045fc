//! A worker: one thread with its own membership of the group, its own producer and its tasks.
//!
//! ```text
//! poll ─▶ records into their tasks ─▶ rebalances ─▶ restores ─▶ idle steps ─▶ commit, when due ─┐
//!   ▲───────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Rebalances are handled after the poll that brought them, never inside it.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::commit::Flight;
use super::config::WorkerConfig;
use super::error::Error;
use super::idle::Moment;
use super::kpis::KpiMemory;
use super::observer::{Observer, PartitionReport};
use super::ports::{Changelog, Clock, Committer, InputEvent, InputLog, Source, Start};
use super::restore::Restore;
use super::task::Task;
use crate::domain::Maps;

/// Records that one poll hands over at most, so that commits keep their pace.
const BATCH: usize = 1_000;
/// The longest that a poll waits.
pub(super) const WAIT: Duration = Duration::from_millis(20);
/// How often everything is reported, touched or not.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// How often misplaced records are warned of.
const WARN_INTERVAL: Duration = Duration::from_secs(10);
/// The pause after passing trouble.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How often a call is made that cannot be put off: for half a minute and longer.
const TRIES: usize = 300;

/// What a worker works with.
#[derive(Debug)]
pub struct World<I, O, L, C> {
    /// The group membership.
    pub input: I,
    /// The producer.
    pub output: O,
    /// The state as it is kept between owners.
    pub changelog: L,
    /// The clocks.
    pub clock: C,
}

/// One worker.
#[derive(Debug)]
pub struct Worker<I, O, L, C, W> {
    pub(super) world: World<I, O, L, C>,
    pub(super) observer: W,
    pub(super) maps: Arc<Maps>,
    pub(super) config: WorkerConfig,
    pub(super) tasks: BTreeMap<u32, Task>,
    pub(super) restores: BTreeMap<u32, Restore>,
    /// What the group gave us, and we have not given up.
    pub(super) held: BTreeSet<Source>,
    /// By input, once anything is assigned.
    pub(super) partitions: Vec<NonZeroU32>,
    /// The transaction that is not decided yet.
    pub(super) flight: Option<Flight>,
    /// Whether earlier producers of our name are known to be out of the way.
    pub(super) renewed: bool,
    pub(super) last_commit: Duration,
    last_kpis: Duration,
    last_report: Duration,
    last_warning: Duration,
    pub(super) kpis: KpiMemory,
    /// So many bytes had the smallest dead letter that its topic refused for its size.
    pub(super) too_large: Option<usize>,
}

/// What a poll brought besides records.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Whether the group has said what is ours, be it nothing.
    pub(super) rebalanced: bool,
    pub(super) assigned: Vec<Source>,
    pub(super) revoked: Vec<Source>,
    pub(super) lost: Vec<Source>,
    ends: Vec<(Source, u64)>,
}

impl<I, O, L, C, W> Worker<I, O, L, C, W>
where
    I: InputLog,
    O: Committer,
    L: Changelog,
    C: Clock,
    W: Observer,
{
    /// A worker that has not been assigned anything.
    pub fn new(
        world: World<I, O, L, C>,
        observer: W,
        maps: Arc<Maps>,
        config: WorkerConfig,
    ) -> Self {
        Self {
            world,
            observer,
            maps,
            config,
            tasks: BTreeMap::new(),
            restores: BTreeMap::new(),
            held: BTreeSet::new(),
            partitions: Vec::new(),
            flight: None,
            renewed: false,
            last_commit: Duration::ZERO,
            last_kpis: Duration::ZERO,
            last_report: Duration::ZERO,
            last_warning: Duration::ZERO,
            kpis: KpiMemory::default(),
            too_large: None,
        }
    }

    /// Works until `stop` is set, then commits what is open.
    ///
    /// # Errors
    ///
    /// [`Error::Fenced`], [`Error::Corrupted`] or [`Error::Fatal`] when the worker cannot go on.
    pub fn run(&mut self, stop: &AtomicBool) -> Result<(), Error> {
        while !stop.load(Ordering::Relaxed) {
            self.turn()?;
        }
        self.commit_all()
    }

    /// One turn of the loop.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn turn(&mut self) -> Result<(), Error> {
        self.observer.turned();
        let news = self.poll()?;
        self.follow_group(&news)?;
        if self.follow_flight()? {
            self.restore()?;
            self.watch_silence(&news.ends);
            self.commit_when_due()?;
        }
        self.tell_when_due();
        Ok(())
    }

    fn poll(&mut self) -> Result<News, Error> {
        let mut news = News::default();
        let busy = self.flight.is_some() || !self.restores.is_empty();
        let wait = if busy { Duration::ZERO } else { WAIT };
        let (tasks, config, partitions) = (&mut self.tasks, &self.config, &self.partitions);
        let undecided = self.flight.is_some();
        let polled = self
            .world
            .input
            .poll(wait, BATCH, &mut |event| match event {
                InputEvent::Assigned(sources) => {
                    news.rebalanced = true;
                    news.assigned.extend(sources);
                }
                InputEvent::Revoked(sources) => news.revoked.extend(sources),
                InputEvent::Lost(sources) => news.lost.extend(sources),
                InputEvent::End { source, offset } => news.ends.push((source, offset)),
                InputEvent::Record(record) => {
                    // What comes while a transaction is undecided is read again after it.
                    if let Some(task) = tasks.get_mut(&record.source.partition)
                        && !undecided
                    {
                        let count = partitions[usize::from(record.source.input)];
                        task.record(&record, count, config);
                    }
                }
            });
        match polled {
            Ok(_) => {}
            Err(Error::Retry(reason)) => self.back_off("polling", &reason),
            Err(error) => return Err(error),
        }
        Ok(news)
    }

    pub(super) fn back_off(&self, doing: &str, reason: &str) {
        tracing::warn!(reason, "{doing} will be tried again");
        self.world.clock.sleep(BACK_OFF);
    }

    /// Calls until there is no passing trouble.
    ///
    /// # Errors
    ///
    /// As the call, and [`Error::Fatal`] for trouble that does not pass.
    pub(super) fn insist(
        &mut self,
        doing: &str,
        mut call: impl FnMut(&mut I) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for _ in 0..TRIES {
            match call(&mut self.world.input) {
                Err(Error::Retry(reason)) => self.back_off(doing, &reason),
                outcome => return outcome,
            }
        }
        Err(Error::Fatal(format!("{doing}: the trouble does not pass")))
    }

    /// Reads partitions from these places on.
    pub(super) fn read_from(&mut self, places: &[(Source, Start)]) -> Result<(), Error> {
        let sources: Vec<Source> = places.iter().map(|(source, _)| *source).collect();
        self.insist("going to a place", |input| input.start(places))?;
        self.insist("reading on", |input| input.resume(&sources))
    }

    /// The partitions that are ours, those whose state is on its way included.
    pub(super) fn owned(&self) -> Vec<u32> {
        let mut owned: Vec<u32> = self
            .tasks
            .keys()
            .chain(self.restores.keys())
            .copied()
            .collect();
        owned.sort_unstable();
        owned
    }

    fn now(&self) -> Moment {
        Moment {
            wall: self.world.clock.wall(),
            monotonic: self.world.clock.monotonic(),
        }
    }

    /// Takes the broker's answers, asks anew, and takes the idle steps that are proven.
    fn watch_silence(&mut self, ends: &[(Source, u64)]) {
        let now = self.now();
        for (source, end) in ends {
            let position = self.world.input.position(*source);
            if let Some(task) = self.tasks.get_mut(&source.partition) {
                task.end(*source, *end, position, now);
            }
        }
        for task in self.tasks.values_mut() {
            task.advance_idle(now);
            let probes = task.probes(now);
            if !probes.is_empty() {
                self.world.input.probe(&probes);
            }
        }
    }

    fn commit_when_due(&mut self) -> Result<(), Error> {
        let now = self.world.clock.monotonic();
        if now.saturating_sub(self.last_kpis) >= self.config.kpi_interval {
            self.write_kpis();
        }
        if now.saturating_sub(self.last_commit) >= self.config.commit_interval {
            self.commit()?;
        }
        Ok(())
    }

    /// Queues the KPI snapshots that changed, for the next commit.
    pub(super) fn write_kpis(&mut self) {
        self.last_kpis = self.world.clock.monotonic();
        for task in self.tasks.values() {
            self.kpis.take(task.number, &task.partition);
        }
    }

    fn tell_when_due(&mut self) {
        let now = self.world.clock.monotonic();
        if now.saturating_sub(self.last_report) >= REPORT_INTERVAL {
            self.last_report = now;
            self.report(|_| true);
            for (number, restore) in &self.restores {
                let remaining = restore.remaining(&self.world.changelog);
                self.observer.restoring(*number, remaining);
            }
        }
        if now.saturating_sub(self.last_warning) >= WARN_INTERVAL {
            self.last_warning = now;
            self.tasks.values_mut().for_each(Task::warn_of_misplaced);
            self.warn_of_halves();
        }
    }

    pub(super) fn report(&mut self, wanted: impl Fn(&Task) -> bool) {
        for task in self.tasks.values().filter(|task| wanted(task)) {
            let stopped = task
                .breaker
                .is_open()
                .then_some("too many records cannot be used");
            self.observer.stands(&PartitionReport {
                maps: &self.maps,
                partition: task.number,
                watermark: task.partition.watermark(),
                now: task.partition.now(),
                panes: task.partition.panes(),
                counters: task.partition.counters(),
                intake: &task.intake,
                customers: task.partition.store().len(),
                timers: task.partition.timers(),
                lag: task.lag(),
                stopped,
            });
        }
    }
}

//! A worker: one thread with its own membership of the group, its own producer and its tasks.
//!
//! ```text
//! poll ─▶ records into their tasks ─▶ rebalances ─▶ idle steps ─▶ commit, when due ─▶ poll …
//! ```
//!
//! Rebalances are handled after the poll that brought them, never inside it. Journeys live in
//! memory: a task begins with an empty partition and reads its input from the oldest record on.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::config::WorkerConfig;
use super::emit;
use super::error::Error;
use super::idle::Moment;
use super::kpis::KpiMemory;
use super::observer::{Observer, PartitionReport};
use super::ports::{Clock, InputEvent, InputLog, OutputLog, Source, Start};
use super::task::Task;
use crate::domain::Maps;

/// Records that one poll hands over at most, so that commits keep their pace.
const BATCH: usize = 1_000;
/// The longest that a poll waits.
const WAIT: Duration = Duration::from_millis(20);
/// How often everything is reported, touched or not.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// How often misplaced records are warned of.
const WARN_INTERVAL: Duration = Duration::from_secs(10);
/// How often the offsets are stored with the group, where they only show how far we are.
const OFFSETS_INTERVAL: Duration = Duration::from_secs(5);
/// The pause after passing trouble.
const BACK_OFF: Duration = Duration::from_millis(100);

/// What a worker works with.
#[derive(Debug)]
pub struct World<I, O, C> {
    /// The group membership.
    pub input: I,
    /// The producer.
    pub output: O,
    /// The clocks.
    pub clock: C,
}

/// One worker.
#[derive(Debug)]
pub struct Worker<I, O, C, W> {
    world: World<I, O, C>,
    observer: W,
    maps: Arc<Maps>,
    config: WorkerConfig,
    tasks: BTreeMap<u32, Task>,
    /// By input, once anything is assigned.
    partitions: Vec<NonZeroU32>,
    last_commit: Duration,
    last_kpis: Duration,
    last_report: Duration,
    last_offsets: Duration,
    last_warning: Duration,
    kpis: KpiMemory,
}

/// What a poll brought besides records.
#[derive(Debug, Default)]
struct News {
    /// Whether the group has said what is ours, be it nothing.
    rebalanced: bool,
    assigned: Vec<Source>,
    revoked: Vec<Source>,
    lost: Vec<Source>,
    ends: Vec<(Source, u64)>,
}

impl<I: InputLog, O: OutputLog, C: Clock, W: Observer> Worker<I, O, C, W> {
    /// A worker that has not been assigned anything.
    pub fn new(world: World<I, O, C>, observer: W, maps: Arc<Maps>, config: WorkerConfig) -> Self {
        Self {
            world,
            observer,
            maps,
            config,
            tasks: BTreeMap::new(),
            partitions: Vec::new(),
            last_commit: Duration::ZERO,
            last_kpis: Duration::ZERO,
            last_report: Duration::ZERO,
            last_offsets: Duration::ZERO,
            last_warning: Duration::ZERO,
            kpis: KpiMemory::default(),
        }
    }

    /// Works until `stop` is set, then commits what is open.
    ///
    /// # Errors
    ///
    /// [`Error::Fenced`] or [`Error::Fatal`] when the worker cannot go on.
    pub fn run(&mut self, stop: &AtomicBool) -> Result<(), Error> {
        while !stop.load(Ordering::Relaxed) {
            self.turn()?;
        }
        self.commit()?;
        self.write_kpis();
        self.commit()?;
        self.store_offsets()
    }

    /// One turn of the loop.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn turn(&mut self) -> Result<(), Error> {
        self.observer.turned();
        let news = self.poll()?;
        if !news.lost.is_empty() {
            self.lose(&news.lost)?;
        }
        if !news.revoked.is_empty() {
            self.hand_over(&news.revoked)?;
        }
        if !news.assigned.is_empty() {
            self.take(&news.assigned)?;
        } else if news.rebalanced {
            self.observer.assigned(&self.owned());
        }
        self.watch_silence(&news.ends);
        let now = self.world.clock.monotonic();
        if now.saturating_sub(self.last_kpis) >= self.config.kpi_interval {
            self.write_kpis();
        }
        if now.saturating_sub(self.last_commit) >= self.config.commit_interval {
            self.commit()?;
        }
        if now.saturating_sub(self.last_offsets) >= OFFSETS_INTERVAL {
            self.store_offsets()?;
        }
        if now.saturating_sub(self.last_report) >= REPORT_INTERVAL {
            self.last_report = now;
            self.report(|_| true);
        }
        if now.saturating_sub(self.last_warning) >= WARN_INTERVAL {
            self.last_warning = now;
            self.tasks.values_mut().for_each(Task::warn_of_misplaced);
        }
        Ok(())
    }

    fn poll(&mut self) -> Result<News, Error> {
        let mut news = News::default();
        let (tasks, config, partitions) = (&mut self.tasks, &self.config, &self.partitions);
        let polled = self
            .world
            .input
            .poll(WAIT, BATCH, &mut |event| match event {
                InputEvent::Assigned(sources) => {
                    news.rebalanced = true;
                    news.assigned.extend(sources);
                }
                InputEvent::Revoked(sources) => news.revoked.extend(sources),
                InputEvent::Lost(sources) => news.lost.extend(sources),
                InputEvent::End { source, offset } => news.ends.push((source, offset)),
                InputEvent::Record(record) => {
                    if let Some(task) = tasks.get_mut(&record.source.partition) {
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

    fn back_off(&self, doing: &str, reason: &str) {
        tracing::warn!(reason, "{doing} will be tried again");
        self.world.clock.sleep(BACK_OFF);
    }

    /// Begins the tasks of newly assigned partitions.
    fn take(&mut self, sources: &[Source]) -> Result<(), Error> {
        if self.partitions.is_empty() {
            let inputs = (0..).take(self.config.inputs.len());
            self.partitions = inputs
                .map(|input| self.world.input.partition_count(input))
                .collect::<Result<_, _>>()?;
        }
        for source in sources {
            self.tasks.entry(source.partition).or_insert_with(|| {
                Task::new(source.partition, Arc::clone(&self.maps), &self.config)
            });
        }
        let places: Vec<_> = sources
            .iter()
            .map(|source| (*source, Start::Earliest))
            .collect();
        self.world.input.start(&places)?;
        tracing::info!(partitions = ?self.owned(), "partitions assigned");
        self.observer.assigned(&self.owned());
        Ok(())
    }

    /// Commits what is open, then hands partitions over.
    fn hand_over(&mut self, sources: &[Source]) -> Result<(), Error> {
        self.commit()?;
        self.store_offsets()?;
        self.drop_tasks(sources)
    }

    /// Drops partitions that are somebody else's already.
    fn lose(&mut self, sources: &[Source]) -> Result<(), Error> {
        tracing::warn!(?sources, "partitions lost; what was open is dropped");
        self.drop_tasks(sources)
    }

    fn drop_tasks(&mut self, sources: &[Source]) -> Result<(), Error> {
        for source in sources {
            self.tasks.remove(&source.partition);
            self.kpis.forget(source.partition);
        }
        self.world.input.release(sources)?;
        tracing::info!(partitions = ?self.owned(), "partitions released");
        self.observer.assigned(&self.owned());
        Ok(())
    }

    fn owned(&self) -> Vec<u32> {
        self.tasks.keys().copied().collect()
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

    /// Queues the KPI snapshots that changed, for the next commit.
    fn write_kpis(&mut self) {
        self.last_kpis = self.world.clock.monotonic();
        for task in self.tasks.values() {
            self.kpis.take(task.number, &task.partition);
        }
    }

    /// Writes what is open; what was written is the state from then on.
    fn commit(&mut self) -> Result<(), Error> {
        let begun = self.world.clock.monotonic();
        self.last_commit = begun;
        if self.kpis.is_empty() && !self.tasks.values().any(Task::is_touched) {
            return Ok(());
        }
        let sent = self.send_all().and_then(|written| {
            self.world.output.flush()?;
            Ok(written)
        });
        let written = match sent {
            Ok(written) => written,
            Err(Error::Abort(reason) | Error::Retry(reason)) => return self.abort(&reason),
            // Not a dead letter, which would have been cut: the same would come again for ever.
            Err(Error::TooLarge(reason)) => return Err(Error::Fatal(reason)),
            Err(error) => return Err(error),
        };
        let touched: Vec<u32> = self
            .tasks
            .values()
            .filter(|task| task.is_touched())
            .map(|task| task.number)
            .collect();
        self.tell_commit(&written, begun);
        for task in self.tasks.values_mut() {
            task.commit();
        }
        self.kpis.commit();
        self.report(|task| touched.contains(&task.number));
        Ok(())
    }

    /// Stores with the group how far the tasks have come.
    fn store_offsets(&mut self) -> Result<(), Error> {
        self.last_offsets = self.world.clock.monotonic();
        let next: Vec<_> = self.tasks.values().flat_map(offsets).collect();
        if next.is_empty() {
            return Ok(());
        }
        match self.world.input.commit(&next) {
            // They only show how far we are; the next time stores them too.
            Ok(()) | Err(Error::Retry(_) | Error::Abort(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn send_all(&mut self) -> Result<emit::Written, Error> {
        let detected = self.world.clock.wall();
        let mut written = emit::Written::default();
        for task in self.tasks.values() {
            let send = &mut |record| written.send(&mut self.world.output, record);
            let cut = emit::task(task, &self.maps, &self.config, detected, send)?;
            written.cut += cut;
        }
        let send = &mut |record| written.send(&mut self.world.output, record);
        emit::kpis(&self.kpis, &self.maps, &self.config, send)?;
        Ok(written)
    }

    /// Drops what is open and goes back to where the last commit stands.
    fn abort(&mut self, reason: &str) -> Result<(), Error> {
        self.back_off("a commit", reason);
        self.kpis.abort();
        let places: Vec<_> = self.tasks.values_mut().flat_map(Task::abort).collect();
        self.world.input.start(&places)
    }

    fn tell_commit(&mut self, written: &emit::Written, begun: Duration) {
        let took = self.world.clock.monotonic().saturating_sub(begun);
        for task in self.tasks.values().filter(|task| task.is_touched()) {
            let dead_letters = emit::reasons(&task.dead_letters);
            self.observer
                .effects(task.number, &task.outputs, &dead_letters);
        }
        self.observer.committed(&written.counts(), took);
        if written.cut > 0 {
            self.observer.cut(written.cut);
            tracing::warn!(
                dead_letters = written.cut,
                "cut, because their topic does not take them whole: raise its max.message.bytes, \
                 and message.max.bytes under kafka.librdkafka to the same"
            );
        }
    }

    fn report(&mut self, wanted: impl Fn(&Task) -> bool) {
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

fn offsets(task: &Task) -> impl Iterator<Item = (Source, u64)> {
    let next = task.next.iter().copied();
    task.sources()
        .zip(next)
        .filter_map(|(source, next)| next.map(|next| (source, next)))
}

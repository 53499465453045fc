//! The commit cycle: what is open is written as one transaction, and its outcome is followed up.
//!
//! ```text
//! prepare ─▶ submit ─▶ outcome ─┬─ committed ─▶ it is the state
//!                               ├─ aborted ───▶ it is dropped, and its records are read again
//!                               └─ unknown ───▶ a new producer, then the group's word decides
//! ```
//!
//! An outcome is never guessed. A new producer of our name decides whatever the old one left, and
//! the stamp that stands beside the group's offsets then says whether that was a commit.

use std::time::Duration;

use super::emit;
use super::error::Error;
use super::membership::sources;
use super::observer::Observer;
use super::ports::{Changelog, Clock, Committer, InputLog, OutputTopic, Stored, Transaction};
use super::task::Task;
use super::worker::{WAIT, Worker};
use crate::domain::Rule;
use crate::wire::meta::Stamp;

/// How long the worker stands still for an outcome. After that it polls again, with its partitions
/// paused, so that the group hears of it.
const STANDSTILL: Duration = Duration::from_millis(200);
/// How long a hand-over waits for outcomes.
const HANDOVER_LIMIT: Duration = Duration::from_secs(10);
/// How long the end of the worker waits for outcomes.
const END_LIMIT: Duration = Duration::from_secs(20);

/// A transaction whose outcome is not known yet.
#[derive(Debug)]
pub(super) struct Flight {
    /// The partitions that are still ours and have a part in it, with its stamps.
    parts: Vec<(u32, Stamp)>,
    written: Vec<(OutputTopic, u64)>,
    /// How many of the dead letters were cut.
    cut: u64,
    begun: Duration,
    paused: bool,
    /// Nobody could tell what became of it.
    unknown: bool,
}

impl Flight {
    /// A partition is somebody else's now.
    pub(super) fn forget(&mut self, number: u32) {
        self.parts.retain(|(part, _)| *part != number);
    }
}

impl<I, O, L, C, W> Worker<I, O, L, C, W>
where
    I: InputLog,
    O: Committer,
    L: Changelog,
    C: Clock,
    W: Observer,
{
    /// Puts earlier producers of our name out of the way, once; false if that is to be tried again.
    pub(super) fn renew(&mut self) -> Result<bool, Error> {
        if self.renewed {
            return Ok(true);
        }
        match self.world.output.renew() {
            Ok(()) => self.renewed = true,
            Err(Error::Retry(reason)) => self.back_off("starting the producer", &reason),
            Err(error) => return Err(error),
        }
        Ok(self.renewed)
    }

    /// Commits what is open, and waits a little for the outcome.
    pub(super) fn commit(&mut self) -> Result<(), Error> {
        self.last_commit = self.world.clock.monotonic();
        if self.flight.is_none() {
            self.submit()?;
        }
        self.hear(STANDSTILL)
    }

    /// Commits what is open and the KPI snapshots, before the worker ends.
    pub(super) fn commit_all(&mut self) -> Result<(), Error> {
        let limit = self.world.clock.monotonic() + END_LIMIT;
        self.commit_within(limit)?;
        self.write_kpis();
        self.commit_within(limit)
    }

    /// Commits what is open, before partitions are handed over.
    pub(super) fn commit_before_handing_over(&mut self) -> Result<(), Error> {
        self.commit_within(self.world.clock.monotonic() + HANDOVER_LIMIT)
    }

    /// Commits what is open, unless the time is over first. Then the partitions may be given up
    /// undecided: their next owner waits until the offsets are decided, and a commit that comes too
    /// late is refused by the group.
    fn commit_within(&mut self, limit: Duration) -> Result<(), Error> {
        self.decide(limit)?;
        if self.flight.is_none() {
            self.commit()?;
            self.decide(limit)?;
        }
        Ok(())
    }

    /// Follows a transaction up until it is decided or the time is over.
    fn decide(&mut self, limit: Duration) -> Result<(), Error> {
        while !self.follow_flight()? {
            if self.world.clock.monotonic() >= limit {
                break;
            }
            self.world.clock.sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Follows a transaction up; true if none is undecided.
    pub(super) fn follow_flight(&mut self) -> Result<bool, Error> {
        let Some(flight) = &mut self.flight else {
            return Ok(true);
        };
        let unknown = flight.unknown;
        if !std::mem::replace(&mut flight.paused, true) {
            self.pause_all()?;
        }
        if unknown {
            self.resolve()?;
        } else {
            self.hear(WAIT)?;
        }
        Ok(self.flight.is_none())
    }

    /// Reads no further until the transaction is decided.
    fn pause_all(&mut self) -> Result<(), Error> {
        let inputs = self.config.inputs.len();
        let started = self.tasks.keys();
        let started: Vec<_> = started
            .flat_map(|number| sources(*number, inputs))
            .collect();
        self.tasks.values_mut().for_each(Task::interrupt_idle);
        self.insist("pausing", |input| input.pause(&started))
    }

    /// Hands what is open over to the committer, if anything is.
    fn submit(&mut self) -> Result<(), Error> {
        let kpis = &self.kpis;
        let touched = |task: &Task| task.is_touched() || kpis.has_queued(task.number);
        if !self.tasks.values().any(touched) || !self.renew()? {
            return Ok(());
        }
        let detected = self.world.clock.wall();
        let mut transaction = Transaction::default();
        let (mut parts, mut cut) = (Vec::new(), 0);
        for task in self.tasks.values_mut() {
            if !task.is_touched() && !self.kpis.has_queued(task.number) {
                continue;
            }
            let (config, outputs) = (&self.config, &mut transaction.outputs);
            emit::effects(task, &self.maps, config, detected, outputs);
            cut += emit::dead_letters(task, config, self.too_large, outputs);
            let stamp = task.prepare(self.config.nonce, &mut transaction);
            parts.push((task.number, stamp));
        }
        emit::kpis(
            &self.kpis,
            &self.maps,
            &self.config,
            &mut transaction.outputs,
        );
        self.flight = Some(Flight {
            parts,
            written: emit::counts(&transaction.outputs),
            cut,
            begun: self.world.clock.monotonic(),
            paused: false,
            unknown: false,
        });
        self.world.output.submit(transaction);
        Ok(())
    }

    /// Waits for an outcome and does what it asks for.
    fn hear(&mut self, wait: Duration) -> Result<(), Error> {
        if self.flight.is_none() {
            return Ok(());
        }
        match self.world.output.outcome(wait) {
            None => Ok(()),
            Some(Ok(())) => self.committed(),
            Some(Err(Error::Abort(reason) | Error::Retry(reason))) => self.aborted(&reason),
            Some(Err(Error::Unknown(reason))) => {
                self.renewed = false;
                if !self.maps.rules.holds(Rule::UnknownIsAsked) {
                    return self.aborted(&reason);
                }
                tracing::warn!(reason, "what became of a transaction must be found out");
                if let Some(flight) = &mut self.flight {
                    flight.unknown = true;
                }
                Ok(())
            }
            Some(Err(Error::TooLarge {
                reason,
                topic: Some(OutputTopic::DeadLetters),
                bytes,
            })) if self.too_large.is_none_or(|known| bytes < known) => {
                self.too_large = Some(bytes);
                self.aborted(&reason)
            }
            // The same would come again for ever.
            Some(Err(Error::TooLarge { reason, .. })) => Err(Error::Fatal(reason)),
            Some(Err(error)) => Err(error),
        }
    }

    /// Finds out what became of a transaction, by the group's word.
    fn resolve(&mut self) -> Result<(), Error> {
        if !self.renew()? {
            return Ok(());
        }
        let inputs = self.config.inputs.len();
        let parts = self
            .flight
            .as_ref()
            .map_or_else(Vec::new, |flight| flight.parts.clone());
        let mut verdicts = Vec::new();
        for (number, stamp) in parts {
            let sources: Vec<_> = sources(number, inputs).collect();
            let stored = match self.world.input.committed(&sources) {
                Ok(stored) => stored,
                Err(Error::Retry(reason)) => {
                    tracing::debug!(reason, "the group's offsets are asked for again");
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let before = self.tasks.get(&number).map(|task| task.stamp);
            verdicts.push((number, verdict(&stored, stamp, before.unwrap_or_default())));
        }
        let committed = verdicts
            .iter()
            .any(|(_, verdict)| *verdict == Verdict::Ours);
        for (number, verdict) in verdicts {
            // Atomic as it is, a transaction stands for all of its partitions or for none, unless
            // one of them was somebody else's meanwhile.
            if verdict == Verdict::Foreign || (committed && verdict == Verdict::Before) {
                self.restore_again(number)?;
            }
        }
        if committed {
            self.committed()
        } else {
            self.aborted("it was not committed")
        }
    }

    /// What is open is the state from now on.
    fn committed(&mut self) -> Result<(), Error> {
        let Some(flight) = self.flight.take() else {
            return Ok(());
        };
        let took = self.world.clock.monotonic().saturating_sub(flight.begun);
        for (number, stamp) in &flight.parts {
            let Some(task) = self.tasks.get_mut(number) else {
                continue;
            };
            let dead_letters = emit::reasons(&task.dead_letters);
            self.observer.effects(*number, &task.outputs, &dead_letters);
            task.commit(*stamp);
        }
        self.observer.committed(&flight.written, took);
        if flight.cut > 0 {
            self.observer.cut(flight.cut);
            tracing::warn!(
                dead_letters = flight.cut,
                "cut, because their topic does not take them whole: raise its max.message.bytes, \
                 and message.max.bytes under kafka.librdkafka to the same"
            );
        }
        self.kpis.commit();
        let parts: Vec<u32> = flight.parts.iter().map(|(number, _)| *number).collect();
        self.report(|task| parts.contains(&task.number));
        if flight.paused {
            let places: Vec<_> = self.tasks.values().flat_map(Task::places).collect();
            self.read_from(&places)?;
        }
        Ok(())
    }

    /// What is open is dropped, and read again from where the last commit stands.
    fn aborted(&mut self, reason: &str) -> Result<(), Error> {
        if self.flight.take().is_none() {
            return Ok(());
        }
        self.observer.aborted(reason);
        self.back_off("a transaction", reason);
        self.kpis.abort();
        let places: Vec<_> = self.tasks.values_mut().flat_map(Task::abort).collect();
        self.read_from(&places)
    }
}

/// What stands beside the group's offsets of a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    /// The stamp of the transaction in question.
    Ours,
    /// That of the one before.
    Before,
    /// Something else: another owner was at work.
    Foreign,
}

fn verdict(stored: &[Option<Stored>], ours: Stamp, before: Stamp) -> Verdict {
    let stamps: Vec<_> = stored
        .iter()
        .flatten()
        .map(|stored| Stamp::from_note(&stored.note))
        .collect();
    let all = |wanted| stamps.iter().all(|stamp| *stamp == Ok(wanted));
    if !stamps.is_empty() && all(ours) {
        Verdict::Ours
    } else if all(before) {
        Verdict::Before
    } else {
        Verdict::Foreign
    }
}

//! What a worker does when partitions come, go, or are lost.

use std::sync::Arc;
use std::time::Duration;

use super::error::Error;
use super::observer::{Observer, Restoration};
use super::ports::{Changelog, Clock, Committer, InputLog, Source};
use super::restore::Restore;
use super::task::Task;
use super::worker::{News, WAIT, Worker};

/// Records of the changelog that one turn takes in while other partitions run, and while none does.
const SLICE: usize = 2_000;
const WHOLE: usize = 20_000;

impl<I, O, L, C, W> Worker<I, O, L, C, W>
where
    I: InputLog,
    O: Committer,
    L: Changelog,
    C: Clock,
    W: Observer,
{
    /// Does what the group says.
    pub(super) fn follow_group(&mut self, news: &News) -> Result<(), Error> {
        if !news.lost.is_empty() {
            tracing::warn!(lost = ?news.lost, "partitions lost; what was open is dropped");
            self.drop_tasks(&news.lost)?;
        }
        if !news.revoked.is_empty() {
            self.commit_before_handing_over()?;
            self.drop_tasks(&news.revoked)?;
        }
        if !news.assigned.is_empty() {
            self.take(&news.assigned)?;
        } else if news.rebalanced {
            self.observer.assigned(&self.owned());
        }
        Ok(())
    }

    /// Begins to restore newly assigned partitions.
    fn take(&mut self, sources: &[Source]) -> Result<(), Error> {
        let begun = self.world.clock.monotonic();
        let inputs = self.config.inputs.len();
        self.held.extend(sources);
        for source in sources {
            let number = source.partition;
            if let Some(task) = self.tasks.get(&number) {
                let places = task.places();
                self.read_from(&places)?;
                continue;
            }
            self.restores
                .entry(number)
                .or_insert_with(|| Restore::new(number, Arc::clone(&self.maps), inputs, begun));
        }
        tracing::info!(partitions = ?self.owned(), "partitions assigned");
        self.observer.assigned(&self.owned());
        for number in self.restores.keys() {
            self.observer.restoring(*number, None);
        }
        Ok(())
    }

    /// Warns of partitions that wait for the same partition of another input.
    pub(super) fn warn_of_halves(&self) {
        for number in self.restores.keys() {
            let mut sources = sources(*number, self.config.inputs.len());
            if let Some(missing) = sources.find(|source| !self.held.contains(source)) {
                let topic = &self.config.inputs[usize::from(missing.input)].topic;
                tracing::warn!(
                    partition = *number,
                    topic,
                    "waits: the group gave this partition of the topic to another member. Several \
                     inputs need members that get equal partitions of all of them"
                );
            }
        }
    }

    fn drop_tasks(&mut self, sources: &[Source]) -> Result<(), Error> {
        for source in sources {
            self.held.remove(source);
            self.tasks.remove(&source.partition);
            self.kpis.forget(source.partition);
            if self.restores.remove(&source.partition).is_some() {
                self.world.changelog.stop(source.partition)?;
            }
            if let Some(flight) = &mut self.flight {
                flight.forget(source.partition);
            }
        }
        self.insist("giving partitions up", |input| input.release(sources))?;
        tracing::info!(partitions = ?self.owned(), "partitions released");
        self.observer.assigned(&self.owned());
        Ok(())
    }

    /// Goes on with the restores, and starts the partitions whose state is there.
    pub(super) fn restore(&mut self) -> Result<(), Error> {
        if self.restores.is_empty() || !self.renew()? {
            return Ok(());
        }
        let turned = self.count_partitions().and_then(|()| {
            self.find_out()?;
            self.load()
        });
        match turned {
            Ok(()) => {}
            Err(Error::Retry(reason)) => {
                tracing::debug!(reason, "restoring will be tried again");
                self.world.clock.sleep(WAIT);
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        let changelog = &self.world.changelog;
        let done = |restore: &Restore| restore.remaining(changelog) == Some(0);
        let ready: Vec<u32> = self
            .restores
            .iter()
            .filter(|(_, restore)| done(restore))
            .map(|(number, _)| *number)
            .collect();
        for number in ready {
            self.start(number)?;
        }
        Ok(())
    }

    fn count_partitions(&mut self) -> Result<(), Error> {
        if self.partitions.is_empty() {
            let inputs = (0..).take(self.config.inputs.len());
            self.partitions = inputs
                .map(|input| self.world.input.partition_count(input))
                .collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    /// Asks what is to be restored; a partition whose offsets are undecided holds no other up.
    fn find_out(&mut self) -> Result<(), Error> {
        let inputs = self.config.inputs.len();
        let mut trouble = Ok(());
        for (number, restore) in &mut self.restores {
            if !restore.is_waiting() {
                continue;
            }
            let sources: Vec<Source> = sources(*number, inputs).collect();
            if !sources.iter().all(|source| self.held.contains(source)) {
                // A task needs its partition of every input; two halves would be two owners.
                continue;
            }
            let found =
                restore.find_out(&mut self.world.input, &mut self.world.changelog, &sources);
            match found {
                Err(Error::Retry(reason)) => {
                    trouble = Err(Error::Retry(reason));
                }
                found => found?,
            }
        }
        // Only if nothing at all can go on is there a reason to wait.
        if self.restores.values().all(Restore::is_waiting) {
            trouble
        } else {
            Ok(())
        }
    }

    fn load(&mut self) -> Result<(), Error> {
        let (wait, limit) = if self.tasks.is_empty() {
            (WAIT, WHOLE)
        } else {
            (Duration::ZERO, SLICE)
        };
        let changelog = &self.world.changelog;
        let rest = |restore: &Restore| restore.remaining(changelog) != Some(0);
        if !self.restores.values().any(rest) {
            return Ok(());
        }
        let restores = &mut self.restores;
        let mut loaded = Ok(());
        self.world.changelog.poll(wait, limit, &mut |record| {
            if let Some(restore) = restores.get_mut(&record.partition)
                && loaded.is_ok()
            {
                loaded = restore.load(&record);
            }
        })?;
        loaded
    }

    /// Starts a partition whose state is there.
    fn start(&mut self, number: u32) -> Result<(), Error> {
        let Some(restore) = self.restores.remove(&number) else {
            return Ok(());
        };
        self.world.changelog.stop(number)?;
        if let Err(mismatch) = restore.check(&self.config) {
            return self.doubt(number, &restore, mismatch);
        }
        let took = self.world.clock.monotonic().saturating_sub(restore.begun);
        let (records, bytes) = (restore.records, restore.bytes);
        let restored = restore.finish(&self.config)?;
        let restoration = Restoration {
            customers: restored.partition.store().len(),
            records,
            bytes,
            took,
        };
        tracing::info!(partition = number, ?restoration, next = ?restored.next, "restored");
        self.observer.restored(number, &restoration);
        let task = Task::new(number, restored, &self.config);
        let places = task.places();
        self.tasks.insert(number, task);
        self.read_from(&places)
    }

    /// Asks whether a state and offsets that do not agree come from another owner who was at work
    /// meanwhile: a worker that stood still for long may have lost partitions and not know it yet.
    /// Then everything is read again; else the mismatch holds.
    fn doubt(&mut self, number: u32, restore: &Restore, mismatch: Error) -> Result<(), Error> {
        let inputs = self.config.inputs.len();
        let sources: Vec<Source> = sources(number, inputs).collect();
        match restore.is_overtaken(&mut self.world.input, &sources) {
            Ok(false) => return Err(mismatch),
            Ok(true) | Err(Error::Retry(_)) => {}
            Err(error) => return Err(error),
        }
        tracing::warn!(
            partition = number,
            "another owner was at work meanwhile; restoring again"
        );
        let again = Restore::new(number, Arc::clone(&self.maps), inputs, restore.begun);
        self.restores.insert(number, again);
        Ok(())
    }

    /// Drops the memory of a partition that is still ours, and restores it.
    pub(super) fn restore_again(&mut self, number: u32) -> Result<(), Error> {
        tracing::warn!(partition = number, "another owner was at work; restoring");
        if self.tasks.remove(&number).is_none() {
            return Ok(());
        }
        self.kpis.forget(number);
        if let Some(flight) = &mut self.flight {
            flight.forget(number);
        }
        let inputs = self.config.inputs.len();
        let sources: Vec<Source> = sources(number, inputs).collect();
        self.insist("pausing a partition", |input| input.pause(&sources))?;
        let begun = self.world.clock.monotonic();
        let restore = Restore::new(number, Arc::clone(&self.maps), inputs, begun);
        self.restores.insert(number, restore);
        Ok(())
    }
}

/// The sources of a partition's number.
pub(super) fn sources(partition: u32, inputs: usize) -> impl Iterator<Item = Source> {
    (0..)
        .take(inputs)
        .map(move |input| Source { input, partition })
}

//! A producer of transactions.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::broker::SimBroker;
use super::coordinator::{LateEnd, Refusal, Ticket};
use super::faults::{Call, Faults, Trouble};
use super::log::Record;
use super::membership::{Claim, Membership};
use crate::runtime::{
    Change, Clock, Committer, Error, OutputRecord, OutputTopic, Progress, Transaction,
};

/// What a committer needs to know.
#[derive(Clone, Debug)]
pub struct CommitterConfig {
    /// The name that no two live producers may share.
    pub transactional_id: String,
    /// The names of the output topics.
    pub outputs: BTreeMap<OutputTopic, String>,
    /// The name of the changelog's topic.
    pub changelog: String,
    /// How long a transaction may be open, from its first record on, before the broker aborts it
    /// and fences the producer.
    pub time_out: Duration,
}

/// A producer of transactions. Its calls to the broker are made by [`Committer::outcome`], as many
/// in one look as [`SimBroker::set_pace`] allows; a look that can make none lets the time that it
/// may wait pass on the clock. Dropping the producer leaves its transaction as it is.
///
/// The partitions are claimed when a transaction is submitted. It is refused if one of them is not
/// the member's then, or was not all the time until the offsets are sent.
#[derive(Debug)]
pub struct SimCommitter {
    broker: SimBroker,
    config: CommitterConfig,
    membership: Membership,
    faults: Faults,
    unguarded: bool,
    ticket: Option<Ticket>,
    work: Option<Work>,
}

/// A transaction in the making.
#[derive(Debug)]
struct Work {
    claim: Option<Claim>,
    steps: VecDeque<Step>,
    /// An answer that is on its way, and when it comes.
    coming: Option<(Duration, Answer)>,
}

#[derive(Clone, Debug)]
enum Step {
    Begin,
    Output(OutputRecord),
    Change(Change),
    SendOffsets(Vec<Progress>),
    Commit,
    /// What is told when it is done.
    Abort(Error),
}

type Answer = Result<(), Refusal>;

/// What came of a look at the next step.
enum Moved {
    Onward,
    /// Nothing can be done before time passes.
    Stuck,
    Decided(Result<(), Error>),
}

impl Step {
    fn call(&self) -> Call {
        match self {
            Self::Begin => Call::Begin,
            Self::Output(_) | Self::Change(_) => Call::Produce,
            Self::SendOffsets(_) => Call::SendOffsets,
            Self::Commit => Call::Commit,
            Self::Abort(_) => Call::Abort,
        }
    }
}

impl SimCommitter {
    /// A producer beside a member of the group that stores its offsets. It is renewed before it is
    /// first used.
    pub fn open(
        broker: &SimBroker,
        config: CommitterConfig,
        membership: Membership,
        faults: &Faults,
    ) -> Self {
        Self {
            broker: broker.clone(),
            config,
            membership,
            faults: faults.clone(),
            unguarded: false,
            ticket: None,
            work: None,
        }
    }

    /// A mistake to be found by a test: offsets are sent also by a member that cannot name itself,
    /// and whosever the partitions are. The broker accepts both.
    #[must_use]
    pub fn unguarded(mut self) -> Self {
        self.unguarded = true;
        self
    }

    /// Makes the next call.
    fn step(&mut self) -> Moved {
        let clock = self.broker.cluster().clock.clone();
        let now = clock.monotonic();
        let Some(work) = &mut self.work else {
            return Moved::Stuck;
        };
        if let Some((_, answer)) = work.coming.take_if(|(due, _)| *due <= now) {
            return self.hear(answer);
        }
        if work.coming.is_some() {
            return Moved::Stuck;
        }
        let Some(step) = work.steps.front().cloned() else {
            return Moved::Decided(Ok(()));
        };
        if let Err(objection) = self.look(&step) {
            return objection;
        }
        let call = step.call();
        let trouble = match self.faults.meet(call) {
            Ok(trouble) => trouble,
            Err(crash) => return Moved::Decided(Err(crash)),
        };
        match trouble {
            None => {
                let answer = self.make(&step);
                self.hear(answer)
            }
            Some(Trouble::CrashBefore) => Moved::Decided(Err(self.faults.end())),
            Some(Trouble::CrashAfter) => {
                // Nobody is left to hear the answer.
                self.make(&step).unwrap_or(());
                Moved::Decided(Err(self.faults.end()))
            }
            Some(Trouble::Refused(error)) => self.fail(error),
            Some(Trouble::Lost) => self.give_up(call),
            Some(Trouble::ReplyLost) => {
                // The answer is what is lost.
                self.make(&step).unwrap_or(());
                self.give_up(call)
            }
            Some(Trouble::Slow(span)) => {
                let answer = self.make(&step);
                if let Some(work) = &mut self.work {
                    work.coming = Some((now + span, answer));
                }
                Moved::Onward
            }
            Some(Trouble::Late(span)) => {
                self.post(&step, now + span);
                self.give_up(call)
            }
        }
    }

    /// Whether the call can be made now, by the client's own lights.
    fn look(&mut self, step: &Step) -> Result<(), Moved> {
        let Some(ticket) = &self.ticket else {
            let error = Error::Fatal("a producer must be renewed before it is used".into());
            return Err(Moved::Decided(Err(error)));
        };
        let cluster = self.broker.cluster();
        // To begin is no call to the broker, and what follows waits for the marks of what was.
        let begins = matches!(step, Step::Begin);
        if begins && !self.is_claimed() {
            let error = Error::Abort("a partition is not ours to commit".into());
            return Err(Moved::Decided(Err(error)));
        }
        if !begins && (cluster.away || cluster.is_deciding(&ticket.name)) {
            return Err(Moved::Stuck);
        }
        drop(cluster);
        let sends = matches!(step, Step::SendOffsets(_));
        if sends && !self.unguarded && self.membership.metadata().is_none() {
            return Err(self.fail(Error::Abort("not a member of the group".into())));
        }
        if sends && !self.is_claimed() {
            return Err(self.fail(Error::Abort("the partitions are not ours any more".into())));
        }
        Ok(())
    }

    /// What the broker does and answers.
    fn make(&self, step: &Step) -> Answer {
        let Some(ticket) = &self.ticket else {
            return Err(Refusal::Fenced);
        };
        let mut cluster = self.broker.cluster_mut();
        match step {
            Step::Begin => Ok(()),
            Step::Output(record) => {
                let name = self.config.outputs.get(&record.topic);
                let name = name.ok_or_else(|| {
                    let suffix = record.topic.suffix();
                    Refusal::Wrong(Error::Fatal(format!("no output topic {suffix}: name one")))
                })?;
                let bytes = record.bytes();
                if cluster.record_max.is_some_and(|max| bytes > max) {
                    return Err(Refusal::Wrong(Error::TooLarge {
                        reason: format!("{name} takes no {bytes} bytes"),
                        topic: Some(record.topic),
                        bytes,
                    }));
                }
                cluster.produce(ticket, name, None, output(record))
            }
            Step::Change(change) => {
                let name = &self.config.changelog;
                cluster.produce(ticket, name, Some(change.partition), changed(change))
            }
            Step::SendOffsets(progress) => {
                let group = self.membership.group();
                cluster.send_offsets(ticket, group, self.membership.metadata(), progress)
            }
            Step::Commit => cluster.end(ticket, true),
            Step::Abort(_) => cluster.end(ticket, false),
        }
    }

    /// Whether the partitions have been ours since the transaction was submitted.
    fn is_claimed(&self) -> bool {
        let claim = self.work.as_ref().and_then(|work| work.claim.as_ref());
        self.unguarded || claim.is_some_and(|claim| self.membership.upholds(claim))
    }

    fn hear(&mut self, answer: Answer) -> Moved {
        let Some(work) = &mut self.work else {
            return Moved::Stuck;
        };
        match answer {
            Ok(()) => match (work.steps.pop_front(), work.steps.is_empty()) {
                (Some(Step::Abort(error)), _) => Moved::Decided(Err(error)),
                (_, true) => Moved::Decided(Ok(())),
                _ => Moved::Onward,
            },
            Err(Refusal::Busy) => Moved::Stuck,
            Err(Refusal::NoMember(reason)) => self.fail(Error::Abort(reason)),
            Err(Refusal::Wrong(error)) => self.fail(error),
            Err(Refusal::Fenced) => {
                let name = &self.config.transactional_id;
                self.fail(Error::Unknown(format!("the producer {name} is fenced")))
            }
            Err(Refusal::Nothing) => self.fail(Error::Unknown("no transaction is open".into())),
        }
    }

    /// The client gives up on a call that it has no answer to.
    fn give_up(&mut self, call: Call) -> Moved {
        let reason = format!("no answer to {call:?}");
        self.fail(match call {
            Call::Commit | Call::Abort => Error::Unknown(reason),
            _ => Error::Abort(reason),
        })
    }

    fn fail(&mut self, error: Error) -> Moved {
        match (error, &mut self.work) {
            (Error::Retry(_), _) => Moved::Stuck,
            (error @ (Error::Abort(_) | Error::TooLarge { .. }), Some(work)) => {
                work.steps = VecDeque::from([Step::Abort(error)]);
                Moved::Onward
            }
            (error, _) => {
                self.ticket = None;
                Moved::Decided(Err(error))
            }
        }
    }

    /// The end of the transaction arrives later.
    fn post(&self, step: &Step, due: Duration) {
        let commit = match step {
            Step::Commit => true,
            Step::Abort(_) => false,
            _ => return,
        };
        if let Some(ticket) = self.ticket.clone() {
            let end = LateEnd {
                due,
                ticket,
                commit,
            };
            self.broker.cluster_mut().late.push(end);
        }
    }
}

impl Committer for SimCommitter {
    fn renew(&mut self) -> Result<(), Error> {
        let clock = self.broker.cluster().clock.clone();
        let (name, time_out) = (&self.config.transactional_id, self.config.time_out);
        let ticket = self.faults.around(Call::Renew, &clock, || {
            let mut cluster = self.broker.cluster_mut();
            cluster.reach()?;
            cluster.renew(name, time_out)
        })?;
        self.ticket = Some(ticket);
        Ok(())
    }

    /// # Panics
    ///
    /// If the outcome of the transaction before was not heard.
    fn submit(&mut self, transaction: Transaction) {
        assert!(self.work.is_none(), "the last outcome was not heard");
        let progress = transaction.progress.iter();
        let claim = self.membership.claim(progress.map(|part| part.source));
        let outputs = transaction.outputs.into_iter().map(Step::Output);
        let changes = transaction.changes.into_iter().map(Step::Change);
        let written = outputs.chain(changes);
        let ends = [Step::SendOffsets(transaction.progress), Step::Commit];
        self.work = Some(Work {
            claim,
            steps: [Step::Begin]
                .into_iter()
                .chain(written)
                .chain(ends)
                .collect(),
            coming: None,
        });
    }

    fn outcome(&mut self, wait: Duration) -> Option<Result<(), Error>> {
        if let Err(crash) = self.faults.alive() {
            return Some(Err(crash));
        }
        self.work.as_ref()?;
        let pace = self.broker.cluster().pace.unwrap_or(usize::MAX);
        for _ in 0..pace {
            match self.step() {
                Moved::Onward => {}
                Moved::Stuck => {
                    let clock = self.broker.cluster().clock.clone();
                    clock.sleep(wait);
                    return None;
                }
                Moved::Decided(outcome) => {
                    self.work = None;
                    return Some(outcome);
                }
            }
        }
        None
    }
}

fn output(record: &OutputRecord) -> Record {
    Record {
        timestamp: record.timestamp,
        key: record.key.clone(),
        value: record.value.clone(),
        headers: record.headers.clone(),
    }
}

fn changed(change: &Change) -> Record {
    Record {
        key: Some(change.key.clone()),
        value: change.value.clone(),
        ..Record::default()
    }
}

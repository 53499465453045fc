//! The broker's side of transactions: who may write under a name, and what is decided.
//!
//! ```text
//! idle ── first write ─▶ open ── end, renewal or time-out ─▶ deciding ── marks written ─▶ idle
//! ```
//!
//! A transaction is decided when its end is written down, and shows when the marks are: those of
//! the topics and that of the group's offsets can take their time apart.

use std::time::Duration;

use super::broker::Cluster;
use super::log::{Record, TransactionId};
use super::membership::Metadata;
use crate::runtime::{Clock, Error, Progress};

/// What the coordinator keeps of a transactional id.
#[derive(Debug)]
pub(super) struct Producer {
    /// Grows with each producer of this name; older ones can do nothing any more.
    epoch: u32,
    time_out: Duration,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Idle,
    Open {
        id: TransactionId,
        since: Duration,
    },
    /// Decided; the marks that are still to be written, and when they are.
    Deciding {
        id: TransactionId,
        committed: bool,
        topics: Option<Duration>,
        offsets: Option<Duration>,
    },
}

/// The name that a producer writes under, and which of that name it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Ticket {
    pub(super) name: String,
    pub(super) epoch: u32,
}

/// The end of a transaction that is on its way to the coordinator.
#[derive(Debug)]
pub(super) struct LateEnd {
    pub(super) due: Duration,
    pub(super) ticket: Ticket,
    pub(super) commit: bool,
}

/// How long the marks of a decided transaction take to be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MarkDelay {
    /// Those in the topics.
    pub topics: Duration,
    /// That of the group's offsets.
    pub offsets: Duration,
}

/// Why the broker does not do what a producer asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// Another producer took the name, or the time was out.
    Fenced,
    /// There is no transaction to be committed.
    Nothing,
    /// The last transaction is still being marked: ask again.
    Busy,
    /// The group does not know the sender.
    NoMember(String),
    /// The request makes no sense.
    Wrong(Error),
}

impl Cluster {
    /// Takes the name for a new producer, once what the one before left is decided and marked.
    pub(super) fn renew(&mut self, name: &str, time_out: Duration) -> Result<Ticket, Error> {
        if let Some(producer) = self.producers.get_mut(name)
            && let Phase::Open { .. } = producer.phase
        {
            producer.epoch += 1;
            self.decide_producer(name, false);
        }
        if self.is_deciding(name) {
            let reason = format!("the last transaction of {name} is being marked");
            return Err(Error::Retry(reason));
        }
        let producer = self.producers.entry(name.to_owned());
        let producer = producer.or_insert(Producer {
            epoch: 0,
            time_out,
            phase: Phase::Idle,
        });
        producer.epoch += 1;
        producer.time_out = time_out;
        Ok(Ticket {
            name: name.to_owned(),
            epoch: producer.epoch,
        })
    }

    /// Whether marks are still to be written, so that the next transaction cannot begin.
    pub(super) fn is_deciding(&self, name: &str) -> bool {
        let producer = self.producers.get(name);
        producer.is_some_and(|producer| matches!(producer.phase, Phase::Deciding { .. }))
    }

    /// Writes a record in the producer's transaction, to this partition or where its key belongs.
    pub(super) fn produce(
        &mut self,
        ticket: &Ticket,
        topic: &str,
        partition: Option<u32>,
        record: Record,
    ) -> Result<(), Refusal> {
        let place = match partition {
            Some(partition) => Ok(partition),
            None => self.place(topic, record.key.as_deref()),
        };
        let place = place.map_err(Refusal::Wrong)?;
        self.log(topic, place).map_err(Refusal::Wrong)?;
        let id = self.transaction_of(ticket)?;
        let written = self.write_to(topic, place, record, Some(id));
        written.map(drop).map_err(Refusal::Wrong)
    }

    /// Stores offsets in the producer's transaction. Without offsets nothing is asked or done.
    pub(super) fn send_offsets(
        &mut self,
        ticket: &Ticket,
        group: &str,
        sender: Option<Metadata>,
        progress: &[Progress],
    ) -> Result<(), Refusal> {
        if progress.is_empty() {
            return Ok(());
        }
        let id = self.transaction_of(ticket)?;
        let Some(group) = self.groups.get_mut(group) else {
            let error = Error::Fatal(format!("there is no group {group}"));
            return Err(Refusal::Wrong(error));
        };
        if let Some(objection) = group.objection(sender) {
            return Err(Refusal::NoMember(objection));
        }
        for Progress { source, stored } in progress {
            group.offsets.store_in(id, *source, stored.clone());
        }
        Ok(())
    }

    /// Decides whatever transaction the producer has open. To abort none is no mistake.
    pub(super) fn end(&mut self, ticket: &Ticket, commit: bool) -> Result<(), Refusal> {
        match self.admit(ticket)?.phase {
            Phase::Open { .. } => self.decide_producer(&ticket.name, commit),
            _ if commit => return Err(Refusal::Nothing),
            _ => {}
        }
        Ok(())
    }

    /// Does what is due: ends that were on their way arrive, silent members are expelled,
    /// transactions that are open for too long are aborted, and marks are written.
    pub(super) fn tick(&mut self) {
        let now = self.clock.monotonic();
        for group in self.groups.values_mut() {
            group.expel_silent(now, self.session_time_out);
        }
        self.late.sort_by_key(|end| end.due);
        while self.late.first().is_some_and(|end| end.due <= now) {
            let LateEnd {
                due,
                ticket,
                commit,
            } = self.late.remove(0);
            self.settle(due);
            // Nobody waits for the answer.
            self.end(&ticket, commit).unwrap_or(());
        }
        self.settle(now);
    }

    /// Aborts what is open for too long, and writes the marks that are due.
    fn settle(&mut self, now: Duration) {
        let names: Vec<_> = self.producers.keys().cloned().collect();
        for name in names {
            self.time_out(&name, now);
            self.mark_decided(&name, now);
        }
    }

    fn time_out(&mut self, name: &str, now: Duration) {
        let Some(producer) = self.producers.get_mut(name) else {
            return;
        };
        let Phase::Open { since, .. } = producer.phase else {
            return;
        };
        if now.saturating_sub(since) >= producer.time_out {
            producer.epoch += 1;
            self.decide_producer(name, false);
        }
    }

    fn decide_producer(&mut self, name: &str, committed: bool) {
        let now = self.clock.monotonic();
        let delay = self.mark_delay;
        if let Some(producer) = self.producers.get_mut(name)
            && let Phase::Open { id, .. } = producer.phase
        {
            producer.phase = Phase::Deciding {
                id,
                committed,
                topics: Some(now + delay.topics),
                offsets: Some(now + delay.offsets),
            };
            self.mark_decided(name, now);
        }
    }

    /// Writes the marks that are due, and ends the transaction with the last.
    fn mark_decided(&mut self, name: &str, now: Duration) {
        let Some(producer) = self.producers.get_mut(name) else {
            return;
        };
        let Phase::Deciding {
            id,
            committed,
            topics,
            offsets,
        } = &mut producer.phase
        else {
            return;
        };
        let (id, committed) = (*id, *committed);
        let topics_due = topics.take_if(|due| *due <= now).is_some();
        let offsets_due = offsets.take_if(|due| *due <= now).is_some();
        if topics.is_none() && offsets.is_none() {
            producer.phase = Phase::Idle;
        }
        if offsets_due {
            self.decide_offsets(id, committed);
        }
        if topics_due {
            self.decide(id, committed);
        }
    }

    fn admit(&mut self, ticket: &Ticket) -> Result<&mut Producer, Refusal> {
        let producer = self.producers.get_mut(&ticket.name);
        producer
            .filter(|producer| producer.epoch == ticket.epoch)
            .ok_or(Refusal::Fenced)
    }

    /// The producer's open transaction, which is opened if it has none.
    fn transaction_of(&mut self, ticket: &Ticket) -> Result<TransactionId, Refusal> {
        let since = self.clock.monotonic();
        let next = self.transactions + 1;
        let producer = self.admit(ticket)?;
        match producer.phase {
            Phase::Open { id, .. } => Ok(id),
            Phase::Deciding { .. } => Err(Refusal::Busy),
            Phase::Idle => {
                let id = TransactionId(next);
                producer.phase = Phase::Open { id, since };
                self.transactions = next;
                self.writers.insert(id, ticket.clone());
                Ok(id)
            }
        }
    }
}

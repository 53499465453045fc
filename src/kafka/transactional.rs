//! Writing exactly once: a producer of transactions.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::config::KafkaConfig;
use super::errors::{self, Refusal, Way};
use super::ffi;
use super::membership::{self, Claim, Member};
use super::topics::Topics;
use super::writer::{Deliveries, ROUND, Writer};
use crate::runtime::{Error, Transaction};

/// How long one call of librdkafka may take. It goes on in the background, and the next call of
/// the same kind waits on.
const SLICE: Duration = Duration::from_secs(1);

/// Writes transactions one after the other, each with the offsets that it comes from.
///
/// A producer whose last transaction did not end smoothly is replaced before the next: the brokers
/// cannot tell a late request to end one transaction from the request to end the next, unless the
/// producer was renewed in between.
pub(super) struct Transactional {
    config: KafkaConfig,
    id: String,
    topics: Topics,
    member: Weak<Member>,
    stop: Arc<AtomicBool>,
    producer: Option<Writer>,
    /// The producer has taken its predecessor's place.
    ready: bool,
    /// The last end was not smooth.
    worn: bool,
}

impl Transactional {
    pub(super) fn new(
        config: &KafkaConfig,
        id: &str,
        member: Weak<Member>,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, Error> {
        let producer = Writer::open(config, &config.transactional(id))?;
        Ok(Self {
            config: config.clone(),
            id: id.to_owned(),
            topics: Topics::new(&config.inputs),
            member,
            stop,
            producer: Some(producer),
            ready: false,
            worn: false,
        })
    }

    /// Serves the producer while there is nothing to write.
    pub(super) fn idle(&self) {
        if let Some(producer) = &self.producer {
            producer.serve();
        }
    }

    /// Takes the place of every earlier producer of this name, or goes on with that.
    pub(super) fn renew(&mut self) -> Result<(), Error> {
        if self.ready {
            self.discard();
        }
        self.take_place()
    }

    fn take_place(&mut self) -> Result<(), Error> {
        let doing = "taking the place of the producer before";
        let writer = match self.producer.take() {
            Some(writer) => writer,
            None => Writer::open(&self.config, &self.config.transactional(&self.id))?,
        };
        writer.serve();
        let done = writer.producer().init_transactions(SLICE);
        let Err(refusal) = done.map_err(Refusal::from) else {
            writer.take_trouble();
            self.producer = Some(writer);
            self.ready = true;
            return Ok(());
        };
        if refusal.way == Way::Again {
            return Err(match refusal.undecided(doing) {
                Error::Unknown(text) => {
                    self.producer = Some(writer);
                    Error::Retry(text)
                }
                error => error,
            });
        }
        Err(match refusal.rolled_back(doing) {
            // Another producer took the place meanwhile: a further call takes it back.
            Error::Abort(text) | Error::Fenced(text) => Error::Retry(text),
            error => error,
        })
    }

    fn discard(&mut self) {
        self.producer = None;
        self.ready = false;
        self.worn = false;
    }

    /// Writes a transaction and commits it. The claim is on the partitions of its offsets.
    pub(super) fn write(&mut self, transaction: &Transaction, claim: &Claim) -> Result<(), Error> {
        let offsets = self.topics.list_of(&transaction.progress)?;
        self.mend()?;
        if let Err(failure) = self.fill(transaction, &offsets, claim) {
            return Err(self.roll_back(failure));
        }
        let doing = "committing a transaction";
        let smooth = Instant::now();
        match self.until_decided(|producer| Ok(producer.commit_transaction(SLICE)?)) {
            Ok(()) => {
                // Then it took more than one request, or may have.
                self.worn |= smooth.elapsed() >= SLICE;
                Ok(())
            }
            Err(refusal) if refusal.way == Way::Abort => {
                let failure = Failure::Open(refusal.rolled_back(doing));
                let error = self.roll_back(failure);
                self.worn = true;
                Err(error)
            }
            Err(refusal) => {
                self.discard();
                Err(refusal.undecided(doing))
            }
        }
    }

    /// Replaces a producer that is not as good as new, or that is not there.
    fn mend(&mut self) -> Result<(), Error> {
        if let Some(writer) = &self.producer {
            writer.serve();
            self.worn |= self.ready && writer.take_trouble();
        }
        if self.worn {
            self.discard();
        }
        let deadline = Instant::now() + self.config.transaction_timeout;
        while !self.ready {
            match self.take_place() {
                Err(Error::Retry(text)) if self.is_over(deadline) => {
                    return Err(Error::Abort(text));
                }
                Err(Error::Retry(_)) => std::thread::sleep(ROUND),
                other => other?,
            }
        }
        Ok(())
    }

    /// Everything up to the commit.
    fn fill(
        &mut self,
        transaction: &Transaction,
        offsets: &TopicPartitionList,
        claim: &Claim,
    ) -> Result<(), Failure> {
        let doing = "beginning a transaction";
        let Some(writer) = &mut self.producer else {
            return Err(Error::Abort(format!("{doing}: there is no producer")).into());
        };
        let begun = writer.producer().begin_transaction();
        begun.map_err(|error| Failure::of(&error.into(), doing))?;
        // The brokers are told of a partition with its first record, and may ask for patience while
        // they end the transaction before: that is shortest here.
        for record in &transaction.outputs {
            writer.send(record)?;
        }
        for change in &transaction.changes {
            writer.send_change(change)?;
        }
        writer.drain()?;
        let doing = "adding offsets to a transaction";
        let (_, standing) = membership::standing(&self.member, claim, doing)?;
        let wait = self.config.transaction_timeout;
        writer.take_trouble();
        ffi::send_offsets(writer.client(), offsets, &standing, wait)
            .map_err(|refusal| Failure::of(&refusal, doing))
    }

    /// Takes a transaction back that was not asked to be committed, or was refused to be.
    fn roll_back(&mut self, failure: Failure) -> Error {
        let doing = "rolling a transaction back";
        let Some(writer) = &mut self.producer else {
            return failure.into();
        };
        // What is in flight must be answered first: a broker that hears of the end of a transaction
        // before its beginning puts the producer out of work. Why it failed is known already.
        drop(writer.drain());
        if let Some((code, reason)) = writer.client().fatal_error() {
            self.discard();
            return errors::undecided(code, &reason);
        }
        match failure {
            Failure::Dead(error) => {
                self.discard();
                error
            }
            Failure::Open(error) => {
                match self.until_decided(|producer| Ok(producer.abort_transaction(SLICE)?)) {
                    Ok(()) => error,
                    Err(refusal) => {
                        self.discard();
                        refusal.undecided(&format!("{error}; {doing}"))
                    }
                }
            }
        }
    }

    /// Repeats a call that ends a transaction until it is answered, for as long as the brokers
    /// would let the transaction stay open.
    fn until_decided(
        &mut self,
        end: impl Fn(&BaseProducer<Deliveries>) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let deadline = Instant::now() + self.config.transaction_timeout + SLICE;
        loop {
            let Some(writer) = &self.producer else {
                return Ok(());
            };
            let Err(refusal) = end(writer.producer()) else {
                return Ok(());
            };
            if refusal.way != Way::Again || self.is_over(deadline) {
                return Err(refusal);
            }
            writer.serve();
            self.worn = true;
            std::thread::sleep(ROUND);
        }
    }

    fn is_over(&self, deadline: Instant) -> bool {
        Instant::now() >= deadline || self.stop.load(Ordering::Relaxed)
    }
}

/// Why a transaction came to no commit.
enum Failure {
    /// It can be rolled back.
    Open(Error),
    /// Its producer is dead.
    Dead(Error),
}

impl Failure {
    fn of(refusal: &Refusal, doing: &str) -> Self {
        match refusal.way {
            Way::Again | Way::Abort => Self::Open(refusal.rolled_back(doing)),
            Way::Dead => Self::Dead(refusal.undecided(doing)),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Retry(text) => Self::Open(Error::Abort(text)),
            error => Self::Open(error),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Open(error) | Failure::Dead(error) => error,
        }
    }
}

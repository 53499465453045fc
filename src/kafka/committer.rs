//! Outputs, changes and offsets, written together on a thread of their own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use super::config::KafkaConfig;
use super::consumer::KafkaInput;
use super::in_order::InOrder;
use super::membership::{Claim, Member};
use super::reaper::{Joined, Reaped};
use super::transactional::Transactional;
use crate::runtime::{Committer, Error, Transaction};

/// How long a call may wait for the thread to renew its producer. The thread's own call is over
/// sooner, unless the machine is slow.
const RENEWAL_PATIENCE: Duration = Duration::from_millis(1_500);

/// How often the producer is served while there is nothing to write.
const CHORES: Duration = Duration::from_millis(100);

/// The producer of one worker, which writes on behalf of a member of the group.
///
/// With a [`transactional_id`](KafkaConfig::transactional_id) a transaction is one of the brokers';
/// without, its parts are written one after the other: outputs, changes, offsets, each when the one
/// before is safe. Then what was written of a transaction that failed can be read, and
/// [`renew`](Committer::renew) does nothing.
///
/// Dropping it gives up a transaction that is not decided, and takes ten seconds at most.
pub struct KafkaCommitter {
    commands: Sender<Command>,
    renewals: Receiver<Result<(), Error>>,
    outcomes: Receiver<Result<(), Error>>,
    member: Weak<Member>,
    renewing: bool,
    stop: Arc<AtomicBool>,
    // Behind the channel of commands: the thread ends when that is gone.
    _thread: Reaped<Joined>,
}

enum Command {
    Renew,
    Write(Transaction, Option<Claim>),
}

impl KafkaCommitter {
    /// A committer for the member that `input` is, of the same configuration. Its producer connects
    /// with the first call.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if a setting is refused or there is no thread to be had.
    pub fn open(config: &KafkaConfig, input: &KafkaInput) -> Result<Self, Error> {
        config.check()?;
        let stop = Arc::new(AtomicBool::new(false));
        let member = input.member();
        let mut delivery = match &config.transactional_id {
            Some(id) => Delivery::ExactlyOnce(Box::new(Transactional::new(
                config,
                id,
                Weak::clone(&member),
                Arc::clone(&stop),
            )?)),
            None => Delivery::AtLeastOnce(InOrder::new(config, Weak::clone(&member))?),
        };
        let (commands, commanded) = mpsc::channel();
        let (renewed, renewals) = mpsc::channel();
        let (decided, outcomes) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || delivery.serve(&commanded, &renewed, &decided))
            .map_err(|error| Error::Fatal(format!("starting the committer's thread: {error}")))?;
        Ok(Self {
            commands,
            renewals,
            outcomes,
            member,
            renewing: false,
            stop,
            _thread: Reaped::new(Joined::new(thread), "committer"),
        })
    }
}

impl Committer for KafkaCommitter {
    fn renew(&mut self) -> Result<(), Error> {
        if !self.renewing {
            self.commands.send(Command::Renew).map_err(|_| ended())?;
            self.renewing = true;
        }
        let renewed = match self.renewals.recv_timeout(RENEWAL_PATIENCE) {
            Ok(renewed) => renewed,
            Err(RecvTimeoutError::Timeout) => {
                let text = "the producer is busy with the transaction before";
                return Err(Error::Retry(text.to_owned()));
            }
            Err(RecvTimeoutError::Disconnected) => Err(ended()),
        };
        self.renewing = false;
        renewed
    }

    fn submit(&mut self, transaction: Transaction) {
        let claim = self.member.upgrade().and_then(|member| {
            let progress = transaction.progress.iter();
            member.tenures.claim(progress.map(|part| part.source))
        });
        // A thread that has ended is told of by the outcome.
        drop(self.commands.send(Command::Write(transaction, claim)));
    }

    fn outcome(&mut self, wait: Duration) -> Option<Result<(), Error>> {
        match self.outcomes.recv_timeout(wait) {
            Ok(outcome) => Some(outcome),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(ended())),
        }
    }
}

impl Drop for KafkaCommitter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn ended() -> Error {
    Error::Fatal("the committer's thread has ended".to_owned())
}

/// How transactions are written.
enum Delivery {
    ExactlyOnce(Box<Transactional>),
    AtLeastOnce(InOrder),
}

impl Delivery {
    /// Does what it is told until nobody can tell it any more.
    fn serve(
        &mut self,
        commanded: &Receiver<Command>,
        renewed: &Sender<Result<(), Error>>,
        decided: &Sender<Result<(), Error>>,
    ) {
        loop {
            // Nobody who listens any more is noticed by the next receive.
            match commanded.recv_timeout(CHORES) {
                Ok(Command::Renew) => drop(renewed.send(self.renew())),
                Ok(Command::Write(transaction, claim)) => {
                    drop(decided.send(self.write(&transaction, claim.as_ref())));
                }
                Err(RecvTimeoutError::Timeout) => self.idle(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn renew(&mut self) -> Result<(), Error> {
        match self {
            Self::ExactlyOnce(delivery) => delivery.renew(),
            Self::AtLeastOnce(_) => Ok(()),
        }
    }

    fn write(&mut self, transaction: &Transaction, claim: Option<&Claim>) -> Result<(), Error> {
        let Some(claim) = claim else {
            let text = "committing: a partition is not ours to commit";
            return Err(Error::Abort(text.to_owned()));
        };
        match self {
            Self::ExactlyOnce(delivery) => delivery.write(transaction, claim),
            Self::AtLeastOnce(delivery) => delivery.write(transaction, claim),
        }
    }

    fn idle(&self) {
        match self {
            Self::ExactlyOnce(delivery) => delivery.idle(),
            Self::AtLeastOnce(delivery) => delivery.idle(),
        }
    }
}

//! Writing at least once: an idempotent producer and the offsets of a member.

use std::sync::Weak;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::config::KafkaConfig;
use super::membership::{self, Claim, Member};
use super::topics::Topics;
use super::writer::Writer;
use super::{errors, ffi};
use crate::runtime::{Error, Transaction};

/// How long the coordinator may take to store offsets.
const PATIENCE: Duration = Duration::from_secs(2);

/// Writes transactions part after part, each when the one before is safe, so that what is stored
/// always has its effects before it. What was written of one that failed stays.
pub(super) struct InOrder {
    topics: Topics,
    member: Weak<Member>,
    writer: Writer,
}

impl InOrder {
    pub(super) fn new(config: &KafkaConfig, member: Weak<Member>) -> Result<Self, Error> {
        Ok(Self {
            topics: Topics::new(&config.inputs),
            member,
            writer: Writer::open(config, &config.producer())?,
        })
    }

    /// Serves the producer while there is nothing to write.
    pub(super) fn idle(&self) {
        self.writer.serve();
    }

    /// Writes a transaction. The claim is on the partitions of its offsets.
    pub(super) fn write(&mut self, transaction: &Transaction, claim: &Claim) -> Result<(), Error> {
        let offsets = self.topics.list_of(&transaction.progress)?;
        let written = self.write_records(transaction);
        // What failed is not tried again from here.
        written.map_err(|error| match error {
            Error::Retry(text) => Error::Abort(text),
            error => error,
        })?;
        let doing = "committing input offsets";
        let (member, _) = membership::standing(&self.member, claim, doing)?;
        let client = member.consumer.client();
        let Err(code) = ffi::commit(client, &offsets, PATIENCE) else {
            return Ok(());
        };
        Err(match client.fatal_error() {
            Some((fatal, _)) => errors::sort_code(fatal, doing),
            None => match errors::sort(&KafkaError::ConsumerCommit(code), doing) {
                Error::Retry(text) if is_silence(code) => Error::Unknown(text),
                Error::Retry(text) => Error::Abort(text),
                error => error,
            },
        })
    }

    fn write_records(&mut self, transaction: &Transaction) -> Result<(), Error> {
        for record in &transaction.outputs {
            self.writer.send(record)?;
        }
        self.writer.drain()?;
        for change in &transaction.changes {
            self.writer.send_change(change)?;
        }
        self.writer.drain()
    }
}

/// Whether the coordinator may have done what it was asked.
const fn is_silence(code: RDKafkaErrorCode) -> bool {
    errors::is_connection_trouble(code)
}

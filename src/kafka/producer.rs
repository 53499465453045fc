//! An idempotent producer of the output topics.

use super::config::KafkaConfig;
use super::writer::Writer;
use crate::runtime::{Error, OutputRecord};

/// The output topics of a Kafka cluster.
///
/// Dropping it gives up what was not flushed.
pub struct KafkaOutput(Writer);

impl KafkaOutput {
    /// A producer; it connects with the first record.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if a setting is refused.
    pub fn open(config: &KafkaConfig) -> Result<Self, Error> {
        config.check()?;
        Writer::open(config, &config.producer()).map(Self)
    }

    /// Queues a record. Blocks while the queue is full.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if the record can never be sent, [`Error::Fatal`] if its output has no
    /// topic or the producer is dead.
    pub fn send(&mut self, record: &OutputRecord) -> Result<(), Error> {
        self.0.send(record)
    }

    /// Waits until everything sent is acknowledged.
    ///
    /// # Errors
    ///
    /// [`Error::Abort`] if something sent since the last flush was not written,
    /// [`Error::TooLarge`] if it was refused for its size, [`Error::Fatal`] if the producer is
    /// dead. A failure is told once.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.0.drain()
    }
}

//! An idempotent producer of the output topics.

use super::config::KafkaConfig;
use super::writer::Writer;
use crate::runtime::{Error, OutputLog, OutputRecord};

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
}

impl OutputLog for KafkaOutput {
    fn send(&mut self, record: OutputRecord) -> Result<(), Error> {
        self.0.send(&record)
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.0.drain()
    }
}

//! A broker inside the process, for the demo: nothing has to be installed.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::log::{LogBridge, LogOnly};
use super::reaper::Reaped;
use super::{errors, ffi};
use crate::runtime::Error;

/// librdkafka's mock cluster with one broker: the real protocol over the loopback interface.
///
/// It is made for tests, and its limits show:
///
/// - it keeps about 5 MiB a partition, in memory, and drops the oldest; a reader that falls
///   behind fails, and nothing survives the process;
/// - transactions are not isolated, so results are at least once;
/// - topics exist from the start, the admin protocol is not spoken;
/// - nothing is compacted, encrypted or authenticated.
///
/// Dropping it ends the broker; its clients should be gone by then.
pub struct EmbeddedBroker {
    // The broker lives as long as the client.
    _client: Reaped<BaseConsumer<LogOnly>>,
    bootstrap_servers: String,
}

impl EmbeddedBroker {
    /// Starts a broker with these topics and their numbers of partitions.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if it cannot listen or a topic is refused.
    pub fn start(topics: &[(&str, u32)]) -> Result<Self, Error> {
        let doing = "starting the embedded broker";
        let mut config = ClientConfig::new();
        config.set("test.mock.num.brokers", "1");
        // Nobody reads the log of a client that only holds the broker.
        config.set_log_level(RDKafkaLogLevel::Emerg);
        let context = LogOnly(LogBridge::new("embedded"));
        let client = BaseConsumer::from_config_and_context(&config, context)
            .map_err(|error| errors::sort(&error, doing))?;
        let client = Reaped::new(client, "embedded");
        // A group of one need not wait for others.
        ffi::set_mock_rebalance_delay(client.client(), Duration::ZERO);
        let Some(cluster) = client.client().mock_cluster() else {
            return Err(Error::Fatal(format!("{doing}: there is no mock cluster")));
        };
        for (name, partitions) in topics {
            let partitions = i32::try_from(*partitions)
                .map_err(|_| Error::Fatal(format!("{doing}: no topic is as large as {name}")))?;
            cluster
                .create_topic(name, partitions, 1)
                .map_err(|error| errors::sort(&error, &format!("{doing}: topic {name}")))?;
        }
        let bootstrap_servers = cluster.bootstrap_servers();
        drop(cluster);
        Ok(Self {
            _client: client,
            bootstrap_servers,
        })
    }

    /// Where it listens, as the bootstrap servers of a configuration.
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }
}

//! What an operator can see of a world's changelog, and do to it.

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::world::{KafkaWorld, WAIT, fresh_name, isolated, reader};

impl KafkaWorld {
    /// Somebody who sees which transactions are open.
    pub(crate) fn onlooker(&self) -> Onlooker {
        Onlooker {
            committed: reader(&self.config, &fresh_name()),
            all: isolated(&self.config, &fresh_name(), "read_uncommitted"),
            topic: self.changes().to_owned(),
        }
    }

    /// Deletes every record of the changelog, as an operator would.
    pub(crate) fn truncate_changes(&self) {
        let admin = self.operator();
        let options = AdminOptions::new();
        // Brokers refuse to delete records of a topic that is only compacted.
        self.set_policy("compact,delete");
        let mut ends = TopicPartitionList::new();
        for partition in 0..i32::try_from(self.specs[0].partitions).unwrap() {
            ends.add_partition_offset(self.changes(), partition, Offset::End)
                .unwrap();
        }
        // The broker hears of the policy a little later than it has answered.
        loop {
            let deleted = block_on(admin.delete_records(&ends, &options)).unwrap();
            let parts = deleted.elements();
            let refused = parts.iter().filter_map(|part| part.error().err());
            let codes: Vec<_> = refused.map(|error| error.rdkafka_error_code()).collect();
            if codes.is_empty() {
                break;
            }
            let early = Some(RDKafkaErrorCode::PolicyViolation);
            assert!(codes.iter().all(|code| *code == early), "{codes:?}");
        }
        // A process would refuse the other policy before it looks into the topic.
        self.set_policy("compact");
    }

    fn set_policy(&self, policy: &str) {
        let topic = ResourceSpecifier::Topic(self.changes());
        let policies = [AlterConfig::new(topic).set("cleanup.policy", policy)];
        let (admin, options) = (self.operator(), AdminOptions::new());
        let altered = block_on(admin.alter_configs(&policies, &options));
        assert!(altered.unwrap().iter().all(Result::is_ok));
    }

    /// Deletes the changelog.
    pub(crate) fn delete_changes(&self) {
        let deleting = self.operator();
        let deleted = deleting.delete_topics(&[self.changes()], &AdminOptions::new());
        assert!(block_on(deleted).unwrap().iter().all(Result::is_ok));
    }

    fn operator(&self) -> AdminClient<DefaultClientContext> {
        let mut settings = ClientConfig::new();
        settings.set("bootstrap.servers", &self.config.bootstrap_servers);
        settings.create().unwrap()
    }
}

/// Sees where the changelog's open transactions begin.
pub(crate) struct Onlooker {
    committed: BaseConsumer,
    all: BaseConsumer,
    topic: String,
}

impl Onlooker {
    /// Where the first open transaction of a partition of the changelog begins, if one is open.
    pub(crate) fn open(&self, partition: u32) -> Option<i64> {
        let partition = i32::try_from(partition).unwrap();
        // To one reader a partition ends where nothing is undecided, to the other where it ends.
        let end = |reader: &BaseConsumer| {
            let bounds = reader.fetch_watermarks(&self.topic, partition, WAIT).ok();
            bounds.map(|(_, end)| end)
        };
        let (decided, all) = (end(&self.committed)?, end(&self.all)?);
        (decided < all).then_some(decided)
    }
}

/// Waits for an answer to the operator.
fn block_on<F: Future>(answer: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(answer)
}

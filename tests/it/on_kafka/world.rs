//! Topics and a group of their own on the broker that the tests share.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use wayfarer::domain::EventTime;
use wayfarer::kafka::{Admin, KafkaChangelog, KafkaCommitter, KafkaConfig, KafkaInput, TopicSpec};
use wayfarer::runtime::{Change, OutputTopic};

use crate::contract::{Entry, Foreign, Transactions, World};
use crate::support::broker::{self, Broker};

pub(super) const WAIT: Duration = Duration::from_secs(60);
/// The most bytes that the writer sends in one record; what a topic takes is the topic's matter.
const WRITE_MAX: &str = "16000000";
const OUTPUT_PARTITIONS: u32 = 3;

/// Names that nobody else uses on the broker.
pub(crate) struct KafkaWorld {
    pub(crate) config: KafkaConfig,
    pub(crate) specs: Vec<TopicSpec>,
    writer: BaseProducer,
}

impl KafkaWorld {
    /// A world on this broker.
    pub(crate) fn on(broker: &Broker, partitions: u32) -> Self {
        Self::taking(broker, partitions, &[])
    }

    /// A world on this broker in which the topics whose names end so take records of so many bytes.
    pub(crate) fn taking(broker: &Broker, partitions: u32, sizes: &[(&str, u32)]) -> Self {
        let name = fresh_name();
        let mut config = broker::config(broker.bootstrap());
        config.group_id.clone_from(&name);
        config.inputs = vec![format!("{name}-input")];
        config.outputs = OutputTopic::ALL
            .map(|topic| (topic, format!("{name}.{}", topic.suffix())))
            .into();
        let changelog = format!("{name}.changelog");
        config.changelog = Some(changelog.clone());
        let admin = Admin::open(&config).unwrap();
        let spec = |topic: &String, count| TopicSpec {
            name: topic.clone(),
            partitions: count,
            replication: Some(1),
            settings: sizes
                .iter()
                .filter(|(suffix, _)| topic.ends_with(suffix))
                .map(|(_, bytes)| ("max.message.bytes".to_owned(), bytes.to_string()))
                .collect(),
        };
        let mut specs = vec![spec(&config.inputs[0], partitions)];
        specs.extend(config.outputs.values().map(|t| spec(t, OUTPUT_PARTITIONS)));
        let compact = ("cleanup.policy".to_owned(), "compact".to_owned());
        specs.push(TopicSpec {
            settings: [compact].into(),
            ..spec(&changelog, partitions)
        });
        assert_eq!(admin.create_topics(&specs).unwrap().len(), specs.len());
        await_leaders(&config, &specs);
        let writer = writer(&config, &[("message.max.bytes", WRITE_MAX)]);
        Self {
            config,
            specs,
            writer,
        }
    }

    pub(crate) fn input(&self) -> &str {
        &self.config.inputs[0]
    }

    /// The name of the changelog.
    pub(crate) fn changes(&self) -> &str {
        self.config.changelog.as_ref().unwrap()
    }

    /// Hands records for the input to the producer, each with its partition.
    pub(crate) fn hand_over(&self, records: &[(u32, Entry)]) {
        for (partition, entry) in records {
            send(&self.writer, self.input(), *partition, entry);
        }
        self.writer.poll(Duration::ZERO);
    }

    /// Waits until all that was handed over is written.
    pub(crate) fn flush(&self) {
        self.writer.flush(WAIT).unwrap();
    }
}

impl World for KafkaWorld {
    type Input = KafkaInput;
    type Foreign = Transaction;

    fn new(partitions: u32) -> Self {
        Self::on(broker::shared(), partitions)
    }

    fn join(&self) -> KafkaInput {
        KafkaInput::join(&self.config).unwrap()
    }

    fn append(&self, partition: u32, records: &[Entry]) {
        write(&self.writer, self.input(), partition, records);
    }

    fn append_undecided(&self, partition: u32, records: &[Entry]) -> Transaction {
        let transaction = self.begin();
        write(&transaction.0, self.input(), partition, records);
        transaction
    }

    fn committed(&self, partition: u32) -> Option<u64> {
        let reader = reader(&self.config, &self.config.group_id);
        let mut list = TopicPartitionList::new();
        list.add_partition(self.input(), i32::try_from(partition).unwrap());
        loop {
            let found = reader.committed_offsets(list.clone(), WAIT).unwrap();
            let element = &found.elements()[0];
            // A transaction counts as committed a little before its offsets do.
            let unstable = RDKafkaErrorCode::UnstableOffsetCommit;
            match element.error().map_err(|e| e.rdkafka_error_code()) {
                Err(Some(code)) if code == unstable => {}
                Err(error) => panic!("{error:?}"),
                Ok(()) => match element.offset() {
                    Offset::Offset(offset) => return Some(u64::try_from(offset).unwrap()),
                    _ => return None,
                },
            }
        }
    }

    fn read_back(&self, topic: OutputTopic) -> Vec<Vec<Entry>> {
        let topic = &self.config.outputs[&topic];
        self.read_topic(topic, OUTPUT_PARTITIONS)
    }
}

impl Transactions for KafkaWorld {
    type Committer = KafkaCommitter;
    type Changelog = KafkaChangelog;

    fn committer(&self, name: &str, input: &KafkaInput) -> KafkaCommitter {
        let mut config = self.config.clone();
        config.transactional_id = Some(format!("{}-{name}", config.group_id));
        KafkaCommitter::open(&config, input).unwrap()
    }

    fn changelog(&self) -> KafkaChangelog {
        KafkaChangelog::open(&self.config).unwrap()
    }

    fn change_undecided(&self, changes: &[Change]) -> Transaction {
        let transaction = self.begin();
        for change in changes {
            let entry = Entry {
                key: Some(change.key.clone()),
                value: change.value.clone(),
                ..Entry::default()
            };
            write(&transaction.0, self.changes(), change.partition, &[entry]);
        }
        transaction
    }

    fn store_undecided(&self, partition: u32, next: u64) -> Transaction {
        let transaction = self.begin();
        // One that never joined has no generation, and brokers believe that in a transaction.
        let stranger = reader(&self.config, &self.config.group_id);
        let mut list = TopicPartitionList::new();
        let offset = Offset::Offset(i64::try_from(next).unwrap());
        let partition = i32::try_from(partition).unwrap();
        list.add_partition_offset(self.input(), partition, offset)
            .unwrap();
        let metadata = stranger.group_metadata().unwrap();
        let producer = &transaction.0;
        producer
            .send_offsets_to_transaction(&list, &metadata, WAIT)
            .unwrap();
        transaction
    }
}

impl KafkaWorld {
    fn begin(&self) -> Transaction {
        let id = fresh_name();
        let producer = writer(&self.config, &[("transactional.id", &id)]);
        producer.init_transactions(WAIT).unwrap();
        producer.begin_transaction().unwrap();
        Transaction(producer)
    }

    /// Everything committed in a topic of so many partitions.
    pub(crate) fn read_topic(&self, topic: &str, partitions: u32) -> Vec<Vec<Entry>> {
        (0..partitions)
            .map(|partition| self.read_partition(topic, partition))
            .collect()
    }

    fn read_partition(&self, topic: &str, partition: u32) -> Vec<Entry> {
        let reader = reader(&self.config, &fresh_name());
        let partition = i32::try_from(partition).unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
        reader.assign(&list).unwrap();
        drop(list);
        let mut entries = Vec::new();
        loop {
            let message = match reader.poll(WAIT).expect("a record or the end") {
                Err(KafkaError::PartitionEOF(_)) => break,
                message => message.unwrap(),
            };
            let headers = message.headers().map_or_else(Vec::new, |headers| {
                let pairs = headers.iter();
                pairs
                    .map(|h| (h.key.to_owned(), h.value.unwrap().to_vec()))
                    .collect()
            });
            entries.push(Entry {
                key: message.key().map(<[u8]>::to_vec),
                value: message.payload().map(<[u8]>::to_vec),
                headers,
                timestamp: message.timestamp().to_millis().map(EventTime::from_millis),
            });
        }
        entries
    }
}

/// A transaction that waits for its end.
pub(crate) struct Transaction(BaseProducer);

impl Foreign for Transaction {
    fn commit(self) {
        self.0.commit_transaction(WAIT).unwrap();
    }

    fn abort(self) {
        // Everything was acknowledged, so there is nothing to be served meanwhile.
        self.0.abort_transaction(WAIT).unwrap();
    }
}

/// The broker answers for a new partition a little later than it has created it.
fn await_leaders(config: &KafkaConfig, specs: &[TopicSpec]) {
    let reader = reader(config, &fresh_name());
    for spec in specs {
        for partition in 0..i32::try_from(spec.partitions).unwrap() {
            while let Err(error) = reader.fetch_watermarks(&spec.name, partition, WAIT) {
                assert!(
                    matches!(
                        error.rdkafka_error_code(),
                        Some(
                            RDKafkaErrorCode::NotLeaderForPartition
                                | RDKafkaErrorCode::UnknownPartition
                                | RDKafkaErrorCode::UnknownTopicOrPartition
                        )
                    ),
                    "{error}"
                );
            }
        }
    }
}

fn write(producer: &BaseProducer, topic: &str, partition: u32, records: &[Entry]) {
    for entry in records {
        send(producer, topic, partition, entry);
    }
    producer.flush(WAIT).unwrap();
}

fn send(producer: &BaseProducer, topic: &str, partition: u32, entry: &Entry) {
    let mut record = BaseRecord::<[u8], [u8]>::to(topic);
    record.partition = Some(i32::try_from(partition).unwrap());
    record.key = entry.key.as_deref();
    record.payload = entry.value.as_deref();
    record.timestamp = entry.timestamp.map(EventTime::as_millis);
    let headers = entry
        .headers
        .iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header {
                key,
                value: Some(value),
            })
        });
    record.headers = Some(headers);
    producer.send(record).map_err(|(error, _)| error).unwrap();
}

fn writer(config: &KafkaConfig, more: &[(&str, &str)]) -> BaseProducer {
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", &config.bootstrap_servers)
        .set("enable.idempotence", "true")
        .set("linger.ms", "0")
        .set("reconnect.backoff.max.ms", "500");
    for (name, value) in more {
        settings.set(*name, *value);
    }
    settings.create().unwrap()
}

pub(super) fn reader(config: &KafkaConfig, group: &str) -> BaseConsumer {
    isolated(config, group, "read_committed")
}

pub(super) fn isolated(config: &KafkaConfig, group: &str, level: &str) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", &config.bootstrap_servers)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("isolation.level", level)
        .set("auto.offset.reset", "earliest")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "50")
        .create()
        .unwrap()
}

/// A name that no other test, run or process uses.
pub(crate) fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("t{}-{}-{count}", std::process::id(), now.as_millis())
}

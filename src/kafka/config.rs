//! Where the cluster is, and the settings that Wayfarer's promises rest on.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rdkafka::ClientConfig;

use super::refusal::Refusal;
use crate::runtime::{Error, OutputTopic};

/// What the Kafka adapters need to know.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaConfig {
    /// Brokers to ask for the rest of the cluster: `host:port`, separated by commas.
    pub bootstrap_servers: String,
    /// The consumer group; its members share the input partitions.
    pub group_id: String,
    /// The name under which the brokers' logs and quotas know this process.
    pub client_id: String,
    /// A name that survives restarts: with it, a member that comes back within the session
    /// timeout gets its partitions back without a rebalance. No two live members may share it.
    pub group_instance_id: Option<String>,
    /// How long the group waits for a member that is not heard of.
    pub session_timeout: Duration,
    /// The name by which the brokers know our transactions; no two live committers may share it.
    /// None writes without transactions, at least once.
    pub transactional_id: Option<String>,
    /// How long the brokers let a transaction of ours stay open, and how long a record may take to
    /// be written in one. Readers of committed records may have to wait so long after a crash.
    pub transaction_timeout: Duration,
    /// The input topics; the place in this list is a [`Source`](crate::runtime::Source)'s input.
    pub inputs: Vec<String>,
    /// The topics to write.
    pub outputs: BTreeMap<OutputTopic, String>,
    /// The topic that the state's changes are written to, with as many partitions as each input.
    pub changelog: Option<String>,
    /// Settings of librdkafka for every client: encryption and authentication belong here.
    pub librdkafka: BTreeMap<String, String>,
    /// Settings of librdkafka for consumers only.
    pub librdkafka_consumer: BTreeMap<String, String>,
    /// Settings of librdkafka for producers only.
    pub librdkafka_producer: BTreeMap<String, String>,
}

/// Hides the values of librdkafka's settings, among which are passwords.
impl fmt::Debug for KafkaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            &self.librdkafka,
            &self.librdkafka_consumer,
            &self.librdkafka_producer,
        ]
        .map(|settings| settings.keys().collect::<Vec<_>>());
        f.debug_struct("KafkaConfig")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .field("group_id", &self.group_id)
            .field("client_id", &self.client_id)
            .field("group_instance_id", &self.group_instance_id)
            .field("session_timeout", &self.session_timeout)
            .field("transactional_id", &self.transactional_id)
            .field("transaction_timeout", &self.transaction_timeout)
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .field("changelog", &self.changelog)
            .field("librdkafka", &names)
            .finish()
    }
}

/// A consumer that reads differently would break a promise, so [`Refusal`] names all of these.
const CONSUMER_FIXED: [(&str, &str); 7] = [
    // Offsets are committed when what was made of the records is durable, never by a timer.
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    // Touchpoints of aborted transactions never happened.
    ("isolation.level", "read_committed"),
    // A place that is no longer kept is a loss to be seen, not to be skipped.
    ("auto.offset.reset", "error"),
    // Partitions that stay are not taken away during a rebalance. All members must agree.
    ("partition.assignment.strategy", "cooperative-sticky"),
    // An end is proven by a probe and a position; the event names neither topic nor offset.
    ("enable.partition.eof", "false"),
    // Wayfarer never creates topics while running.
    ("allow.auto.create.topics", "false"),
];

const CONSUMER_DEFAULTS: [(&str, &str); 7] = [
    // Only a watchdog: polling never waits for the outputs longer than their timeout.
    ("max.poll.interval.ms", "300000"),
    // A broker answers a fetch at once when there is something; this bounds how long a resumed
    // partition waits behind a fetch that is under way.
    ("fetch.wait.max.ms", "50"),
    // The default of a second stalls a partition for as long whenever the queue was full.
    ("fetch.queue.backoff.ms", "10"),
    // Bounds memory, and keeps what was fetched in the caches.
    ("queued.max.messages.kbytes", "16384"),
    ("check.crcs", "true"),
    ("reconnect.backoff.max.ms", "2000"),
    ("socket.keepalive.enable", "true"),
];

/// What differs for a consumer that reads a whole changelog: it is quick when much is fetched at
/// once, and nothing else is read meanwhile.
const RESTORE_DEFAULTS: [(&str, &str); 4] = [
    ("fetch.message.max.bytes", "8388608"),
    ("fetch.max.bytes", "52428800"),
    ("queued.max.messages.kbytes", "131072"),
    ("fetch.wait.max.ms", "100"),
];

const PRODUCER_FIXED: [(&str, &str); 3] = [
    // A retried record is written once, in order; an acknowledged one survives a broker.
    ("enable.idempotence", "true"),
    ("acks", "all"),
    // The placement of Java clients, so that outputs can be joined by partition.
    ("partitioner", "murmur2_random"),
];

const PRODUCER_DEFAULTS: [(&str, &str); 7] = [
    ("compression.type", "lz4"),
    // Small batches would cost more than the wait.
    ("linger.ms", "5"),
    // Bounds memory: 64 MiB and about 200 bytes of overhead a record.
    ("queue.buffering.max.kbytes", "65536"),
    ("queue.buffering.max.messages", "500000"),
    // After this a flush gives up. It must stay below max.poll.interval.ms of the consumer, which
    // is not polled meanwhile.
    ("message.timeout.ms", "60000"),
    ("reconnect.backoff.max.ms", "2000"),
    ("socket.keepalive.enable", "true"),
];

/// What differs for a producer of transactions.
const TRANSACTION_DEFAULTS: [(&str, &str); 2] = [
    // The records of a transaction come at once, and nothing follows that could be waited for.
    ("linger.ms", "1"),
    // A coordinator that still writes the marks of the transaction before says "not yet"; the
    // default would wait a tenth of a second.
    ("retry.backoff.ms", "20"),
];

/// Other names that librdkafka has for settings which have a default here: of two names for one
/// setting, any could win.
const ALIASES: [(&str, &str); 4] = [
    ("compression.codec", "compression.type"),
    ("delivery.timeout.ms", "message.timeout.ms"),
    ("max.partition.fetch.bytes", "fetch.message.max.bytes"),
    ("queue.buffering.max.ms", "linger.ms"),
];

impl KafkaConfig {
    /// What is wrong with the configuration, each with its mend; empty if nothing is.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let required = [
            ("bootstrap servers", self.bootstrap_servers.is_empty()),
            ("consumer group", self.group_id.is_empty()),
            ("input topic", self.inputs.is_empty()),
        ];
        for (what, missing) in required {
            if missing {
                problems.push(format!("no {what} given: name one"));
            }
        }
        let passed = [
            &self.librdkafka,
            &self.librdkafka_consumer,
            &self.librdkafka_producer,
        ];
        for name in passed.into_iter().flat_map(BTreeMap::keys) {
            let problem = match Refusal::of(name) {
                Some(Refusal::Own(key)) => format!("has a setting of its own: use {key}"),
                Some(Refusal::Fixed(reason)) => format!("is fixed: {reason}; leave it out"),
                None => continue,
            };
            problems.push(format!("librdkafka setting {name} {problem}"));
        }
        problems
    }

    /// Fails with all problems in one message.
    pub(super) fn check(&self) -> Result<(), Error> {
        let problems = self.problems();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Fatal(problems.join("; ")))
        }
    }

    /// A member of the group.
    pub(super) fn member(&self) -> ClientConfig {
        let mut config = self.client(&CONSUMER_DEFAULTS, &self.librdkafka_consumer);
        set_all(&mut config, &CONSUMER_FIXED);
        let session = self.session_timeout.as_millis();
        config
            .set("group.id", &self.group_id)
            .set("session.timeout.ms", session.to_string());
        if config.get("heartbeat.interval.ms").is_none() {
            // Two heartbeats may get lost. A rebalance is noticed by a heartbeat, too.
            let interval = (session / 3).clamp(1, 3_000);
            config.set("heartbeat.interval.ms", interval.to_string());
        }
        if let Some(instance) = &self.group_instance_id {
            config.set("group.instance.id", instance);
        }
        config
    }

    /// A consumer outside of any group that sees the same records as a member.
    pub(super) fn onlooker(&self) -> ClientConfig {
        let mut config = self.client(&CONSUMER_DEFAULTS, &self.librdkafka_consumer);
        set_all(&mut config, &CONSUMER_FIXED);
        config.remove("max.poll.interval.ms");
        config
    }

    /// An idempotent producer.
    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = self.client(&PRODUCER_DEFAULTS, &self.librdkafka_producer);
        set_all(&mut config, &PRODUCER_FIXED);
        config
    }

    /// A producer of transactions of this name.
    pub(super) fn transactional(&self, id: &str) -> ClientConfig {
        let defaults = [&PRODUCER_DEFAULTS[..], &TRANSACTION_DEFAULTS].concat();
        let mut config = self.client(&defaults, &self.librdkafka_producer);
        set_all(&mut config, &PRODUCER_FIXED);
        let timeout = self.transaction_timeout.as_millis();
        // A record that arrived after its transaction was given up would be refused.
        let message = config.get("message.timeout.ms");
        let message = message.and_then(|millis| millis.parse().ok());
        let message = timeout.min(message.unwrap_or(timeout));
        config
            .set("transactional.id", id)
            .set("transaction.timeout.ms", timeout.to_string())
            .set("message.timeout.ms", message.to_string());
        config
    }

    /// A consumer outside of any group that reads a whole changelog.
    pub(super) fn restorer(&self) -> ClientConfig {
        let defaults = [&CONSUMER_DEFAULTS[..], &RESTORE_DEFAULTS].concat();
        let mut config = self.client(&defaults, &self.librdkafka_consumer);
        set_all(&mut config, &CONSUMER_FIXED);
        // librdkafka reads nothing without the name of a group. It never joins it.
        config.set("group.id", &self.group_id);
        config
    }

    /// A consumer outside of any group that also sees what is not committed yet.
    pub(super) fn auditor(&self) -> ClientConfig {
        let mut config = self.onlooker();
        config.set("isolation.level", "read_uncommitted");
        config
    }

    /// A client that only administers.
    pub(super) fn admin(&self) -> ClientConfig {
        self.client(&[], &BTreeMap::new())
    }

    fn client(&self, defaults: &[(&str, &str)], chosen: &BTreeMap<String, String>) -> ClientConfig {
        let mut config = ClientConfig::new();
        set_all(&mut config, defaults);
        for (name, value) in self.librdkafka.iter().chain(chosen) {
            let alias = ALIASES.iter().find(|(alias, _)| alias == name);
            config.set(alias.map_or(name.as_str(), |(_, name)| name), value);
        }
        config
            .set("bootstrap.servers", &self.bootstrap_servers)
            .set("client.id", &self.client_id);
        config
    }
}

fn set_all(config: &mut ClientConfig, settings: &[(&str, &str)]) {
    for (name, value) in settings {
        config.set(*name, *value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn config() -> KafkaConfig {
        KafkaConfig {
            bootstrap_servers: "localhost:9092".into(),
            group_id: "wayfarer".into(),
            client_id: "wayfarer".into(),
            group_instance_id: None,
            session_timeout: Duration::from_secs(30),
            transactional_id: None,
            transaction_timeout: Duration::from_secs(10),
            inputs: vec!["touchpoints".into()],
            outputs: BTreeMap::new(),
            changelog: None,
            librdkafka: BTreeMap::new(),
            librdkafka_consumer: BTreeMap::new(),
            librdkafka_producer: BTreeMap::new(),
        }
    }

    #[test]
    fn a_setting_that_a_promise_rests_on_cannot_be_changed() {
        let mut config = config();
        assert_eq!(config.problems(), Vec::<String>::new());
        config
            .librdkafka_consumer
            .insert("isolation.level".into(), "read_uncommitted".into());
        config
            .librdkafka_producer
            .insert("request.required.acks".into(), "1".into());
        let problems = config.problems();
        assert_eq!(problems.len(), 2);
        assert!(problems[0].contains("isolation.level is fixed"));
        assert!(matches!(config.check(), Err(Error::Fatal(_))));
    }

    #[test]
    fn whatever_is_set_for_good_is_refused() {
        let fixed = CONSUMER_FIXED.iter().chain(&PRODUCER_FIXED);
        for (name, _) in fixed {
            assert!(
                matches!(Refusal::of(name), Some(Refusal::Fixed(_))),
                "{name}"
            );
        }
    }

    #[test]
    fn settings_passed_through_win_over_defaults_and_reach_their_clients() {
        let mut config = config();
        config
            .librdkafka
            .insert("security.protocol".into(), "ssl".into());
        config
            .librdkafka_producer
            .insert("linger.ms".into(), "0".into());
        let producer = config.producer();
        assert_eq!(producer.get("linger.ms"), Some("0"));
        assert_eq!(producer.get("acks"), Some("all"));
        for client in [config.member(), config.onlooker(), config.admin(), producer] {
            assert_eq!(client.get("security.protocol"), Some("ssl"));
        }
        assert_eq!(config.member().get("linger.ms"), None);
    }

    #[test]
    fn a_setting_wins_over_our_default_by_whatever_name() {
        let mut config = config();
        for (alias, _) in ALIASES {
            config.librdkafka.insert(alias.into(), "7".into());
        }
        let clients = [config.transactional("one"), config.restorer()];
        for (alias, name) in ALIASES {
            assert!(clients.iter().all(|client| client.get(alias).is_none()));
            assert!(clients.iter().all(|client| client.get(name) == Some("7")));
        }
    }

    #[test]
    fn no_record_outlives_its_transaction() {
        let mut config = config();
        let timeout = |config: &KafkaConfig| {
            let settings = config.transactional("one");
            settings.get("message.timeout.ms").map(str::to_owned)
        };
        assert_eq!(timeout(&config).as_deref(), Some("10000"));
        let mut choose = |millis: &str| {
            let name = "message.timeout.ms".to_owned();
            config.librdkafka_producer.insert(name, millis.to_owned());
            timeout(&config)
        };
        assert_eq!(choose("1000").as_deref(), Some("1000"));
        assert_eq!(choose("20000").as_deref(), Some("10000"));
        assert_eq!(
            config.producer().get("message.timeout.ms"),
            Some("20000"),
            "without transactions it may be longer"
        );
    }

    #[test]
    fn passwords_are_not_shown() {
        let mut config = config();
        config
            .librdkafka
            .insert("sasl.password".into(), "hunter2".into());
        let shown = format!("{config:?}");
        assert!(shown.contains("sasl.password") && !shown.contains("hunter2"));
    }

    #[test]
    fn a_member_sends_three_heartbeats_in_a_session() {
        let mut config = config();
        config.session_timeout = Duration::from_secs(6);
        assert_eq!(config.member().get("heartbeat.interval.ms"), Some("2000"));
        config.session_timeout = Duration::from_secs(45);
        assert_eq!(config.member().get("heartbeat.interval.ms"), Some("3000"));
    }
}

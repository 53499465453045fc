//! The config as plain values, with the defaults of everything that may be left out.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use super::mapping::Mapping;
use super::setting::words;
use crate::domain::{Bounds, Millis};

/// Everything that can be set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// The name of this pipeline: prefix of its topics and default of its group and client ids.
    pub app: String,
    /// The maps in order, as the config names them.
    pub maps: Vec<MapSource>,
    /// The topics to read; at least one.
    pub inputs: Vec<Input>,
    /// The topics to write.
    pub outputs: Outputs,
    /// How event time is judged.
    pub time: Time,
    /// How to reach Kafka.
    pub kafka: Kafka,
    /// Threads that read, each with its own consumer and producer; 1 to 256.
    pub workers: u16,
    /// How often what was read is committed.
    pub commit_interval: Millis,
    /// What is promised of outputs and state.
    pub delivery: Delivery,
    /// Where the state is kept.
    pub state: State,
    /// How much is kept and taken.
    pub limits: Limits,
    /// Channels besides the usual ones.
    pub channels: Vec<String>,
    /// Touchpoint types besides the usual ones.
    pub types: Vec<String>,
    /// The further attributes of touchpoints that are kept; all others are dropped at the door.
    pub props: Vec<String>,
    /// Where metrics and probes are served.
    pub http: Http,
    /// How the log is written.
    pub log: Log,
}

impl Default for Config {
    /// What an empty file gives: the five stages over the topic `touchpoints` of a local broker.
    fn default() -> Self {
        let app = "wayfarer";
        Self {
            app: app.into(),
            maps: vec![MapSource::Named("builtin:five-stages".into())],
            inputs: vec![Input::default()],
            outputs: Outputs::of(app),
            time: Time::default(),
            kafka: Kafka::of(app),
            workers: 2,
            commit_interval: Millis::new(100),
            delivery: Delivery::ExactlyOnce,
            state: State::of(app),
            limits: Limits::default(),
            channels: Vec::new(),
            types: Vec::new(),
            props: Vec::new(),
            http: Http::default(),
            log: Log::default(),
        }
    }
}

/// Where a map is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MapSource {
    /// In a file, counted from the config's folder, or built in as `builtin:…`.
    Named(String),
    /// In the config itself.
    Inline,
}

/// A topic to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// Its name.
    pub topic: String,
    /// The format of its records.
    pub format: InputFormat,
    /// Which field is where; present exactly if the format is [`InputFormat::Mapped`].
    pub mapping: Option<Mapping>,
    /// What happens to late touchpoints.
    pub late: Late,
}

impl Default for Input {
    /// Wayfarer's own JSON from the topic `touchpoints`, late touchpoints applied.
    fn default() -> Self {
        Self {
            topic: "touchpoints".into(),
            format: InputFormat::Json,
            mapping: None,
            late: Late::Apply,
        }
    }
}

/// The format of an input's records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InputFormat {
    /// Wayfarer's JSON.
    Json,
    /// Wayfarer's protobuf.
    Protobuf,
    /// Any JSON, read by a mapping.
    Mapped,
}
words!(InputFormat { "json" => Json, "protobuf" => Protobuf, "mapped" => Mapped });

/// What happens to late touchpoints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Late {
    /// They are applied to the settled state, without reordering it.
    Apply,
    /// They go to the dead letters.
    Divert,
    /// They are counted and dropped.
    Drop,
}
words!(Late { "apply" => Apply, "divert" => Divert, "drop" => Drop });

/// The topics to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outputs {
    /// Stage transitions and their retractions.
    pub transitions: Output,
    /// Abandonment alerts, their retractions and recoveries.
    pub alerts: Output,
    /// Conversions and ended sessions.
    pub conversions: Output,
    /// KPI snapshots.
    pub kpis: Output,
    /// The topic of dead letters; they keep the bytes that were read.
    pub dlq: String,
}

impl Outputs {
    /// The topics of `app`, all in JSON.
    pub fn of(app: &str) -> Self {
        let output = |name: &str| Output {
            topic: format!("{app}.{name}"),
            format: OutputFormat::Json,
        };
        Self {
            transitions: output("transitions"),
            alerts: output("alerts"),
            conversions: output("conversions"),
            kpis: output("kpis"),
            dlq: format!("{app}.dlq"),
        }
    }
}

/// A topic to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// Its name.
    pub topic: String,
    /// The format of its records.
    pub format: OutputFormat,
}

/// The format of an output's records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutputFormat {
    /// JSON of the protobuf messages.
    Json,
    /// Protobuf.
    Protobuf,
}
words!(OutputFormat { "json" => Json, "protobuf" => Protobuf });

/// What is promised of outputs and state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// Outputs, state and offsets are one transaction.
    ExactlyOnce,
    /// After a crash some outputs are written again, under the same ids.
    AtLeastOnce,
}
words!(Delivery { "exactly_once" => ExactlyOnce, "at_least_once" => AtLeastOnce });

/// Where the state is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct State {
    /// The compacted topic that carries it from one owner to the next.
    pub changelog: String,
    /// What happens if it and the group's offsets do not tell the same.
    pub on_mismatch: Mismatch,
}

impl State {
    /// The changelog of `app`, and a stop where it does not agree with the offsets.
    pub fn of(app: &str) -> Self {
        Self {
            changelog: format!("{app}.changelog"),
            on_mismatch: Mismatch::Fail,
        }
    }
}

/// What happens if the changelog and the group's offsets do not tell the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mismatch {
    /// The process stops and says what it found.
    Fail,
    /// The state holds, and the input is read from where it stands.
    TrustChangelog,
    /// The input is read from the group's offsets, whatever the state.
    TrustGroup,
}
words!(Mismatch {
    "fail" => Fail,
    "trust_changelog" => TrustChangelog,
    "trust_group" => TrustGroup,
});

/// How event time is judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Time {
    /// How far behind the largest time a touchpoint may come and still be on time.
    pub disorder: Millis,
    /// How far ahead of its record's own time a touchpoint may be dated.
    pub max_future_skew: Millis,
    /// How long a partition must be silent, and proven read to its end, before its watermark
    /// follows the clock; none if it never does, as backfills need it.
    pub idle: Option<Millis>,
}

impl Default for Time {
    fn default() -> Self {
        Self {
            disorder: Millis::from_secs(30),
            max_future_skew: Millis::from_minutes(5),
            idle: Some(Millis::from_secs(10)),
        }
    }
}

/// How to reach Kafka.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kafka {
    /// Brokers to ask first, as `host:port`, separated by commas.
    pub bootstrap_servers: String,
    /// The consumer group.
    pub group_id: String,
    /// What this client calls itself in the brokers' logs and quotas.
    pub client_id: String,
    /// A name of this process that outlives it, so that a quick restart moves no partition.
    pub instance_id: Option<String>,
    /// Silence after which the group gives a member's partitions to others.
    pub session_timeout: Millis,
    /// After so long the brokers abort a transaction that was not ended; until then readers of the
    /// outputs wait for one that a killed process left open.
    pub transaction_timeout: Millis,
    /// Properties passed through to librdkafka.
    pub librdkafka: BTreeMap<String, Property>,
}

impl Kafka {
    /// A broker on this machine, and ids after `app`.
    pub fn of(app: &str) -> Self {
        Self {
            bootstrap_servers: "localhost:9092".into(),
            group_id: app.into(),
            client_id: app.into(),
            instance_id: None,
            session_timeout: Millis::from_secs(45),
            transaction_timeout: Millis::from_secs(10),
            librdkafka: BTreeMap::new(),
        }
    }
}

/// The value of a librdkafka property.
#[derive(Clone, PartialEq, Eq)]
pub struct Property {
    /// The value.
    pub value: String,
    /// Whether it must never be shown.
    pub secret: bool,
}

impl fmt::Debug for Property {
    /// Hides a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secret {
            super::effective::HIDDEN
        } else {
            &self.value
        })
    }
}

/// How much is kept and taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The largest record in bytes; a larger one is a dead letter.
    pub record_bytes: usize,
    /// What is kept for one customer.
    pub bounds: Bounds,
    /// The share of dead letters, in per cent, above which a partition stops rather than drain the
    /// topic into them.
    pub dead_letter_share: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record_bytes: 256 << 10,
            bounds: Bounds::default(),
            dead_letter_share: 50,
        }
    }
}

/// Where metrics and probes are served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Http {
    /// The address to listen at.
    pub listen: SocketAddr,
}

impl Default for Http {
    /// Port 9464 on all interfaces.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 9464)),
        }
    }
}

/// How the log is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Log {
    /// As text or as JSON.
    pub format: LogFormat,
    /// What is written: a level, or directives such as `info,wayfarer::kafka=debug`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            level: "info".into(),
        }
    }
}

/// The format of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// Text.
    Text,
    /// One JSON object a line.
    Json,
}
words!(LogFormat { "auto" => Auto, "text" => Text, "json" => Json });

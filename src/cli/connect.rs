//! From the config's values to what each room must be told.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::{self, Config, Field, From as FromPlace, InputFormat, Late, OutputFormat};
use crate::domain::Millis;
use crate::kafka::KafkaConfig;
use crate::runtime::{InputConfig, LatePolicy, OutputTopic, WorkerConfig};
use crate::wire::output::{Encoding, Encodings};
use crate::wire::touchpoint::{DecodeOptions, Format, Mapping, MoneyUnit, Origin, TimeFormat};

/// How often KPI snapshots are written.
const KPI_INTERVAL: Duration = Duration::from_secs(10);

/// What the workers are told.
pub(super) fn worker(config: &Config) -> WorkerConfig {
    WorkerConfig {
        app: config.app.clone(),
        inputs: config.inputs.iter().map(input).collect(),
        decode: decode(config),
        encodings: encodings(&config.outputs),
        commit_interval: duration(config.commit_interval),
        kpi_interval: KPI_INTERVAL,
        idle: config.time.idle.map(duration),
        max_future_skew: config.time.max_future_skew,
        dead_letter_percent: config.limits.dead_letter_share,
    }
}

/// What the demo's workers are told: KPI snapshots come every second.
pub(super) fn demo_worker(config: &Config) -> WorkerConfig {
    WorkerConfig {
        kpi_interval: Duration::from_secs(1),
        ..worker(config)
    }
}

/// What decoding may take in.
pub(super) fn decode(config: &Config) -> DecodeOptions {
    DecodeOptions {
        props: config
            .props
            .iter()
            .map(|name| name.as_str().into())
            .collect(),
        max_bytes: config.limits.record_bytes,
    }
}

/// What the Kafka adapters of worker `number` are told.
pub(super) fn kafka(config: &Config, number: u16) -> KafkaConfig {
    let properties = &config.kafka.librdkafka;
    let outputs = &config.outputs;
    KafkaConfig {
        bootstrap_servers: config.kafka.bootstrap_servers.clone(),
        group_id: config.kafka.group_id.clone(),
        client_id: config.kafka.client_id.clone(),
        // Every worker is a member of its own.
        group_instance_id: config
            .kafka
            .instance_id
            .as_ref()
            .map(|id| format!("{id}-{number}")),
        session_timeout: duration(config.kafka.session_timeout),
        transactional_id: None,
        transaction_timeout: Duration::from_secs(10),
        inputs: config
            .inputs
            .iter()
            .map(|input| input.topic.clone())
            .collect(),
        outputs: BTreeMap::from([
            (OutputTopic::Transitions, outputs.transitions.topic.clone()),
            (OutputTopic::Alerts, outputs.alerts.topic.clone()),
            (OutputTopic::Conversions, outputs.conversions.topic.clone()),
            (OutputTopic::Kpis, outputs.kpis.topic.clone()),
            (OutputTopic::DeadLetters, outputs.dlq.clone()),
        ]),
        changelog: None,
        librdkafka: properties
            .iter()
            .map(|(name, property)| (name.clone(), property.value.clone()))
            .collect(),
        librdkafka_consumer: BTreeMap::new(),
        librdkafka_producer: BTreeMap::new(),
    }
}

fn input(input: &config::Input) -> InputConfig {
    let format = match (input.format, &input.mapping) {
        (InputFormat::Mapped, Some(table)) => Format::Mapped(Box::new(mapping(table))),
        (InputFormat::Protobuf, _) => Format::Protobuf,
        (InputFormat::Json | InputFormat::Mapped, _) => Format::Json,
    };
    let late = match input.late {
        Late::Apply => LatePolicy::Apply,
        Late::Divert => LatePolicy::Divert,
        Late::Drop => LatePolicy::Drop,
    };
    InputConfig {
        topic: input.topic.clone(),
        format,
        late,
    }
}

fn encodings(outputs: &config::Outputs) -> Encodings {
    let encoding = |output: &config::Output| match output.format {
        OutputFormat::Json => Encoding::Json,
        OutputFormat::Protobuf => Encoding::Protobuf,
    };
    Encodings {
        transitions: encoding(&outputs.transitions),
        alerts: encoding(&outputs.alerts),
        conversions: encoding(&outputs.conversions),
        kpis: encoding(&outputs.kpis),
    }
}

/// The wire's table for a mapping of the config.
pub(super) fn mapping(table: &config::Mapping) -> Mapping {
    let origin = |place: &FromPlace| match place {
        FromPlace::Path(keys) => Origin::Path(keys.join(".").into()),
        FromPlace::Constant(text) => Origin::Constant(text.as_str().into()),
    };
    let field = |field: Field| table.fields.get(&field).map(origin);
    let renamed = |names: &BTreeMap<String, String>| {
        names
            .iter()
            .map(|(from, to)| (from.as_str().into(), to.as_str().into()))
            .collect()
    };
    Mapping {
        id: field(Field::Id),
        customer: field(Field::Customer),
        anonymous: field(Field::Anonymous),
        kind: field(Field::Type),
        kinds: renamed(&table.types),
        at: Some(origin(&table.at)),
        time: match &table.time {
            config::TimeFormat::Rfc3339 => TimeFormat::Rfc3339,
            config::TimeFormat::EpochSeconds => TimeFormat::EpochSeconds,
            config::TimeFormat::EpochMillis => TimeFormat::EpochMillis,
            config::TimeFormat::EpochMicros => TimeFormat::EpochMicros,
            config::TimeFormat::Pattern(pattern) => TimeFormat::Pattern(pattern.as_str().into()),
        },
        channel: field(Field::Channel),
        channels: renamed(&table.channels),
        campaign: field(Field::Campaign),
        source: field(Field::Source),
        medium: field(Field::Medium),
        cart: field(Field::Cart),
        order: field(Field::Order),
        request: field(Field::Request),
        value: field(Field::Value),
        currency: field(Field::Currency),
        money: match table.money {
            config::Money::Minor => MoneyUnit::Minor,
            config::Money::Major => MoneyUnit::Major,
        },
        cost: field(Field::Cost),
        duration: field(Field::Duration),
        device: field(Field::Device),
        timezone: field(Field::Timezone),
        locale: field(Field::Locale),
        props: table
            .props
            .iter()
            .map(|(name, place)| (name.as_str().into(), origin(place)))
            .collect(),
        ..Mapping::default()
    }
}

fn duration(span: Millis) -> Duration {
    Duration::from_millis(span.get().unsigned_abs())
}

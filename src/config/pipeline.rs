//! Reads the config file: every key with its type, its range and its default.

use std::collections::BTreeMap;

use super::librdkafka;
use super::mapping;
use super::names;
use super::reader::Table;
use super::setting::{Bytes, Percent, Setting, Topic, Word, Wrong};
use super::settings::{
    Config, Http, Input, InputFormat, Kafka, Limits, Log, MapSource, Output, Outputs, Property,
    State, Time,
};
use super::slot::Slot;
use crate::domain::{Bounds, Millis};

/// Reads a config; what it says of maps is left to `maps`.
pub(super) fn read<'n>(
    root: &mut Table<'_, 'n>,
    maps: impl FnOnce(Slot<'_, 'n>) -> Vec<MapSource>,
) -> Config {
    let Topic(app) = root.at("app").or(Topic("wayfarer".into()));
    let usual = Config::default();
    let maps = maps(root.at("maps"));
    let inputs = inputs(root);
    let outputs = outputs(root.at("outputs"), &app);
    let mut config = Config {
        maps,
        time: root.at("time").table(time),
        kafka: root.at("kafka").table(|kafka| self::kafka(kafka, &app)),
        workers: root.at("workers").within(usual.workers, [1, 256]),
        commit_interval: root.at("commit_interval").within(
            usual.commit_interval,
            [Millis::new(1), Millis::from_minutes(1)],
        ),
        delivery: root.at("delivery").or(usual.delivery),
        state: root.at("state").table(|state| {
            let usual = State::of(&app);
            State {
                changelog: state.at("changelog").or(Topic(usual.changelog)).0,
                on_mismatch: state.at("on_mismatch").or(usual.on_mismatch),
            }
        }),
        limits: root.at("limits").table(limits),
        channels: words(root.at("channels")),
        types: words(root.at("types")),
        props: root.at("props").many(Vec::new()),
        http: root.at("http").table(|http| Http {
            listen: http.at("listen").or(usual.http.listen),
        }),
        log: root.at("log").table(log),
        app,
        inputs,
        outputs,
    };
    if config.maps.is_empty() {
        config.maps = usual.maps;
    }
    distinct_topics(root, &config);
    config
}

fn words(slot: Slot<'_, '_>) -> Vec<String> {
    let words: Vec<Word> = slot.many(Vec::new());
    words.into_iter().map(|Word(word)| word).collect()
}

fn inputs(root: &mut Table<'_, '_>) -> Vec<Input> {
    if !root.has("inputs") {
        let usual = Input::default();
        root.at("inputs").usual(&[
            ("topic", usual.topic.clone()),
            ("format", usual.format.show()),
            ("late", usual.late.show()),
        ]);
        return vec![usual];
    }
    let mut slot = root.at("inputs");
    if slot.is_empty_list() {
        slot.wrong("there is nothing to read", "name at least one topic");
    }
    slot.each(|slot| slot.table(input))
}

fn input(table: &mut Table<'_, '_>) -> Input {
    let usual = Input::default();
    let Topic(topic) = table.at("topic").required(|| Topic(String::new()));
    let format = table.at("format").or(usual.format);
    let mapped = format == InputFormat::Mapped;
    let mapping = if table.has("mapping") || mapped {
        let mut slot = table.at("mapping");
        if !mapped {
            slot.wrong("has no effect with this format", "write `format: mapped`");
        }
        slot.demand();
        slot.table_if_given(mapping::read)
    } else {
        None
    };
    Input {
        topic,
        format,
        mapping,
        late: table.at("late").or(usual.late),
    }
}

fn outputs(slot: Slot<'_, '_>, app: &str) -> Outputs {
    let usual = Outputs::of(app);
    slot.table(|table| Outputs {
        transitions: output(table.at("transitions"), usual.transitions),
        alerts: output(table.at("alerts"), usual.alerts),
        conversions: output(table.at("conversions"), usual.conversions),
        kpis: output(table.at("kpis"), usual.kpis),
        dlq: table.at("dlq").table(|dlq| {
            if dlq.has("format") {
                let mend = "leave it out: they keep the bytes that were read";
                dlq.at("format")
                    .wrong("dead letters have no format of their own", mend);
            }
            dlq.at("topic").or(Topic(usual.dlq)).0
        }),
    })
}

fn output(slot: Slot<'_, '_>, usual: Output) -> Output {
    slot.table(|table| Output {
        topic: table.at("topic").or(Topic(usual.topic)).0,
        format: table.at("format").or(usual.format),
    })
}

/// Reports a topic that stands in two places: what is written there would be read as something
/// else.
fn distinct_topics(root: &mut Table<'_, '_>, config: &Config) {
    let outputs = &config.outputs;
    let named = [
        ("transitions", &outputs.transitions.topic),
        ("alerts", &outputs.alerts.topic),
        ("conversions", &outputs.conversions.topic),
        ("kpis", &outputs.kpis.topic),
        ("dlq", &outputs.dlq),
    ];
    let inputs = config.inputs.iter().enumerate();
    let read = inputs.map(|(index, input)| ("inputs", format!("[{index}].topic"), &input.topic));
    let write = named.map(|(name, topic)| ("outputs", format!("{name}.topic"), topic));
    let state = ("state", "changelog".to_owned(), &config.state.changelog);
    let mut taken = BTreeMap::new();
    for (key, below, topic) in read.chain(write).chain([state]) {
        let dot = if key == "inputs" { "" } else { "." };
        let path = format!("{key}{dot}{below}");
        match taken.get(topic) {
            Some(other) if !topic.is_empty() => {
                let message = format!("`{topic}` is the topic of {other} already");
                root.at(key)
                    .wrong_below(&below, &message, "give each a topic of its own");
            }
            _ => drop(taken.insert(topic, path)),
        }
    }
}

fn time(table: &mut Table<'_, '_>) -> Time {
    let usual = Time::default();
    let day = Millis::from_days(1);
    let second = Millis::from_secs(1);
    Time {
        disorder: table
            .at("disorder")
            .within(usual.disorder, [Millis::ZERO, Millis::from_days(31)]),
        max_future_skew: table.at("max_future_skew").within(
            usual.max_future_skew,
            [Millis::ZERO, Millis::from_days(366)],
        ),
        idle: if table.at("idle").is_word("off") {
            None
        } else {
            let idle = usual.idle.unwrap_or(second);
            Some(table.at("idle").within(idle, [second, day]))
        },
    }
}

fn kafka(table: &mut Table<'_, '_>, app: &str) -> Kafka {
    let usual = Kafka::of(app);
    let mut servers = table.at("bootstrap_servers");
    if servers.is_empty_list() {
        let mend = "name at least one broker, as in `localhost:9092`";
        servers.wrong("there is no broker to ask", mend);
    }
    Kafka {
        bootstrap_servers: servers.many(vec![usual.bootstrap_servers]).join(","),
        group_id: table.at("group_id").or(usual.group_id),
        client_id: table.at("client_id").or(usual.client_id),
        instance_id: table.at("instance_id").optional(),
        session_timeout: table.at("session_timeout").within(
            usual.session_timeout,
            [Millis::from_secs(1), Millis::from_minutes(30)],
        ),
        transaction_timeout: table.at("transaction_timeout").within(
            usual.transaction_timeout,
            [Millis::from_secs(1), Millis::from_minutes(15)],
        ),
        librdkafka: {
            let mut properties = BTreeMap::new();
            table.at("librdkafka").pairs(|name, slot| {
                let property = property(name, slot);
                properties.extend(property.map(|property| (name.to_owned(), property)));
            });
            properties
        },
    }
}

fn property(name: &str, mut slot: Slot<'_, '_>) -> Option<Property> {
    if let Some(Wrong { message, mend }) = librdkafka::refusal(name) {
        slot.wrong(&message, &mend);
        return None;
    }
    let secret = librdkafka::is_secret(&format!("librdkafka.{name}")) || slot.is_from_file();
    let value = slot.secret(secret).required(String::new);
    Some(Property { value, secret })
}

fn limits(table: &mut Table<'_, '_>) -> Limits {
    let usual = Limits::default();
    let bounds = usual.bounds;
    let share = Percent(usual.dead_letter_share);
    Limits {
        record_bytes: table
            .at("record_bytes")
            .within(Bytes(usual.record_bytes), [Bytes(1 << 10), Bytes(64 << 20)])
            .0,
        bounds: Bounds {
            pending: table.at("pending").within(bounds.pending, [1, 65_536]),
            ring: table.at("dedupe").within(bounds.ring, [1, 1_024]),
            path: table.at("path").within(bounds.path, [1, 1_024]),
            episodes: table.at("episodes").within(bounds.episodes, [1, 1_024]),
        },
        dead_letter_share: table.at("dead_letter_share").or(share).0,
    }
}

/// The levels of the log, most talkative last.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

fn log(table: &mut Table<'_, '_>) -> Log {
    let usual = Log::default();
    let format = table.at("format").or(usual.format);
    let mut slot = table.at("level");
    let level: String = slot.again().or(usual.level);
    let directives = level.contains(['=', ',']);
    if !directives && !LEVELS.contains(&&*level) {
        let mend = match names::nearest(&level, LEVELS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write {}", names::one_of(LEVELS)),
        };
        slot.wrong("is no level", &mend);
    } else if let Err(error) = tracing_subscriber::EnvFilter::builder().parse(&level) {
        let mend = "write directives such as `info,wayfarer::kafka=debug`";
        slot.wrong(&format!("cannot be read: {error}"), mend);
    }
    Log { format, level }
}

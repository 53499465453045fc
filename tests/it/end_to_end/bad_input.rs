//! Bad input: nothing of it is lost, all of it is counted, and what follows it is read.

use std::collections::BTreeMap;

use wayfarer::domain::Touchpoint;
use wayfarer::kafka::SystemClock;
use wayfarer::runtime::{Clock, OutputTopic};
use wayfarer::wire::output::{Encoding, Message};
use wayfarer::wire::touchpoint::{encode_json, encode_protobuf};

use super::stage::Stage;
use crate::contract::{Entry, World};
use crate::on_kafka::KafkaWorld;
use crate::support::{broker, scrape};

const SETTINGS: &str = "time: {idle: 1s}";
/// A record of 10 MB, and a topic and a producer that take it with its headers.
const HUGE: usize = 10_000_000;
const ROOM: u32 = 12_000_000;
const TAKES_HUGE: &str = "kafka.librdkafka.message.max.bytes=12000000";
const ERRORS: &str = "__connect.errors.";

/// A record that cannot be used, and why.
struct Bad {
    reason: &'static str,
    value: Option<Vec<u8>>,
}

fn bad(reason: &'static str, value: impl Into<Vec<u8>>) -> Bad {
    let value = Some(value.into());
    Bad { reason, value }
}

/// Text that no compression makes much smaller.
fn huge() -> Bad {
    let mut state = 1_u64;
    let value = (0..HUGE).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        b' ' + u8::try_from(state >> 58).unwrap()
    });
    bad("too_large", value.collect::<Vec<_>>())
}

/// Every way in which JSON can be bad.
fn bad_json() -> Vec<Bad> {
    let dated = r#""type":"page_viewed","at":"2026-03-01T10:00:00Z""#;
    let deep = format!(
        r#"{{"customer":"eve",{dated},"x":{}1{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let whose = r#"{"customer":"eve","type":"page_viewed""#;
    vec![
        bad("empty", ""),
        Bad {
            reason: "empty",
            value: None,
        },
        bad("not_json", format!("{whose},\"at\":\"2026-03-0")),
        bad(
            "wrong_type",
            format!(r#"{{"customer":"eve",{dated},"value":{{"eur":5}}}}"#),
        ),
        bad("wrong_type", format!(r#"{{"customer":["eve"],{dated}}}"#)),
        bad("wrong_type", "[]"),
        huge(),
        bad("too_deep", deep),
        bad("no_customer", format!("{{{dated}}}")),
        bad("no_time", format!("{whose}}}")),
        bad(
            "too_far_ahead",
            format!(r#"{whose},"at":"9999-12-31T23:59:59Z"}}"#),
        ),
    ]
}

/// A page view by a customer of this number, with fields that nobody knows.
fn good_json(number: usize) -> Entry {
    let touchpoint = good(number);
    let mut object: serde_json::Value = serde_json::from_slice(&encode_json(&touchpoint)).unwrap();
    object["weather"] = serde_json::json!({"sky": ["grey"]});
    entry(&touchpoint, serde_json::to_vec(&object).unwrap())
}

fn good_protobuf(number: usize) -> Entry {
    let touchpoint = good(number);
    entry(&touchpoint, encode_protobuf(&touchpoint))
}

fn good(number: usize) -> Touchpoint {
    let (id, customer) = (format!("t{number}"), format!("good-{number}"));
    Touchpoint::new(&id, &customer, "page_viewed", SystemClock::new().wall())
}

fn entry(touchpoint: &Touchpoint, value: Vec<u8>) -> Entry {
    Entry {
        key: Some(touchpoint.customer.as_str().as_bytes().to_vec()),
        value: Some(value),
        ..Entry::default()
    }
}

/// Writes the bad records, each with a good one after it, to the one partition; returns a stage
/// that has read them all.
fn read(world: &KafkaWorld, set: &[&str], bad: &[Bad], good: fn(usize) -> Entry) -> Stage {
    for (number, bad) in bad.iter().enumerate() {
        let bad = Entry {
            key: Some(b"eve".to_vec()),
            value: bad.value.clone(),
            headers: vec![("till".into(), b"7".to_vec())],
            ..Entry::default()
        };
        world.append(0, &[bad, good(number)]);
    }
    let mut stage = Stage::start_with(world, SETTINGS, set);
    let many = f64::from(u32::try_from(bad.len()).unwrap());
    stage.wait_for("everything to be written and counted", |stage| {
        let series = scrape::series(&stage.scrape());
        let of = |start: &str, end: &str| -> f64 {
            let of = |name: &String| name.starts_with(start) && name.ends_with(end);
            let found = series.iter().filter(|(name, _)| of(name));
            found.map(|(_, count)| count).sum()
        };
        of("wayfarer_dead_letters_total", "}") == many
            && of("wayfarer_effects_total", "kind=\"transition\"}") == many
    });
    stage
}

/// The customers of the transitions.
fn moved(world: &KafkaWorld) -> Vec<String> {
    let entries = world.read_back(OutputTopic::Transitions).concat();
    let customer = |entry: &Entry| {
        let value = entry.value.as_deref().unwrap();
        match Message::decode("wayfarer.v1.transition", Encoding::Json, value) {
            Ok(Message::Transition(transition)) => transition.customer,
            other => panic!("no transition: {other:?}"),
        }
    };
    let mut moved: Vec<_> = entries.iter().map(customer).collect();
    moved.sort_unstable();
    moved
}

/// The dead letters by the offset of what they were. None may be there twice.
fn dead_letters(world: &KafkaWorld) -> BTreeMap<usize, Entry> {
    let mut letters = BTreeMap::new();
    for entry in world.read_back(OutputTopic::DeadLetters).concat() {
        let offset = header(&entry, "offset").unwrap().parse().unwrap();
        let before = letters.insert(offset, entry);
        assert!(before.is_none(), "{offset} is dead twice");
    }
    letters
}

/// What a header says of the error.
pub(super) fn header(entry: &Entry, name: &str) -> Option<String> {
    let wanted = format!("{ERRORS}{name}");
    let found = entry.headers.iter().find(|(name, _)| *name == wanted);
    found.map(|(_, value)| String::from_utf8(value.clone()).expect("it is text"))
}

/// Asserts that every bad record is a dead letter with its place and reason, is counted, and held
/// nobody up. What became of their bytes is the caller's matter.
fn assert_told(world: &KafkaWorld, stage: &Stage, bad: &[Bad]) {
    let dead = dead_letters(world);
    let places: Vec<_> = (0..bad.len()).map(|number| 2 * number).collect();
    assert_eq!(dead.keys().copied().collect::<Vec<_>>(), places);
    let series = scrape::series(&stage.scrape());
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    for ((offset, letter), bad) in dead.iter().zip(bad) {
        *counts.entry(bad.reason).or_default() += 1.0;
        let says = |name| header(letter, name).unwrap_or_default();
        assert_eq!(
            says("reason"),
            bad.reason,
            "at {offset}: {}",
            says("message")
        );
        assert_eq!(says("topic"), world.input());
        assert_eq!(says("partition"), "0");
        let accepted = bad.reason == "too_far_ahead";
        assert_eq!(says("stage"), if accepted { "accept" } else { "decode" });
        assert!(!says("message").is_empty() && !says("timestamp").is_empty());
        assert_eq!(letter.key.as_deref(), Some(&b"eve"[..]));
        assert_eq!(letter.headers[0], ("till".to_owned(), b"7".to_vec()));
    }
    for (reason, count) in counts {
        let name = format!("wayfarer_dead_letters_total{{reason=\"{reason}\"}}");
        assert_eq!(series[&name], count, "{reason}");
    }
    let mut good: Vec<_> = (0..bad.len())
        .map(|number| format!("good-{number}"))
        .collect();
    good.sort_unstable();
    assert_eq!(moved(world), good);
}

#[test]
fn bad_records_become_dead_letters_as_they_came() {
    let sizes = [("-input", ROOM), (".dlq", ROOM)];
    let world = KafkaWorld::taking(broker::shared(), 1, &sizes);
    let bad = bad_json();
    let mut stage = read(&world, &[TAKES_HUGE], &bad, good_json);
    assert_told(&world, &stage, &bad);
    for (letter, bad) in dead_letters(&world).values().zip(&bad) {
        // Ten megabytes are no message for a failed test.
        assert!(
            letter.value == bad.value,
            "{} did not come as it was",
            bad.reason
        );
        assert_eq!(header(letter, "value.bytes"), None);
    }
    assert_eq!(stage.stop(), Some(0));
}

#[test]
fn a_broken_protobuf_becomes_a_dead_letter_as_it_came() {
    let world = KafkaWorld::on(broker::shared(), 1);
    let mut truncated = encode_protobuf(&good(7));
    truncated.truncate(truncated.len() - 3);
    let bad = [
        bad("not_protobuf", truncated),
        bad("not_protobuf", b"\xff\xff\xff".to_vec()),
    ];
    let mut stage = read(&world, &["inputs[0].format=protobuf"], &bad, good_protobuf);
    assert_told(&world, &stage, &bad);
    for (letter, bad) in dead_letters(&world).values().zip(&bad) {
        assert_eq!(letter.value, bad.value);
    }
    assert_eq!(stage.stop(), Some(0));
}

/// The producer refuses it in the one case, the topic in the other.
#[test]
fn a_dead_letter_that_does_not_fit_is_cut_and_says_so() {
    for set in [&[][..], &[TAKES_HUGE]] {
        let world = KafkaWorld::taking(broker::shared(), 1, &[("-input", ROOM)]);
        let bad = [bad("not_json", "{"), huge(), bad("not_json", "}")];
        let mut stage = read(&world, set, &bad, good_json);
        assert_told(&world, &stage, &bad);
        let dead = dead_letters(&world);
        let whole = bad[1].value.as_ref().unwrap();
        assert!(
            dead[&2].value.as_deref() == Some(&whole[..1_024]),
            "the first KiB is kept"
        );
        assert_eq!(header(&dead[&2], "value.bytes"), Some(HUGE.to_string()));
        for whole in [&dead[&0], &dead[&4]] {
            assert_eq!(header(whole, "value.bytes"), None);
        }
        let series = scrape::series(&stage.scrape());
        assert_eq!(series["wayfarer_dead_letters_cut_total"], 1.0);
        assert_eq!(stage.stop(), Some(0));
    }
}

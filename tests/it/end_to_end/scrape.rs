//! The whole catalogue of metrics, scraped from a process that works on a real Kafka.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use wayfarer::domain::{EventTime, Maps, Settings, Touchpoint};
use wayfarer::kafka::SystemClock;
use wayfarer::runtime::Clock;
use wayfarer::wire::touchpoint::{DecodeOptions, Format, encode_json};

use super::stage::Stage;
use super::{PARTITIONS, history};
use crate::contract::{Entry, World};
use crate::on_kafka::KafkaWorld;
use crate::support::{broker, scrape};

/// Little is remembered of a customer, so that bounds are felt.
const SETTINGS: &str = "\
maps: [builtin:five-stages]
time: {idle: 2s}
limits: {path: 2}
";

/// Who is planted among the generated customers.
const PLANTED: &str = "planted-customer";

fn entry(key: &str, value: impl Into<Vec<u8>>) -> Entry {
    Entry {
        key: Some(key.into()),
        value: Some(value.into()),
        ..Entry::default()
    }
}

/// What the generated traffic is free of: a key that is not the customer's, no id, an unknown
/// type, and a dead letter that does not fit its topic.
fn planted(now: EventTime) -> Vec<Entry> {
    let viewed = Touchpoint::new("planted-1", PLANTED, "page_viewed", now);
    let millis = now.as_millis();
    let levitated = format!(r#"{{"customer":"{PLANTED}","type":"levitated","at":{millis}}}"#);
    vec![
        entry("somebody-else", encode_json(&viewed)),
        entry(PLANTED, levitated),
        entry(PLANTED, "no JSON ".repeat(200_000)),
    ]
}

/// Asserts that no label holds the id of a customer.
fn assert_anonymous(scrape: &str, records: &[Vec<u8>]) {
    let options = DecodeOptions::default();
    let read = |record: &Vec<u8>| Format::Json.decode(None, record, &options).ok();
    let decoded = records.iter().filter_map(read);
    let mut customers: BTreeSet<_> = decoded
        .map(|decoded| decoded.touchpoint.customer.as_str().to_owned())
        .collect();
    assert!(customers.len() > 1_000, "{} customers", customers.len());
    customers.insert(PLANTED.to_owned());
    let series = scrape::series(scrape);
    let values: BTreeSet<_> = series
        .keys()
        .flat_map(|series| scrape::labels(series))
        .map(|(_, value)| value)
        .collect();
    for value in values {
        let held = customers
            .iter()
            .find(|customer| value.contains(&***customer));
        assert_eq!(held, None, "in a label");
    }
}

/// Asserts that `promtool` has nothing to say of a scrape. Where it is not installed nothing is
/// asked of it: the rules on names above hold all the same.
#[expect(clippy::print_stdout, reason = "whether the lint was asked")]
fn assert_linted(scrape: &str) {
    let lint = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut lint) = lint else {
        println!("promtool is not installed: its lint was not asked");
        return;
    };
    let mut input = lint.stdin.take().expect("its input is a pipe");
    input.write_all(scrape.as_bytes()).expect("it reads");
    drop(input);
    let said = lint.wait_with_output().expect("it ends");
    let text = [said.stdout, said.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(said.status.success() && text.is_empty(), "{text}");
    println!(
        "promtool has nothing to say of {} lines",
        scrape.lines().count()
    );
}

#[test]
fn a_scrape_after_a_busy_history_has_every_family_above_zero() {
    let world = KafkaWorld::taking(broker::shared(), PARTITIONS, &[("-input", 2_000_000)]);
    let shares = ["--late", "2%", "--duplicates", "2%", "--planted", "1%"];
    let records = history(&world, &[&shares[..], &["--customers", "3000"]].concat());
    world.append(0, &planted(SystemClock::new().wall()));
    let mut stage = Stage::start(&world, SETTINGS);
    stage.wait_for("every partition to be read to its end", |stage| {
        stage.owned().len() == 4 && stage.is_silent()
    });
    // One partition stops, and what it has not read lags.
    let bad = vec![entry(PLANTED, "not JSON"); 2_000];
    world.append(0, &bad);
    stage.wait_for("the partition to stop and its lag to be known", |stage| {
        let series = scrape::series(&stage.scrape());
        let of_it = |name: &str| series[&format!("wayfarer_partition_{name}{{partition=\"0\"}}")];
        of_it("stopped") > 0.0 && of_it("lag_records") > 0.0
    });
    let last = stage.scrape();
    assert_eq!(stage.stop(), Some(0));

    assert_eq!(scrape::silent(&last), Vec::<&str>::new());
    scrape::assert_families(&last);
    let spec = wayfarer::config::builtin_map("five-stages").expect("it is built in");
    let maps = Maps::compile(&[spec], &Settings::default()).expect("it is right");
    let partitions: Vec<u32> = (0..PARTITIONS).collect();
    scrape::assert_labels(&last, &maps, &partitions, env!("CARGO_PKG_VERSION"));
    assert_anonymous(&last, &records);
    assert_linted(&last);

    let series = scrape::series(&last);
    for provoked in [
        "wayfarer_touchpoints_total{verdict=\"late\"}",
        "wayfarer_touchpoints_total{verdict=\"duplicate\"}",
        "wayfarer_dead_letters_total{reason=\"not_json\"}",
        "wayfarer_dead_letters_total{reason=\"no_customer\"}",
        "wayfarer_dead_letters_total{reason=\"too_large\"}",
        "wayfarer_dead_letters_total{reason=\"too_far_ahead\"}",
        "wayfarer_effects_total{map=\"five-stages\",kind=\"recovered\"}",
    ] {
        assert!(series[provoked] > 0.0, "{provoked}");
    }
    let lag = series["wayfarer_partition_watermark_lag_seconds{partition=\"1\"}"];
    assert!(
        (0.0..3_600.0).contains(&lag),
        "{lag} s are no lag of a silent partition"
    );
}

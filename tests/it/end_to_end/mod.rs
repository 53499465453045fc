//! The whole job on a real Kafka: `wayfarer` as separate processes, its topics read back.

mod account;
mod bad_input;
mod scrape;
mod silence;
mod stage;
mod topics;

use std::collections::BTreeMap;
use std::process::Command;

use account::Account;
use stage::Stage;
use wayfarer::domain::{EventTime, Millis, Touchpoint};
use wayfarer::kafka::SystemClock;
use wayfarer::runtime::Clock;
use wayfarer::wire::touchpoint::{DecodeOptions, Format};

use crate::on_kafka::KafkaWorld;
use crate::support::broker;

const PARTITIONS: u32 = 4;

/// A history of two hours that ends now, on the world's input topic. Returns its touchpoints.
fn generate(world: &KafkaWorld) -> Vec<Touchpoint> {
    let records = history(world, &["--late", "0%", "--duplicates", "2%"]);
    let options = DecodeOptions::default();
    records
        .iter()
        .map(|record| {
            let decoded = Format::Json.decode(None, record, &options);
            decoded.expect("it was made to be read").touchpoint
        })
        .collect()
}

/// A history of two hours that ends now, with further options: on the world's input topic, and its
/// records' values as they were written to a file.
fn history(world: &KafkaWorld, more: &[&str]) -> Vec<Vec<u8>> {
    let end = SystemClock::new().wall();
    let start = jiff::Timestamp::from_millisecond(end.minus(Millis::from_hours(2)).as_millis());
    let start = start.expect("a time of this century").to_string();
    let made = |sink: &[&str]| {
        let history = [
            "generate", "--seed", "7", "--rate", "12/s", "--for", "2h", "--pace", "3x",
        ];
        let made = Command::new(env!("CARGO_BIN_EXE_wayfarer"))
            .args(history)
            .args(["--start", &start])
            .args(more)
            .args(sink)
            .output()
            .expect("the program starts");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        made.stdout
    };
    let lines = made(&[]);
    made(&[
        "--kafka",
        &world.config.bootstrap_servers,
        "--topic",
        world.input(),
    ]);
    lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

const SETTINGS: &str = "\
maps: [builtin:five-stages]
time: {idle: 2s}
limits: {dedupe: 1024}
";

/// Every output topic says what the reference program says, up to where the partitions were read.
#[expect(clippy::print_stdout, reason = "how much was compared")]
fn agree(world: &KafkaWorld, touchpoints: &[Touchpoint], stages: &[&Stage]) {
    let mut watermarks: BTreeMap<u32, EventTime> = BTreeMap::new();
    for (partition, watermark) in stages.iter().flat_map(|stage| stage.idle_steps()) {
        let newest = watermarks.entry(partition).or_insert(watermark);
        *newest = watermark.max(*newest);
    }
    assert_eq!(
        watermarks.len(),
        4,
        "every partition was read to its end: {watermarks:?}"
    );
    let expected = Account::expected(touchpoints, &watermarks);
    let written = Account::written(world);
    println!(
        "{} records agree with the reference: {:?}",
        written.len(),
        written.kinds()
    );
    expected.compare(&written);
    for kind in [
        "transition",
        "abandoned",
        "recovered",
        "session_ended",
        "converted",
        "kpi",
    ] {
        assert!(
            written.kinds().get(kind).is_some_and(|n| *n > 0),
            "no {kind} was written"
        );
    }
}

#[test]
fn one_process_writes_what_the_reference_program_says() {
    let world = KafkaWorld::on(broker::shared(), PARTITIONS);
    let touchpoints = generate(&world);
    let mut stage = Stage::start(&world, SETTINGS);
    stage.wait_for("every partition to be read to its end", |stage| {
        stage.owned().len() == 4 && stage.is_silent()
    });
    assert_eq!(stage.stop(), Some(0), "a signal ends it well");
    agree(&world, &touchpoints, &[&stage]);
}

#[test]
fn two_processes_in_one_group_write_what_one_would() {
    let world = KafkaWorld::on(broker::shared(), PARTITIONS);
    let touchpoints = generate(&world);
    let mut first = Stage::start(&world, SETTINGS);
    first.wait_for("partitions", |stage| !stage.owned().is_empty());
    let mut second = Stage::start(&world, SETTINGS);
    second.wait_for("its share to be read to the end", |stage| {
        !stage.owned().is_empty() && stage.is_silent()
    });
    first.wait_for("its share to be read to the end", |stage| {
        stage.owned().len() < 4 && stage.is_silent()
    });
    first.tell_to_stop();
    assert_eq!(second.stop(), Some(0));
    assert_eq!(first.exit_code(), Some(0));
    agree(&world, &touchpoints, &[&first, &second]);
}

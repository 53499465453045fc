//! The whole job on a real Kafka: `wayfarer` as separate processes, its topics read back.

mod account;
mod bad_input;
mod fire;
mod scrape;
mod silence;
mod stage;
mod topics;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::process::Command;

use account::Account;
use stage::Stage;
use wayfarer::domain::{EventTime, Millis, Touchpoint};
use wayfarer::kafka::SystemClock;
use wayfarer::runtime::{Clock, OutputTopic};
use wayfarer::wire::touchpoint::{DecodeOptions, Format};

use crate::contract::{Entry, World};
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
    let options = [&["--rate", "12/s"], more].concat();
    let values = lines(&made(end, &options));
    let cluster = ["--kafka", &world.config.bootstrap_servers];
    let topic = ["--topic", world.input()];
    made(end, &[&options[..], &cluster, &topic].concat());
    values
}

/// What `generate` writes to its output when it fills two hours up to `end`.
fn made(end: EventTime, options: &[&str]) -> Vec<u8> {
    let start = jiff::Timestamp::from_millisecond(end.minus(Millis::from_hours(2)).as_millis());
    let start = start.expect("a time of this century").to_string();
    let made = Command::new(env!("CARGO_BIN_EXE_wayfarer"))
        .args(["generate", "--seed", "7", "--for", "2h", "--pace", "3x"])
        .args(["--start", &start])
        .args(options)
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{said}");
    made.stdout
}

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

const SETTINGS: &str = "\
maps: [builtin:five-stages]
time: {idle: 2s}
limits: {dedupe: 1024}
";

/// Every output topic says what the reference program says, up to where the partitions were read,
/// and not a record more or less than the domain says of the input as it was logged.
#[expect(clippy::print_stdout, reason = "how much was compared")]
fn agree(world: &KafkaWorld, touchpoints: &[Touchpoint], stages: &[&Stage]) -> Account {
    let mut watermarks: BTreeMap<u32, EventTime> = BTreeMap::new();
    for (partition, watermark) in stages.iter().flat_map(|stage| stage.idle_steps()) {
        let newest = watermarks.entry(partition).or_insert(watermark);
        *newest = watermark.max(*newest);
    }
    let partitions = NonZeroU32::new(world.specs[0].partitions).expect("at least one");
    assert_eq!(
        watermarks.len(),
        partitions.get() as usize,
        "every partition was read to its end: {watermarks:?}"
    );
    let written = Account::written(world);
    Account::expected(touchpoints, &watermarks, partitions).compare(&written);
    let input = world.read_topic(world.input(), partitions.get());
    Account::replayed(&input, &watermarks).compare_all(&written);
    assert_eq!(dead(world), unusable(&input), "dead letters");
    println!(
        "{} records of the input, {} of the outputs and {} dead letters agree with the reference: \
         {:?}",
        input.iter().map(Vec::len).sum::<usize>(),
        written.records(),
        dead(world).len(),
        written.kinds()
    );
    for kind in [
        "transition",
        "abandoned",
        "session_ended",
        "converted",
        "kpi",
    ] {
        assert!(
            written.kinds().get(kind).is_some_and(|n| *n > 0),
            "no {kind} was written"
        );
    }
    written
}

/// The places of the records that can not be used, in order.
fn unusable(input: &[Vec<Entry>]) -> Vec<(u32, usize)> {
    let mut places = Vec::new();
    for (partition, log) in (0..).zip(input) {
        for (offset, entry) in log.iter().enumerate() {
            if account::touchpoint(entry).is_none() {
                places.push((partition, offset));
            }
        }
    }
    places
}

/// The places that the dead letters name, in order.
fn dead(world: &KafkaWorld) -> Vec<(u32, usize)> {
    let letters = world.read_back(OutputTopic::DeadLetters).concat();
    let says = |entry: &Entry, name| bad_input::header(entry, name).expect("every letter has it");
    let place = |entry: &Entry| {
        let partition = says(entry, "partition").parse().expect("a number");
        (partition, says(entry, "offset").parse().expect("a number"))
    };
    let mut places: Vec<_> = letters.iter().map(place).collect();
    places.sort_unstable();
    places
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
    let written = agree(&world, &touchpoints, &[&stage]);
    assert!(written.kinds().contains_key("recovered"));
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
    let written = agree(&world, &touchpoints, &[&first, &second]);
    assert!(written.kinds().contains_key("recovered"));
}

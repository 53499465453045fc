//! What the port contract does not say of the simulation.

mod changelog;
mod crashes;
mod fencing;
mod transactions;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use super::{
    CommitterConfig, Fate, Faults, Record, SimBroker, SimClock, SimCommitter, SimInput,
    StoredRecord,
};
use crate::domain::EventTime;
use crate::runtime::{
    Change, Committer, Error, InputEvent, InputLog, OutputRecord, OutputTopic, Progress, Source,
    Start, Stored, Transaction,
};

const TOPIC: &str = "touchpoints";
const GROUP: &str = "wayfarer";

fn source(partition: u32) -> Source {
    Source {
        input: 0,
        partition,
    }
}

fn broker(partitions: u32) -> SimBroker {
    let broker = SimBroker::new(&SimClock::new(EventTime::from_millis(1_000)));
    broker.create_topic(TOPIC, partitions).unwrap();
    broker
}

fn join(broker: &SimBroker) -> SimInput {
    SimInput::join(broker, GROUP, &[TOPIC]).unwrap()
}

/// What a poll handed over, records as partition and offset.
#[derive(Default, PartialEq, Eq, Debug)]
struct Polled {
    records: Vec<(u32, u64)>,
    assigned: Vec<Source>,
    revoked: Vec<Source>,
    lost: Vec<Source>,
    ends: Vec<(Source, u64)>,
}

fn poll(input: &mut SimInput, limit: usize) -> Polled {
    let mut polled = Polled::default();
    let mut events = 0;
    let count = input.poll(Duration::ZERO, limit, &mut |event| {
        events += 1;
        match event {
            InputEvent::Record(record) => {
                polled
                    .records
                    .push((record.source.partition, record.offset));
            }
            InputEvent::Assigned(sources) => polled.assigned.extend(sources),
            InputEvent::Revoked(sources) => polled.revoked.extend(sources),
            InputEvent::Lost(sources) => polled.lost.extend(sources),
            InputEvent::End { source, offset } => polled.ends.push((source, offset)),
        }
    });
    assert_eq!(count, Ok(events));
    polled
}

/// Polls, and starts what was assigned at the oldest record.
fn take(input: &mut SimInput) -> Vec<Source> {
    let assigned = poll(input, 0).assigned;
    let places: Vec<_> = assigned
        .iter()
        .map(|source| (*source, Start::Earliest))
        .collect();
    input.start(&places).unwrap();
    assigned
}

fn reader(broker: &SimBroker) -> SimInput {
    let mut input = join(broker);
    assert!(!take(&mut input).is_empty());
    input
}

fn fill(broker: &SimBroker, partition: u32, records: u32) {
    for _ in 0..records {
        broker
            .write_to(TOPIC, partition, Record::new("ada", "x"))
            .unwrap();
    }
}

fn alert(key: Option<&str>, value: &str) -> OutputRecord {
    OutputRecord {
        topic: OutputTopic::Alerts,
        key: key.map(|key| key.as_bytes().to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: Vec::new(),
        timestamp: None,
    }
}

fn values(broker: &SimBroker) -> Vec<String> {
    let text = |record: StoredRecord| String::from_utf8(record.value.unwrap()).unwrap();
    broker
        .records("alerts")
        .unwrap()
        .into_iter()
        .map(text)
        .collect()
}

const CHANGELOG: &str = "changelog";
const TIME_OUT: Duration = Duration::from_secs(30);

/// A broker with the topics of a worker, of so many partitions each.
fn world(partitions: u32) -> (SimBroker, SimClock) {
    let clock = SimClock::new(EventTime::from_millis(1_000));
    let broker = SimBroker::new(&clock);
    for topic in [TOPIC, CHANGELOG, "alerts"] {
        broker.create_topic(topic, partitions).unwrap();
    }
    (broker, clock)
}

/// A renewed producer beside a member.
fn committer(broker: &SimBroker, input: &SimInput, name: &str, faults: &Faults) -> SimCommitter {
    let mut committer = opened(broker, input, name, faults);
    committer.renew().unwrap();
    committer
}

fn opened(broker: &SimBroker, input: &SimInput, name: &str, faults: &Faults) -> SimCommitter {
    let config = CommitterConfig {
        transactional_id: name.into(),
        outputs: BTreeMap::from([(OutputTopic::Alerts, "alerts".into())]),
        changelog: CHANGELOG.into(),
        time_out: TIME_OUT,
    };
    SimCommitter::open(broker, config, input.membership(), faults)
}

/// One output, one change and the progress of partition 0 to `next`, all of which tell `next`.
fn transaction(next: u64) -> Transaction {
    Transaction {
        outputs: vec![alert(Some("ada"), &next.to_string())],
        changes: vec![Change {
            partition: 0,
            key: b"ada".to_vec(),
            value: Some(next.to_string().into_bytes()),
        }],
        progress: vec![Progress {
            source: source(0),
            stored: stored(next),
        }],
    }
}

fn stored(next: u64) -> Stored {
    Stored {
        next,
        note: format!("note {next}"),
    }
}

/// Submits a transaction and looks at its outcome once.
fn write(committer: &mut SimCommitter, transaction: Transaction) -> Option<Result<(), Error>> {
    committer.submit(transaction);
    committer.outcome(Duration::ZERO)
}

/// What can be read: the outputs, the changes, and what the group stored.
fn readable(broker: &SimBroker) -> (Vec<String>, Vec<String>, Option<Stored>) {
    let text = |record: StoredRecord| String::from_utf8(record.value.unwrap()).unwrap();
    let changes = broker.records(CHANGELOG).unwrap();
    let changes = changes.into_iter().map(text).collect();
    (values(broker), changes, broker.stored(GROUP, source(0)))
}

/// What [`readable`] says after the transactions with these numbers.
fn told(numbers: &[u64]) -> (Vec<String>, Vec<String>, Option<Stored>) {
    let texts: Vec<String> = numbers.iter().map(u64::to_string).collect();
    let last = numbers.last().map(|next| stored(*next));
    (texts.clone(), texts, last)
}

/// What became of the changes that were written.
fn fates(broker: &SimBroker) -> Vec<Fate> {
    let written = broker.written(CHANGELOG).unwrap();
    written.iter().map(|written| written.fate).collect()
}

#[test]
fn every_partition_has_its_turn() {
    let broker = broker(3);
    for partition in 0..3 {
        fill(&broker, partition, 2);
    }
    let mut input = reader(&broker);
    assert_eq!(poll(&mut input, 3).records, [(0, 0), (0, 1), (1, 0)]);
    assert_eq!(poll(&mut input, 1).records, [(2, 0)]);
    fill(&broker, 0, 1);
    broker.limit_polls(Some(2));
    assert_eq!(poll(&mut input, 9).records, [(0, 2), (1, 1)]);
    assert_eq!(poll(&mut input, 9).records, [(2, 1)]);
}

#[test]
fn marks_move_the_position_and_the_end_but_are_not_handed_over() {
    let broker = broker(1);
    fill(&broker, 0, 1);
    broker.mark(TOPIC, 0).unwrap();
    fill(&broker, 0, 1);
    broker.mark(TOPIC, 0).unwrap();
    let mut input = reader(&broker);
    assert_eq!(input.position(source(0)), None);
    input.probe(&[source(0)]);
    let polled = poll(&mut input, 9);
    assert_eq!(polled.records, [(0, 0), (0, 2)]);
    assert_eq!(polled.ends, [(source(0), 4)]);
    assert_eq!(input.position(source(0)), Some(4));
}

#[test]
fn an_outage_holds_records_and_news_back_and_loses_the_probes() {
    let broker = broker(1);
    let mut input = reader(&broker);
    input.probe(&[source(0)]);
    broker.set_away(true);
    fill(&broker, 0, 1);
    let other = join(&broker);
    drop(other);
    assert_eq!(poll(&mut input, 9), Polled::default());
    assert!(matches!(
        input.committed(&[source(0)]),
        Err(Error::Retry(_))
    ));
    assert!(matches!(input.partition_count(0), Err(Error::Retry(_))));
    broker.set_away(false);
    let polled = poll(&mut input, 9);
    assert_eq!((polled.records, polled.ends), (vec![(0, 0)], vec![]));
    assert_eq!(input.partition_count(0), Ok(NonZeroU32::MIN));
}

#[test]
fn a_withheld_partition_tells_its_end_and_hands_nothing_over() {
    let broker = broker(2);
    let mut input = reader(&broker);
    poll(&mut input, 9);
    fill(&broker, 0, 1);
    fill(&broker, 1, 1);
    broker.withhold(TOPIC, 0, true).unwrap();
    input.probe(&[source(0)]);
    let polled = poll(&mut input, 9);
    assert_eq!(
        (polled.records, polled.ends),
        (vec![(1, 0)], vec![(source(0), 1)])
    );
    assert_eq!(input.position(source(0)), Some(0));
    broker.withhold(TOPIC, 0, false).unwrap();
    assert_eq!(poll(&mut input, 9).records, [(0, 0)]);
}

#[test]
fn an_answer_tells_the_end_of_when_it_was_asked_for() {
    let broker = broker(1);
    let mut input = reader(&broker);
    fill(&broker, 0, 1);
    input.probe(&[source(0)]);
    fill(&broker, 0, 1);
    input.probe(&[source(0)]);
    assert_eq!(poll(&mut input, 9).ends, [(source(0), 1)]);
}

#[test]
fn an_expelled_member_is_told_and_comes_back() {
    let broker = broker(1);
    let mut ada = reader(&broker);
    let mut bob = join(&broker);
    broker.expel(GROUP, ada.id());
    assert_eq!(take(&mut bob), [source(0)]);
    fill(&broker, 0, 1);
    let bobs = poll(&mut bob, 9).records;
    assert_eq!(bobs, [(0, 0)]);
    let polled = poll(&mut ada, 9);
    assert_eq!(polled.lost, [source(0)]);
    assert_eq!(ada.position(source(0)), None);
    ada.release(&polled.lost).unwrap();
    assert_eq!(poll(&mut ada, 9), Polled::default(), "it is a member again");
    drop(bob);
    assert_eq!(take(&mut ada), [source(0)]);
    assert_eq!(broker.holdings(GROUP, ada.id()), [source(0)]);
}

#[test]
fn a_record_that_is_no_longer_kept_cannot_be_read() {
    let broker = broker(1);
    fill(&broker, 0, 3);
    broker.forget_before(TOPIC, 0, 2).unwrap();
    let mut input = reader(&broker);
    assert_eq!(poll(&mut input, 9).records, [(0, 2)]);
    input.start(&[(source(0), Start::At(1))]).unwrap();
    let refused = input.poll(Duration::ZERO, 9, &mut |_| {});
    assert!(matches!(refused, Err(Error::Fatal(_))), "{refused:?}");
}

#[test]
fn members_of_a_group_read_the_same_topics() {
    let broker = broker(1);
    broker.create_topic("other", 1).unwrap();
    let _ada = join(&broker);
    let refused = SimInput::join(&broker, GROUP, &["other"]).unwrap_err();
    assert_eq!(
        refused,
        Error::Fatal("the members of group wayfarer read touchpoints".into())
    );
    assert!(SimInput::join(&broker, GROUP, &["nowhere"]).is_err());
}

//! The laws of writing records, however they are written.

use std::num::NonZeroU32;

use wayfarer::domain::EventTime;
use wayfarer::runtime::{OutputRecord, OutputTopic, Transaction};
use wayfarer::wire::placement;

use super::transactions::{settle, transaction, working};
use super::{Entry, Transactions, World};

pub(crate) fn to(topic: OutputTopic, entry: Entry) -> OutputRecord {
    OutputRecord {
        topic,
        key: entry.key,
        value: entry.value,
        headers: entry.headers,
        timestamp: entry.timestamp,
    }
}

pub(crate) fn what_is_committed_can_be_read_back_as_it_was_written<W: Transactions>() {
    let world = W::new(1);
    can_be_read_back_as_it_was_written(&world, by_transactions(&world));
}

pub(crate) fn keys_choose_partitions_as_java_clients_do<W: Transactions>() {
    let world = W::new(1);
    is_placed_as_java_clients_do(&world, by_transactions(&world));
}

pub(crate) fn records_of_one_key_keep_their_order<W: Transactions>() {
    let world = W::new(1);
    keeps_the_order_of_a_key(&world, by_transactions(&world));
}

/// Writes records as one transaction each time.
fn by_transactions<W: Transactions>(world: &W) -> impl FnMut(Vec<OutputRecord>) {
    let (mut member, mut committer) = working(world, 1);
    let mut next = 0;
    move |outputs| {
        next += 1;
        let whole = Transaction {
            outputs,
            ..transaction("written", &[(0, next)])
        };
        settle(&mut committer, &mut member, whole).unwrap();
    }
}

pub(crate) fn can_be_read_back_as_it_was_written(
    world: &impl World,
    mut write: impl FnMut(Vec<OutputRecord>),
) {
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let at = |millis| Some(EventTime::from_millis(millis));
    for topic in OutputTopic::ALL {
        let sent = [
            Entry {
                key: text("ada"),
                value: text(topic.suffix()),
                headers: vec![
                    ("ce_type".into(), b"moved".to_vec()),
                    ("empty".into(), Vec::new()),
                ],
                timestamp: at(1_700_000_000_001),
            },
            Entry {
                key: text("ada"),
                timestamp: at(1_700_000_000_002),
                ..Entry::default()
            },
            Entry {
                key: text("ada"),
                value: text(""),
                timestamp: at(1_700_000_000_003),
                ..Entry::default()
            },
            Entry {
                value: text("no key"),
                timestamp: at(1_700_000_000_004),
                ..Entry::default()
            },
        ];
        write(sent.clone().map(|entry| to(topic, entry)).into());
        let mut found = world.read_back(topic).concat();
        found.sort_by_key(|entry| entry.timestamp);
        assert_eq!(found, sent);
    }
}

pub(crate) fn is_placed_as_java_clients_do(
    world: &impl World,
    mut write: impl FnMut(Vec<OutputRecord>),
) {
    let keyed = |n: u32| Entry {
        key: Some(format!("customer-{n}").into_bytes()),
        ..Entry::of("x")
    };
    let records = (0..200).map(|n| to(OutputTopic::Alerts, keyed(n)));
    write(records.collect());
    let partitions = world.read_back(OutputTopic::Alerts);
    let count = NonZeroU32::new(u32::try_from(partitions.len()).unwrap()).unwrap();
    assert!(count.get() > 1, "one partition shows nothing");
    let mut found = 0;
    for (partition, entries) in partitions.iter().enumerate() {
        for entry in entries {
            let chosen = placement::partition(entry.key.as_ref().unwrap(), count);
            assert_eq!(usize::try_from(chosen).unwrap(), partition, "{entry:?}");
            found += 1;
        }
    }
    assert_eq!(found, 200);
}

pub(crate) fn keeps_the_order_of_a_key(
    world: &impl World,
    mut write: impl FnMut(Vec<OutputRecord>),
) {
    let sent: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
    let adas = |value: &String| Entry {
        key: Some(b"ada".to_vec()),
        ..Entry::of(value)
    };
    for some in sent.chunks(300) {
        let records = some.iter().map(adas);
        write(records.map(|e| to(OutputTopic::Transitions, e)).collect());
    }
    let found = world.read_back(OutputTopic::Transitions).concat();
    let values: Vec<String> = found
        .into_iter()
        .map(|entry| String::from_utf8(entry.value.unwrap()).unwrap())
        .collect();
    assert_eq!(values, sent);
}

//! The laws of writing.

use std::num::NonZeroU32;

use wayfarer::domain::EventTime;
use wayfarer::runtime::{OutputLog, OutputRecord, OutputTopic};
use wayfarer::wire::placement;

use super::{Entry, World};

fn to(topic: OutputTopic, entry: Entry) -> OutputRecord {
    OutputRecord {
        topic,
        key: entry.key,
        value: entry.value,
        headers: entry.headers,
        timestamp: entry.timestamp,
    }
}

pub(crate) fn what_was_flushed_can_be_read_back_as_it_was_sent<W: World>() {
    let world = W::new(1);
    let mut output = world.open();
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
        for entry in sent.clone() {
            output.send(to(topic, entry)).unwrap();
        }
        output.flush().unwrap();
        let mut found = world.read_back(topic).concat();
        found.sort_by_key(|entry| entry.timestamp);
        assert_eq!(found, sent);
    }
}

pub(crate) fn keys_choose_partitions_as_java_clients_do<W: World>() {
    let world = W::new(1);
    let mut output = world.open();
    for n in 0..200 {
        let entry = Entry {
            key: Some(format!("customer-{n}").into_bytes()),
            ..Entry::of("x")
        };
        output.send(to(OutputTopic::Alerts, entry)).unwrap();
    }
    output.flush().unwrap();
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

pub(crate) fn records_of_one_key_keep_their_order<W: World>() {
    let world = W::new(1);
    let mut output = world.open();
    for n in 0..2_000 {
        let entry = Entry {
            key: Some(b"ada".to_vec()),
            ..Entry::of(&n.to_string())
        };
        output.send(to(OutputTopic::Transitions, entry)).unwrap();
        if n % 300 == 0 {
            output.flush().unwrap();
        }
    }
    output.flush().unwrap();
    let found = world.read_back(OutputTopic::Transitions).concat();
    let values: Vec<String> = found
        .into_iter()
        .map(|entry| String::from_utf8(entry.value.unwrap()).unwrap())
        .collect();
    let sent: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
    assert_eq!(values, sent);
}

pub(crate) fn a_flush_of_nothing_is_done_at_once<W: World>() {
    let world = W::new(1);
    let mut output = world.open();
    output.flush().unwrap();
    output.flush().unwrap();
    for topic in OutputTopic::ALL {
        assert!(world.read_back(topic).iter().all(Vec::is_empty));
    }
}

//! The producer without transactions, which writes what was made up.

use wayfarer::kafka::KafkaOutput;
use wayfarer::runtime::{Error, OutputRecord, OutputTopic};

use super::world::KafkaWorld;
use crate::contract::output::{
    can_be_read_back_as_it_was_written, is_placed_as_java_clients_do, keeps_the_order_of_a_key, to,
};
use crate::contract::{Entry, World};
use crate::support::broker;

fn open(world: &KafkaWorld) -> KafkaOutput {
    KafkaOutput::open(&world.config).unwrap()
}

/// Writes records and flushes each time.
fn by_flushes(world: &KafkaWorld) -> impl FnMut(Vec<OutputRecord>) {
    let mut output = open(world);
    move |records| {
        for record in &records {
            output.send(record).unwrap();
        }
        output.flush().unwrap();
    }
}

pub(crate) fn alert(value: Vec<u8>) -> OutputRecord {
    let entry = Entry {
        key: Some(b"ada".to_vec()),
        value: Some(value),
        ..Entry::default()
    };
    to(OutputTopic::Alerts, entry)
}

#[test]
fn what_was_flushed_can_be_read_back_as_it_was_sent() {
    let world = KafkaWorld::new(1);
    can_be_read_back_as_it_was_written(&world, by_flushes(&world));
}

#[test]
fn keys_choose_partitions_as_java_clients_do() {
    let world = KafkaWorld::new(1);
    is_placed_as_java_clients_do(&world, by_flushes(&world));
}

#[test]
fn records_of_one_key_keep_their_order() {
    let world = KafkaWorld::new(1);
    keeps_the_order_of_a_key(&world, by_flushes(&world));
}

#[test]
fn a_flush_of_nothing_is_done_at_once() {
    let world = KafkaWorld::new(1);
    let mut output = open(&world);
    output.flush().unwrap();
    output.flush().unwrap();
    for topic in OutputTopic::ALL {
        assert!(world.read_back(topic).iter().all(Vec::is_empty));
    }
}

#[test]
fn a_missing_topic_is_named_by_the_flush() {
    let mut world = KafkaWorld::on(broker::shared(), 1);
    let missing = format!("{}-missing", world.input());
    let outputs = &mut world.config.outputs;
    outputs.insert(OutputTopic::Alerts, missing.clone());
    let quickly = ("topic.metadata.propagation.max.ms".into(), "10".into());
    world.config.librdkafka_producer.extend([quickly]);
    let mut output = open(&world);
    let sent = output.send(&alert(vec![1])).and_then(|()| output.flush());
    let Err(Error::Abort(text)) = sent else {
        panic!("{sent:?}");
    };
    assert!(
        text.contains(&missing) && text.contains("create the topic"),
        "{text}"
    );
    // The failure was told once; what is written afterwards does not suffer from it.
    let elsewhere = OutputRecord {
        topic: OutputTopic::Kpis,
        ..alert(vec![2])
    };
    output.send(&elsewhere).unwrap();
    output.flush().unwrap();
}

#[test]
fn a_record_that_is_too_large_is_refused_with_the_mend() {
    let world = KafkaWorld::new(1);
    let mut output = open(&world);
    let sent = output.send(&alert(vec![7; 2_000_000]));
    let Err(Error::TooLarge { reason, topic, .. }) = sent else {
        panic!("{sent:?}");
    };
    assert_eq!(topic, Some(OutputTopic::Alerts));
    assert!(reason.contains("max.message.bytes"), "{reason}");
}

#[test]
fn a_record_that_its_topic_refuses_is_told_with_its_size() {
    let mut world = KafkaWorld::new(1);
    let settings = [
        ("message.max.bytes", "4000000"),
        ("compression.type", "none"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    world.config.librdkafka_producer.extend(settings);
    let mut output = open(&world);
    let large = alert(vec![7; 2_000_000]);
    let sent = output.send(&large).and_then(|()| output.flush());
    let Err(Error::TooLarge { reason, bytes, .. }) = sent else {
        panic!("{sent:?}");
    };
    assert!(reason.contains("max.message.bytes"), "{reason}");
    assert_eq!(bytes, large.bytes());
    output.send(&alert(vec![7; 500_000])).unwrap();
    output.flush().unwrap();
    assert_eq!(world.read_back(OutputTopic::Alerts).concat().len(), 1);
}

//! What can become of a transaction when a broker, a record or a membership fails.

use std::time::{Duration, Instant};

use wayfarer::kafka::{KafkaCommitter, KafkaInput};
use wayfarer::runtime::{Committer, Error, InputLog, OutputTopic, Transaction};

use super::world::KafkaWorld;
use crate::contract::member::Member;
use crate::contract::transactions::{
    alerts, change, changes, note, renew, settle, stored, transaction,
};
use crate::contract::{Transactions, World, source};
use crate::support::broker::{self, Broker};

/// How long a broker that was killed may take until it answers for a group.
const PATIENCE: Duration = Duration::from_secs(180);

fn working(world: &KafkaWorld) -> (Member<KafkaInput>, KafkaCommitter) {
    let mut member = Member::new(world.join());
    member.until("assigned", |member| !member.owned.is_empty());
    let mut committer = world.committer("one", &member.log);
    renew(&mut committer);
    (member, committer)
}

#[test]
fn a_transaction_with_a_record_that_is_too_large_is_rolled_back_and_the_next_is_not() {
    let world = KafkaWorld::new(1);
    let (mut member, mut committer) = working(&world);
    let mut large = transaction("large", &[(0, 1)]);
    let record = large.outputs[0].clone();
    large.outputs.push(record);
    large.outputs[1].value = Some(vec![7; 2_000_000]);
    let size = large.outputs[1].bytes();
    let refused = settle(&mut committer, &mut member, large);
    let Err(Error::TooLarge {
        reason,
        topic,
        bytes,
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((topic, bytes), (Some(OutputTopic::Alerts), size));
    assert!(reason.contains("max.message.bytes"), "{reason}");
    settle(&mut committer, &mut member, transaction("small", &[(0, 1)])).unwrap();
    assert_eq!(alerts(&world), ["small"]);
    assert_eq!(stored(&mut member.log, 1), [note(1, "small, 0")]);
}

#[test]
fn a_missing_output_topic_rolls_a_transaction_back_and_is_named() {
    let mut world = KafkaWorld::on(broker::shared(), 1);
    let missing = format!("{}-missing", world.input());
    let outputs = &mut world.config.outputs;
    outputs.insert(OutputTopic::Kpis, missing.clone());
    let quickly = ("topic.metadata.propagation.max.ms".into(), "10".into());
    world.config.librdkafka_producer.extend([quickly]);
    let (mut member, mut committer) = working(&world);
    let mut lost = transaction("lost", &[(0, 1)]);
    lost.outputs[0].topic = OutputTopic::Kpis;
    let refused = settle(&mut committer, &mut member, lost);
    let Err(Error::Abort(text)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        text.contains(&missing) && text.contains("create the topic"),
        "{text}"
    );
    settle(&mut committer, &mut member, transaction("next", &[(0, 1)])).unwrap();
    assert_eq!(alerts(&world), ["next"]);
}

#[test]
fn a_member_that_was_put_out_of_the_group_commits_nothing() {
    let mut world = KafkaWorld::on(broker::shared(), 1);
    world.config.session_timeout = Duration::from_secs(3);
    let stalled = ("max.poll.interval.ms".to_owned(), "3000".to_owned());
    world.config.librdkafka_consumer.extend([stalled]);
    let (member, mut committer) = working(&world);
    let mut other = Member::new(world.join());
    // Nobody polls the first meanwhile.
    other.until("all of it", |other| other.owned.len() == 1);
    let late = settle(&mut committer, &mut other, transaction("late", &[(0, 9)]));
    assert!(matches!(late, Err(Error::Abort(_))), "{late:?}");
    let mut successor = world.committer("two", &other.log);
    renew(&mut successor);
    settle(&mut successor, &mut other, transaction("mine", &[(0, 1)])).unwrap();
    let late = settle(&mut committer, &mut other, transaction("later", &[(0, 9)]));
    assert!(matches!(late, Err(Error::Abort(_))), "{late:?}");
    assert_eq!(alerts(&world), ["mine"]);
    assert_eq!(stored(&mut other.log, 1), [note(1, "mine, 0")]);
    drop(member);
}

#[test]
fn without_transactions_the_same_is_written_in_order() {
    let world = KafkaWorld::new(2);
    let mut member = Member::new(world.join());
    member.until("assigned", |member| member.owned.len() == 2);
    let mut committer = KafkaCommitter::open(&world.config, &member.log).unwrap();
    assert_eq!(committer.renew(), Ok(()));
    settle(
        &mut committer,
        &mut member,
        transaction("one", &[(1, 3), (0, 0)]),
    )
    .unwrap();
    assert_eq!(alerts(&world), ["one"]);
    let found = changes(&mut world.changelog(), 1, 0);
    assert_eq!(found, [change(1, "one", Some("changed"))]);
    let both = [note(0, "one, 0"), note(3, "one, 1")];
    assert_eq!(stored(&mut member.log, 2), both);
    let not_ours = transaction("two", &[(1, 4), (5, 0)]);
    let refused = settle(&mut committer, &mut member, not_ours);
    assert!(matches!(refused, Err(Error::Abort(_))), "{refused:?}");
    assert_eq!(stored(&mut member.log, 2), both);
}

/// Submits until one fails, and returns how many did not.
fn until_failure(committer: &mut KafkaCommitter, member: &mut Member<KafkaInput>) -> (u64, Error) {
    for next in 1.. {
        let name = next.to_string();
        let sent: Transaction = transaction(&name, &[(0, next)]);
        if let Err(error) = settle(committer, member, sent) {
            return (next - 1, error);
        }
    }
    unreachable!()
}

/// The offset that the group has, asked for as a worker does: with polls in between.
fn last_word(member: &mut Member<KafkaInput>) -> u64 {
    let started = Instant::now();
    loop {
        match member.log.committed(&[source(0)]) {
            Ok(stored) => return stored[0].as_ref().unwrap().next,
            Err(Error::Retry(_)) => member.idle(),
            Err(error) => panic!("{error:?}"),
        }
        assert!(started.elapsed() < PATIENCE, "the group never told");
    }
}

#[test]
fn what_a_dying_broker_leaves_is_told_by_the_group() {
    let broker = Broker::start();
    let mut world = KafkaWorld::on(&broker, 1);
    world.config.transaction_timeout = Duration::from_secs(3);
    let (mut member, mut committer) = working(&world);
    settle(&mut committer, &mut member, transaction("0", &[(0, 0)])).unwrap();
    let (committed, error) = std::thread::scope(|scope| {
        let failing = scope.spawn(|| until_failure(&mut committer, &mut member));
        std::thread::sleep(Duration::from_millis(500));
        broker.kill();
        failing.join().unwrap()
    });
    assert!(
        matches!(error, Error::Abort(_) | Error::Unknown(_)),
        "{error:?}"
    );
    assert!(matches!(committer.renew(), Err(Error::Retry(_))));
    broker.restart();
    renew(&mut committer);
    let next = last_word(&mut member);
    let possible = match error {
        Error::Unknown(_) => committed..=committed + 1,
        _ => committed..=committed,
    };
    assert!(
        possible.contains(&next),
        "{next} is not in {possible:?}: {error:?}"
    );
    let expected: Vec<String> = (0..=next).map(|n| n.to_string()).collect();
    assert_eq!(alerts(&world), expected);
    // A rebalance may follow the broker's return: then it is not ours for a moment.
    let next = next + 1;
    let more = || transaction(&next.to_string(), &[(0, next)]);
    while let Err(error) = settle(&mut committer, &mut member, more()) {
        assert!(matches!(error, Error::Abort(_)), "{error:?}");
    }
    assert_eq!(alerts(&world).len() as u64, next + 1);
    // Without a broker there is nothing to be decided any more: the drop must end all the same.
    broker.kill();
    committer.submit(transaction("never", &[(0, 99)]));
    drop(committer);
}

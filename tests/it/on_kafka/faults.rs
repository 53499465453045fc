//! What a broker, a double of ours or a wrong setting can do to us.

use std::cell::Cell;
use std::time::Duration;

use wayfarer::kafka::{Admin, KafkaInput, KafkaOutput};
use wayfarer::runtime::{Error, InputLog};

use super::producer::alert;
use super::world::KafkaWorld;
use crate::contract::member::{Member, eventually};
use crate::contract::transactions::{offsets, renew, settle};
use crate::contract::{Transactions, World, numbered, source};
use crate::support::broker::{self, Broker};

#[test]
fn a_double_with_our_instance_id_fences_us() {
    let mut world = KafkaWorld::on(broker::shared(), 1);
    world.config.group_instance_id = Some("one".into());
    let mut first = Member::new(world.join());
    first.until("assigned", |first| first.owned.len() == 1);
    let mut double = Member::new(world.join());
    let mut end = Ok(0);
    eventually(
        "fenced",
        || double.step(),
        || {
            let polled = first.log.poll(Duration::from_millis(20), 1, &mut |_| {});
            if !matches!(polled, Ok(_) | Err(Error::Retry(_))) {
                end = polled;
                return true;
            }
            false
        },
    );
    let Err(Error::Fenced(text)) = end else {
        panic!("{end:?}");
    };
    assert!(text.contains("give each its own"), "{text}");
    drop(first);
    double.until("the double owns it", |double| double.owned.len() == 1);
}

#[test]
fn a_member_with_an_instance_id_that_comes_back_finds_its_partitions() {
    let mut world = KafkaWorld::on(broker::shared(), 2);
    world.append(0, &numbered(0..1));
    world.config.group_instance_id = Some("one".into());
    let mut before = Member::new(world.join());
    before.until_read(1);
    drop(before);
    let mut after = Member::new(world.join());
    after.until_read(1);
    assert_eq!(after.owned.len(), 2);
}

#[test]
fn a_member_that_stalls_loses_its_partitions_and_comes_back_for_its_share() {
    let mut world = KafkaWorld::on(broker::shared(), 2);
    world.config.session_timeout = Duration::from_secs(3);
    let stalled = ("max.poll.interval.ms".to_owned(), "3000".to_owned());
    world.config.librdkafka_consumer.extend([stalled]);
    let mut a = Member::new(world.join());
    a.until("assigned", |a| a.owned.len() == 2);
    let mut b = Member::new(world.join());
    // Nobody polls the first meanwhile.
    b.until("all of it", |b| b.owned.len() == 2);
    let shares = Cell::new((0, 0, false));
    let step = || {
        a.step();
        b.step();
        shares.set((a.owned.len(), b.owned.len(), a.lost > 0));
    };
    eventually("a share each", step, || shares.get() == (1, 1, true));
}

#[test]
fn settings_that_librdkafka_does_not_know_are_fatal_at_the_start() {
    let mut world = KafkaWorld::on(broker::shared(), 1);
    let wrong = ("linger.mss".to_owned(), "5".to_owned());
    world.config.librdkafka.extend([wrong]);
    let input = KafkaInput::join(&world.config).map(drop);
    let output = KafkaOutput::open(&world.config).map(drop);
    for opened in [input, output] {
        assert!(matches!(&opened, Err(Error::Fatal(text)) if text.contains("linger.mss")));
    }
}

#[test]
fn topics_are_created_once_and_counted() {
    let world = KafkaWorld::new(5);
    let admin = Admin::open(&world.config).unwrap();
    assert_eq!(admin.partition_count(world.input()), Ok(Some(5)));
    assert_eq!(admin.partition_count("no-such-topic"), Ok(None));
    assert_eq!(admin.create_topics(&world.specs), Ok(Vec::new()));
}

#[test]
fn a_broker_that_stalls_or_dies_is_waited_for() {
    let broker = Broker::start();
    let mut world = KafkaWorld::on(&broker, 1);
    // However slowly the broker comes back: a member that is thrown out reads everything again.
    world.config.session_timeout = Duration::from_secs(300);
    world.append(0, &numbered(0..2));
    let mut member = Member::new(world.join());
    member.until_read(2);
    assert_eq!(member.end(source(0)), 2);

    broker.pause();
    member.log.probe(&[source(0)]);
    let known = member.ends.len();
    member.idle();
    assert_eq!(member.ends.len(), known, "no answer from a stalled broker");
    broker.resume();
    assert_eq!(member.end(source(0)), 2);

    broker.kill();
    member.idle();
    let giving_up = ("message.timeout.ms".to_owned(), "1000".to_owned());
    world.config.librdkafka_producer.extend([giving_up]);
    let mut output = KafkaOutput::open(&world.config).unwrap();
    output.send(&alert(vec![1])).unwrap();
    let flushed = output.flush();
    assert!(matches!(flushed, Err(Error::Abort(_))), "{flushed:?}");

    broker.restart();
    world.append(0, &numbered(2..4));
    member.until_read(4);
    let mut committer = world.committer("one", &member.log);
    renew(&mut committer);
    settle(&mut committer, &mut member, offsets("read", &[(0, 4)])).unwrap();
    assert_eq!(world.committed(0), Some(4));
    output.send(&alert(vec![2])).unwrap();
    output.flush().unwrap();

    // Without a coordinator there is nobody to take leave of: the drop must end all the same.
    broker.kill();
    drop(member);
}

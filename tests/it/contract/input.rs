//! The laws of reading.

use std::cell::Cell;
use std::time::Duration;

use wayfarer::domain::EventTime;
use wayfarer::runtime::{InputEvent, InputLog, Start};

use super::member::{Member, eventually};
use super::{Entry, Foreign, World, numbered, source};

pub(crate) fn records_come_in_offset_order_with_all_they_carry<W: World>() {
    let world = W::new(1);
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let at = |millis| Some(EventTime::from_millis(millis));
    let sent = [
        Entry {
            key: text("ada"),
            value: text("all"),
            headers: vec![
                ("traceparent".into(), b"00".to_vec()),
                ("twice".into(), b"1".to_vec()),
                ("twice".into(), b"2".to_vec()),
                ("empty".into(), Vec::new()),
                ("bytes".into(), vec![0, 255, 10]),
            ],
            timestamp: at(1_700_000_000_001),
        },
        Entry {
            value: text("no key"),
            timestamp: at(1_700_000_000_000),
            ..Entry::default()
        },
        Entry {
            key: text("tombstone"),
            timestamp: at(1_700_000_000_002),
            ..Entry::default()
        },
        Entry {
            key: text(""),
            value: text(""),
            timestamp: at(1_700_000_000_003),
            ..Entry::default()
        },
    ];
    world.append(0, &sent);
    let mut member = Member::new(world.join());
    let read = member.until_read(sent.len());
    let offsets: Vec<u64> = read.iter().map(|read| read.offset).collect();
    assert_eq!(offsets, [0, 1, 2, 3]);
    let entries: Vec<Entry> = read.iter().map(|read| read.entry.clone()).collect();
    assert_eq!(entries, sent);
}

pub(crate) fn nothing_is_read_before_start<W: World>() {
    let world = W::new(2);
    world.append(0, &numbered(0..4));
    world.append(1, &numbered(0..4));
    let mut member = Member::new(world.join());
    member.start = None;
    member.until("assigned", |member| member.owned.len() == 2);
    member.idle();
    assert_eq!(member.read, vec![]);
    assert_eq!(member.log.position(source(0)), None);
    let places = [(source(0), Start::At(1)), (source(1), Start::At(3))];
    member.log.start(&places).unwrap();
    member.until_read(4);
    assert_eq!(member.values(source(0)), ["1", "2", "3"]);
    assert_eq!(member.values(source(1)), ["3"]);
}

pub(crate) fn reading_starts_where_it_is_told<W: World>() {
    let world = W::new(3);
    for partition in 0..3 {
        world.append(partition, &numbered(0..3));
    }
    let mut member = Member::new(world.join());
    member.start = None;
    member.until("assigned", |member| member.owned.len() == 3);
    let places = [
        (source(0), Start::Earliest),
        (source(1), Start::At(2)),
        (source(2), Start::At(3)),
    ];
    member.log.start(&places).unwrap();
    member.until_read(4);
    world.append(2, &numbered(3..4));
    member.until_read(5);
    assert_eq!(member.values(source(0)), ["0", "1", "2"]);
    assert_eq!(member.values(source(1)), ["2"]);
    assert_eq!(member.values(source(2)), ["3"]);
}

pub(crate) fn starting_again_goes_back<W: World>() {
    let world = W::new(2);
    world.append(0, &numbered(0..3));
    world.append(1, &numbered(0..3));
    let mut member = Member::new(world.join());
    member.until_read(6);
    member.log.start(&[(source(0), Start::At(1))]).unwrap();
    assert_eq!(member.log.position(source(0)), Some(1));
    member.until_read(8);
    assert_eq!(member.values(source(0)), ["0", "1", "2", "1", "2"]);
    assert_eq!(member.values(source(1)), ["0", "1", "2"]);
}

pub(crate) fn a_poll_hands_over_no_more_records_than_its_limit<W: World>() {
    let world = W::new(1);
    world.append(0, &numbered(0..10));
    let mut member = Member::new(world.join());
    member.start = None;
    member.until("assigned", |member| member.owned.len() == 1);
    member.log.start(&[(source(0), Start::Earliest)]).unwrap();
    let (all, most) = (Cell::new(0), Cell::new(0));
    let poll = || {
        let mut records = 0;
        let polled = member.log.poll(Duration::from_millis(20), 3, &mut |event| {
            records += usize::from(matches!(event, InputEvent::Record(_)));
        });
        polled.unwrap();
        most.set(most.get().max(records));
        all.set(all.get() + records);
    };
    eventually("ten records", poll, || all.get() == 10);
    assert!(most.get() <= 3, "{} records at once", most.get());
}

pub(crate) fn a_paused_partition_waits_and_the_others_go_on<W: World>() {
    let world = W::new(2);
    world.append(0, &numbered(0..2));
    world.append(1, &numbered(0..2));
    let mut member = Member::new(world.join());
    member.until_read(4);
    member.log.pause(&[source(0)]).unwrap();
    world.append(0, &numbered(2..4));
    world.append(1, &numbered(2..4));
    member.until_read(6);
    assert_eq!(member.values(source(0)), ["0", "1"]);
    assert_eq!(member.values(source(1)), ["0", "1", "2", "3"]);
    assert_eq!(member.log.position(source(0)), Some(2));
    member.log.resume(&[source(0)]).unwrap();
    member.until_read(8);
    assert_eq!(member.values(source(0)), ["0", "1", "2", "3"]);
}

pub(crate) fn a_probe_tells_the_end_once<W: World>() {
    let world = W::new(2);
    world.append(0, &numbered(0..3));
    let mut member = Member::new(world.join());
    member.until_read(3);
    // A partition that is not ours is not asked about.
    member.log.probe(&[source(0), source(1), source(7)]);
    member.log.probe(&[source(0)]);
    member.until("two answers", |member| member.ends.len() >= 2);
    member.idle();
    member.ends.sort_unstable();
    assert_eq!(member.ends, [(source(0), 3), (source(1), 0)]);
    world.append(0, &numbered(3..5));
    assert_eq!(member.end(source(0)), 5);
}

pub(crate) fn an_empty_partition_is_read_to_its_end<W: World>() {
    let world = W::new(1);
    let mut member = Member::new(world.join());
    member.until("assigned", |member| member.owned.len() == 1);
    assert_eq!(member.end(source(0)), 0);
    assert_eq!(member.log.position(source(0)), Some(0));
}

pub(crate) fn reading_reaches_the_end_of_a_log_that_ends_in_marks_of_transactions<W: World>() {
    let world = W::new(2);
    world.append_undecided(0, &numbered(0..3)).commit();
    world.append_undecided(0, &numbered(3..6)).abort();
    world.append_undecided(1, &numbered(0..2)).commit();
    let mut member = Member::new(world.join());
    member.until_read(5);
    for partition in [source(0), source(1)] {
        let end = member.end(partition);
        member.until("read to the end", |member| {
            member.log.position(partition) >= Some(end)
        });
        let last = member.last()[&partition];
        assert!(end > last, "{end} is past the last record, {last}");
    }
    assert_eq!(member.values(source(0)), ["0", "1", "2"]);
    world.append(0, &numbered(6..7));
    member.until_read(6);
    assert_eq!(member.values(source(0)), ["0", "1", "2", "6"]);
}

pub(crate) fn an_open_transaction_is_the_end_until_it_is_decided<W: World>() {
    let world = W::new(1);
    world.append(0, &numbered(0..2));
    let open = world.append_undecided(0, &numbered(2..4));
    world.append(0, &numbered(4..5));
    let mut member = Member::new(world.join());
    member.until_read(2);
    assert_eq!(member.end(source(0)), 2);
    assert_eq!(member.log.position(source(0)), Some(2));
    open.commit();
    member.until_read(5);
    assert_eq!(member.values(source(0)), ["0", "1", "2", "3", "4"]);
    let end = member.end(source(0));
    assert!(end > 4);
    member.until("read to the end", |member| {
        member.log.position(source(0)) >= Some(end)
    });
}

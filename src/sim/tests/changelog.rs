//! What a reader of the changelog finds.

use std::time::Duration;

use super::*;
use crate::runtime::{Bounds, ChangeRecord, Changelog};
use crate::sim::{Call, SimChangelog, Trouble};

type Seen = Vec<(u32, String, Option<String>)>;

fn open(broker: &SimBroker) -> SimChangelog {
    SimChangelog::open(broker, CHANGELOG, &Faults::default())
}

fn read(changelog: &mut SimChangelog, limit: usize) -> Result<Seen, Error> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut seen = Vec::new();
    changelog.poll(Duration::ZERO, limit, &mut |change: ChangeRecord<'_>| {
        let value = change.value.map(text);
        seen.push((change.partition, text(change.key), value));
    })?;
    Ok(seen)
}

fn change(partition: u32, key: &str, value: &str) -> (u32, String, Option<String>) {
    (partition, key.into(), Some(value.into()))
}

fn put(broker: &SimBroker, partition: u32, key: &str, value: &str) {
    let record = Record::new(key, value);
    broker.write_to(CHANGELOG, partition, record).unwrap();
}

#[test]
fn an_open_transaction_counts_for_the_bounds_and_stops_the_reader() {
    let (broker, _) = world(1);
    let input = reader(&broker);
    let mut committer = committer(&broker, &input, "w0", &Faults::default());
    let mut changelog = open(&broker);
    assert_eq!(changelog.partition_count(), Ok(NonZeroU32::MIN));
    changelog.start(0, 0).unwrap();
    assert_eq!(changelog.bounds(0), Ok(Bounds { begin: 0, end: 0 }));
    assert_eq!(write(&mut committer, transaction(7)), Some(Ok(())));
    broker.set_pace(Some(4));
    assert_eq!(write(&mut committer, transaction(8)), None);
    put(&broker, 0, "bob", "9");
    // Two changes, the mark of the first transaction, and what was written by itself.
    assert_eq!(changelog.bounds(0), Ok(Bounds { begin: 0, end: 4 }));
    assert_eq!(read(&mut changelog, 9), Ok(vec![change(0, "ada", "7")]));
    assert_eq!(changelog.position(0), Some(2), "behind the mark");
    let mut careless = open(&broker).with_readable_bounds();
    assert_eq!(careless.bounds(0), Ok(Bounds { begin: 0, end: 2 }));
    committer.renew().unwrap();
    assert_eq!(read(&mut changelog, 9), Ok(vec![change(0, "bob", "9")]));
    assert_eq!(changelog.position(0), Some(5));
    assert_eq!(changelog.bounds(0), Ok(Bounds { begin: 0, end: 5 }));
}

#[test]
fn what_was_compacted_leaves_gaps_that_are_passed_by() {
    let (broker, _) = world(1);
    for value in ["1", "2", "3"] {
        put(&broker, 0, "ada", value);
        put(&broker, 0, "bob", value);
    }
    let tombstone = Record {
        key: Some(b"bob".to_vec()),
        ..Record::default()
    };
    broker.write_to(CHANGELOG, 0, tombstone).unwrap();
    let mut changelog = open(&broker);
    changelog.start(0, 0).unwrap();
    assert_eq!(read(&mut changelog, 1), Ok(vec![change(0, "ada", "1")]));
    broker.compact(CHANGELOG, 0, false).unwrap();
    assert_eq!(changelog.bounds(0), Ok(Bounds { begin: 0, end: 7 }));
    let gone = (0, "bob".to_owned(), None);
    assert_eq!(
        read(&mut changelog, 9),
        Ok(vec![change(0, "ada", "3"), gone])
    );
    assert_eq!(changelog.position(0), Some(7));
    broker.compact(CHANGELOG, 0, true).unwrap();
    changelog.start(0, 0).unwrap();
    assert_eq!(read(&mut changelog, 9), Ok(vec![change(0, "ada", "3")]));
    assert_eq!(changelog.position(0), Some(7), "to the end all the same");
}

#[test]
fn a_truncated_partition_begins_later_and_is_not_read_from_before() {
    let (broker, _) = world(1);
    (0..3).for_each(|_| put(&broker, 0, "ada", "1"));
    broker.forget_before(CHANGELOG, 0, 2).unwrap();
    let mut changelog = open(&broker);
    assert_eq!(changelog.bounds(0), Ok(Bounds { begin: 2, end: 3 }));
    changelog.start(0, 1).unwrap();
    assert!(matches!(read(&mut changelog, 9), Err(Error::Fatal(_))));
    changelog.start(0, 2).unwrap();
    assert_eq!(read(&mut changelog, 9), Ok(vec![change(0, "ada", "1")]));
    assert!(matches!(changelog.bounds(1), Err(Error::Fatal(_))));
}

#[test]
fn every_partition_has_its_turn() {
    let (broker, _) = world(2);
    for partition in 0..2 {
        (0..3).for_each(|_| put(&broker, partition, "ada", "1"));
    }
    let mut changelog = open(&broker);
    for partition in 0..2 {
        changelog.start(partition, 0).unwrap();
    }
    let mut partitions = Vec::new();
    for _ in 0..3 {
        let mut seen = Vec::new();
        let mut sink = |change: ChangeRecord<'_>| seen.push(change.partition);
        assert_eq!(changelog.poll(Duration::ZERO, 2, &mut sink), Ok(2));
        partitions.push(seen);
    }
    assert_eq!(partitions, [[0, 0], [1, 1], [0, 1]]);
    changelog.stop(0).unwrap();
    assert_eq!(changelog.position(0), None);
    assert_eq!(changelog.position(1), Some(3));
}

#[test]
fn a_reader_has_its_share_of_trouble() {
    let (broker, _) = world(1);
    (0..3).for_each(|_| put(&broker, 0, "ada", "1"));
    let faults = Faults::default();
    let mut changelog = SimChangelog::open(&broker, CHANGELOG, &faults);
    changelog.start(0, 0).unwrap();
    broker.set_away(true);
    assert!(matches!(read(&mut changelog, 1), Err(Error::Retry(_))));
    assert!(matches!(changelog.bounds(0), Err(Error::Retry(_))));
    assert!(matches!(changelog.partition_count(), Err(Error::Retry(_))));
    broker.set_away(false);
    broker.withhold(CHANGELOG, 0, true).unwrap();
    assert_eq!(read(&mut changelog, 1), Ok(vec![]));
    broker.withhold(CHANGELOG, 0, false).unwrap();
    faults.next(Call::Restore, Trouble::Lost);
    assert!(matches!(read(&mut changelog, 1), Err(Error::Retry(_))));
    assert_eq!(changelog.position(0), Some(0));
    assert_eq!(read(&mut changelog, 1).map(|seen| seen.len()), Ok(1));
    faults.next(Call::Restore, Trouble::CrashBefore);
    assert!(matches!(read(&mut changelog, 1), Err(Error::Fatal(_))));
    assert_eq!(changelog.position(0), Some(1), "a third of it was restored");
    assert!(matches!(changelog.bounds(0), Err(Error::Fatal(_))));
}

//! The laws of writing all or nothing, and of the changelog.

use std::time::{Duration, Instant};

use wayfarer::runtime::{
    Bounds, Change, Changelog, Committer, Error, InputLog, OutputRecord, OutputTopic, Progress,
    Source, Stored, Transaction,
};

use super::member::{Member, eventually};
use super::{Foreign, Transactions, source};

const PATIENCE: Duration = Duration::from_secs(60);
const SLICE: Duration = Duration::from_millis(20);

/// What became of a transaction; whoever waits for it goes on being a member.
pub(crate) fn settle<I: InputLog>(
    committer: &mut impl Committer,
    member: &mut Member<I>,
    transaction: Transaction,
) -> Result<(), Error> {
    let started = Instant::now();
    committer.submit(transaction);
    loop {
        if let Some(outcome) = committer.outcome(SLICE) {
            nothing_more(committer);
            return outcome;
        }
        member.step();
        in_time(started, "an outcome");
    }
}

fn nothing_more(committer: &mut impl Committer) {
    assert_eq!(committer.outcome(Duration::ZERO), None, "told twice");
}

fn in_time(started: Instant, what: &str) {
    assert!(started.elapsed() < PATIENCE, "never came: {what}");
}

pub(crate) fn renew(committer: &mut impl Committer) {
    let started = Instant::now();
    while let Err(error) = committer.renew() {
        let passes = matches!(error, Error::Retry(_)) && started.elapsed() < PATIENCE;
        assert!(passes, "renew: {error:?}");
    }
}

pub(crate) fn change(partition: u32, key: &str, value: Option<&str>) -> Change {
    Change {
        partition,
        key: key.into(),
        value: value.map(Into::into),
    }
}

/// One effect and one change of this name, and offsets of these partitions.
pub(crate) fn transaction(name: &str, next: &[(u32, u64)]) -> Transaction {
    let output = OutputRecord {
        topic: OutputTopic::Alerts,
        key: Some(b"ada".to_vec()),
        value: Some(name.into()),
        headers: Vec::new(),
        timestamp: None,
    };
    let progress = |(partition, next): &(u32, u64)| Progress {
        source: source(*partition),
        stored: Stored {
            next: *next,
            note: format!("{name}, {partition}"),
        },
    };
    Transaction {
        outputs: vec![output],
        changes: vec![change(next[0].0, name, Some("changed"))],
        progress: next.iter().map(progress).collect(),
    }
}

/// Nothing but offsets of these partitions.
pub(crate) fn offsets(name: &str, next: &[(u32, u64)]) -> Transaction {
    Transaction {
        progress: transaction(name, next).progress,
        ..Transaction::default()
    }
}

/// A member that has all partitions, and a committer for it.
pub(crate) fn working<W: Transactions>(
    world: &W,
    partitions: usize,
) -> (Member<W::Input>, W::Committer) {
    let mut member = Member::new(world.join());
    member.until("assigned", |member| member.owned.len() == partitions);
    let mut committer = world.committer("one", &member.log);
    renew(&mut committer);
    (member, committer)
}

pub(crate) fn alerts<W: Transactions>(world: &W) -> Vec<String> {
    let entries = world.read_back(OutputTopic::Alerts).concat();
    let value = |value: Option<Vec<u8>>| String::from_utf8(value.unwrap()).unwrap();
    entries
        .into_iter()
        .map(|entry| value(entry.value))
        .collect()
}

/// Everything committed in a partition of the changelog, from an offset on.
pub(crate) fn changes(changelog: &mut impl Changelog, partition: u32, from: u64) -> Vec<Change> {
    let end = changelog.bounds(partition).unwrap().end;
    changelog.start(partition, from).unwrap();
    let found = read_until(changelog, partition, end);
    changelog.stop(partition).unwrap();
    found
}

fn read_until(changelog: &mut impl Changelog, partition: u32, end: u64) -> Vec<Change> {
    let mut found = Vec::new();
    let started = Instant::now();
    while changelog.position(partition).unwrap() < end {
        read_some(changelog, &mut found);
        assert!(started.elapsed() < PATIENCE, "never read to {end}");
    }
    found
}

fn read_some(changelog: &mut impl Changelog, found: &mut Vec<Change>) {
    let known = found.len();
    let polled = changelog.poll(SLICE, 3, &mut |record| {
        found.push(Change {
            partition: record.partition,
            key: record.key.to_vec(),
            value: record.value.map(<[u8]>::to_vec),
        });
    });
    match polled {
        Ok(count) => assert!(count == found.len() - known && count <= 3, "{count}"),
        Err(Error::Retry(_)) => {}
        Err(error) => panic!("{error:?}"),
    }
}

pub(crate) fn stored(input: &mut impl InputLog, partitions: u32) -> Vec<Option<Stored>> {
    let sources: Vec<Source> = (0..partitions).map(source).collect();
    let started = Instant::now();
    loop {
        match input.committed(&sources) {
            Ok(stored) => return stored,
            Err(Error::Retry(_)) if started.elapsed() < PATIENCE => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

pub(crate) fn note(next: u64, note: &str) -> Option<Stored> {
    Some(Stored {
        next,
        note: note.to_owned(),
    })
}

pub(crate) fn what_is_committed_can_be_read_with_its_offsets_and_notes<W: Transactions>() {
    let world = W::new(3);
    let (mut member, mut committer) = working(&world, 3);
    assert_eq!(committer.outcome(Duration::ZERO), None);
    let mut whole = transaction("first", &[(2, 7), (0, 0)]);
    whole.changes.push(change(0, "gone", None));
    whole.changes.push(change(2, "first", Some("again")));
    settle(&mut committer, &mut member, whole).unwrap();
    assert_eq!(alerts(&world), ["first"]);
    assert_eq!(
        stored(&mut member.log, 3),
        [note(0, "first, 0"), None, note(7, "first, 2")]
    );
    let mut changelog = world.changelog();
    assert_eq!(changes(&mut changelog, 0, 0), [change(0, "gone", None)]);
    assert_eq!(changes(&mut changelog, 1, 0), []);
    assert_eq!(
        changes(&mut changelog, 2, 0),
        [
            change(2, "first", Some("changed")),
            change(2, "first", Some("again"))
        ]
    );
}

pub(crate) fn transactions_follow_each_other<W: Transactions>() {
    let world = W::new(1);
    let (mut member, mut committer) = working(&world, 1);
    let names: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    for (next, name) in (1..).zip(&names) {
        settle(&mut committer, &mut member, transaction(name, &[(0, next)])).unwrap();
    }
    assert_eq!(alerts(&world), names);
    assert_eq!(stored(&mut member.log, 1), [note(10, "9, 0")]);
    assert_eq!(changes(&mut world.changelog(), 0, 0).len(), 10);
}

pub(crate) fn offsets_alone_can_be_committed<W: Transactions>() {
    let world = W::new(1);
    let (mut member, mut committer) = working(&world, 1);
    settle(&mut committer, &mut member, offsets("alone", &[(0, 4)])).unwrap();
    assert_eq!(stored(&mut member.log, 1), [note(4, "alone, 0")]);
    for topic in OutputTopic::ALL {
        assert!(world.read_back(topic).iter().all(Vec::is_empty));
    }
}

pub(crate) fn offsets_are_committed_by_the_owner_only<W: Transactions>() {
    let world = W::new(2);
    let mut member = Member::new(world.join());
    let mut committer = world.committer("one", &member.log);
    renew(&mut committer);
    let early = settle(&mut committer, &mut member, offsets("early", &[(0, 1)]));
    assert!(matches!(early, Err(Error::Abort(_))), "{early:?}");
    member.until("assigned", |member| member.owned.len() == 2);
    assert_eq!(world.committed(0), None);
    settle(&mut committer, &mut member, offsets("one", &[(0, 2)])).unwrap();
    assert_eq!((world.committed(0), world.committed(1)), (Some(2), None));
    let both = offsets("both", &[(0, 3), (1, 0)]);
    settle(&mut committer, &mut member, both).unwrap();
    assert_eq!((world.committed(0), world.committed(1)), (Some(3), Some(0)));
}

pub(crate) fn what_is_aborted_is_never_readable_and_stores_nothing<W: Transactions>() {
    let world = W::new(2);
    let (mut member, mut committer) = working(&world, 2);
    settle(&mut committer, &mut member, transaction("good", &[(0, 1)])).unwrap();
    // The group has no such partition, so nobody can own it.
    let not_ours = transaction("bad", &[(0, 2), (7, 1)]);
    let refused = settle(&mut committer, &mut member, not_ours);
    assert!(matches!(refused, Err(Error::Abort(_))), "{refused:?}");
    settle(
        &mut committer,
        &mut member,
        transaction("better", &[(1, 5)]),
    )
    .unwrap();
    assert_eq!(alerts(&world), ["good", "better"]);
    assert_eq!(
        stored(&mut member.log, 2),
        [note(1, "good, 0"), note(5, "better, 1")]
    );
    let mut changelog = world.changelog();
    let good = change(0, "good", Some("changed"));
    assert_eq!(changes(&mut changelog, 0, 0), [good]);
}

pub(crate) fn a_partition_that_was_released_is_not_ours_to_commit<W: Transactions>() {
    let world = W::new(2);
    let (mut member, mut committer) = working(&world, 2);
    member.releases = false;
    let mut other = Member::new(world.join());
    let mut revoked = None;
    while revoked.is_none() {
        member.step();
        other.step();
        revoked = member.revoked.first().copied();
    }
    let revoked = revoked.unwrap();
    // What is open is finished before the hand-over.
    let partition = revoked.partition;
    let in_time = transaction("in time", &[(partition, 1)]);
    settle(&mut committer, &mut member, in_time).unwrap();
    member.log.release(&[revoked]).unwrap();
    let late = transaction("late", &[(partition, 2)]);
    let refused = settle(&mut committer, &mut member, late);
    assert!(matches!(refused, Err(Error::Abort(_))), "{refused:?}");
    member.releases = true;
    let theirs = std::cell::Cell::new(false);
    eventually(
        "the hand-over",
        || {
            member.step();
            other.step();
            theirs.set(other.owned.contains(&revoked));
        },
        || theirs.get(),
    );
    let late = transaction("later", &[(partition, 2)]);
    let refused = settle(&mut committer, &mut member, late);
    assert!(matches!(refused, Err(Error::Abort(_))), "{refused:?}");
    let found = other.log.committed(&[revoked]).unwrap();
    assert_eq!(found, [note(1, &format!("in time, {partition}"))]);
    assert_eq!(alerts(&world), ["in time"]);
}

pub(crate) fn nothing_is_committed_for_a_member_that_has_left<W: Transactions>() {
    let world = W::new(1);
    let (member, mut committer) = working(&world, 1);
    drop(member);
    let mut other = Member::new(world.join());
    let refused = settle(&mut committer, &mut other, transaction("late", &[(0, 1)]));
    assert!(matches!(refused, Err(Error::Abort(_))), "{refused:?}");
    assert_eq!(alerts(&world), Vec::<String>::new());
    assert_eq!(stored(&mut other.log, 1), [None]);
}

pub(crate) fn a_second_committer_of_a_name_puts_the_first_out_of_work<W: Transactions>() {
    let world = W::new(1);
    let (mut member, mut first) = working(&world, 1);
    settle(&mut first, &mut member, transaction("first", &[(0, 1)])).unwrap();
    let mut second = world.committer("one", &member.log);
    renew(&mut second);
    let fenced = settle(&mut first, &mut member, transaction("fenced", &[(0, 2)]));
    assert!(matches!(fenced, Err(Error::Unknown(_))), "{fenced:?}");
    settle(&mut second, &mut member, transaction("second", &[(0, 3)])).unwrap();
    renew(&mut first);
    let fenced = settle(&mut second, &mut member, transaction("fenced", &[(0, 4)]));
    assert!(matches!(fenced, Err(Error::Unknown(_))), "{fenced:?}");
    settle(&mut first, &mut member, transaction("third", &[(0, 5)])).unwrap();
    assert_eq!(alerts(&world), ["first", "second", "third"]);
    assert_eq!(stored(&mut member.log, 1), [note(5, "third, 0")]);
    let keys: Vec<_> = changes(&mut world.changelog(), 0, 0)
        .into_iter()
        .map(|change| change.key)
        .collect();
    assert_eq!(keys, [&b"first"[..], b"second", b"third"]);
}

pub(crate) fn a_decision_of_another_is_waited_for_where_offsets_are_asked_for<W: Transactions>() {
    let world = W::new(2);
    let mut input = world.join();
    let open = world.store_undecided(0, 5);
    let sources = [source(0), source(1)];
    let asked = input.committed(&sources);
    assert!(matches!(asked, Err(Error::Retry(_))), "{asked:?}");
    assert_eq!(input.committed(&sources[1..]), Ok(vec![None]));
    open.commit();
    assert_eq!(stored(&mut input, 2), [note(5, ""), None]);
    world.store_undecided(0, 6).abort();
    assert_eq!(stored(&mut input, 2), [note(5, ""), None]);
}

pub(crate) fn the_changelog_has_its_bounds_and_its_count<W: Transactions>() {
    let world = W::new(3);
    let mut changelog = world.changelog();
    assert_eq!(changelog.partition_count().map(u32::from), Ok(3));
    assert_eq!(changelog.bounds(1), Ok(Bounds { begin: 0, end: 0 }));
    let written = [change(1, "a", Some("1")), change(1, "b", None)];
    let open = world.change_undecided(&written);
    assert_eq!(changelog.bounds(1), Ok(Bounds { begin: 0, end: 2 }));
    open.commit();
    // The mark, which comes a little later, takes an offset.
    let started = Instant::now();
    while changelog.bounds(1).unwrap().end == 2 {
        assert!(started.elapsed() < PATIENCE, "no mark");
    }
    assert_eq!(changelog.bounds(0), Ok(Bounds { begin: 0, end: 0 }));
}

pub(crate) fn only_what_is_committed_is_read_of_the_changelog<W: Transactions>() {
    let world = W::new(2);
    let mut changelog = world.changelog();
    assert_eq!(changelog.position(0), None);
    let a = change(0, "a", Some("1"));
    world.change_undecided(std::slice::from_ref(&a)).commit();
    world.change_undecided(&[change(0, "b", Some("2"))]).abort();
    let c = change(0, "c", Some("3"));
    let open = world.change_undecided(std::slice::from_ref(&c));
    let end = changelog.bounds(0).unwrap().end;
    changelog.start(0, 0).unwrap();
    let mut found = Vec::new();
    let started = Instant::now();
    while found.is_empty() {
        read_some(&mut changelog, &mut found);
        assert!(started.elapsed() < PATIENCE, "nothing read");
    }
    for _ in 0..10 {
        read_some(&mut changelog, &mut found);
    }
    assert_eq!(found, [a]);
    assert!(changelog.position(0).unwrap() < end);
    open.commit();
    assert_eq!(read_until(&mut changelog, 0, end), [c]);
    // The last thing there is a mark, behind what was the end.
    let end = changelog.bounds(0).unwrap().end;
    assert_eq!(read_until(&mut changelog, 0, end), []);
}

pub(crate) fn the_changelog_is_read_from_where_it_is_told<W: Transactions>() {
    let world = W::new(3);
    let write = |partition, keys: &[&str]| {
        let changes: Vec<_> = keys.iter().map(|k| change(partition, k, Some(k))).collect();
        world.change_undecided(&changes).commit();
    };
    write(0, &["a", "b", "c", "d"]);
    write(1, &["e", "f"]);
    let mut changelog = world.changelog();
    let keys = |changes: Vec<Change>| -> Vec<String> {
        let key = |change: Change| String::from_utf8(change.key).unwrap();
        changes.into_iter().map(key).collect()
    };
    assert_eq!(keys(changes(&mut changelog, 0, 2)), ["c", "d"]);
    assert_eq!(changelog.position(0), None);
    assert_eq!(keys(changes(&mut changelog, 0, 1)), ["b", "c", "d"]);
    // Two at once; one goes back while it is read.
    changelog.start(0, 3).unwrap();
    changelog.start(1, 1).unwrap();
    let ends = [0, 1].map(|partition| changelog.bounds(partition).unwrap().end);
    let mut found = Vec::new();
    let (started, mut back) = (Instant::now(), false);
    while !(back
        && [0, 1]
            .iter()
            .all(|p| changelog.position(*p) >= Some(ends[*p as usize])))
    {
        read_some(&mut changelog, &mut found);
        if !back && changelog.position(0) >= Some(4) {
            changelog.start(0, 2).unwrap();
            assert_eq!(changelog.position(0), Some(2));
            back = true;
        }
        assert!(started.elapsed() < PATIENCE);
    }
    let mut of = [Vec::new(), Vec::new()];
    for change in found {
        of[change.partition as usize].push(change);
    }
    assert_eq!(of.map(keys), [vec!["d", "c", "d"], vec!["f"]]);
    // What is stopped is not handed over any more.
    changelog.stop(0).unwrap();
    changelog.stop(2).unwrap();
    write(0, &["g"]);
    write(1, &["h"]);
    let end = changelog.bounds(1).unwrap().end;
    assert_eq!(keys(read_until(&mut changelog, 1, end)), ["h"]);
}

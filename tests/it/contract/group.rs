//! The laws of sharing the work.

use std::cell::RefCell;
use std::collections::BTreeSet;

use wayfarer::runtime::{InputLog, Source};

use super::member::{Member, eventually};
use super::{World, numbered, source};

/// Steps both members until this holds for them.
fn until_both<I: InputLog>(
    what: &str,
    (a, b): (&mut Member<I>, &mut Member<I>),
    holds: impl Fn(&Member<I>, &Member<I>) -> bool,
) {
    let both = RefCell::new((a, b));
    eventually(
        what,
        || {
            let mut both = both.borrow_mut();
            both.0.step();
            both.1.step();
        },
        || holds(both.borrow().0, both.borrow().1),
    );
}

fn all(partitions: u32) -> BTreeSet<Source> {
    (0..partitions).map(source).collect()
}

pub(crate) fn two_members_share_the_partitions<W: World>() {
    let world = W::new(4);
    let mut a = Member::new(world.join());
    a.until("all of it", |a| a.owned == all(4));
    let mut b = Member::new(world.join());
    until_both("halves", (&mut a, &mut b), |a, b| {
        a.owned.len() == 2 && b.owned.len() == 2
    });
    assert!(a.owned.is_disjoint(&b.owned));
    for partition in 0..4 {
        world.append(partition, &numbered(0..2));
    }
    until_both("the records", (&mut a, &mut b), |a, b| {
        a.read.len() + b.read.len() >= 8
    });
    a.idle();
    b.idle();
    assert_eq!((a.read.len(), b.read.len()), (4, 4));
    assert_eq!(a.last().into_keys().collect::<BTreeSet<_>>(), a.owned);
}

pub(crate) fn a_revoked_partition_goes_to_the_other_only_after_its_release<W: World>() {
    let world = W::new(2);
    let mut a = Member::new(world.join());
    a.releases = false;
    a.until("all of it", |a| a.owned == all(2));
    world.append(0, &numbered(0..2));
    world.append(1, &numbered(0..2));
    a.until_read(4);
    let mut b = Member::new(world.join());
    until_both("a revoke", (&mut a, &mut b), |a, _| !a.revoked.is_empty());
    // Nothing more of it is handed over.
    let revoked: Vec<Source> = a.revoked.iter().copied().collect();
    assert_eq!(revoked.len(), 1);
    world.append(revoked[0].partition, &numbered(2..3));
    for _ in 0..20 {
        a.step();
        b.step();
    }
    assert_eq!(b.owned, BTreeSet::new());
    assert_eq!(a.read.len(), 4);
    a.log.release(&revoked).unwrap();
    until_both("the hand-over", (&mut a, &mut b), |_, b| {
        b.owned.contains(&revoked[0]) && b.read.len() == 3
    });
    assert_eq!(b.values(revoked[0]), ["0", "1", "2"]);
}

pub(crate) fn a_member_that_leaves_hands_everything_over<W: World>() {
    let world = W::new(2);
    let mut a = Member::new(world.join());
    a.until("all of it", |a| a.owned == all(2));
    let mut b = Member::new(world.join());
    until_both("halves", (&mut a, &mut b), |a, b| {
        a.owned.len() == 1 && b.owned.len() == 1
    });
    drop(a);
    b.until("all of it", |b| b.owned == all(2));
    world.append(0, &numbered(0..1));
    world.append(1, &numbered(0..1));
    b.until_read(2);
}

pub(crate) fn an_owner_of_nothing_is_a_member_all_the_same<W: World>() {
    let world = W::new(1);
    let mut a = Member::new(world.join());
    a.until("all of it", |a| a.owned == all(1));
    let mut b = Member::new(world.join());
    for _ in 0..20 {
        a.step();
        b.step();
    }
    assert_eq!((a.owned.len(), b.owned.len()), (1, 0));
    drop(a);
    b.until("all of it", |b| b.owned == all(1));
}

//! A consumer group: who has which partition, and how it changes hands.
//!
//! ```text
//! (free) ── assigned ─▶ told ── started ─▶ started ── revoked ─▶ leaving ── released ─▶ (free)
//!    ▲                    │                   │                     │
//!    └───────── lost: the member was expelled, or left ─────────────┘
//! ```
//!
//! A change of the members or of who has what begins a rebalance. It ends in a new generation when
//! the first member hears of it, so before anybody is given what another released; until then the
//! old generation is good.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::time::Duration;

use super::membership::Metadata;
use super::offsets::Offsets;
use crate::runtime::Source;

/// A member of a group, numbered in the order of joining.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MemberId(u64);

/// A group and what it reads.
#[derive(Debug)]
pub(super) struct Group {
    topics: Vec<String>,
    /// The partitions of all inputs.
    sources: BTreeSet<Source>,
    joined: u64,
    members: BTreeMap<MemberId, Member>,
    holdings: BTreeMap<Source, Holding>,
    /// Who is to have each partition, by its number.
    plan: BTreeMap<u32, MemberId>,
    generation: u64,
    rebalancing: bool,
    /// The members that are not heard of, and since when.
    silent: BTreeMap<MemberId, Duration>,
    pub(super) offsets: Offsets,
}

#[derive(Debug)]
enum Member {
    In,
    /// Thrown out. It comes back once it has heard of it and released what it lost.
    Out {
        untold: Vec<Source>,
        unreleased: BTreeSet<Source>,
    },
}

#[derive(Debug)]
struct Holding {
    member: MemberId,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Told,
    Started,
    Leaving,
}

/// What a member must be told.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) lost: Vec<Source>,
    pub(super) revoked: Vec<Source>,
    pub(super) assigned: Vec<Source>,
}

impl Group {
    /// A group without members that reads topics with so many partitions each.
    pub(super) fn new(topics: Vec<String>, partitions: &[u32]) -> Self {
        let inputs = (0..).zip(partitions);
        let sources = inputs.flat_map(|(input, count)| {
            (0..*count).map(move |partition| Source { input, partition })
        });
        Self {
            topics,
            sources: sources.collect(),
            joined: 0,
            members: BTreeMap::new(),
            holdings: BTreeMap::new(),
            plan: BTreeMap::new(),
            generation: 0,
            rebalancing: false,
            silent: BTreeMap::new(),
            offsets: Offsets::default(),
        }
    }

    /// The topics that every member reads, in the order of the inputs.
    pub(super) fn topics(&self) -> &[String] {
        &self.topics
    }

    /// The members that were not expelled, in the order of joining.
    pub(super) fn members(&self) -> Vec<MemberId> {
        let members = self.members.iter();
        members
            .filter(|(_, member)| matches!(member, Member::In))
            .map(|(id, _)| *id)
            .collect()
    }

    /// A new member.
    pub(super) fn join(&mut self) -> MemberId {
        self.joined += 1;
        let id = MemberId(self.joined);
        self.members.insert(id, Member::In);
        self.make_plan();
        id
    }

    /// A member leaves of its own accord; what it had is free at once.
    pub(super) fn leave(&mut self, id: MemberId) {
        self.members.remove(&id);
        self.silent.remove(&id);
        self.holdings.retain(|_, holding| holding.member != id);
        self.make_plan();
    }

    /// Throws a member out that was not heard of; what it had is free at once.
    pub(super) fn expel(&mut self, id: MemberId) {
        self.silent.remove(&id);
        if !self.has(id) {
            return;
        }
        let lost = self.held_by(id, |_| true);
        self.holdings.retain(|_, holding| holding.member != id);
        let unreleased = lost.iter().copied().collect();
        self.members.insert(
            id,
            Member::Out {
                untold: lost,
                unreleased,
            },
        );
        self.make_plan();
    }

    /// The member is not heard of from now until it asks for news.
    pub(super) fn silence(&mut self, id: MemberId, now: Duration) {
        self.silent.entry(id).or_insert(now);
    }

    /// Throws out whoever was not heard of for so long.
    pub(super) fn expel_silent(&mut self, now: Duration, time_out: Duration) {
        let silent = self.silent.iter();
        let gone: Vec<_> = silent
            .filter(|(_, since)| now.saturating_sub(**since) >= time_out)
            .map(|(id, _)| *id)
            .collect();
        gone.into_iter().for_each(|id| self.expel(id));
    }

    /// The generation as a member is told it; none if it was expelled.
    pub(super) fn generation_of(&self, id: MemberId) -> Option<u64> {
        self.has(id).then_some(self.generation)
    }

    /// Why the group refuses offsets of a transaction from this sender. It does not ask whose the
    /// partitions are, and **not even for the member if the sender names none**, as brokers do for
    /// the sake of clients that could not name one.
    pub(super) fn objection(&self, sender: Option<Metadata>) -> Option<String> {
        let Metadata { generation, member } = sender?;
        if !self.has(member) {
            return Some(format!("{member:?} is no member"));
        }
        (generation != self.generation)
            .then(|| format!("generation {generation} is over: it is {}", self.generation))
    }

    /// What has changed for a member since it was last asked; it counts as told.
    pub(super) fn news(&mut self, id: MemberId) -> News {
        self.silent.remove(&id);
        let news = self.changes(id);
        if self.rebalancing && self.has(id) {
            self.rebalancing = false;
            self.generation += 1;
        }
        news
    }

    fn changes(&mut self, id: MemberId) -> News {
        if let Some(Member::Out { untold, unreleased }) = self.members.get_mut(&id) {
            let lost = std::mem::take(untold);
            if lost.is_empty() && unreleased.is_empty() {
                self.members.insert(id, Member::In);
                self.make_plan();
            }
            return News {
                lost,
                ..News::default()
            };
        }
        let revoked = self.held_by(id, |phase| phase == Phase::Started);
        let unplanned = |source: &Source| self.plan.get(&source.partition) != Some(&id);
        let revoked: Vec<_> = revoked.into_iter().filter(unplanned).collect();
        for source in &revoked {
            self.holdings.insert(
                *source,
                Holding {
                    member: id,
                    phase: Phase::Leaving,
                },
            );
        }
        let mut assigned = Vec::new();
        if self.held_by(id, |phase| phase == Phase::Leaving).is_empty() {
            assigned = self.free_for(id);
        }
        for source in &assigned {
            self.holdings.insert(
                *source,
                Holding {
                    member: id,
                    phase: Phase::Told,
                },
            );
        }
        News {
            revoked,
            assigned,
            lost: Vec::new(),
        }
    }

    /// Whether the member begins, or goes on, to read a partition that is its own.
    pub(super) fn start(&mut self, id: MemberId, source: Source) -> bool {
        match self.holdings.get_mut(&source) {
            Some(holding) if holding.member == id && holding.phase != Phase::Leaving => {
                holding.phase = Phase::Started;
                true
            }
            _ => false,
        }
    }

    /// The member is done with a partition that it must hand over or has lost.
    pub(super) fn release(&mut self, id: MemberId, source: Source) {
        if let Some(Member::Out { unreleased, .. }) = self.members.get_mut(&id) {
            unreleased.remove(&source);
        }
        let leaving = |holding: &Holding| holding.member == id && holding.phase == Phase::Leaving;
        if self.holdings.get(&source).is_some_and(leaving) {
            self.holdings.remove(&source);
            self.rebalancing = true;
        }
    }

    /// What a member has, revoked partitions included until they are released.
    pub(super) fn holdings(&self, id: MemberId) -> Vec<Source> {
        self.held_by(id, |_| true)
    }

    fn has(&self, id: MemberId) -> bool {
        matches!(self.members.get(&id), Some(Member::In))
    }

    fn held_by(&self, id: MemberId, wanted: impl Fn(Phase) -> bool) -> Vec<Source> {
        let held = self.holdings.iter();
        held.filter(|(_, holding)| holding.member == id && wanted(holding.phase))
            .map(|(source, _)| *source)
            .collect()
    }

    fn free_for(&self, id: MemberId) -> Vec<Source> {
        let planned = |source: &&Source| self.plan.get(&source.partition) == Some(&id);
        let free = |source: &&Source| !self.holdings.contains_key(source);
        self.sources
            .iter()
            .filter(planned)
            .filter(free)
            .copied()
            .collect()
    }

    fn make_plan(&mut self) {
        self.rebalancing = true;
        let partitions = self.sources.iter().map(|source| source.partition).collect();
        self.plan = plan(&partitions, &self.members(), &self.plan);
    }
}

/// Shares partitions out evenly, leaving each where it was planned to be as far as that is even.
fn plan(
    partitions: &BTreeSet<u32>,
    members: &[MemberId],
    before: &BTreeMap<u32, MemberId>,
) -> BTreeMap<u32, MemberId> {
    let Some(share) = partitions.len().checked_div(members.len()) else {
        return BTreeMap::new();
    };
    let kept = |id: &MemberId| before.values().filter(|owner| *owner == id).count();
    let mut order = members.to_vec();
    // The sort is stable: among equals the one that joined first comes first.
    order.sort_by_key(|id| std::cmp::Reverse(kept(id)));
    let larger = partitions.len() % members.len();
    let rooms = order
        .iter()
        .zip(0..)
        .map(|(id, at)| (*id, share + usize::from(at < larger)));
    let mut rooms: BTreeMap<MemberId, usize> = rooms.collect();
    let mut plan = BTreeMap::new();
    for (partition, owner) in before {
        if let Some(room) = rooms.get_mut(owner).filter(|room| **room > 0) {
            *room -= 1;
            plan.insert(*partition, *owner);
        }
    }
    let homes = rooms.into_iter();
    let mut homes = homes.flat_map(|(id, room)| std::iter::repeat_n(id, room));
    for partition in partitions {
        if let btree_map::Entry::Vacant(homeless) = plan.entry(*partition) {
            homeless.insert(homes.next().expect("the rooms add up to the partitions"));
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(partition: u32) -> Source {
        Source {
            input: 0,
            partition,
        }
    }

    fn sources(partitions: &[u32]) -> Vec<Source> {
        partitions
            .iter()
            .map(|partition| source(*partition))
            .collect()
    }

    fn group(partitions: u32) -> Group {
        Group::new(vec!["touchpoints".into()], &[partitions])
    }

    /// Tells the member everything and starts what it gets.
    fn settle(group: &mut Group, id: MemberId) -> News {
        let news = group.news(id);
        for source in &news.assigned {
            assert!(group.start(id, *source));
        }
        news
    }

    #[test]
    fn the_first_member_gets_everything() {
        let mut group = group(3);
        let ada = group.join();
        assert_eq!(settle(&mut group, ada).assigned, sources(&[0, 1, 2]));
        assert_eq!(settle(&mut group, ada).assigned, []);
    }

    #[test]
    fn a_revoked_partition_is_assigned_only_after_its_release() {
        let mut group = group(2);
        let ada = group.join();
        settle(&mut group, ada);
        let bob = group.join();
        assert_eq!(settle(&mut group, bob).assigned, []);
        assert_eq!(settle(&mut group, ada).revoked, sources(&[1]));
        assert_eq!(settle(&mut group, ada).revoked, [], "it is told once");
        assert_eq!(settle(&mut group, bob).assigned, []);
        assert_eq!(
            group.holdings(ada),
            sources(&[0, 1]),
            "until then it is ada's"
        );
        group.release(ada, source(1));
        assert_eq!(group.holdings(ada), sources(&[0]));
        assert_eq!(settle(&mut group, bob).assigned, sources(&[1]));
    }

    #[test]
    fn a_partition_is_not_revoked_before_it_is_started() {
        let mut group = group(2);
        let ada = group.join();
        let told = group.news(ada).assigned;
        group.join();
        assert_eq!(group.news(ada).revoked, []);
        for source in told {
            group.start(ada, source);
        }
        assert_eq!(group.news(ada).revoked, sources(&[1]));
    }

    #[test]
    fn only_revoked_or_lost_partitions_can_be_released() {
        let mut group = group(1);
        let ada = group.join();
        settle(&mut group, ada);
        group.release(ada, source(0));
        assert_eq!(group.holdings(ada), sources(&[0]));
    }

    #[test]
    fn what_a_leaver_had_is_free_at_once() {
        let mut group = group(2);
        let (ada, bob) = (group.join(), group.join());
        settle(&mut group, ada);
        settle(&mut group, bob);
        group.leave(ada);
        assert_eq!(settle(&mut group, bob).assigned, sources(&[0]));
    }

    #[test]
    fn an_expelled_member_loses_everything_and_comes_back_when_it_has_let_go() {
        let mut group = group(2);
        let (ada, bob) = (group.join(), group.join());
        settle(&mut group, ada);
        settle(&mut group, bob);
        group.expel(ada);
        assert_eq!(settle(&mut group, bob).assigned, sources(&[0]));
        assert_eq!(group.holdings(ada), []);
        assert_eq!(settle(&mut group, ada).lost, sources(&[0]));
        assert_eq!(settle(&mut group, ada).lost, [], "it is told once");
        assert_eq!(group.members(), [bob]);
        group.release(ada, source(0));
        settle(&mut group, ada);
        assert_eq!(group.members(), [ada, bob]);
        assert_eq!(settle(&mut group, bob).revoked.len(), 1);
    }

    #[test]
    fn a_generation_ends_when_the_first_member_hears_of_a_rebalance() {
        let mut group = group(2);
        let ada = group.join();
        settle(&mut group, ada);
        let sender = |group: &Group, member| Metadata {
            generation: group.generation_of(member).unwrap(),
            member,
        };
        let first = sender(&group, ada);
        let bob = group.join();
        assert_eq!(group.objection(Some(first)), None, "nobody heard of it");
        settle(&mut group, bob);
        assert!(group.objection(Some(first)).is_some());
        settle(&mut group, ada);
        let second = sender(&group, ada);
        assert_eq!(group.objection(Some(second)), None);
        group.release(ada, source(1));
        assert_eq!(group.objection(Some(second)), None, "nobody has it yet");
        assert_eq!(settle(&mut group, bob).assigned, sources(&[1]));
        assert!(group.objection(Some(second)).is_some());
    }

    #[test]
    fn an_expelled_member_is_refused_and_a_nameless_one_is_not() {
        let mut group = group(1);
        let ada = group.join();
        settle(&mut group, ada);
        let generation = group.generation_of(ada).unwrap();
        group.expel(ada);
        let member = ada;
        assert!(
            group
                .objection(Some(Metadata { generation, member }))
                .is_some()
        );
        assert_eq!(group.generation_of(ada), None);
        assert_eq!(group.objection(None), None);
    }

    #[test]
    fn a_silent_member_is_expelled_in_time_unless_it_is_heard_of() {
        let mut group = group(2);
        let (ada, bob) = (group.join(), group.join());
        let secs = Duration::from_secs;
        group.silence(ada, secs(1));
        group.silence(bob, secs(1));
        settle(&mut group, bob);
        group.expel_silent(secs(10), secs(10));
        assert_eq!(group.members(), [ada, bob]);
        group.expel_silent(secs(11), secs(10));
        assert_eq!(group.members(), [bob]);
    }

    #[test]
    fn partitions_of_one_number_go_to_one_member() {
        let mut group = Group::new(vec!["online".into(), "shops".into()], &[2, 2]);
        let (ada, bob) = (group.join(), group.join());
        for member in [ada, bob] {
            let numbers: BTreeSet<_> = settle(&mut group, member)
                .assigned
                .iter()
                .map(|s| s.partition)
                .collect();
            assert_eq!(numbers.len(), 1);
            assert_eq!(group.holdings(member).len(), 2);
        }
    }

    #[test]
    fn a_plan_is_even_and_moves_no_more_than_it_must() {
        let partitions: BTreeSet<u32> = (0..7).collect();
        let ids: Vec<_> = (1..=5).map(MemberId).collect();
        let mut before = BTreeMap::new();
        for count in [1, 2, 3, 5, 4, 1, 3] {
            let members = &ids[..count];
            let after = plan(&partitions, members, &before);
            assert_eq!(after.len(), partitions.len());
            let held = |id: &MemberId| after.values().filter(|owner| *owner == id).count();
            let counts: Vec<_> = members.iter().map(held).collect();
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(most - least <= 1, "{counts:?}");
            let surplus: usize = members
                .iter()
                .map(|id| {
                    let had = before.values().filter(|owner| *owner == id).count();
                    had.saturating_sub(held(id))
                })
                .sum();
            let homeless = before.values().filter(|id| !members.contains(id)).count();
            let moved = before.iter().filter(|(at, id)| after[*at] != **id).count();
            assert_eq!(moved, surplus + homeless);
            before = after;
        }
        assert!(plan(&partitions, &[], &before).is_empty());
    }
}

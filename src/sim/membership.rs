//! What a member knows of its own membership, for whoever must prove it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::broker::SimBroker;
use super::group::MemberId;
use crate::runtime::Source;

/// What a request says of the member that sent it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Metadata {
    pub(super) generation: u64,
    pub(super) member: MemberId,
}

/// That partitions were ours at some moment, each since which hand-over.
#[derive(Debug)]
pub(super) struct Claim(Vec<(Source, u64)>);

/// A member's knowledge of its membership, as its client has it. Clones are the same knowledge.
///
/// What it knows of the group is as old as the member's last poll or [`hear`](Self::hear). A member
/// that was not told of its first generation yet, or knows that it was expelled, has none: Kafka's
/// clients then send generation −1 and an empty member id.
#[derive(Clone, Debug)]
pub struct Membership(Rc<Knowledge>);

#[derive(Debug)]
struct Knowledge {
    broker: SimBroker,
    group: String,
    member: MemberId,
    generation: Cell<Option<u64>>,
    /// The partitions that are the member's to commit, and since which hand-over.
    tenures: RefCell<BTreeMap<Source, u64>>,
    hand_overs: Cell<u64>,
}

impl Membership {
    pub(super) fn new(broker: &SimBroker, group: &str, member: MemberId) -> Self {
        Self(Rc::new(Knowledge {
            broker: broker.clone(),
            group: group.to_owned(),
            member,
            generation: Cell::new(None),
            tenures: RefCell::default(),
            hand_overs: Cell::new(0),
        }))
    }

    /// Which member this is.
    pub fn id(&self) -> MemberId {
        self.0.member
    }

    /// The group.
    pub fn group(&self) -> &str {
        &self.0.group
    }

    /// The client hears from the group, as it does between polls: it learns the generation, or
    /// that it was expelled. What that means for its partitions is told by the next poll. In an
    /// outage it hears nothing.
    pub fn hear(&self) {
        let cluster = self.0.broker.cluster();
        if cluster.away {
            return;
        }
        let group = cluster.groups.get(&self.0.group);
        let generation = group.and_then(|group| group.generation_of(self.0.member));
        self.0.generation.set(generation);
    }

    pub(super) fn metadata(&self) -> Option<Metadata> {
        let generation = self.0.generation.get()?;
        let member = self.0.member;
        Some(Metadata { generation, member })
    }

    /// These partitions are ours from now on.
    pub(super) fn begin(&self, sources: &[Source]) {
        let number = self.0.hand_overs.get() + 1;
        self.0.hand_overs.set(number);
        let begun = sources.iter().map(|source| (*source, number));
        self.0.tenures.borrow_mut().extend(begun);
    }

    /// These partitions are not ours any more.
    pub(super) fn end(&self, sources: &[Source]) {
        let mut tenures = self.0.tenures.borrow_mut();
        tenures.retain(|source, _| !sources.contains(source));
    }

    /// A claim on these partitions; none if one of them is not ours. The group would not object: it
    /// knows its members, and does not ask whose the partitions are.
    pub(super) fn claim(&self, sources: impl Iterator<Item = Source>) -> Option<Claim> {
        let tenures = self.0.tenures.borrow();
        let tenure = |source| Some((source, *tenures.get(&source)?));
        sources.map(tenure).collect::<Option<Vec<_>>>().map(Claim)
    }

    /// Whether all of it has been ours without a break since it was claimed.
    pub(super) fn upholds(&self, claim: &Claim) -> bool {
        let tenures = self.0.tenures.borrow();
        let mut claimed = claim.0.iter();
        claimed.all(|(source, number)| tenures.get(source) == Some(number))
    }
}

//! What a member knows of its own membership, for whoever must prove it.

use std::cell::Cell;
use std::rc::Rc;

use super::broker::SimBroker;
use super::group::MemberId;

/// What a request says of the member that sent it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Metadata {
    pub(super) generation: u64,
    pub(super) member: MemberId,
}

/// A member's knowledge of its membership, as its client has it. Clones are the same knowledge.
///
/// It is as old as the member's last poll or [`hear`](Self::hear). A member that was not told of
/// its first generation yet, or knows that it was expelled, has none: Kafka's clients then send
/// generation −1 and an empty member id.
#[derive(Clone, Debug)]
pub struct Membership(Rc<Knowledge>);

#[derive(Debug)]
struct Knowledge {
    broker: SimBroker,
    group: String,
    member: MemberId,
    generation: Cell<Option<u64>>,
}

impl Membership {
    pub(super) fn new(broker: &SimBroker, group: &str, member: MemberId) -> Self {
        Self(Rc::new(Knowledge {
            broker: broker.clone(),
            group: group.to_owned(),
            member,
            generation: Cell::new(None),
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
}

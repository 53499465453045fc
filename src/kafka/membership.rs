//! The membership in the group, which reading and committing share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rdkafka::consumer::{BaseConsumer, Consumer};

use super::context::Context;
use super::ffi::Standing;
use super::reaper::Reaped;
use crate::runtime::{Error, Source};

/// A member of the group: its consumer and the partitions that are its to commit.
///
/// The input owns it; a committer only borrows it for a moment, so that the member leaves the group
/// when the input is dropped.
pub(super) struct Member {
    pub(super) consumer: Reaped<BaseConsumer<Context>>,
    pub(super) tenures: Tenures,
}

impl Member {
    pub(super) fn new(consumer: BaseConsumer<Context>) -> Self {
        Self {
            consumer: Reaped::new(consumer, "input"),
            tenures: Tenures::default(),
        }
    }
}

/// Which partitions are ours, and since which hand-over.
///
/// The group knows generations only: a member that gave a partition up and is in the group still
/// would be believed if it committed an offset of that partition.
#[derive(Default)]
pub(super) struct Tenures(Mutex<Numbered>);

#[derive(Default)]
struct Numbered {
    tenures: BTreeMap<Source, u64>,
    begun: u64,
}

/// That partitions were ours at some moment.
pub(super) struct Claim(Vec<(Source, u64)>);

impl Tenures {
    /// These partitions are ours from now on.
    pub(super) fn begin(&self, sources: &[Source]) {
        let mut numbered = self.lock();
        numbered.begun += 1;
        let number = numbered.begun;
        for source in sources {
            numbered.tenures.insert(*source, number);
        }
    }

    /// These partitions are not ours any more. Must be said before the group is told.
    pub(super) fn end(&self, sources: &[Source]) {
        let mut numbered = self.lock();
        for source in sources {
            numbered.tenures.remove(source);
        }
    }

    /// A claim on these partitions; none if one of them is not ours.
    pub(super) fn claim(&self, sources: impl Iterator<Item = Source>) -> Option<Claim> {
        let numbered = self.lock();
        let tenure = |source| Some((source, *numbered.tenures.get(&source)?));
        sources.map(tenure).collect::<Option<Vec<_>>>().map(Claim)
    }

    /// Whether all of it has been ours without a break since it was claimed.
    pub(super) fn uphold(&self, claim: &Claim) -> bool {
        let numbered = self.lock();
        let mut claimed = claim.0.iter();
        claimed.all(|(source, number)| numbered.tenures.get(source) == Some(number))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Numbered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to store what is claimed, and the member that has it. The member is to be held no
/// longer than for a call, since it leaves the group when the last who holds it lets go.
///
/// # Errors
///
/// [`Error::Abort`] if it is no member in good standing, or was not all the time.
pub(super) fn standing(
    member: &Weak<Member>,
    claim: &Claim,
    doing: &str,
) -> Result<(Arc<Member>, Standing), Error> {
    let refused = |why: &str| Error::Abort(format!("{doing}: {why}"));
    let member = member
        .upgrade()
        .ok_or_else(|| refused("we have left the group"))?;
    let standing = Standing::of(member.consumer.client())
        .ok_or_else(|| refused("we are not a member of the group now"))?;
    // In this order: a partition that is still ours now was so in the generation captured.
    if member.tenures.uphold(claim) {
        Ok((member, standing))
    } else {
        Err(refused("the partitions are not ours any more"))
    }
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

    fn claim(tenures: &Tenures, partitions: &[u32]) -> Option<Claim> {
        tenures.claim(partitions.iter().map(|p| source(*p)))
    }

    #[test]
    fn only_what_is_ours_can_be_claimed() {
        let tenures = Tenures::default();
        tenures.begin(&[source(0), source(1)]);
        assert!(claim(&tenures, &[0, 1]).is_some());
        assert!(claim(&tenures, &[0, 2]).is_none());
        tenures.end(&[source(0)]);
        assert!(claim(&tenures, &[0]).is_none());
        assert!(claim(&tenures, &[1]).is_some());
    }

    #[test]
    fn a_claim_does_not_outlive_a_partition_that_went_and_came_back() {
        let tenures = Tenures::default();
        tenures.begin(&[source(0), source(1)]);
        let (both, other) = (claim(&tenures, &[0, 1]), claim(&tenures, &[1]));
        let (both, other) = (both.unwrap(), other.unwrap());
        assert!(tenures.uphold(&both));
        tenures.end(&[source(0)]);
        tenures.begin(&[source(0)]);
        assert!(!tenures.uphold(&both));
        assert!(tenures.uphold(&other));
    }
}

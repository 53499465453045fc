//! Compiled journey maps: names turned into numbers, one table look-up for each touchpoint.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::map::{Bounce, InstanceKey, MapSpec, Mistake, Moves};
use super::names::Names;
use super::rules::Rules;
use super::time::Millis;
use super::touch::Touch;
use super::touchpoint::Touchpoint;
use super::vocabulary;

/// A touchpoint type's number; 0 stands for every type that is not in the vocabulary.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KindId(pub u16);

/// A channel's number, below 64; 0 stands for a missing channel and for those not in the
/// vocabulary.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ChannelId(pub u8);

/// A set of channels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ChannelSet(pub u64);

impl ChannelSet {
    /// The set with `channel` in it too.
    #[must_use]
    pub const fn with(self, channel: ChannelId) -> Self {
        Self(self.0 | 1 << (channel.0 & 63))
    }

    /// The channels in it, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = ChannelId> {
        (0..64)
            .filter(move |bit| self.0 & 1 << bit != 0)
            .map(ChannelId)
    }
}

/// A step's number in its map, counted over all stages in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StepIx(pub u8);

/// A step, by the names of its stage and of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The number of its stage.
    pub stage: u8,
    /// Its id; none for the only step of a plain stage.
    pub id: Option<Box<str>>,
}

/// `return`, compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Comeback {
    /// Where a silent customer goes.
    pub to: StepIx,
    /// Only a customer beyond this step goes there.
    pub beyond: StepIx,
    /// The silence.
    pub after: Millis,
}

/// Sessions, compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionRule {
    /// Silence that ends a session.
    pub gap: Millis,
    /// The longest that a session lasts.
    pub max: Millis,
    /// Engaged if longer than this,
    pub longer_than: Millis,
    /// or with this many views, or a conversion.
    pub views: u32,
    /// What counts as a bounce.
    pub bounce: Bounce,
}

/// An abandonment rule, compiled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AbandonmentRule {
    /// Its id.
    pub id: Box<str>,
    /// The silences of its alerts, ascending: `after`, then each of `again`.
    pub levels: Vec<Millis>,
    /// How long after the first deadline a completion still recovers.
    pub recovers_within: Millis,
    /// What an episode is an episode of.
    pub instance: InstanceKey,
}

/// What one touchpoint type does under one abandonment rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Roles(u8);

impl Roles {
    /// Starts an episode, or extends a running one.
    pub const OPENS: Self = Self(1);
    /// Moves the deadline.
    pub const EXTENDS: Self = Self(2);
    /// Converts it.
    pub const COMPLETES: Self = Self(4);
    /// Ends it without a trace.
    pub const CANCELS: Self = Self(8);
    /// Takes items out.
    pub const REMOVES: Self = Self(16);

    /// Whether `role` is among them.
    pub const fn has(self, role: Self) -> bool {
        self.0 & role.0 != 0
    }

    pub(super) const fn add(&mut self, role: Self) {
        self.0 |= role.0;
    }

    /// Whether there is any.
    pub const fn any(self) -> bool {
        self.0 != 0
    }
}

/// What one touchpoint type means in one map.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Meaning {
    /// The steps it enters, in map order.
    pub steps: Vec<StepIx>,
    /// Whether it is a view.
    pub view: bool,
    /// Whether it converts.
    pub converts: bool,
    /// Its roles under each abandonment rule, in rule order.
    pub roles: Vec<Roles>,
}

/// One compiled map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JourneyMap {
    /// Its id.
    pub id: Box<str>,
    /// Its version.
    pub version: u32,
    /// The ids of its stages in order.
    pub stages: Vec<Box<str>>,
    /// Its steps over all stages in order.
    pub steps: Vec<Step>,
    /// Which moves count.
    pub moves: Moves,
    /// Where a silent customer starts over.
    pub comeback: Option<Comeback>,
    /// How sessions end.
    pub session: SessionRule,
    /// What can be abandoned.
    pub abandonments: Vec<AbandonmentRule>,
    /// How far back a conversion looks.
    pub lookback: Millis,
    /// By type number, what it means here.
    pub(super) meanings: Vec<Meaning>,
}

impl JourneyMap {
    /// What a type means in this map.
    pub fn meaning(&self, kind: KindId) -> &Meaning {
        &self.meanings[usize::from(kind.0)]
    }

    /// A number for what the map means: equal for maps that differ only in wording, different for
    /// maps under which a stored journey would mean something else. `SipHash` 1-3 with a zero key
    /// over the compiled map's debug text.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = SipHasher13::new();
        hasher.write(format!("{self:?}").as_bytes());
        hasher.finish()
    }

    /// The stage that a step belongs to.
    pub fn stage_of(&self, step: StepIx) -> u8 {
        self.steps[usize::from(step.0)].stage
    }

    /// The names of a step's stage and, unless the stage is plain, of the step.
    pub fn name_of(&self, step: StepIx) -> (&str, Option<&str>) {
        let step = &self.steps[usize::from(step.0)];
        (&self.stages[usize::from(step.stage)], step.id.as_deref())
    }

    /// Whether the map knows abandonment, a stage or a conversion for this type.
    pub fn knows(&self, kind: KindId) -> bool {
        let meaning = self.meaning(kind);
        !meaning.steps.is_empty()
            || meaning.converts
            || meaning.roles.iter().any(|roles| roles.any())
    }
}

/// How much is kept for one customer. What a bound cuts off is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Touches that wait for the watermark.
    pub pending: usize,
    /// Ids remembered behind the watermark, and orders remembered by each map.
    pub ring: usize,
    /// Exposures remembered for attribution.
    pub path: usize,
    /// Episodes remembered by each map.
    pub episodes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            pending: 256,
            ring: 8,
            path: 32,
            episodes: 16,
        }
    }
}

/// What holds for all maps of a pipeline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How far behind the largest time a touchpoint may come and still be on time.
    pub disorder: Millis,
    /// How much is kept for one customer.
    pub bounds: Bounds,
    /// Types that the maps do not name and that are to be told apart all the same.
    pub kinds: Vec<String>,
    /// Channels besides the usual ones.
    pub channels: Vec<String>,
    /// Which rules hold; only tests switch any off.
    pub rules: Rules,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            disorder: Millis::from_secs(30),
            bounds: Bounds::default(),
            kinds: Vec::new(),
            channels: Vec::new(),
            rules: Rules::ALL,
        }
    }
}

/// All maps of a pipeline, compiled together, with the vocabulary that they share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Maps {
    /// The maps in config order.
    pub maps: Vec<JourneyMap>,
    /// How far behind the largest time a touchpoint may come and still be on time.
    pub disorder: Millis,
    /// How much is kept for one customer.
    pub bounds: Bounds,
    /// Which rules hold.
    pub rules: Rules,
    pub(super) kinds: Vec<Box<str>>,
    pub(super) channels: Vec<Box<str>>,
    pub(super) kind_ids: Names<KindId>,
    pub(super) channel_ids: Names<ChannelId>,
    /// By type number: the lowest step that names it in the first map that does.
    pub(super) ranks: Vec<u8>,
}

impl Maps {
    /// Checks the maps and compiles them.
    ///
    /// # Errors
    ///
    /// Every mistake found, not only the first, in the order of the maps.
    pub fn compile(specs: &[MapSpec], settings: &Settings) -> Result<Self, Vec<Mistake>> {
        super::compile::compile(specs, settings)
    }

    /// The number of a type's name; 0 if it is not in the vocabulary.
    pub fn kind(&self, name: &str) -> KindId {
        self.kind_ids.get(name).unwrap_or(KindId(0))
    }

    /// The name of a type; `other` for number 0.
    pub fn kind_name(&self, kind: KindId) -> &str {
        &self.kinds[usize::from(kind.0)]
    }

    /// The number of a channel's name; 0 if there is none or it is not in the vocabulary.
    pub fn channel(&self, name: Option<&str>) -> ChannelId {
        name.and_then(|name| self.channel_ids.get(name))
            .unwrap_or(ChannelId(0))
    }

    /// The name of a channel; `other` for number 0.
    pub fn channel_name(&self, channel: ChannelId) -> &str {
        &self.channels[usize::from(channel.0)]
    }

    /// The names of all types by number; the first is `other`.
    pub fn kinds(&self) -> &[Box<str>] {
        &self.kinds
    }

    /// The names of all channels by number; the first is `other`.
    pub fn channels(&self) -> &[Box<str>] {
        &self.channels
    }

    /// The rank of a type: at one instant, touches of lower rank come first.
    pub fn rank(&self, kind: KindId) -> u8 {
        self.ranks[usize::from(kind.0)]
    }

    /// Whether a name is in the usual vocabulary or in one of the maps.
    pub fn knows_kind(&self, name: &str) -> bool {
        self.kind_ids.get(name).is_some()
    }

    /// What the customers' folds need of a touchpoint.
    pub fn touch(&self, touchpoint: &Touchpoint) -> Touch {
        Touch {
            id: touchpoint.id.clone(),
            at: touchpoint.at,
            kind: self.kind(&touchpoint.kind),
            channel: self.channel(touchpoint.channel.as_deref()),
            refund: vocabulary::REFUNDS.contains(&&*touchpoint.kind),
            cart: touchpoint.cart.clone(),
            order: touchpoint.order.clone(),
            request: touchpoint.request.clone(),
            value: touchpoint.value,
            currency: touchpoint.currency,
            quantity: touchpoint.quantity(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AbandonmentSpec, StageSpec, StepSpec};

    #[test]
    fn a_set_holds_each_channel_once_in_order() {
        let set = [63, 0, 5, 5]
            .into_iter()
            .fold(ChannelSet::default(), |set, n| set.with(ChannelId(n)));
        assert_eq!(set.0, 1 << 63 | 1 << 5 | 1);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 5, 63].map(ChannelId));
    }

    #[test]
    fn a_map_knows_what_enters_converts_or_plays_a_role() {
        let mut spec = MapSpec::new("shop");
        spec.stages.push(StageSpec {
            id: "browse".into(),
            steps: vec![StepSpec {
                id: None,
                on: vec!["page_viewed".into()],
            }],
            conversion: vec!["signed_up".into()],
        });
        let after = Millis::from_minutes(30);
        let rule = AbandonmentSpec::new("cart", "cart_added", "purchased", after);
        spec.abandonments.push(rule);
        let maps = Maps::compile(&[spec], &Settings::default()).unwrap();
        let known = |name| maps.maps[0].knows(maps.kind(name));
        for name in ["page_viewed", "signed_up", "cart_added", "purchased"] {
            assert!(known(name), "{name}");
        }
        assert!(!known("searched"));
        assert!(!known("screen_viewed"), "a view alone is no knowledge");
        assert!(maps.knows_kind("searched"));
        assert!(!maps.knows_kind("levitated"));
    }
}

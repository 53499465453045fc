//! Effects: what a decision leaves behind, for the output topics and for the KPIs.

use std::fmt;
use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use super::maps::{ChannelId, ChannelSet, KindId, StepIx};
use super::time::{EventTime, Millis};
use super::touchpoint::Currency;

/// The id of an effect: it names the cause, not the content.
///
/// `SipHash` 1-3 with a zero key and 128 bits of result over the parts, each as its length (four
/// bytes, little-endian) and its UTF-8 bytes. The parts are listed in `docs/formats.md`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectId(u128);

impl EffectId {
    /// The id that `parts` name, in this order.
    pub fn of(parts: &[&str]) -> Self {
        Self::of_all(parts.iter().copied())
    }

    /// The id that `parts` name, which need not lie in one slice.
    pub(super) fn of_all<'a>(parts: impl Iterator<Item = &'a str>) -> Self {
        let mut hasher = SipHasher13::new();
        for part in parts {
            hasher.write(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
            hasher.write(part.as_bytes());
        }
        Self(hasher.finish128().as_u128())
    }

    /// The 128 bits.
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}…", self.0 >> 96)
    }
}

/// Whether an effect is stated or taken back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Sign {
    /// The effect is true.
    Assert,
    /// An effect stated before, with this content, is not true after all.
    Retract,
}

impl Sign {
    /// What it adds to a sum: one or minus one.
    pub const fn factor(self) -> i64 {
        match self {
            Self::Assert => 1,
            Self::Retract => -1,
        }
    }
}

/// One consequence for one customer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Effect {
    /// What caused it.
    pub id: EffectId,
    /// Which map it belongs to, in config order.
    pub map: u16,
    /// Its own event time, which decides its KPI pane.
    pub at: EventTime,
    /// Stated or taken back.
    pub sign: Sign,
    /// What it says.
    pub kind: EffectKind,
}

/// What caused a transition.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cause {
    /// The touchpoint with this id and type.
    Touchpoint(Box<str>, KindId),
    /// The map's `return`: the customer was silent.
    Return,
}

/// A touch of one channel on the way to a conversion; equal neighbours are one, with the later
/// time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Exposure {
    /// When it last happened.
    pub at: EventTime,
    /// Where.
    pub channel: ChannelId,
}

/// What an effect says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EffectKind {
    /// A customer moved. Id: customer, map, `transition`, causing touchpoint (or `return` and its
    /// time), stage and step reached.
    Transition {
        /// Where the customer stood; nothing on the first transition.
        from: Option<StepIx>,
        /// Where the customer stands now.
        to: StepIx,
        /// How long the customer stood in `from`.
        dwell: Millis,
        /// What moved the customer.
        cause: Cause,
        /// Whether the touchpoint came behind the watermark.
        late: bool,
    },
    /// A stay in a step is over for good: a settled transition, for the dwell histograms only.
    StayCompleted {
        /// The step left.
        step: StepIx,
        /// How long the customer stood there.
        dwell: Millis,
    },
    /// A session ended. Id: customer, map, `session`, its start in milliseconds.
    SessionEnded(Box<SessionEnded>),
    /// A customer converted. Id: customer, map, `conversion`, order id (else touchpoint id).
    Converted(Box<Converted>),
    /// Money went back, for the revenue only.
    Refunded {
        /// Minor units of `currency`.
        value: i64,
        /// The currency.
        currency: Option<Currency>,
    },
    /// A deadline passed in silence, an alert. Id: customer, map, `abandoned`, rule, instance,
    /// opening touchpoint's id hash (16 hexadecimal digits), level in decimal.
    Abandoned(Box<Abandonment>),
    /// An alert is taken back: a completing (or cancelling) touchpoint at or before the first
    /// deadline came late. The id is the alert's.
    Retracted(Box<Retraction>),
    /// An abandoned episode was completed after all. Id: as the alert's, with `recovered` in the
    /// place of `abandoned` and without level.
    Recovered(Box<Recovery>),
    /// An episode began, for the KPIs only. Id as `recovered`, with `opened`.
    Opened {
        /// The rule's number in its map.
        rule: u16,
    },
    /// An open episode ended without a trace: cancelled, or empty at its deadline; for the KPIs
    /// only. Id as `recovered`, with `dropped`.
    Dropped {
        /// The rule's number in its map.
        rule: u16,
    },
    /// An episode was completed in time, for the KPIs only. Id as `recovered`, with `completed`.
    Completed {
        /// The rule's number in its map.
        rule: u16,
    },
    /// The time of the customer's last touch moved, for the distinct counts only.
    LastTouch {
        /// Where it stood before, if the customer had one.
        before: Option<EventTime>,
    },
}

impl EffectKind {
    /// Whether it leaves the moment a touchpoint is applied, and may be taken back by disorder.
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Transition { .. })
    }

    /// Whether it is written to an output topic; the others only count.
    pub const fn is_record(&self) -> bool {
        !matches!(
            self,
            Self::StayCompleted { .. }
                | Self::Refunded { .. }
                | Self::Opened { .. }
                | Self::Dropped { .. }
                | Self::Completed { .. }
                | Self::LastTouch { .. }
        )
    }
}

/// A session that ended.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionEnded {
    /// The first touch.
    pub start: EventTime,
    /// The last touch.
    pub end: EventTime,
    /// How many touches.
    pub touches: u32,
    /// How many of them were views.
    pub views: u32,
    /// The channels touched.
    pub channels: ChannelSet,
    /// The type of the first touch.
    pub entry: KindId,
    /// The type of the last touch.
    pub exit: KindId,
    /// Longer than the map's limit, or a conversion, or enough views.
    pub engaged: bool,
    /// As the map defines a bounce.
    pub bounced: bool,
    /// Whether a conversion lies in it.
    pub converted: bool,
}

/// A conversion, with the way that led to it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Converted {
    /// The touchpoint.
    pub touchpoint: Box<str>,
    /// Its type.
    pub kind: KindId,
    /// The order, if the touchpoint named one.
    pub order: Option<Box<str>>,
    /// Minor units of `currency`.
    pub value: i64,
    /// The currency.
    pub currency: Option<Currency>,
    /// The customer's how-many-eth conversion in this map, from 1.
    pub number: u32,
    /// From the customer's first touch to this one.
    pub took: Millis,
    /// How many touches the customer had, this one included.
    pub touches: u32,
    /// The exposures in the look-back, oldest first, this one last.
    pub path: Vec<Exposure>,
    /// The time of the customer's conversion before this one, in this map.
    pub previous: Option<EventTime>,
    /// Whether the touchpoint came behind the watermark.
    pub late: bool,
}

/// An episode whose deadline passed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Abandonment {
    /// The rule's number in its map.
    pub rule: u16,
    /// Which alert of the episode, from 0.
    pub level: u8,
    /// The cart, order or request; none for the customer's own episode.
    pub instance: Option<Box<str>>,
    /// Where the customer stood at the deadline.
    pub position: Option<StepIx>,
    /// When the episode was opened.
    pub opened: EventTime,
    /// The last touch that extended it.
    pub last_touch: EventTime,
    /// What was in it, in minor units of `currency`.
    pub value: i64,
    /// The currency.
    pub currency: Option<Currency>,
    /// How many pieces were in it.
    pub items: u32,
    /// The channels touched since it was opened.
    pub channels: ChannelSet,
}

/// An alert that is taken back. Its effect's time is the alert's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Retraction {
    /// The rule's number in its map.
    pub rule: u16,
    /// Which alert of the episode, from 0.
    pub level: u8,
    /// The cart, order or request; none for the customer's own episode.
    pub instance: Option<Box<str>>,
    /// When the episode was opened.
    pub opened: EventTime,
    /// The touchpoint that came late.
    pub touchpoint: Box<str>,
    /// When that touchpoint happened.
    pub touched: EventTime,
}

/// An abandoned episode that was completed after its deadline.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Recovery {
    /// The id of the episode's first alert.
    pub alert: EffectId,
    /// The rule's number in its map.
    pub rule: u16,
    /// How many alerts the episode had sent.
    pub alerts: u8,
    /// The cart, order or request; none for the customer's own episode.
    pub instance: Option<Box<str>>,
    /// When the episode was opened.
    pub opened: EventTime,
    /// From the first deadline to the completing touch.
    pub took: Millis,
    /// What the completing touch brought, in minor units of `currency`; else what was in it.
    pub value: i64,
    /// The currency.
    pub currency: Option<Currency>,
    /// The touchpoint that completed it.
    pub touchpoint: Box<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_same_on_every_machine_and_in_every_year() {
        let id = EffectId::of(&["ada", "shop", "transition"]);
        assert_eq!(id.to_string(), "b3eb57761bb860c354e2ab53d7754b47");
        assert_eq!(format!("{id:?}"), "b3eb5776…");
        assert_eq!(format!("{:032x}", id.as_u128()), id.to_string());
    }

    #[test]
    fn where_one_part_ends_and_the_next_begins_is_part_of_an_id() {
        assert_ne!(EffectId::of(&["a", "bc"]), EffectId::of(&["ab", "c"]));
    }
}

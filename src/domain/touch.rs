//! A touch: what is kept of a touchpoint while it waits for the watermark.

use super::map::InstanceKey;
use super::maps::{ChannelId, KindId};
use super::time::EventTime;
use super::touchpoint::Currency;

/// What a fold needs of a touchpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Touch {
    /// The touchpoint's id.
    pub id: Box<str>,
    /// When it happened.
    pub at: EventTime,
    /// Its type.
    pub kind: KindId,
    /// Its channel.
    pub channel: ChannelId,
    /// Whether money goes back.
    pub refund: bool,
    /// Which cart.
    pub cart: Option<Box<str>>,
    /// Which order.
    pub order: Option<Box<str>>,
    /// Which booking, lead or ticket.
    pub request: Option<Box<str>>,
    /// Money in minor units of `currency`.
    pub value: Option<i64>,
    /// The currency.
    pub currency: Option<Currency>,
    /// How many pieces.
    pub quantity: u32,
}

impl Touch {
    /// The instance that the touch names under a rule.
    pub fn instance(&self, key: InstanceKey) -> Option<&str> {
        match key {
            InstanceKey::Cart => self.cart.as_deref(),
            InstanceKey::Order => self.order.as_deref(),
            InstanceKey::Request => self.request.as_deref(),
            InstanceKey::Customer => None,
        }
    }
}

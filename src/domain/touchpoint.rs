//! Touchpoints: what happened between a customer and the brand, online or off.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::time::{EventTime, Millis};

/// Whom a journey belongs to: the customer's id, or else the anonymous id.
///
/// Cheap to clone: the open transaction and its outputs share one text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId(Arc<str>);

impl CustomerId {
    /// The id that `text` spells.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for CustomerId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A currency by its ISO 4217 code, in capitals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency that `code` names in any case, or nothing if it is not three Latin letters.
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes
            .iter()
            .all(u8::is_ascii_alphabetic)
            .then(|| Self(bytes.map(|b| b.to_ascii_uppercase())))
    }

    /// The three capital letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One line of a cart or an order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Item {
    /// The product's id in the shop's catalogue.
    pub product: Box<str>,
    /// The product's name.
    pub name: Option<Box<str>>,
    /// The product's category.
    pub category: Option<Box<str>>,
    /// How many pieces.
    pub quantity: u32,
    /// Price of one piece in minor units of the touchpoint's currency.
    pub price: Option<i64>,
}

/// What a survey asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScoreKind {
    /// Net promoter score, 0 to 10.
    Nps,
    /// Customer satisfaction, 1 to 5.
    Csat,
    /// Customer effort, 1 to 7.
    Ces,
}

/// A survey answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Score {
    /// Which scale the answer is on.
    pub kind: ScoreKind,
    /// The answer on that scale.
    pub value: u8,
    /// The question asked.
    pub question: Option<Box<str>>,
}

/// One thing that happened, as a decoder read it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Touchpoint {
    /// Unique; deduplicates.
    pub id: Box<str>,
    /// Whose journey this belongs to: `customer`, else `anonymous`.
    pub customer: CustomerId,
    /// The anonymous id, when the source gave one besides the customer.
    pub anonymous: Option<Box<str>>,
    /// What happened: a verb in the past tense, such as `cart_added`.
    pub kind: Box<str>,
    /// When it happened.
    pub at: EventTime,
    /// Where: web, app, email, store, phone and so on.
    pub channel: Option<Box<str>>,
    /// Campaign, as in UTM.
    pub campaign: Option<Box<str>>,
    /// Source, as in UTM.
    pub source: Option<Box<str>>,
    /// Medium, as in UTM.
    pub medium: Option<Box<str>>,
    /// Which cart.
    pub cart: Option<Box<str>>,
    /// Which order.
    pub order: Option<Box<str>>,
    /// Which booking, lead or ticket.
    pub request: Option<Box<str>>,
    /// Money in minor units of `currency`.
    pub value: Option<i64>,
    /// The currency of `value`, `cost` and the items' prices.
    pub currency: Option<Currency>,
    /// What was in the cart or order.
    pub items: Vec<Item>,
    /// A survey answer.
    pub score: Option<Score>,
    /// How long the step took, if the source knows.
    pub duration: Option<Millis>,
    /// What the touch cost, in minor units of `currency`.
    pub cost: Option<i64>,
    /// Consent by purpose, as far as known.
    pub consent: BTreeMap<Box<str>, bool>,
    /// The customer's zone, an IANA name.
    pub timezone: Option<Box<str>>,
    /// The customer's locale.
    pub locale: Option<Box<str>>,
    /// The device: `mobile`, `desktop`, `tablet` and so on.
    pub device: Option<Box<str>>,
    /// The attributes that the config names.
    pub props: BTreeMap<Box<str>, Box<str>>,
}

impl Touchpoint {
    /// A touchpoint with the four fields that every one has, and nothing else.
    pub fn new(id: &str, customer: &str, kind: &str, at: EventTime) -> Self {
        Self {
            id: id.into(),
            customer: CustomerId::new(customer),
            anonymous: None,
            kind: kind.into(),
            at,
            channel: None,
            campaign: None,
            source: None,
            medium: None,
            cart: None,
            order: None,
            request: None,
            value: None,
            currency: None,
            items: Vec::new(),
            score: None,
            duration: None,
            cost: None,
            consent: BTreeMap::new(),
            timezone: None,
            locale: None,
            device: None,
            props: BTreeMap::new(),
        }
    }

    /// How many pieces the items hold together; one if the touchpoint lists none.
    pub fn quantity(&self) -> u32 {
        if self.items.is_empty() {
            return 1;
        }
        self.items
            .iter()
            .fold(0, |sum, item| sum.saturating_add(item.quantity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touchpoint_without_items_is_one_piece() {
        let mut touchpoint = Touchpoint::new("1", "ada", "cart_added", EventTime::from_millis(0));
        assert_eq!(touchpoint.quantity(), 1);
        touchpoint.items = [2, 3]
            .map(|quantity| Item {
                quantity,
                ..Item::default()
            })
            .to_vec();
        assert_eq!(touchpoint.quantity(), 5);
    }

    #[test]
    fn customers_and_currencies_are_shown_by_their_texts() {
        let customer = CustomerId::new("ada");
        assert_eq!(format!("{customer} {customer:?}"), "ada \"ada\"");
        let euro = Currency::parse("eur");
        assert_eq!(format!("{euro:?}"), "Some(EUR)");
        assert_eq!(Currency::parse("eu1"), None);
    }
}

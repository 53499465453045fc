//! The table that says where another format's records keep what a touchpoint needs.

use std::collections::BTreeMap;

use crate::domain::ScoreKind;

/// Where a field's value is taken from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A column's name, or the path to a value in JSON: `context.campaign.name`,
    /// `products[0].id`. A key that itself holds dots is found too, at the top of the record.
    Path(Box<str>),
    /// The same text for every record.
    Constant(Box<str>),
    /// The record's key.
    Key,
}

impl Origin {
    /// A column's name or a path.
    pub fn path(path: &str) -> Option<Self> {
        Some(Self::Path(path.into()))
    }

    /// The same text for every record.
    pub fn constant(text: &str) -> Option<Self> {
        Some(Self::Constant(text.into()))
    }
}

/// How a moment is written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum TimeFormat {
    /// RFC 3339 with a zone: `2026-03-01T10:00:00.000+01:00`.
    #[default]
    Rfc3339,
    /// Date and time without a zone, taken as UTC: `2026-03-01 10:00:00`. A zone is obeyed if
    /// there is one.
    DateTime,
    /// Seconds since the Unix epoch, with or without a fraction.
    EpochSeconds,
    /// Milliseconds since the Unix epoch.
    EpochMillis,
    /// Microseconds since the Unix epoch.
    EpochMicros,
    /// As a pattern of `strptime` says; UTC unless the pattern reads an offset.
    Pattern(Box<str>),
}

/// How money is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MoneyUnit {
    /// In minor units, whole: 1999 for 19.99.
    #[default]
    Minor,
    /// In major units with a fraction; the minor digits follow from the currency by ISO 4217, two
    /// if there is none. Digits beyond them are rounded.
    Major,
}

/// Where the lines of a cart or an order are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ItemsMapping {
    /// The path to the list; without one the record itself is the only line, if it names a product.
    pub list: Option<Box<str>>,
    /// Within a line: the product's id.
    pub product: Option<Box<str>>,
    /// Within a line: the product's name.
    pub name: Option<Box<str>>,
    /// Within a line: the product's category.
    pub category: Option<Box<str>>,
    /// Within a line: how many pieces; one if absent.
    pub quantity: Option<Box<str>>,
    /// Within a line: the price of one piece.
    pub price: Option<Box<str>>,
}

/// Which column or path feeds which field of a touchpoint.
///
/// A field without origin stays absent. Of `customer` and `anonymous` one is needed, and `kind` and
/// `at`; without `id` it is derived from the content.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mapping {
    /// The touchpoint's id.
    pub id: Option<Origin>,
    /// The customer's id.
    pub customer: Option<Origin>,
    /// The anonymous id.
    pub anonymous: Option<Origin>,
    /// What happened.
    pub kind: Option<Origin>,
    /// New names for what happened; others stay as they are.
    pub kinds: BTreeMap<Box<str>, Box<str>>,
    /// When.
    pub at: Option<Origin>,
    /// How `at` is written.
    pub time: TimeFormat,
    /// The channel.
    pub channel: Option<Origin>,
    /// New names for channels; others stay as they are.
    pub channels: BTreeMap<Box<str>, Box<str>>,
    /// The campaign.
    pub campaign: Option<Origin>,
    /// The source, as in UTM.
    pub source: Option<Origin>,
    /// The medium, as in UTM.
    pub medium: Option<Origin>,
    /// The cart's id.
    pub cart: Option<Origin>,
    /// The order's id.
    pub order: Option<Origin>,
    /// The id of the booking, lead or ticket.
    pub request: Option<Origin>,
    /// The value.
    pub value: Option<Origin>,
    /// The currency.
    pub currency: Option<Origin>,
    /// How `value`, `cost` and the prices are written.
    pub money: MoneyUnit,
    /// The lines of a cart or an order.
    pub items: Option<ItemsMapping>,
    /// A survey's scale, and where the answer is.
    pub score: Option<(ScoreKind, Origin)>,
    /// The survey's question.
    pub question: Option<Origin>,
    /// How long the step took, in milliseconds.
    pub duration: Option<Origin>,
    /// What the touch cost.
    pub cost: Option<Origin>,
    /// By purpose, whether consent was given.
    pub consent: BTreeMap<Box<str>, Origin>,
    /// The customer's time zone.
    pub timezone: Option<Origin>,
    /// The customer's locale.
    pub locale: Option<Origin>,
    /// The device.
    pub device: Option<Origin>,
    /// By attribute, where it is. All of them are kept: the mapping names them.
    pub props: BTreeMap<Box<str>, Origin>,
}

impl Mapping {
    /// A mapping of the three paths that none can do without, with RFC 3339 times.
    pub fn new(customer: &str, kind: &str, at: &str) -> Self {
        Self {
            customer: Origin::path(customer),
            kind: Origin::path(kind),
            at: Origin::path(at),
            ..Self::default()
        }
    }

    /// What the mapping lacks, one sentence each with the mend; nothing if it can be used.
    pub fn mistakes(&self) -> Vec<&'static str> {
        let needed = [
            (
                self.customer.is_some() || self.anonymous.is_some(),
                "nothing feeds `customer` or `anonymous`: name the column or path of one",
            ),
            (
                self.kind.is_some(),
                "nothing feeds `type`: name its column or path, or a constant",
            ),
            (
                self.at.is_some(),
                "nothing feeds `at`: name its column or path",
            ),
        ];
        let lacking = needed.into_iter().filter(|(there, _)| !there);
        lacking.map(|(_, mistake)| mistake).collect()
    }

    /// Every path that it names at the top of a record.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        let fields = [
            &self.id,
            &self.customer,
            &self.anonymous,
            &self.kind,
            &self.at,
            &self.channel,
            &self.campaign,
            &self.source,
            &self.medium,
            &self.cart,
            &self.order,
            &self.request,
            &self.value,
            &self.currency,
            &self.question,
            &self.duration,
            &self.cost,
            &self.timezone,
            &self.locale,
            &self.device,
        ];
        let items = self.items.iter().flat_map(|items| match &items.list {
            Some(list) => vec![&**list],
            None => items.fields().into_iter().flatten().collect(),
        });
        fields
            .into_iter()
            .flatten()
            .chain(self.score.iter().map(|(_, origin)| origin))
            .chain(self.consent.values())
            .chain(self.props.values())
            .filter_map(|origin| match origin {
                Origin::Path(path) => Some(&**path),
                Origin::Constant(_) | Origin::Key => None,
            })
            .chain(items)
    }
}

impl ItemsMapping {
    fn fields(&self) -> [Option<&str>; 5] {
        [
            self.product.as_deref(),
            self.name.as_deref(),
            self.category.as_deref(),
            self.quantity.as_deref(),
            self.price.as_deref(),
        ]
    }
}

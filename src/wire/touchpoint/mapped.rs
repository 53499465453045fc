//! Touchpoints by mapping, from JSON objects and from rows of named columns.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::Offset;
use serde_json::Value as Json;

use super::error::{DecodeError, Reason};
use super::mapping::{ItemsMapping, Mapping, MoneyUnit, Origin, TimeFormat};
use super::scaled::{minor_digits, scaled};
use super::value::{DURATION_MAX, MONEY_MAX, Place, Value};
use super::{Decoded, identity, json, parts, paths};
use crate::domain::{Currency, EventTime, Item, Millis, Score, Touchpoint};
use crate::wire::time::{self, Zone};

/// Reads one touchpoint from a JSON object.
pub(super) fn decode(
    mapping: &Mapping,
    key: Option<&[u8]>,
    text: &[u8],
) -> Result<Decoded, DecodeError> {
    json::check_shape(text)?;
    let root: Json = serde_json::from_slice(text).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        json::not_json(&error, &place)
    })?;
    let look = |path: &str| paths::value(paths::at(&root, path));
    let record = Record { mapping, key, look };
    let items = match &mapping.items {
        Some(items) => record.items(items, Some(&root))?,
        None => Vec::new(),
    };
    record.touchpoint(items, &[text])
}

/// A record that is read by mapping; `look` finds what stands at a path.
pub(super) struct Record<'m, F> {
    pub(super) mapping: &'m Mapping,
    pub(super) key: Option<&'m [u8]>,
    pub(super) look: F,
}

impl<'a, F: Fn(&str) -> Value<'a>> Record<'a, F> {
    /// The touchpoint; its id is derived from `content` if it has none.
    pub(super) fn touchpoint(
        &self,
        items: Vec<Item>,
        content: &[&[u8]],
    ) -> Result<Decoded, DecodeError> {
        let from = self.mapping;
        let (customer, anonymous) = identity::owner(
            self.id(&from.customer, "customer")?,
            self.id(&from.anonymous, "anonymous")?,
            place_of(
                from.customer.as_ref().or(from.anonymous.as_ref()),
                "customer",
            ),
        )?;
        let id = self.id(&from.id, "id")?;
        let derived_id = id.is_none();
        let touchpoint = Touchpoint {
            id: id.map_or_else(|| identity::derived_id(&customer, content), Box::from),
            customer,
            anonymous,
            kind: parts::kind(
                self.kept(&from.kind, "type")?
                    .map(|kind| renamed(&from.kinds, kind)),
                place_of(from.kind.as_ref(), "type"),
            )?,
            at: self.moment()?,
            channel: self
                .kept(&from.channel, "channel")?
                .map(|name| renamed(&from.channels, name)),
            campaign: self.kept(&from.campaign, "campaign")?,
            source: self.kept(&from.source, "source")?,
            medium: self.kept(&from.medium, "medium")?,
            cart: self.id(&from.cart, "cart")?.map(Box::from),
            order: self.id(&from.order, "order")?.map(Box::from),
            request: self.id(&from.request, "request")?.map(Box::from),
            value: self.money(&from.value, "value")?,
            currency: self.currency()?,
            items,
            score: self.score()?,
            duration: self
                .number(from.duration.as_ref(), "duration_ms")?
                .within(place(&from.duration, "duration_ms"), 0, DURATION_MAX)?
                .map(Millis::new),
            cost: self.money(&from.cost, "cost")?,
            consent: self.consent()?,
            timezone: self.kept(&from.timezone, "timezone")?,
            locale: self.kept(&from.locale, "locale")?,
            device: self.kept(&from.device, "device")?,
            props: self.props()?,
        };
        Ok(Decoded {
            touchpoint,
            derived_id,
        })
    }

    /// What an origin gives; `name` is the field that it feeds.
    fn value(&self, origin: Option<&'a Origin>, name: &str) -> Result<Value<'a>, DecodeError> {
        match origin {
            None => Ok(Value::Absent),
            Some(Origin::Path(path)) => Ok((self.look)(path)),
            Some(Origin::Constant(text)) => Ok(Value::Text((&**text).into())),
            Some(Origin::Key) => {
                let Some(key) = self.key else {
                    return Ok(Value::Absent);
                };
                let message = format_args!("not UTF-8, and `{name}` is taken from it");
                std::str::from_utf8(key)
                    .map(|key| Value::Text(key.into()))
                    .map_err(|_| DecodeError::new(Reason::BadKey, "key", message))
            }
        }
    }

    /// As [`value`](Self::value), with texts that write a number read as that number.
    fn number(&self, origin: Option<&'a Origin>, name: &str) -> Result<Value<'a>, DecodeError> {
        Ok(numbered(self.value(origin, name)?))
    }

    fn kept(
        &self,
        origin: &'a Option<Origin>,
        name: &str,
    ) -> Result<Option<Box<str>>, DecodeError> {
        self.value(origin.as_ref(), name)?
            .boxed(place(origin, name))
    }

    fn id(
        &self,
        origin: &'a Option<Origin>,
        name: &str,
    ) -> Result<Option<Cow<'a, str>>, DecodeError> {
        self.value(origin.as_ref(), name)?.id(place(origin, name))
    }

    fn currency(&self) -> Result<Option<Currency>, DecodeError> {
        let origin = &self.mapping.currency;
        let code = self.value(origin.as_ref(), "currency")?;
        parts::currency(code, place(origin, "currency"))
    }

    fn money(&self, origin: &'a Option<Origin>, name: &str) -> Result<Option<i64>, DecodeError> {
        let amount = self.value(origin.as_ref(), name)?;
        self.amount(amount, place(origin, name))
    }

    /// Money in minor units.
    fn amount(&self, amount: Value<'_>, place: Place<'_>) -> Result<Option<i64>, DecodeError> {
        let amount = numbered(amount);
        if self.mapping.money == MoneyUnit::Minor || amount == Value::Absent {
            return amount.money(place);
        }
        let currency = self.currency()?;
        let digits = minor_digits(currency.as_ref().map(Currency::as_str));
        match amount.digits().and_then(|text| scaled(&text, digits)) {
            Some(minor) => Value::Whole(minor).within(place, -MONEY_MAX, MONEY_MAX),
            None => Err(amount.wrong(place, "an amount of money, such as 19.99")),
        }
    }

    fn moment(&self) -> Result<EventTime, DecodeError> {
        let origin = &self.mapping.at;
        let place = place_of(origin.as_ref(), "at");
        let value = self.value(origin.as_ref(), "at")?;
        let Some(text) = value.digits() else {
            return Err(match value {
                Value::Absent => parts::no_time(place),
                _ => value.wrong(Place::Field(place), "a moment"),
            });
        };
        if text.is_empty() {
            return Err(parts::no_time(place));
        }
        let (moment, right) = match &self.mapping.time {
            TimeFormat::Rfc3339 => (
                time::parse(&text, Zone::Required),
                "2026-03-01T10:00:00.000Z",
            ),
            TimeFormat::DateTime => (time::parse(&text, Zone::OrUtc), "2026-03-01 10:00:00"),
            TimeFormat::EpochSeconds => (
                scaled(&text, 3).and_then(parts::in_range),
                "seconds since the epoch",
            ),
            TimeFormat::EpochMillis => (
                scaled(&text, 0).and_then(parts::in_range),
                "milliseconds since the epoch",
            ),
            TimeFormat::EpochMicros => (
                scaled(&text, 0).and_then(|micros| parts::in_range(micros.div_euclid(1_000))),
                "microseconds since the epoch",
            ),
            TimeFormat::Pattern(pattern) => (by_pattern(pattern, &text), &**pattern),
        };
        moment.ok_or_else(|| parts::bad_time(place, right))
    }

    fn score(&self) -> Result<Option<Score>, DecodeError> {
        let Some((kind, origin)) = &self.mapping.score else {
            return Ok(None);
        };
        let name = parts::score_name(*kind);
        let answer = self.number(Some(origin), name)?;
        if answer == Value::Absent {
            return Ok(None);
        }
        let question = &self.mapping.question;
        Ok(Some(Score {
            kind: *kind,
            value: parts::answer(*kind, &answer, Place::Field(place_of(Some(origin), name)))?,
            question: self
                .value(question.as_ref(), "question")?
                .boxed(place(question, "question"))?,
        }))
    }

    fn consent(&self) -> Result<BTreeMap<Box<str>, bool>, DecodeError> {
        let mut consent = BTreeMap::new();
        for (purpose, origin) in &self.mapping.consent {
            let value = match self.value(Some(origin), "consent")? {
                Value::Text(text) => match &*text.to_ascii_lowercase() {
                    "true" | "1" | "yes" => Value::Flag(true),
                    "false" | "0" | "no" => Value::Flag(false),
                    "" => Value::Absent,
                    _ => Value::Text(text),
                },
                Value::Whole(0) => Value::Flag(false),
                Value::Whole(1) => Value::Flag(true),
                value => value,
            };
            let place = Place::Field(place_of(Some(origin), "consent"));
            if let Some(given) = value.flag(place)? {
                consent.insert(purpose.clone(), given);
            }
        }
        Ok(consent)
    }

    fn props(&self) -> Result<BTreeMap<Box<str>, Box<str>>, DecodeError> {
        let mut props = BTreeMap::new();
        for (name, origin) in &self.mapping.props {
            let value = self.value(Some(origin), name)?.attribute();
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                props.insert(name.clone(), value);
            }
        }
        Ok(props)
    }

    /// The lines of the cart or order; `root` is the record if it is JSON.
    pub(super) fn items(
        &self,
        from: &ItemsMapping,
        root: Option<&Json>,
    ) -> Result<Vec<Item>, DecodeError> {
        let Some(list) = &from.list else {
            let item = self.item(from, 0, &|path| (self.look)(path))?;
            return Ok(item
                .filter(|item| !item.product.is_empty())
                .into_iter()
                .collect());
        };
        let lines = match root.and_then(|root| paths::at(root, list)) {
            None | Some(Json::Null) => return Ok(Vec::new()),
            Some(Json::Array(lines)) => lines,
            other => return Err(paths::value(other).wrong(Place::Field(list), "a list")),
        };
        parts::check_count(lines.len(), parts::ITEMS_MAX, list)?;
        let mut items = Vec::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            if !line.is_object() {
                let found = paths::value(Some(line));
                return Err(found.wrong(Place::Entry(list, index), "an object"));
            }
            let look = |path: &str| paths::value(paths::at(line, path));
            items.extend(self.item(from, index, &look)?);
        }
        Ok(items)
    }

    fn item<'b>(
        &self,
        from: &ItemsMapping,
        index: usize,
        look: &dyn Fn(&str) -> Value<'b>,
    ) -> Result<Option<Item>, DecodeError> {
        let field = |path: &Option<Box<str>>| path.as_deref().map_or(Value::Absent, look);
        let place = |name| Place::Item(index, name);
        Ok(Some(Item {
            product: field(&from.product)
                .boxed(place("product"))?
                .unwrap_or_default(),
            name: field(&from.name).boxed(place("name"))?,
            category: field(&from.category).boxed(place("category"))?,
            quantity: parts::quantity(&numbered(field(&from.quantity)), place("quantity"))?,
            price: self.amount(field(&from.price), place("price"))?,
        }))
    }
}

/// The moment that a text names by a pattern of `strptime`. Where the pattern begins with year,
/// month and day, the zone may be spelled in every way of RFC 3339, whatever the pattern says.
fn by_pattern(pattern: &str, text: &str) -> Option<EventTime> {
    if pattern.starts_with("%F") || pattern.starts_with("%Y-%m-%d") {
        let moment = time::parse(text, Zone::OrUtc);
        if moment.is_some() {
            return moment;
        }
    }
    let read = BrokenDownTime::parse(pattern, text).ok()?;
    let moment = match read.offset() {
        Some(_) => read.to_timestamp().ok()?,
        None => Offset::UTC.to_timestamp(read.to_datetime().ok()?).ok()?,
    };
    parts::in_range(moment.as_millisecond())
}

/// A text that writes a number, as that number; empty text as nothing.
fn numbered(value: Value<'_>) -> Value<'_> {
    let Value::Text(text) = &value else {
        return value;
    };
    let text = text.trim();
    if text.is_empty() {
        return Value::Absent;
    }
    match (text.parse(), scaled(text, 0)) {
        (Ok(whole), _) => Value::Whole(whole),
        (Err(_), Some(_)) => text.parse().map_or(Value::Absent, Value::Number),
        (Err(_), None) => value,
    }
}

fn renamed(names: &BTreeMap<Box<str>, Box<str>>, name: Box<str>) -> Box<str> {
    names.get(&name).cloned().unwrap_or(name)
}

fn place<'a>(origin: &'a Option<Origin>, name: &'a str) -> Place<'a> {
    Place::Field(place_of(origin.as_ref(), name))
}

/// Where an origin's value stands in the record; else the field that it feeds.
fn place_of<'a>(origin: Option<&'a Origin>, name: &'a str) -> &'a str {
    match origin {
        Some(Origin::Path(path)) => path,
        Some(Origin::Key) => "key",
        Some(Origin::Constant(_)) | None => name,
    }
}

//! Wayfarer's JSON: one object a touchpoint, its fields as in `docs/formats.md`.
//!
//! `at` is RFC 3339 with a zone, or epoch milliseconds. Money (`value`, `cost`, an item's `price`)
//! is in minor units, always whole: 1999 for 19.99. `null` and empty text mean that a field is
//! absent; ids may be whole numbers. Attributes that are lists or objects are not kept.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::{DecodeError, Reason};
use super::value::{DURATION_MAX, Place, Value};
use super::{DecodeOptions, Decoded, depth, identity, parts};
use crate::domain::{Item, Millis, Score, ScoreKind, Touchpoint};

/// A touchpoint's fields before any is looked at.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Fields<'a> {
    #[serde(borrow)]
    id: Value<'a>,
    #[serde(borrow)]
    customer: Value<'a>,
    #[serde(borrow)]
    anonymous: Value<'a>,
    #[serde(borrow, rename = "type")]
    kind: Value<'a>,
    #[serde(borrow)]
    at: Value<'a>,
    #[serde(borrow)]
    channel: Value<'a>,
    #[serde(borrow)]
    campaign: Value<'a>,
    #[serde(borrow)]
    source: Value<'a>,
    #[serde(borrow)]
    medium: Value<'a>,
    #[serde(borrow)]
    cart: Value<'a>,
    #[serde(borrow)]
    order: Value<'a>,
    #[serde(borrow)]
    request: Value<'a>,
    #[serde(borrow)]
    value: Value<'a>,
    #[serde(borrow)]
    currency: Value<'a>,
    #[serde(borrow)]
    items: Option<&'a RawValue>,
    #[serde(borrow)]
    score: Option<&'a RawValue>,
    #[serde(borrow)]
    duration_ms: Value<'a>,
    #[serde(borrow)]
    cost: Value<'a>,
    #[serde(borrow)]
    consent: Option<&'a RawValue>,
    #[serde(borrow)]
    timezone: Value<'a>,
    #[serde(borrow)]
    locale: Value<'a>,
    #[serde(borrow)]
    device: Value<'a>,
    #[serde(borrow)]
    props: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ItemFields<'a> {
    #[serde(borrow)]
    product: Value<'a>,
    #[serde(borrow)]
    name: Value<'a>,
    #[serde(borrow)]
    category: Value<'a>,
    #[serde(borrow)]
    quantity: Value<'a>,
    #[serde(borrow)]
    price: Value<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ScoreFields<'a> {
    #[serde(borrow)]
    nps: Value<'a>,
    #[serde(borrow)]
    csat: Value<'a>,
    #[serde(borrow)]
    ces: Value<'a>,
    #[serde(borrow)]
    question: Value<'a>,
}

/// Reads one touchpoint.
pub(super) fn decode(json: &[u8], options: &DecodeOptions) -> Result<Decoded, DecodeError> {
    check_shape(json)?;
    let fields: Fields<'_> = serde_json::from_slice(json).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        not_json(&error, &place)
    })?;

    let field = Place::Field;
    let (customer, anonymous) = identity::owner(
        fields.customer.id(field("customer"))?,
        fields.anonymous.id(field("anonymous"))?,
        "customer",
    )?;
    let id = fields.id.id(field("id"))?;
    let derived_id = id.is_none();
    let touchpoint = Touchpoint {
        id: id.map_or_else(|| identity::derived_id(&customer, &[json]), Box::from),
        customer,
        anonymous,
        kind: parts::kind(fields.kind.boxed(field("type"))?, "type")?,
        at: parts::moment(&fields.at, "at")?,
        channel: fields.channel.boxed(field("channel"))?,
        campaign: fields.campaign.boxed(field("campaign"))?,
        source: fields.source.boxed(field("source"))?,
        medium: fields.medium.boxed(field("medium"))?,
        cart: fields.cart.id(field("cart"))?.map(Box::from),
        order: fields.order.id(field("order"))?.map(Box::from),
        request: fields.request.id(field("request"))?.map(Box::from),
        value: fields.value.money(field("value"))?,
        currency: parts::currency(fields.currency, field("currency"))?,
        items: items(fields.items)?,
        score: score(fields.score)?,
        duration: fields
            .duration_ms
            .within(field("duration_ms"), 0, DURATION_MAX)?
            .map(Millis::new),
        cost: fields.cost.money(field("cost"))?,
        consent: consent(fields.consent)?,
        timezone: fields.timezone.boxed(field("timezone"))?,
        locale: fields.locale.boxed(field("locale"))?,
        device: fields.device.boxed(field("device"))?,
        props: props(fields.props, options)?,
    };
    Ok(Decoded {
        touchpoint,
        derived_id,
    })
}

/// Fails unless the text is an object that is not too deep, as far as can be told by its brackets.
pub(super) fn check_shape(json: &[u8]) -> Result<(), DecodeError> {
    depth::check(json)?;
    let first = json.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(b'{') => Ok(()),
        None => {
            let message = "nothing but white space; send a touchpoint";
            Err(DecodeError::of_record(Reason::Empty, message))
        }
        Some(b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => Err(DecodeError::of_record(
            Reason::WrongType,
            "found something else than an object, expected one JSON object a record",
        )),
        Some(_) => Err(DecodeError::of_record(
            Reason::NotJson,
            "does not begin as JSON does; check the input's format",
        )),
    }
}

/// What the parser said, without its place and without anything from the text.
pub(super) fn not_json(error: &serde_json::Error, place: &str) -> DecodeError {
    let text = error.to_string();
    let message = match text.rsplit_once(" at line ") {
        Some((message, _)) if !error.is_data() || message.starts_with("duplicate field") => message,
        _ => "not as expected",
    };
    DecodeError::new(Reason::NotJson, place, message)
}

/// What stands in a part of the record, parsed; an error if it is not of the shape that `opening`
/// begins.
fn part<'a, T: Deserialize<'a>>(
    raw: &'a RawValue,
    opening: char,
    place: Place<'_>,
) -> Result<T, DecodeError> {
    if !raw.get().starts_with(opening) {
        let found: Value<'_> = serde_json::from_str(raw.get()).unwrap_or_default();
        let right = if opening == '[' {
            "a list"
        } else {
            "an object"
        };
        return Err(found.wrong(place, right));
    }
    serde_json::from_str(raw.get()).map_err(|error| not_json(&error, &place.to_string()))
}

fn items(raw: Option<&RawValue>) -> Result<Vec<Item>, DecodeError> {
    let Some(raw) = raw else {
        return Ok(Vec::new());
    };
    let list: Vec<&RawValue> = part(raw, '[', Place::Field("items"))?;
    parts::check_count(list.len(), parts::ITEMS_MAX, "items")?;
    list.into_iter()
        .enumerate()
        .map(|(index, line)| {
            let field = |name| Place::Item(index, name);
            let fields: ItemFields<'_> = part(line, '{', Place::Entry("items", index))?;
            Ok(Item {
                product: fields.product.boxed(field("product"))?.unwrap_or_default(),
                name: fields.name.boxed(field("name"))?,
                category: fields.category.boxed(field("category"))?,
                quantity: parts::quantity(&fields.quantity, field("quantity"))?,
                price: fields.price.money(field("price"))?,
            })
        })
        .collect()
}

fn score(raw: Option<&RawValue>) -> Result<Option<Score>, DecodeError> {
    let Some(raw) = raw else {
        return Ok(None);
    };
    let fields: ScoreFields<'_> = part(raw, '{', Place::Field("score"))?;
    let field = |name| Place::Within("score", name);
    let mut answers = [
        (ScoreKind::Nps, fields.nps),
        (ScoreKind::Csat, fields.csat),
        (ScoreKind::Ces, fields.ces),
    ]
    .into_iter()
    .filter(|(_, answer)| *answer != Value::Absent);
    let (Some((kind, answer)), None) = (answers.next(), answers.next()) else {
        let message = "found none or several of `nps`, `csat` and `ces`, expected one";
        return Err(DecodeError::new(Reason::WrongType, "score", message));
    };
    Ok(Some(Score {
        kind,
        value: parts::answer(kind, &answer, field(parts::score_name(kind)))?,
        question: fields.question.boxed(field("question"))?,
    }))
}

fn consent(raw: Option<&RawValue>) -> Result<BTreeMap<Box<str>, bool>, DecodeError> {
    let Some(raw) = raw else {
        return Ok(BTreeMap::new());
    };
    let purposes: BTreeMap<Box<str>, Value<'_>> = part(raw, '{', Place::Field("consent"))?;
    parts::check_count(purposes.len(), parts::CONSENT_MAX, "consent")?;
    let mut consent = BTreeMap::new();
    for (purpose, value) in purposes {
        if let Some(given) = value.flag(Place::Field("consent"))? {
            consent.insert(purpose, given);
        }
    }
    Ok(consent)
}

fn props(
    raw: Option<&RawValue>,
    options: &DecodeOptions,
) -> Result<BTreeMap<Box<str>, Box<str>>, DecodeError> {
    let Some(raw) = raw.filter(|_| !options.props.is_empty()) else {
        return Ok(BTreeMap::new());
    };
    let all: BTreeMap<Box<str>, Value<'_>> = part(raw, '{', Place::Field("props"))?;
    Ok(all
        .into_iter()
        .filter(|(name, _)| options.props.contains(name))
        .filter_map(|(name, value)| Some((name, value.attribute()?)))
        .collect())
}

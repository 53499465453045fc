//! Touchpoints written as Wayfarer's JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::parts;
use crate::domain::{Currency, Item, Millis, Touchpoint};
use crate::wire::time;

/// A touchpoint as written: what is absent is left out.
#[derive(Serialize)]
struct Written<'a> {
    id: &'a str,
    customer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    anonymous: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'a str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    medium: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cart: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<WrittenItem<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    score: BTreeMap<&'a str, WrittenAnswer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<i64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    consent: &'a BTreeMap<Box<str>, bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    props: &'a BTreeMap<Box<str>, Box<str>>,
}

#[derive(Serialize)]
struct WrittenItem<'a> {
    product: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    quantity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<i64>,
}

/// Either field of a score.
#[derive(Serialize)]
#[serde(untagged)]
enum WrittenAnswer<'a> {
    Answer(u8),
    Question(&'a str),
}

/// The touchpoint as one line of JSON, without line end.
///
/// # Panics
///
/// Never: every touchpoint is JSON.
pub fn encode(touchpoint: &Touchpoint) -> Vec<u8> {
    let score = touchpoint.score.iter().flat_map(|score| {
        let answer = WrittenAnswer::Answer(score.value);
        let question = score.question.as_deref().map(WrittenAnswer::Question);
        [
            Some((parts::score_name(score.kind), answer)),
            question.map(|question| ("question", question)),
        ]
    });
    let written = Written {
        id: &touchpoint.id,
        customer: touchpoint.customer.as_str(),
        anonymous: touchpoint.anonymous.as_deref(),
        kind: &touchpoint.kind,
        at: time::format(touchpoint.at),
        channel: touchpoint.channel.as_deref(),
        campaign: touchpoint.campaign.as_deref(),
        source: touchpoint.source.as_deref(),
        medium: touchpoint.medium.as_deref(),
        cart: touchpoint.cart.as_deref(),
        order: touchpoint.order.as_deref(),
        request: touchpoint.request.as_deref(),
        value: touchpoint.value,
        currency: touchpoint.currency.as_ref().map(Currency::as_str),
        items: touchpoint.items.iter().map(written_item).collect(),
        score: score.flatten().collect(),
        duration_ms: touchpoint.duration.map(Millis::get),
        cost: touchpoint.cost,
        consent: &touchpoint.consent,
        timezone: touchpoint.timezone.as_deref(),
        locale: touchpoint.locale.as_deref(),
        device: touchpoint.device.as_deref(),
        props: &touchpoint.props,
    };
    serde_json::to_vec(&written).expect("texts, numbers and flags under text keys are JSON")
}

fn written_item(item: &Item) -> WrittenItem<'_> {
    WrittenItem {
        product: &item.product,
        name: item.name.as_deref(),
        category: item.category.as_deref(),
        quantity: item.quantity,
        price: item.price,
    }
}

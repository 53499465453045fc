//! Wayfarer's protobuf: `wayfarer.v1.Touchpoint`, by the same rules as the JSON.

use std::collections::BTreeMap;

use prost::Message;

use super::error::{DecodeError, Reason};
use super::value::{DURATION_MAX, MONEY_MAX, Place, Value};
use super::{DecodeOptions, Decoded, identity, parts};
use crate::domain::{Item, Millis, Score, ScoreKind, Touchpoint};
use crate::wire::proto;

/// Reads one touchpoint.
pub(super) fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<Decoded, DecodeError> {
    let message = proto::Touchpoint::decode(bytes).map_err(|error| not_protobuf(&error))?;
    let field = Place::Field;
    let id_of = |text: String, name| Value::from(text).id(field(name));
    let kept = |text: String| (!text.is_empty()).then(|| text.into_boxed_str());

    let customer = id_of(message.customer, "customer")?;
    let anonymous = id_of(message.anonymous, "anonymous")?;
    let (customer, anonymous) = identity::owner(customer, anonymous, "customer")?;
    let id = id_of(message.id, "id")?;
    let derived_id = id.is_none();
    parts::check_count(message.consent.len(), parts::CONSENT_MAX, "consent")?;
    let touchpoint = Touchpoint {
        id: id.map_or_else(|| identity::derived_id(&customer, &[bytes]), Box::from),
        customer,
        anonymous,
        kind: parts::kind(kept(message.r#type), "type")?,
        at: parts::moment(&message.at.map_or(Value::Absent, Value::Whole), "at")?,
        channel: kept(message.channel),
        campaign: kept(message.campaign),
        source: kept(message.source),
        medium: kept(message.medium),
        cart: id_of(message.cart, "cart")?.map(Box::from),
        order: id_of(message.order, "order")?.map(Box::from),
        request: id_of(message.request, "request")?.map(Box::from),
        value: money(message.value, field("value"))?,
        currency: parts::currency(message.currency.into(), field("currency"))?,
        items: items(message.items)?,
        score: message.score.map(score).transpose()?,
        duration: whole(message.duration_ms)
            .within(field("duration_ms"), 0, DURATION_MAX)?
            .map(Millis::new),
        cost: money(message.cost, field("cost"))?,
        consent: message
            .consent
            .into_iter()
            .map(|(purpose, given)| (purpose.into_boxed_str(), given))
            .collect(),
        timezone: kept(message.timezone),
        locale: kept(message.locale),
        device: kept(message.device),
        props: props(message.props, options),
    };
    Ok(Decoded {
        touchpoint,
        derived_id,
    })
}

/// What the parser said; its texts hold nothing of the content.
fn not_protobuf(error: &prost::DecodeError) -> DecodeError {
    let text = error.to_string();
    let text = text.strip_prefix("failed to decode Protobuf message: ");
    let message = format_args!(
        "{}; the record is truncated or of another format",
        text.unwrap_or("not the message")
    );
    DecodeError::of_record(Reason::NotProtobuf, message)
}

fn whole(number: Option<i64>) -> Value<'static> {
    number.map_or(Value::Absent, Value::Whole)
}

fn money(number: Option<i64>, place: Place<'_>) -> Result<Option<i64>, DecodeError> {
    whole(number).within(place, -MONEY_MAX, MONEY_MAX)
}

fn items(list: Vec<proto::Item>) -> Result<Vec<Item>, DecodeError> {
    parts::check_count(list.len(), parts::ITEMS_MAX, "items")?;
    let kept = |text: String| (!text.is_empty()).then(|| text.into_boxed_str());
    list.into_iter()
        .enumerate()
        .map(|(index, item)| {
            Ok(Item {
                product: item.product.into(),
                name: kept(item.name),
                category: kept(item.category),
                quantity: item.quantity.unwrap_or(1),
                price: money(item.price, Place::Item(index, "price"))?,
            })
        })
        .collect()
}

fn score(score: proto::Score) -> Result<Score, DecodeError> {
    let kind = match score.kind() {
        proto::ScoreKind::Nps => ScoreKind::Nps,
        proto::ScoreKind::Csat => ScoreKind::Csat,
        proto::ScoreKind::Ces => ScoreKind::Ces,
        proto::ScoreKind::Unspecified => {
            let message = "found no scale, expected NPS, CSAT or CES";
            return Err(DecodeError::new(Reason::WrongType, "score.kind", message));
        }
    };
    let answer = Value::Whole(score.value.into());
    Ok(Score {
        kind,
        value: parts::answer(kind, &answer, Place::Within("score", "value"))?,
        question: (!score.question.is_empty()).then(|| score.question.into()),
    })
}

fn props(all: BTreeMap<String, String>, options: &DecodeOptions) -> BTreeMap<Box<str>, Box<str>> {
    all.into_iter()
        .filter(|(name, _)| options.props.contains(name.as_str()))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// The touchpoint as a `wayfarer.v1.Touchpoint`.
pub fn encode(touchpoint: &Touchpoint) -> Vec<u8> {
    let text = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
    let message = proto::Touchpoint {
        id: touchpoint.id.to_string(),
        customer: touchpoint.customer.to_string(),
        anonymous: text(&touchpoint.anonymous),
        r#type: touchpoint.kind.to_string(),
        at: Some(touchpoint.at.as_millis()),
        channel: text(&touchpoint.channel),
        value: touchpoint.value,
        currency: touchpoint
            .currency
            .map_or_else(String::new, |code| code.as_str().into()),
        cart: text(&touchpoint.cart),
        order: text(&touchpoint.order),
        request: text(&touchpoint.request),
        items: touchpoint.items.iter().map(written_item).collect(),
        campaign: text(&touchpoint.campaign),
        source: text(&touchpoint.source),
        medium: text(&touchpoint.medium),
        score: touchpoint.score.as_ref().map(written_score),
        duration_ms: touchpoint.duration.map(Millis::get),
        cost: touchpoint.cost,
        consent: touchpoint
            .consent
            .iter()
            .map(|(purpose, given)| (purpose.to_string(), *given))
            .collect(),
        timezone: text(&touchpoint.timezone),
        locale: text(&touchpoint.locale),
        device: text(&touchpoint.device),
        props: touchpoint
            .props
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
    };
    message.encode_to_vec()
}

fn written_item(item: &Item) -> proto::Item {
    proto::Item {
        product: item.product.to_string(),
        name: item.name.as_deref().unwrap_or_default().to_owned(),
        category: item.category.as_deref().unwrap_or_default().to_owned(),
        quantity: Some(item.quantity),
        price: item.price,
    }
}

fn written_score(score: &Score) -> proto::Score {
    let kind = match score.kind {
        ScoreKind::Nps => proto::ScoreKind::Nps,
        ScoreKind::Csat => proto::ScoreKind::Csat,
        ScoreKind::Ces => proto::ScoreKind::Ces,
    };
    proto::Score {
        kind: kind.into(),
        value: score.value.into(),
        question: score.question.as_deref().unwrap_or_default().to_owned(),
    }
}

//! The parts of a touchpoint that every format reads alike.

use std::ops::RangeInclusive;

use super::error::{DecodeError, Reason};
use super::scaled::scaled;
use super::value::{Place, Value};
use crate::domain::{Currency, EventTime, ScoreKind};
use crate::wire::time::{self, Zone};

/// Items that one touchpoint may list.
pub(super) const ITEMS_MAX: usize = 1_000;
/// Purposes of consent that one touchpoint may name.
pub(super) const CONSENT_MAX: usize = 64;

/// Fails if a list is longer than is read.
pub(super) fn check_count(count: usize, most: usize, place: &str) -> Result<(), DecodeError> {
    if count > most {
        let message = format_args!("{count} entries; at most {most} are read");
        return Err(DecodeError::new(Reason::TooMany, place, message));
    }
    Ok(())
}

/// What happened; it must be said.
pub(super) fn kind(kind: Option<Box<str>>, place: &str) -> Result<Box<str>, DecodeError> {
    kind.ok_or_else(|| {
        let message = "does not say what happened; give a type, such as `page_viewed`";
        DecodeError::new(Reason::NoType, place, message)
    })
}

/// The moment that a text in RFC 3339 or a number of milliseconds names; it must be said.
pub(super) fn moment(value: &Value<'_>, place: &str) -> Result<EventTime, DecodeError> {
    let moment = match value {
        Value::Absent => return Err(no_time(place)),
        Value::Text(text) if text.is_empty() => return Err(no_time(place)),
        Value::Text(text) => time::parse(text, Zone::Required),
        Value::Whole(millis) => in_range(*millis),
        Value::Number(millis) => scaled(&millis.to_string(), 0).and_then(in_range),
        Value::Huge(_) => None,
        Value::Flag(_) | Value::List | Value::Object => {
            return Err(value.wrong(Place::Field(place), "a moment"));
        }
    };
    moment.ok_or_else(|| {
        let right = "2026-03-01T10:00:00.000Z or epoch milliseconds";
        bad_time(place, right)
    })
}

/// The moment, if a touchpoint may name it.
pub(super) fn in_range(millis: i64) -> Option<EventTime> {
    let moment = EventTime::from_millis(millis);
    (EventTime::MIN <= moment && moment <= EventTime::MAX).then_some(moment)
}

/// The error of a touchpoint without time.
pub(super) fn no_time(place: &str) -> DecodeError {
    let message = "does not say when it happened; give a moment";
    DecodeError::new(Reason::NoTime, place, message)
}

/// The error of a time that cannot be read, or is outside the years that can.
pub(super) fn bad_time(place: &str, right: &str) -> DecodeError {
    let message = format_args!("not a moment of the years 0 to 9999, expected {right}");
    DecodeError::new(Reason::BadTime, place, message)
}

/// A currency by its code.
pub(super) fn currency(
    value: Value<'_>,
    place: Place<'_>,
) -> Result<Option<Currency>, DecodeError> {
    let Some(code) = value.text(place)? else {
        return Ok(None);
    };
    match Currency::parse(&code) {
        Some(currency) => Ok(Some(currency)),
        None => Err(DecodeError::new(
            Reason::WrongType,
            place,
            "found other text, expected the three letters of an ISO 4217 code",
        )),
    }
}

/// How many pieces; one if it is not said.
pub(super) fn quantity(value: &Value<'_>, place: Place<'_>) -> Result<u32, DecodeError> {
    let quantity = value.within(place, 0, i64::from(u32::MAX))?;
    Ok(quantity.map_or(1, |quantity| u32::try_from(quantity).unwrap_or(u32::MAX)))
}

/// The name of a scale.
pub(super) const fn score_name(kind: ScoreKind) -> &'static str {
    match kind {
        ScoreKind::Nps => "nps",
        ScoreKind::Csat => "csat",
        ScoreKind::Ces => "ces",
    }
}

/// The answers that a scale has.
const fn scale(kind: ScoreKind) -> RangeInclusive<i64> {
    match kind {
        ScoreKind::Nps => 0..=10,
        ScoreKind::Csat => 1..=5,
        ScoreKind::Ces => 1..=7,
    }
}

/// An answer on its scale; it must be said.
pub(super) fn answer(
    kind: ScoreKind,
    value: &Value<'_>,
    place: Place<'_>,
) -> Result<u8, DecodeError> {
    let (least, most) = scale(kind).into_inner();
    value
        .within(place, least, most)?
        .and_then(|answer| u8::try_from(answer).ok())
        .ok_or_else(|| value.wrong(place, "an answer on the scale"))
}

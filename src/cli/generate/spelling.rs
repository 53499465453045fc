//! How the options of `wayfarer generate` are spelled.

use std::fmt;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::domain::{EventTime, Millis};
use crate::traffic::Rhythm;

/// A moment, perhaps by the clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Moment {
    /// This one.
    At(EventTime),
    /// So long before now.
    BeforeNow(Millis),
}

impl Moment {
    /// The moment, if it is `now`.
    pub(super) fn by(self, now: EventTime) -> EventTime {
        match self {
            Self::At(at) => at,
            Self::BeforeNow(span) => now.minus(span),
        }
    }
}

pub(in crate::cli) fn span(text: &str) -> Result<Millis, String> {
    let wrong = |why: &dyn fmt::Display| format!("write a span such as 30s, 10m, 1h or 7d: {why}");
    let span: jiff::Span = text.parse().map_err(|error| wrong(&error))?;
    let whole = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours());
    let whole = whole.map_err(|error| wrong(&error))?;
    match i64::try_from(whole.as_millis()) {
        Ok(millis) if millis >= 0 => Ok(Millis::new(millis)),
        _ => Err(wrong(&"it may not be negative")),
    }
}

pub(super) fn moment(text: &str) -> Result<Moment, String> {
    if text == "now" {
        return Ok(Moment::BeforeNow(Millis::ZERO));
    }
    if let Some(before) = text.strip_prefix('-') {
        return span(before).map(Moment::BeforeNow);
    }
    let at: jiff::Timestamp = text.parse().map_err(|error| {
        format!("write a time such as 2026-11-22T09:30:00Z, now, or -1h: {error}")
    })?;
    Ok(Moment::At(EventTime::from_millis(at.as_millisecond())))
}

pub(super) fn pace(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('x').unwrap_or(text).parse().ok();
    number
        .filter(|pace| (1..=1_000_000).contains(pace))
        .ok_or_else(|| "write how many times faster, from 1x to 1000000x, such as 60x".into())
}

pub(super) fn rhythm() -> impl TypedValueParser<Value = Rhythm> {
    PossibleValuesParser::new(["daily", "steady"]).map(|name| match name.as_str() {
        "daily" => Rhythm::Daily,
        _ => Rhythm::Steady,
    })
}

pub(super) fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("write a setting and its value, such as security.protocol=ssl")?;
    Ok((key.to_owned(), value.to_owned()))
}

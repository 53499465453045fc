//! From messages to records: key, value and CloudEvents headers in binary mode.

use super::message::{Encoding, Encodings, Known, Message};
use super::record::OutputRecord;
use crate::domain::{CustomerId, Effect, EventTime, Maps};
use crate::wire::proto::{Alert, KpiSnapshot};
use crate::wire::{hash, time};

/// What stands around an effect when it is written.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The pipeline's name; records give `/wayfarer/` and it as their source.
    pub app: &'a str,
    /// How values are written.
    pub encodings: &'a Encodings,
    /// What was known when the effect came about.
    pub known: Known,
    /// The trace headers of the record that caused it, passed through as they are.
    pub trace: &'a [(String, Vec<u8>)],
}

/// The record of an effect, or nothing if the effect only counts. The key is the customer.
pub fn record(
    customer: &CustomerId,
    effect: &Effect,
    maps: &Maps,
    context: &Context<'_>,
) -> Option<OutputRecord> {
    let message = Message::of(customer, effect, maps, &context.known)?;
    let about = Event {
        id: event_id(&message),
        subject: customer.as_str(),
        time: Some(effect.at),
        trace: context.trace,
    };
    let encoding = context.encodings.of(message.topic());
    let key = customer.as_str().as_bytes().to_vec();
    Some(enveloped(&message, key, encoding, context.app, &about))
}

/// The record of a KPI snapshot. The key names KPI, window, labels and partition, so that on a
/// compacted topic the latest of each is kept.
pub fn kpi_record(snapshot: KpiSnapshot, encoding: Encoding, app: &str) -> OutputRecord {
    let key = kpi_key(&snapshot);
    let watermark = snapshot.watermark.map(EventTime::from_millis);
    let message = Message::Kpi(snapshot);
    let about = Event {
        id: event_id(&message),
        subject: &key,
        time: watermark,
        trace: &[],
    };
    enveloped(&message, key.clone().into_bytes(), encoding, app, &about)
}

/// What the headers say besides the message.
struct Event<'a> {
    id: u128,
    subject: &'a str,
    time: Option<EventTime>,
    trace: &'a [(String, Vec<u8>)],
}

fn enveloped(
    message: &Message,
    key: Vec<u8>,
    encoding: Encoding,
    app: &str,
    event: &Event<'_>,
) -> OutputRecord {
    let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let mut headers = vec![
        header("ce_specversion", "1.0"),
        header("ce_id", &format!("{:032x}", event.id)),
        header("ce_source", &format!("/wayfarer/{app}")),
        header("ce_type", message.ce_type()),
    ];
    headers.extend(event.time.map(|at| header("ce_time", &time::format(at))));
    headers.push(header("ce_subject", event.subject));
    headers.push(header("content-type", encoding.media_type()));
    headers.extend_from_slice(event.trace);
    OutputRecord {
        topic: message.topic(),
        key: Some(key),
        value: Some(message.encode(encoding)),
        headers,
        timestamp: None,
    }
}

/// The CloudEvents id: equal for equal content, so that a repeated record can be told by it. (The
/// message's own id names the cause: a correction has the same.) When an alert was found out is
/// not part of it.
fn event_id(message: &Message) -> u128 {
    let content = match message {
        Message::Alert(alert) => Message::Alert(Alert {
            detected_at: None,
            watermark: None,
            ..alert.clone()
        }),
        other => other.clone(),
    };
    let bytes = content.encode(Encoding::Protobuf);
    hash::of(&[message.ce_type().as_bytes(), &bytes])
}

/// `conversion_rate|24h|map=shop,step=cart|3`; the separators and the backslash are escaped with a
/// backslash within names.
fn kpi_key(snapshot: &KpiSnapshot) -> String {
    let escaped = |text: &str| {
        let special = |c: char| matches!(c, '|' | ',' | '=' | '\\');
        text.chars().fold(String::new(), |mut escaped, c| {
            escaped.extend(special(c).then_some('\\'));
            escaped.push(c);
            escaped
        })
    };
    let labels: Vec<_> = snapshot
        .labels
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    format!(
        "{}|{}|{}|{}",
        escaped(&snapshot.kpi),
        escaped(snapshot.window.as_deref().unwrap_or_default()),
        labels.join(","),
        snapshot.partition
    )
}

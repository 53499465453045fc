//! What all formats have in common, and each by its own.

mod arbitrary;
mod json;
mod mapped;
mod protobuf;
mod strategy;

use std::collections::BTreeMap;

use super::*;
use crate::domain::ScoreKind;

fn keeping(props: &[&str]) -> DecodeOptions {
    DecodeOptions {
        props: props.iter().map(|name| Box::from(*name)).collect(),
        ..DecodeOptions::default()
    }
}

/// A mapping that uses every kind of field.
fn mapping() -> Mapping {
    Mapping {
        id: Origin::path("event_id"),
        anonymous: Origin::path("device.id"),
        channel: Origin::path("context.channel"),
        value: Origin::path("total"),
        currency: Origin::path("currency"),
        money: MoneyUnit::Major,
        items: Some(ItemsMapping {
            list: Some("products".into()),
            product: Some("sku".into()),
            quantity: Some("n".into()),
            price: Some("price".into()),
            ..ItemsMapping::default()
        }),
        score: Some((ScoreKind::Nps, Origin::Path("nps".into()))),
        consent: BTreeMap::from([("marketing".into(), Origin::Path("optin".into()))]),
        props: BTreeMap::from([("a".into(), Origin::Path("a".into()))]),
        ..Mapping::new("user.id", "event", "ts")
    }
}

fn formats() -> [Format; 3] {
    [
        Format::Json,
        Format::Protobuf,
        Format::Mapped(Box::new(mapping())),
    ]
}

const MAPPED: &str = r#"{"event_id": 7, "user": {"id": "ada"}, "event": "buy", "total": 19.99,
    "ts": "2026-03-01T10:00:00Z", "currency": "eur", "nps": "9", "optin": 1, "a": true,
    "products": [{"sku": "p1", "n": "2", "price": "9.995"}]}"#;

#[test]
fn ten_megabytes_are_turned_away_before_anything_is_read() {
    for format in formats() {
        let error = format.decode(None, &vec![b'{'; 10_000_000], &keeping(&[]));
        let error = error.unwrap_err();
        assert_eq!(error.reason, Reason::TooLarge);
        assert!(error.message.contains("262144"), "{error}");
    }
}

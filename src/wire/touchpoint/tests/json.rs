//! Wayfarer's JSON: what is read, and each reason to turn a record away.

use std::collections::BTreeMap;

use super::keeping;
use crate::domain::{CustomerId, EventTime};
use crate::wire::touchpoint::value::ID_MAX;
use crate::wire::touchpoint::{Decoded, Format, Reason, parts};

/// Reason, place and record. `+` stands for the fields that every touchpoint needs.
const TURNED_AWAY: &str = r#"
not_json      record             ada,page_viewed
wrong_type    record             []
wrong_type    record             "text"
not_json      line 1 column 8    {"id": }
not_json      line 1 column 68   {+, "id": "t2"}
not_json      items[0]           {+, "items": [{"name": "\ud800"}]}
no_customer   customer           {}
no_customer   customer           {"customer": "", "anonymous": null}
wrong_type    customer           {"customer": true}
id_too_long   customer           {"customer": "LONG"}
no_type       type               {"customer": "ada"}
no_time       at                 {"customer": "ada", "type": "x"}
no_time       at                 {"customer": "ada", "type": "x", "at": null}
no_time       at                 {"customer": "ada", "type": "x", "at": ""}
wrong_type    at                 {"customer": "ada", "type": "x", "at": true}
bad_time      at                 {"customer": "ada", "type": "x", "at": "soon"}
bad_time      at                 {"customer": "ada", "type": "x", "at": "2026-03-01 10:00:00"}
bad_time      at                 {"customer": "ada", "type": "x", "at": "10000-01-01T00:00:00Z"}
bad_time      at                 {"customer": "ada", "type": "x", "at": 253402300800000}
bad_time      at                 {"customer": "ada", "type": "x", "at": 1e300}
id_too_long   cart               {+, "cart": "LONG"}
wrong_type    value              {+, "value": 19.99}
wrong_type    value              {+, "value": "1999"}
wrong_type    value              {+, "value": 99999999999999999999}
out_of_range  value              {+, "value": 2000000000000000}
wrong_type    currency           {+, "currency": "EURO"}
out_of_range  duration_ms        {+, "duration_ms": -1}
wrong_type    items              {+, "items": {}}
wrong_type    items[1]           {+, "items": [{}, 1]}
out_of_range  items[0].quantity  {+, "items": [{"quantity": -1}]}
wrong_type    items[0].price     {+, "items": [{"price": true}]}
too_many      items              {+, "items": [ITEMS]}
wrong_type    score              {+, "score": {}}
wrong_type    score              {+, "score": {"nps": 1, "ces": 1}}
out_of_range  score.nps          {+, "score": {"nps": 11}}
out_of_range  score.csat         {+, "score": {"csat": 0}}
wrong_type    consent            {+, "consent": {"marketing": "yes"}}
too_many      consent            {+, "consent": {PURPOSES}}
wrong_type    props              {+, "props": 1}
too_deep      byte 100           {+, "x": DEEP}
"#;

const NEEDED: &str = r#""id": "t1", "customer": "ada", "type": "page_viewed", "at": 0"#;

/// A record with more than a touchpoint needs.
fn with(more: &str) -> String {
    format!("{{{NEEDED}, {more}}}")
}

#[test]
fn records_that_cannot_be_used_are_turned_away_with_reason_and_place() {
    let purposes: Vec<_> = (0..=parts::CONSENT_MAX)
        .map(|n| format!("\"p{n}\": true"))
        .collect();
    for line in TURNED_AWAY.trim().lines() {
        let (expected, json) = line.split_at(33);
        let json = json
            .replace('+', NEEDED)
            .replace("LONG", &"x".repeat(ID_MAX + 1))
            .replace("ITEMS", &vec!["{}"; parts::ITEMS_MAX + 1].join(","))
            .replace("PURPOSES", &purposes.join(","))
            .replace("DEEP", &"[".repeat(10_000));
        let error = Format::Json
            .decode(None, json.as_bytes(), &keeping(&["a"]))
            .unwrap_err();
        let found = format!("{:<13} {:<18} ", error.reason, error.place);
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn nothing_and_white_space_are_empty() {
    for nothing in ["", " ", "\r\n\t"] {
        let read = Format::Json.decode(None, nothing.as_bytes(), &keeping(&[]));
        assert_eq!(read.unwrap_err().reason, Reason::Empty);
    }
}

#[test]
fn unknown_fields_and_attributes_that_nobody_named_are_ignored() {
    let json = with(r#""new": [{"x": 1}], "props": {"a": 1.5, "b": "kept by nobody", "c": [1]}"#);
    let props = |names: &[&str]| {
        let read = Format::Json.decode(None, json.as_bytes(), &keeping(names));
        read.unwrap().touchpoint.props
    };
    assert_eq!(props(&[]), BTreeMap::new());
    assert_eq!(
        props(&["a", "c"]),
        BTreeMap::from([("a".into(), "1.5".into())])
    );
}

#[test]
fn moments_may_be_texts_or_milliseconds_and_reach_the_year_9999() {
    for (at, millis) in [
        ("0", 0),
        ("-1", -1),
        ("1772359200000", 1_772_359_200_000),
        ("1772359200000.4", 1_772_359_200_000),
        ("1.7723592e12", 1_772_359_200_000),
        ("\"2026-03-01T11:00:00+01:00\"", 1_772_359_200_000),
        ("\"9999-12-31T23:59:59.999Z\"", EventTime::MAX.as_millis()),
    ] {
        let json = format!(r#"{{"customer": 42, "type": "x", "at": {at}}}"#);
        let decoded = Format::Json
            .decode(None, json.as_bytes(), &keeping(&[]))
            .unwrap();
        assert_eq!(decoded.touchpoint.at.as_millis(), millis, "{at}");
        assert_eq!(decoded.touchpoint.customer, CustomerId::new("42"));
    }
}

#[test]
fn a_journey_belongs_to_the_customer_else_to_the_anonymous_id() {
    let read = |who: &str| {
        let json = format!(r#"{{{who}, "type": "x", "at": 0}}"#);
        let touchpoint = Format::Json
            .decode(None, json.as_bytes(), &keeping(&[]))
            .unwrap();
        let touchpoint = touchpoint.touchpoint;
        (
            touchpoint.customer.to_string(),
            touchpoint.anonymous.map(String::from),
        )
    };
    assert_eq!(read(r#""customer": "ada""#), ("ada".into(), None));
    assert_eq!(read(r#""anonymous": "a1""#), ("a1".into(), None));
    assert_eq!(
        read(r#""anonymous": "a1", "customer": "ada""#),
        ("ada".into(), Some("a1".into()))
    );
    assert_eq!(
        read(r#""anonymous": "a1", "customer": null"#),
        ("a1".into(), None)
    );
}

#[test]
fn an_exact_repeat_without_id_gets_the_same_id_and_anything_else_another() {
    let read = |at: i64| {
        let json = format!(r#"{{"customer": "ada", "type": "x", "at": {at}}}"#);
        let read = Format::Json.decode(None, json.as_bytes(), &keeping(&[]));
        read.unwrap()
    };
    let first: Decoded = read(1);
    assert!(first.derived_id);
    assert!(first.touchpoint.id.starts_with("c-"));
    assert_eq!(first, read(1));
    assert_ne!(first.touchpoint.id, read(2).touchpoint.id);
    let named = Format::Json.decode(None, with("\"x\": 1").as_bytes(), &keeping(&[]));
    assert!(!named.unwrap().derived_id);
}

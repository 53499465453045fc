//! Mappings, of other JSON and of CSV.

use std::collections::BTreeMap;

use ::csv::ByteRecord;

use super::{MAPPED, keeping, mapping};
use crate::domain::{Currency, EventTime, Item, Score, ScoreKind, Touchpoint};
use crate::wire::touchpoint::{Format, Mapping, Origin, Reason, Rows, TimeFormat};

#[test]
fn a_mapping_reads_other_json_by_paths() {
    let format = Format::Mapped(Box::new(mapping()));
    let decoded = format
        .decode(None, MAPPED.as_bytes(), &keeping(&["a"]))
        .unwrap();
    let expected = Touchpoint {
        value: Some(1_999),
        currency: Currency::parse("EUR"),
        items: vec![Item {
            product: "p1".into(),
            quantity: 2,
            price: Some(1_000),
            ..Item::default()
        }],
        score: Some(Score {
            kind: ScoreKind::Nps,
            value: 9,
            question: None,
        }),
        consent: BTreeMap::from([("marketing".into(), true)]),
        props: BTreeMap::from([("a".into(), "true".into())]),
        ..Touchpoint::new("7", "ada", "buy", EventTime::from_millis(1_772_359_200_000))
    };
    assert_eq!(decoded.touchpoint, expected);
    assert!(!decoded.derived_id);
}

/// The reason and the place of a record that cannot be used.
fn wrong(mapping: Mapping, key: Option<&[u8]>, json: &str) -> (Reason, String) {
    let format = Format::Mapped(Box::new(mapping));
    let error = format.decode(key, json.as_bytes(), &keeping(&[]));
    let error = error.unwrap_err();
    (error.reason, error.place)
}

#[test]
fn a_mapping_names_the_path_that_is_wrong() {
    let by_seconds = Mapping {
        time: TimeFormat::EpochSeconds,
        ..mapping()
    };
    for (rest, reason, place) in [
        ("\"total\": \"much\"", Reason::WrongType, "total"),
        ("\"total\": \"1e3\"", Reason::WrongType, "total"),
        ("\"nps\": 11", Reason::OutOfRange, "nps"),
        ("\"optin\": \"maybe\"", Reason::WrongType, "optin"),
        ("\"products\": 1", Reason::WrongType, "products"),
        ("\"products\": [1]", Reason::WrongType, "products[0]"),
        ("\"ts\": 99999999999999", Reason::BadTime, "ts"),
        ("\"ts\": \"\"", Reason::NoTime, "ts"),
        ("\"event\": \"\"", Reason::NoType, "event"),
        ("\"user\": {\"id\": []}", Reason::WrongType, "user.id"),
        ("\"user\": 1", Reason::NoCustomer, "user.id"),
    ] {
        // Of a key that stands twice the later counts.
        let json = format!(r#"{{"user": {{"id": 1}}, "event": "e", "ts": 1, {rest}}}"#);
        let found = wrong(by_seconds.clone(), None, &json);
        assert_eq!(found, (reason, place.to_owned()), "{rest}");
    }
    assert_eq!(
        wrong(mapping(), None, "[1]"),
        (Reason::WrongType, "record".into())
    );
}

#[test]
fn a_mapping_can_take_the_customer_from_the_key() {
    let by_key = Mapping {
        customer: Some(Origin::Key),
        time: TimeFormat::EpochMillis,
        ..Mapping::new("", "event", "ts")
    };
    let json = r#"{"event": "e", "ts": 1}"#;
    let bad = wrong(by_key.clone(), Some(b"\xff"), json);
    assert_eq!(bad, (Reason::BadKey, "key".into()));
    let none = wrong(by_key.clone(), None, json);
    assert_eq!(none, (Reason::NoCustomer, "key".into()));
    let format = Format::Mapped(Box::new(by_key));
    let id = |key: &[u8]| {
        let read = format.decode(Some(key), json.as_bytes(), &keeping(&[]));
        read.unwrap().touchpoint.id
    };
    assert_eq!(id(b"ada"), id(b"ada"));
    assert_ne!(id(b"ada"), id(b"bob"));
}

#[test]
fn a_mapping_reads_every_way_to_write_a_moment() {
    for (time, at) in [
        (TimeFormat::Rfc3339, "\"2026-03-01T10:00:00Z\""),
        (TimeFormat::DateTime, "\"2026-03-01 10:00:00\""),
        (TimeFormat::EpochSeconds, "1772359200"),
        (TimeFormat::EpochSeconds, "\"1772359200.000\""),
        (TimeFormat::EpochMillis, "1772359200000"),
        (TimeFormat::EpochMicros, "\"1772359200000999\""),
        (
            TimeFormat::Pattern("%d/%m/%Y %H:%M".into()),
            "\"01/03/2026 10:00\"",
        ),
        (
            TimeFormat::Pattern("%F %T%z".into()),
            "\"2026-03-01 10:00:00Z\"",
        ),
        (
            TimeFormat::Pattern("%F %T%z".into()),
            "\"2026-03-01 11:00:00+0100\"",
        ),
        (
            TimeFormat::Pattern("%Y-%m-%d %H:%M:%S".into()),
            "\"2026-03-01 10:00:00\"",
        ),
        (
            TimeFormat::Pattern("%Y%m%dT%H%M%S%z".into()),
            "\"20260301T110000+0100\"",
        ),
    ] {
        let mapping = Mapping {
            time,
            ..Mapping::new("user", "event", "ts")
        };
        let json = format!(r#"{{"user": "ada", "event": "x", "ts": {at}}}"#);
        let format = Format::Mapped(Box::new(mapping));
        let decoded = format.decode(None, json.as_bytes(), &keeping(&[])).unwrap();
        assert_eq!(decoded.touchpoint.at.as_millis(), 1_772_359_200_000, "{at}");
        let later = json.replace(at, "\"later\"");
        let error = format
            .decode(None, later.as_bytes(), &keeping(&[]))
            .unwrap_err();
        assert_eq!(error.reason, Reason::BadTime);
    }
}

/// The mapping of a shop's click stream in CSV.
fn shop() -> Mapping {
    let names = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(from, to)| (Box::from(*from), Box::from(*to)))
            .collect()
    };
    Mapping {
        time: TimeFormat::DateTime,
        kinds: names(&[("add_to_cart", "cart_added"), ("purchase", "purchased")]),
        channel: Origin::path("acquisition_channel"),
        channels: names(&[("paid_search", "ad")]),
        device: Origin::path("platform"),
        source: Origin::constant("shop"),
        ..Mapping::new("user_id", "event", "timestamp")
    }
}

const SHOP_HEADER: [&str; 5] = [
    "user_id",
    "event",
    "timestamp",
    "platform",
    "acquisition_channel",
];

#[test]
fn rows_of_a_csv_file_are_read_by_column() {
    let mapping = shop();
    let rows = Rows::new(&mapping, &ByteRecord::from(SHOP_HEADER.to_vec())).unwrap();
    let read = |row: [&str; 5]| rows.decode(&ByteRecord::from(row.to_vec()), &keeping(&[]));
    let decoded = read([
        "u0",
        "add_to_cart",
        "2024-03-13 10:21:14",
        "mobile",
        "paid_search",
    ]);
    let decoded = decoded.unwrap();
    assert!(decoded.derived_id);
    let id = decoded.touchpoint.id.clone();
    let expected = Touchpoint {
        channel: Some("ad".into()),
        device: Some("mobile".into()),
        source: Some("shop".into()),
        ..Touchpoint::new(
            &id,
            "u0",
            "cart_added",
            EventTime::from_millis(1_710_325_274_000),
        )
    };
    assert_eq!(decoded.touchpoint, expected);
    let other = read(["u0", "home", "2024-03-13 10:21:14", "mobile", ""]).unwrap();
    assert_eq!(
        (&*other.touchpoint.kind, other.touchpoint.channel),
        ("home", None)
    );
    assert_ne!(other.touchpoint.id, id);
    let turned_away = |row: ByteRecord| {
        let error = rows.decode(&row, &keeping(&[])).unwrap_err();
        (error.reason, error.place)
    };
    let bad_time = vec!["u0", "home", "13.3.2024", "mobile", ""];
    let nobody = vec!["", "home", "", "", ""];
    let latin = vec![&b"\xff"[..], b"home", b"", b"", b""];
    for (row, reason, place) in [
        (ByteRecord::from(bad_time), Reason::BadTime, "timestamp"),
        (ByteRecord::from(nobody), Reason::NoCustomer, "user_id"),
        (ByteRecord::from(latin), Reason::NotUtf8, "user_id"),
    ] {
        assert_eq!(turned_away(row), (reason, place.to_owned()));
    }
    let short = ByteRecord::from(vec!["u0", "home", "2024-03-13 10:21:14"]);
    assert!(rows.decode(&short, &keeping(&[])).is_ok());
}

#[test]
fn every_column_that_a_file_lacks_is_told_at_once() {
    let mapping = shop();
    let lacking = Rows::new(
        &mapping,
        &ByteRecord::from(vec!["\u{feff}user_id", "event", "time"]),
    );
    let lacking = lacking.unwrap_err();
    assert_eq!(lacking.len(), 3);
    assert_eq!(
        lacking[0],
        "no column `timestamp`: the file has event, time, user_id"
    );
}

#[test]
fn a_mapping_says_all_that_it_lacks() {
    assert_eq!(shop().mistakes(), Vec::<&str>::new());
    assert_eq!(Mapping::default().mistakes().len(), 3);
}

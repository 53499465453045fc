//! What all formats have in common: round trips, reasons, and arbitrary bytes.

use std::collections::BTreeMap;

use ::csv::ByteRecord;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::domain::{Currency, CustomerId, EventTime, Item, Millis, Score, ScoreKind};

fn text() -> impl Strategy<Value = Box<str>> {
    "[a-zA-Zß€😀\"\\\\/\n\u{1} ]{1,12}".prop_map(Box::from)
}

fn item() -> impl Strategy<Value = Item> {
    let price = option::of(-1_000_000_i64..1_000_000);
    (
        text(),
        option::of(text()),
        option::of(text()),
        any::<u32>(),
        price,
    )
        .prop_map(|(product, name, category, quantity, price)| Item {
            product,
            name,
            category,
            quantity,
            price,
        })
}

fn score() -> impl Strategy<Value = Score> {
    let answer = prop_oneof![
        (Just(ScoreKind::Nps), 0_u8..=10),
        (Just(ScoreKind::Csat), 1_u8..=5),
        (Just(ScoreKind::Ces), 1_u8..=7),
    ];
    (answer, option::of(text())).prop_map(|((kind, value), question)| Score {
        kind,
        value,
        question,
    })
}

fn touchpoint() -> impl Strategy<Value = Touchpoint> {
    let at = EventTime::MIN.as_millis()..=EventTime::MAX.as_millis();
    let texts = vec(option::of(text()), 11);
    let numbers = (
        option::of(-value::MONEY_MAX..=value::MONEY_MAX),
        option::of(0..=value::DURATION_MAX),
        option::of(-value::MONEY_MAX..=value::MONEY_MAX),
        option::of("[A-Z]{3}"),
    );
    let lists = (
        vec(item(), 0..4),
        option::of(score()),
        btree_map(text(), any::<bool>(), 0..3),
        btree_map("[ab]", text(), 0..3),
    );
    ([text(), text(), text()], at, texts, numbers, lists).prop_map(
        |([id, customer, kind], at, texts, (value, duration, cost, currency), lists)| {
            let mut texts = texts.into_iter();
            let mut next = || texts.next().flatten();
            let (items, score, consent, props) = lists;
            Touchpoint {
                anonymous: next(),
                channel: next(),
                campaign: next(),
                source: next(),
                medium: next(),
                cart: next(),
                order: next(),
                request: next(),
                timezone: next(),
                locale: next(),
                device: next(),
                value,
                currency: currency.and_then(|code| Currency::parse(&code)),
                items,
                score,
                duration: duration.map(Millis::new),
                cost,
                consent,
                props: props
                    .into_iter()
                    .map(|(name, text)| (name.into(), text))
                    .collect(),
                ..Touchpoint::new(&id, &customer, &kind, EventTime::from_millis(at))
            }
        },
    )
}

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

proptest! {
    #[test]
    fn a_touchpoint_is_read_from_json_as_it_was_written(touchpoint in touchpoint()) {
        let decoded = Format::Json.decode(None, &encode_json(&touchpoint), &keeping(&["a", "b"]));
        prop_assert_eq!(decoded, Ok(Decoded { touchpoint, derived_id: false }));
    }

    #[test]
    fn a_touchpoint_is_read_from_protobuf_as_it_was_written(touchpoint in touchpoint()) {
        let bytes = encode_protobuf(&touchpoint);
        let decoded = Format::Protobuf.decode(None, &bytes, &keeping(&["a", "b"]));
        prop_assert_eq!(decoded, Ok(Decoded { touchpoint, derived_id: false }));
    }

    #[test]
    fn arbitrary_bytes_are_turned_away_and_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        for format in formats() {
            drop(format.decode(Some(&bytes), &bytes, &keeping(&["a"])));
        }
        let header = ByteRecord::from(vec!["user", "event", "ts"]);
        let mapping = Mapping::new("user", "event", "ts");
        let row: ByteRecord = bytes.chunks(7).collect();
        drop(Rows::new(&mapping, &header).unwrap().decode(&row, &keeping(&[])));
    }

    #[test]
    fn damaged_records_are_turned_away_and_never_panic(
        touchpoint in touchpoint(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let whole = [encode_json(&touchpoint), encode_protobuf(&touchpoint), MAPPED.into()];
        for (format, whole) in formats().iter().zip(whole) {
            let mut damaged = whole.clone();
            for (place, byte) in &damage {
                damaged[place.index(whole.len())] = *byte;
            }
            drop(format.decode(None, &damaged, &keeping(&["a", "b"])));
            drop(format.decode(None, &whole[..cut.index(whole.len())], &keeping(&["a", "b"])));
        }
    }

    #[test]
    fn truncated_json_is_always_turned_away(
        touchpoint in touchpoint(),
        cut in any::<prop::sample::Index>(),
    ) {
        let json = encode_json(&touchpoint);
        let cut = &json[..cut.index(json.len())];
        let reason = Format::Json.decode(None, cut, &keeping(&[])).unwrap_err().reason;
        prop_assert!(matches!(reason, Reason::Empty | Reason::NotJson), "{}", reason);
    }

    #[test]
    fn an_error_never_quotes_the_record(field in 0..23_usize, shape in 0..5_usize) {
        const FIELDS: [&str; 23] = [
            "id", "customer", "anonymous", "type", "at", "channel", "campaign", "source", "medium",
            "cart", "order", "request", "value", "currency", "items", "score", "duration_ms",
            "cost", "consent", "timezone", "locale", "device", "props",
        ];
        let value = [
            r#""s3cret""#.to_owned(),
            r#"{"s3cret": "s3cret"}"#.to_owned(),
            r#"["s3cret", {"s3cret": 1}]"#.to_owned(),
            format!(r#""{}""#, "s3cret".repeat(30)),
            r#""s3cret\x""#.to_owned(),
        ];
        let needed = [("customer", "\"ada\""), ("type", "\"x\""), ("at", "0")];
        let mut json = format!(r#"{{"s3cret": 1, "{}": {}"#, FIELDS[field], value[shape]);
        for (name, value) in needed.iter().filter(|(name, _)| *name != FIELDS[field]) {
            json += &format!(r#", "{name}": {value}"#);
        }
        json.push('}');
        match Format::Json.decode(None, json.as_bytes(), &keeping(&["s3cret"])) {
            Ok(_) => prop_assert!(shape != 4, "{}", json),
            Err(error) => prop_assert!(!format!("{error:?}").contains("s3cret"), "{}", error),
        }
    }
}

/// The reason and the place for a record of Wayfarer's JSON.
fn turned_away(json: &str) -> (Reason, String) {
    let error = Format::Json
        .decode(None, json.as_bytes(), &keeping(&["a"]))
        .unwrap_err();
    (error.reason, error.place)
}

/// A record in JSON with one field more than it needs.
fn with(field: &str) -> String {
    format!(r#"{{"id": "t1", "customer": "ada", "type": "page_viewed", "at": 0, {field}}}"#)
}

#[test]
fn json_that_cannot_be_used_is_turned_away_with_reason_and_place() {
    let long = "x".repeat(value::ID_MAX + 1);
    let items = format!("\"items\": [{}{{}}]", "{},".repeat(parts::ITEMS_MAX));
    let purposes: Vec<_> = (0..=parts::CONSENT_MAX)
        .map(|n| format!("\"p{n}\": true"))
        .collect();
    for (json, reason, place) in [
        (String::new(), Reason::Empty, "record"),
        (" \n".into(), Reason::Empty, "record"),
        ("ada,page_viewed".into(), Reason::NotJson, "record"),
        ("[]".into(), Reason::WrongType, "record"),
        ("\"text\"".into(), Reason::WrongType, "record"),
        (
            "{\"id\": \"t1\",\n \"at\": }".into(),
            Reason::NotJson,
            "line 2 column 8",
        ),
        (with("\"id\": \"t2\""), Reason::NotJson, "line 1 column 68"),
        (
            with("\"items\": [{\"name\": \"\\ud800\"}]"),
            Reason::NotJson,
            "items[0]",
        ),
        ("{}".into(), Reason::NoCustomer, "customer"),
        (r#"{"customer": ""}"#.into(), Reason::NoCustomer, "customer"),
        (
            r#"{"customer": true}"#.into(),
            Reason::WrongType,
            "customer",
        ),
        (
            format!(r#"{{"customer": "{long}"}}"#),
            Reason::IdTooLong,
            "customer",
        ),
        (r#"{"customer": "ada"}"#.into(), Reason::NoType, "type"),
        (
            r#"{"customer": "ada", "type": "x"}"#.into(),
            Reason::NoTime,
            "at",
        ),
        (
            r#"{"customer": "ada", "type": "x", "at": null}"#.into(),
            Reason::NoTime,
            "at",
        ),
        (
            r#"{"customer": "ada", "type": "x", "at": true}"#.into(),
            Reason::WrongType,
            "at",
        ),
        (
            r#"{"customer": "ada", "type": "x", "at": "soon"}"#.into(),
            Reason::BadTime,
            "at",
        ),
        (
            r#"{"customer": "ada", "type": "x", "at": "2026-03-01 10:00:00"}"#.into(),
            Reason::BadTime,
            "at",
        ),
        (
            r#"{"customer": "ada", "type": "x", "at": "10000-01-01T00:00:00Z"}"#.into(),
            Reason::BadTime,
            "at",
        ),
        (
            r#"{"customer": "ada", "type": "x", "at": 253402300800000}"#.into(),
            Reason::BadTime,
            "at",
        ),
        (
            r#"{"customer": "ada", "type": "x", "at": 1e300}"#.into(),
            Reason::BadTime,
            "at",
        ),
        (
            with(&format!("\"cart\": \"{long}\"")),
            Reason::IdTooLong,
            "cart",
        ),
        (with("\"value\": 19.99"), Reason::WrongType, "value"),
        (with("\"value\": \"1999\""), Reason::WrongType, "value"),
        (
            with("\"value\": 2000000000000000"),
            Reason::OutOfRange,
            "value",
        ),
        (
            with("\"value\": 99999999999999999999"),
            Reason::WrongType,
            "value",
        ),
        (
            with("\"currency\": \"EURO\""),
            Reason::WrongType,
            "currency",
        ),
        (
            with("\"duration_ms\": -1"),
            Reason::OutOfRange,
            "duration_ms",
        ),
        (with("\"items\": {}"), Reason::WrongType, "items"),
        (with("\"items\": [{}, 1]"), Reason::WrongType, "items[1]"),
        (
            with("\"items\": [{\"quantity\": -1}]"),
            Reason::OutOfRange,
            "items[0].quantity",
        ),
        (
            with("\"items\": [{\"price\": true}]"),
            Reason::WrongType,
            "items[0].price",
        ),
        (with(&items), Reason::TooMany, "items"),
        (with("\"score\": {}"), Reason::WrongType, "score"),
        (
            with("\"score\": {\"nps\": 1, \"ces\": 1}"),
            Reason::WrongType,
            "score",
        ),
        (
            with("\"score\": {\"nps\": 11}"),
            Reason::OutOfRange,
            "score.nps",
        ),
        (
            with("\"score\": {\"csat\": 0}"),
            Reason::OutOfRange,
            "score.csat",
        ),
        (
            with("\"consent\": {\"marketing\": \"yes\"}"),
            Reason::WrongType,
            "consent",
        ),
        (
            with(&format!("\"consent\": {{{}}}", purposes.join(","))),
            Reason::TooMany,
            "consent",
        ),
        (with("\"props\": 1"), Reason::WrongType, "props"),
    ] {
        assert_eq!(turned_away(&json), (reason, place.to_owned()), "{json}");
    }
}

#[test]
fn ten_megabytes_are_turned_away_before_anything_is_read() {
    let json = with(&format!("\"x\": \"{}\"", "x".repeat(10_000_000)));
    for format in formats() {
        let error = format
            .decode(None, json.as_bytes(), &keeping(&[]))
            .unwrap_err();
        assert_eq!(error.reason, Reason::TooLarge);
        assert!(error.message.contains("262144"), "{error}");
    }
}

#[test]
fn ten_thousand_levels_are_turned_away_in_every_format() {
    let json = with(&format!(
        "\"x\": {}{}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    ));
    assert_eq!(turned_away(&json).0, Reason::TooDeep);
    assert_eq!(turned_away(&"{\"x\":".repeat(10_000)).0, Reason::TooDeep);
    let mapped = Format::Mapped(Box::new(mapping()));
    let error = mapped
        .decode(None, json.as_bytes(), &keeping(&[]))
        .unwrap_err();
    assert_eq!(error.reason, Reason::TooDeep);
    // Field 100 begins a group, 10,000 times.
    let groups = [0xa3, 0x06].repeat(10_000);
    let error = Format::Protobuf
        .decode(None, &groups, &keeping(&[]))
        .unwrap_err();
    assert_eq!(error.reason, Reason::NotProtobuf);
}

#[test]
fn protobuf_that_cannot_be_used_is_turned_away_with_reason_and_place() {
    let good = Touchpoint::new("t1", "ada", "page_viewed", EventTime::from_millis(0));
    let bytes = encode_protobuf(&good);
    let reason = |bytes: &[u8]| {
        let error = Format::Protobuf
            .decode(None, bytes, &keeping(&[]))
            .unwrap_err();
        (error.reason, error.place)
    };
    let place = |place: &str| place.to_owned();
    assert_eq!(reason(b""), (Reason::Empty, place("record")));
    assert_eq!(
        reason(&bytes[..bytes.len() - 1]),
        (Reason::NotProtobuf, place("record"))
    );
    assert_eq!(
        reason(b"\x0a\x02\xff\xff"),
        (Reason::NotProtobuf, place("record"))
    );
    assert_eq!(
        reason(b"\x0a\x01x"),
        (Reason::NoCustomer, place("customer"))
    );
    assert_eq!(reason(b"\x12\x01x"), (Reason::NoType, place("type")));
    assert_eq!(reason(b"\x12\x01x\x22\x01y"), (Reason::NoTime, place("at")));
    let far = Touchpoint::new("t1", "ada", "x", EventTime::from_millis(i64::MAX));
    assert_eq!(
        reason(&encode_protobuf(&far)),
        (Reason::BadTime, place("at"))
    );
    let score = [&bytes[..], b"\x82\x01\x02\x10\x05"].concat();
    assert_eq!(reason(&score), (Reason::WrongType, place("score.kind")));
}

#[test]
fn unknown_fields_and_attributes_that_nobody_named_are_ignored() {
    let json = with(r#""new": [{"x": 1}], "props": {"a": 1.5, "b": "kept by nobody", "c": [1]}"#);
    let read = |options| {
        Format::Json
            .decode(None, json.as_bytes(), &options)
            .unwrap()
    };
    assert_eq!(read(keeping(&[])).touchpoint.props, BTreeMap::new());
    let kept = read(keeping(&["a", "c"])).touchpoint.props;
    assert_eq!(kept, BTreeMap::from([("a".into(), "1.5".into())]));
    // Field 100 as a number.
    let good = Touchpoint::new("t1", "ada", "page_viewed", EventTime::from_millis(0));
    let bytes = [&encode_protobuf(&good)[..], b"\xa0\x06\x07"].concat();
    let read = Format::Protobuf.decode(None, &bytes, &keeping(&[]));
    assert_eq!(read.unwrap().touchpoint, good);
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
    let read = |format: &Format, bytes: &[u8]| format.decode(None, bytes, &keeping(&[])).unwrap();
    let json = |at: i64| format!(r#"{{"customer": "ada", "type": "x", "at": {at}}}"#);
    let first = read(&Format::Json, json(1).as_bytes());
    assert!(first.derived_id);
    assert!(first.touchpoint.id.starts_with("c-"));
    assert_eq!(first, read(&Format::Json, json(1).as_bytes()));
    assert_ne!(
        first.touchpoint.id,
        read(&Format::Json, json(2).as_bytes()).touchpoint.id
    );
    assert!(!read(&Format::Json, with("\"x\": 1").as_bytes()).derived_id);
    let bytes = encode_protobuf(&Touchpoint::new("", "ada", "x", EventTime::from_millis(1)));
    assert!(read(&Format::Protobuf, &bytes).derived_id);
}

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

#[test]
fn a_mapping_names_the_path_that_is_wrong() {
    let place = |key: Option<&[u8]>, mapping: Mapping, json: &str| {
        let format = Format::Mapped(Box::new(mapping));
        let error = format
            .decode(key, json.as_bytes(), &keeping(&[]))
            .unwrap_err();
        (error.reason, error.place)
    };
    let wrong = |json: &str| place(None, mapping(), json);
    let json = |rest: &str| format!(r#"{{"user": {{"id": 1}}, "event": "e", "ts": 1, {rest}}}"#);
    assert_eq!(wrong("[1]"), (Reason::WrongType, "record".into()));
    assert_eq!(
        wrong(r#"{"user": 1}"#),
        (Reason::NoCustomer, "user.id".into())
    );
    assert_eq!(
        wrong(r#"{"user": {"id": []}}"#),
        (Reason::WrongType, "user.id".into())
    );
    assert_eq!(
        wrong(r#"{"user": {"id": 1}}"#),
        (Reason::NoType, "event".into())
    );
    assert_eq!(wrong(&json("\"x\": 1")), (Reason::BadTime, "ts".into()));
    let wrong = |rest: &str| {
        let mapping = Mapping {
            time: TimeFormat::EpochSeconds,
            ..mapping()
        };
        place(None, mapping, &json(rest))
    };
    assert_eq!(
        wrong("\"total\": \"much\""),
        (Reason::WrongType, "total".into())
    );
    assert_eq!(
        wrong("\"total\": \"1e3\""),
        (Reason::WrongType, "total".into())
    );
    assert_eq!(wrong("\"nps\": 11"), (Reason::OutOfRange, "nps".into()));
    assert_eq!(
        wrong("\"optin\": \"maybe\""),
        (Reason::WrongType, "optin".into())
    );
    assert_eq!(
        wrong("\"products\": 1"),
        (Reason::WrongType, "products".into())
    );
    assert_eq!(
        wrong("\"products\": [1]"),
        (Reason::WrongType, "products[0]".into())
    );
    let by_key = Mapping {
        customer: Some(Origin::Key),
        ..Mapping::new("", "event", "ts")
    };
    let bad = place(Some(b"\xff"), by_key.clone(), r#"{"event": "e"}"#);
    assert_eq!(bad, (Reason::BadKey, "key".into()));
    let none = place(None, by_key, r#"{"event": "e"}"#);
    assert_eq!(none, (Reason::NoCustomer, "key".into()));
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
    ] {
        let mapping = Mapping {
            time,
            ..Mapping::new("user", "event", "ts")
        };
        let json = format!(r#"{{"user": "ada", "event": "x", "ts": {at}}}"#);
        let format = Format::Mapped(Box::new(mapping));
        let decoded = format.decode(None, json.as_bytes(), &keeping(&[])).unwrap();
        assert_eq!(decoded.touchpoint.at.as_millis(), 1_772_359_200_000, "{at}");
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
    let error = read(["u0", "home", "13.3.2024", "mobile", ""]).unwrap_err();
    assert_eq!(
        (error.reason, &*error.place),
        (Reason::BadTime, "timestamp")
    );
    let error = read(["", "home", "", "", ""]).unwrap_err();
    assert_eq!(
        (error.reason, &*error.place),
        (Reason::NoCustomer, "user_id")
    );
    let row = ByteRecord::from(vec![&b"\xff"[..], b"home", b"", b"", b""]);
    let error = rows.decode(&row, &keeping(&[])).unwrap_err();
    assert_eq!((error.reason, &*error.place), (Reason::NotUtf8, "user_id"));
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

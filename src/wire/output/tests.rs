//! The bytes of every record, and that they are read back as they were written.
//!
//! `tests/golden/wire/outputs.txt` holds one record of each kind. Where it differs from what is
//! written, the test shows the whole text that it should hold.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::*;
use crate::domain::{
    Abandonment, AbandonmentSpec, Cause, ChannelSet, Converted, Currency, CustomerId, Effect,
    EffectId, EffectKind, EventTime, MapSpec, Maps, Millis, Recovery, Retraction, SessionEnded,
    Settings, Sign, StageSpec, StepIx, StepSpec,
};
use crate::wire::touchpoint::{DecodeError, Reason};

const GOLDEN: &str = include_str!("../../../tests/golden/wire/outputs.txt");

fn maps() -> Maps {
    let step = |id: Option<&str>, on: &str| StepSpec {
        id: id.map(str::to_owned),
        on: vec![on.to_owned()],
    };
    let stage = |id: &str, steps: Vec<StepSpec>| StageSpec {
        id: id.to_owned(),
        steps,
        conversion: vec!["purchased".to_owned()],
    };
    let after = Millis::from_minutes(30);
    let spec = MapSpec {
        version: 3,
        stages: vec![
            stage("awareness", vec![step(None, "page_viewed")]),
            stage(
                "purchase",
                vec![
                    step(Some("cart"), "cart_added"),
                    step(Some("ordered"), "purchased"),
                ],
            ),
        ],
        abandonments: vec![AbandonmentSpec::new(
            "cart",
            "cart_added",
            "purchased",
            after,
        )],
        ..MapSpec::new("shop")
    };
    Maps::compile(&[spec], &Settings::default()).unwrap()
}

/// 2026-03-01 at 10 o'clock, and so many seconds.
fn at(seconds: i64) -> EventTime {
    EventTime::from_millis(1_772_359_200_000 + seconds * 1_000)
}

fn effect(cause: &str, seconds: i64, sign: Sign, kind: EffectKind) -> Effect {
    Effect {
        id: EffectId::of(&["ada", "shop", cause]),
        map: 0,
        at: at(seconds),
        sign,
        kind,
    }
}

fn web_and_email(maps: &Maps) -> ChannelSet {
    let channel = |name| maps.channel(Some(name));
    ChannelSet::default()
        .with(channel("web"))
        .with(channel("email"))
}

fn moves(maps: &Maps) -> Vec<(&'static str, Effect)> {
    let move_of = |from, to, cause| EffectKind::Transition {
        from,
        to: StepIx(to),
        dwell: Millis::from_secs(90),
        cause,
        late: false,
    };
    let by = |id: &str, kind: &str| Cause::Touchpoint(id.into(), maps.kind(kind));
    let (state, take) = (Sign::Assert, Sign::Retract);
    let first = move_of(None, 0, by("t1", "page_viewed"));
    let moved = move_of(Some(StepIx(0)), 1, by("t2", "cart_added"));
    let back = move_of(Some(StepIx(2)), 0, Cause::Return);
    vec![
        ("first transition", effect("t1", 0, state, first)),
        ("transition", effect("t2", 60, state, moved.clone())),
        ("transition taken back", effect("t2", 60, take, moved)),
        ("return", effect("return", 99, state, back)),
    ]
}

fn alerts(maps: &Maps) -> Vec<(&'static str, Effect)> {
    let abandoned = Abandonment {
        rule: 0,
        level: 0,
        instance: Some("c-17".into()),
        position: Some(StepIx(1)),
        opened: at(0),
        last_touch: at(60),
        value: 1_999,
        currency: Currency::parse("EUR"),
        items: 2,
        channels: web_and_email(maps),
    };
    let bare = Abandonment {
        level: 1,
        instance: None,
        position: None,
        currency: None,
        ..abandoned.clone()
    };
    let retracted = Retraction {
        rule: 0,
        level: 0,
        instance: Some("c-17".into()),
        opened: at(0),
        touchpoint: "t9".into(),
        touched: at(1_000),
    };
    let recovered = Recovery {
        alert: EffectId::of(&["ada", "shop", "abandoned"]),
        rule: 0,
        alerts: 2,
        instance: Some("c-17".into()),
        opened: at(0),
        took: Millis::from_minutes(70),
        value: 1_999,
        currency: Currency::parse("EUR"),
        touchpoint: "t9".into(),
    };
    let state = |cause, seconds, kind| effect(cause, seconds, Sign::Assert, kind);
    vec![
        (
            "abandoned",
            state("abandoned", 1_860, EffectKind::Abandoned(abandoned.into())),
        ),
        (
            "abandoned, second alert of a customer's own episode",
            state("again", 7_260, EffectKind::Abandoned(bare.into())),
        ),
        (
            "retracted",
            state("abandoned", 1_860, EffectKind::Retracted(retracted.into())),
        ),
        (
            "recovered",
            state("recovered", 6_060, EffectKind::Recovered(recovered.into())),
        ),
    ]
}

fn session(maps: &Maps) -> Effect {
    let session = SessionEnded {
        start: at(0),
        end: at(600),
        touches: 7,
        views: 3,
        channels: web_and_email(maps),
        entry: maps.kind("page_viewed"),
        exit: maps.kind("something else"),
        engaged: true,
        bounced: false,
        converted: true,
    };
    effect(
        "session",
        2_400,
        Sign::Assert,
        EffectKind::SessionEnded(session.into()),
    )
}

fn conversion(maps: &Maps) -> Effect {
    let exposure = |seconds, channel| crate::domain::Exposure {
        at: at(seconds),
        channel: maps.channel(Some(channel)),
    };
    let converted = Converted {
        touchpoint: "t9".into(),
        kind: maps.kind("purchased"),
        order: Some("o-1 \"ü\"\n".into()),
        value: -5,
        currency: Currency::parse("EUR"),
        number: 2,
        took: Millis::from_days(3),
        touches: 40,
        path: vec![exposure(0, "email"), exposure(600, "web")],
        previous: Some(at(-86_400)),
        late: true,
    };
    effect(
        "o-1",
        600,
        Sign::Assert,
        EffectKind::Converted(converted.into()),
    )
}

/// One effect of each kind that is written, and each shape that a kind can have.
fn effects(maps: &Maps) -> Vec<(&'static str, Effect)> {
    let mut effects = moves(maps);
    effects.extend(alerts(maps));
    effects.push(("session", session(maps)));
    effects.push(("conversion", conversion(maps)));
    effects
}

fn kpi() -> KpiSnapshot {
    let labels = [("map", "shop"), ("step", "a,b|c=d\\e")];
    KpiSnapshot {
        kpi: "abandonment_rate".into(),
        window: Some("24h".into()),
        labels: labels
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        partition: 3,
        numerator: -1,
        denominator: Some(40),
        n: None,
        watermark: Some(at(0).as_millis()),
    }
}

fn dead_letter() -> OutputRecord {
    let before = format!("{DEAD_LETTER_PREFIX}offset");
    DeadLetter {
        topic: "touchpoints",
        partition: 2,
        offset: 41,
        timestamp: Some(at(0)),
        key: Some(b"ada"),
        value: Some(b"{\"customer\": \xff"),
        headers: &[("x".into(), b"\x01y".to_vec()), (before, b"7".to_vec())],
        error: &DecodeError::new(Reason::NotJson, "line 1 column 14", "expected value"),
    }
    .record(DEAD_LETTER_PREFIX, "shop-eu")
}

fn encodings(encoding: Encoding) -> Encodings {
    Encodings {
        transitions: encoding,
        alerts: encoding,
        conversions: encoding,
        kpis: encoding,
    }
}

fn written(effect: &Effect, maps: &Maps, encoding: Encoding) -> Option<OutputRecord> {
    let context = Context {
        app: "shop-eu",
        encodings: &encodings(encoding),
        known: Known {
            detected_at: Some(at(5_000)),
            watermark: Some(at(4_000)),
        },
        trace: &[("traceparent".into(), b"00-aa-bb-01".to_vec())],
    };
    record(&CustomerId::new("ada"), effect, maps, &context)
}

fn text(bytes: &[u8]) -> String {
    bytes
        .escape_ascii()
        .to_string()
        .replace("\\\"", "\"")
        .replace("\\\\", "\\")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Both encodings of a record, as the golden file shows them.
fn shown(title: &str, json: &OutputRecord, protobuf: Option<&OutputRecord>) -> String {
    let mut shown = format!("## {title}\n{:?}\n", json.topic);
    let mut line = |name: &str, value: &str| writeln!(shown, "{name}: {value}").unwrap();
    line("key", &text(json.key.as_deref().unwrap()));
    for (name, value) in &json.headers {
        line(name, &text(value));
    }
    line("value", &text(json.value.as_deref().unwrap()));
    if let Some(record) = protobuf {
        line("protobuf", &hex(record.value.as_deref().unwrap()));
    }
    shown
}

#[test]
fn every_record_has_the_bytes_that_were_agreed() {
    let maps = maps();
    let mut all: Vec<_> = effects(&maps)
        .iter()
        .map(|(name, effect)| {
            let of = |encoding| written(effect, &maps, encoding).unwrap();
            shown(name, &of(Encoding::Json), Some(&of(Encoding::Protobuf)))
        })
        .collect();
    let of = |encoding| kpi_record(kpi(), encoding, "shop-eu");
    all.push(shown(
        "KPI snapshot",
        &of(Encoding::Json),
        Some(&of(Encoding::Protobuf)),
    ));
    all.push(shown("dead letter", &dead_letter(), None));
    let actual = all.join("\n");
    assert!(actual == GOLDEN, "{actual}");
}

#[test]
fn every_message_is_read_back_as_it_was_written() {
    let maps = maps();
    let known = Known {
        detected_at: Some(at(5_000)),
        watermark: None,
    };
    let mut messages: Vec<_> = effects(&maps)
        .iter()
        .map(|(_, effect)| Message::of(&CustomerId::new("ada"), effect, &maps, &known).unwrap())
        .collect();
    messages.push(Message::Kpi(kpi()));
    for message in messages {
        for encoding in [Encoding::Json, Encoding::Protobuf] {
            let bytes = message.encode(encoding);
            let read = Message::decode(message.ce_type(), encoding, &bytes);
            assert_eq!(read.as_ref(), Ok(&message));
        }
        let line = serde_json::to_string(&message).unwrap();
        assert!(line.starts_with("{\"record\":\""), "{line}");
        assert_eq!(serde_json::from_str::<Message>(&line).unwrap(), message);
    }
}

#[test]
fn effects_that_only_count_are_not_written() {
    let maps = maps();
    let counting = [
        EffectKind::StayCompleted {
            step: StepIx(0),
            dwell: Millis::ZERO,
        },
        EffectKind::Refunded {
            value: 1,
            currency: None,
        },
        EffectKind::Completed { rule: 0 },
        EffectKind::LastTouch { before: None },
    ];
    for kind in counting {
        assert!(!kind.is_record());
        let effect = effect("x", 0, Sign::Assert, kind);
        assert_eq!(written(&effect, &maps, Encoding::Json), None);
    }
    for (name, effect) in effects(&maps) {
        assert!(effect.kind.is_record(), "{name}");
    }
}

#[test]
fn the_header_id_tells_repeats_from_corrections() {
    let maps = maps();
    let id = |effect: &Effect, detected: i64| {
        let context = Context {
            app: "shop-eu",
            encodings: &Encodings::default(),
            known: Known {
                detected_at: Some(at(detected)),
                watermark: Some(at(detected)),
            },
            trace: &[],
        };
        let record = record(&CustomerId::new("ada"), effect, &maps, &context).unwrap();
        let (_, id) = record
            .headers
            .into_iter()
            .find(|(name, _)| name == "ce_id")
            .unwrap();
        id
    };
    let effects = BTreeMap::from_iter(effects(&maps));
    assert_eq!(id(&effects["abandoned"], 1), id(&effects["abandoned"], 2));
    assert_eq!(effects["abandoned"].id, effects["retracted"].id);
    assert_ne!(id(&effects["abandoned"], 1), id(&effects["retracted"], 1));
    assert_eq!(
        effects["transition"].id,
        effects["transition taken back"].id
    );
    assert_ne!(
        id(&effects["transition"], 1),
        id(&effects["transition taken back"], 1)
    );
}

#[test]
fn bytes_that_are_no_message_are_an_error() {
    for encoding in [Encoding::Json, Encoding::Protobuf] {
        assert!(Message::decode("wayfarer.v1.transition", encoding, b"\xff").is_err());
        assert!(Message::decode("wayfarer.v1.other", encoding, b"").is_err());
    }
    for json in [
        r#"{"id": "abc"}"#,
        r#"{"id": "zz"}"#,
        r#"{"at": 5}"#,
        r#"{"cause": "luck"}"#,
    ] {
        let read = Message::decode("wayfarer.v1.transition", Encoding::Json, json.as_bytes());
        assert!(read.is_err(), "{json}");
    }
}

#[test]
fn a_tombstone_without_key_stays_one_as_a_dead_letter() {
    let record = DeadLetter {
        topic: "touchpoints",
        partition: 0,
        offset: 0,
        timestamp: None,
        key: None,
        value: None,
        headers: &[],
        error: &DecodeError::of_record(Reason::Empty, "there is no value"),
    }
    .record("x.", "app");
    assert_eq!((record.key, record.value), (None, None));
    assert!(
        record
            .headers
            .iter()
            .all(|(name, _)| name.starts_with("x."))
    );
    assert!(!record.headers.iter().any(|(name, _)| name == "x.timestamp"));
}

#[test]
fn a_dead_letter_that_is_cut_says_how_much_there_was() {
    let error = DecodeError::of_record(Reason::TooLarge, "too many bytes");
    let headers = [("x".to_owned(), vec![7; 2_000])];
    let letter = DeadLetter {
        topic: "touchpoints",
        partition: 0,
        offset: 3,
        timestamp: None,
        key: Some(b"ada"),
        value: Some(&[b'v'; 5_000]),
        headers: &headers,
        error: &error,
    };
    let record = letter.cut("x.", "app");
    let header = |name: &str| {
        let found = record.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    assert_eq!(record.key.as_deref(), Some(&b"ada"[..]));
    assert_eq!(record.value, Some(vec![b'v'; 1_024]));
    assert_eq!(header("x.value.bytes").as_deref(), Some("5000"));
    assert_eq!(header("x.headers.bytes").as_deref(), Some("2001"));
    assert_eq!(header("x.offset").as_deref(), Some("3"));
    assert_eq!((header("x"), header("x.key.bytes")), (None, None));

    let small = DeadLetter {
        value: Some(b"{"),
        headers: &[],
        ..letter
    };
    assert_eq!(small.cut("x.", "app"), small.record("x.", "app"));
}

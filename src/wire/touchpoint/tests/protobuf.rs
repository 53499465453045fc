//! Wayfarer's protobuf: each reason to turn a record away, and unknown fields.

use super::keeping;
use crate::domain::{EventTime, Touchpoint};
use crate::wire::touchpoint::{Format, Reason, encode_protobuf};

#[test]
fn protobuf_that_cannot_be_used_is_turned_away_with_reason_and_place() {
    let good = Touchpoint::new("t1", "ada", "page_viewed", EventTime::from_millis(0));
    let whole = encode_protobuf(&good);
    let reason = |bytes: &[u8]| {
        let error = Format::Protobuf
            .decode(None, bytes, &keeping(&[]))
            .unwrap_err();
        (error.reason, error.place)
    };
    let place = |place: &str| place.to_owned();
    assert_eq!(reason(b""), (Reason::Empty, place("record")));
    assert_eq!(
        reason(&whole[..whole.len() - 1]),
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
    let score = [&whole[..], b"\x82\x01\x02\x10\x05"].concat();
    assert_eq!(reason(&score), (Reason::WrongType, place("score.kind")));
}

#[test]
fn unknown_fields_are_ignored_and_unknown_groups_do_not_recurse_for_ever() {
    let good = Touchpoint::new("t1", "ada", "page_viewed", EventTime::from_millis(0));
    // Field 100 as a number.
    let bytes = [&encode_protobuf(&good)[..], b"\xa0\x06\x07"].concat();
    let read = Format::Protobuf.decode(None, &bytes, &keeping(&[]));
    assert_eq!(read.unwrap().touchpoint, good);
    // Field 100 begins a group, 10,000 times.
    let groups = [0xa3, 0x06].repeat(10_000);
    let nested = Format::Protobuf.decode(None, &groups, &keeping(&[]));
    assert_eq!(nested.unwrap_err().reason, Reason::NotProtobuf);
}

#[test]
fn a_touchpoint_without_id_gets_one() {
    let touchpoint = Touchpoint::new("", "ada", "x", EventTime::from_millis(1));
    let read = Format::Protobuf.decode(None, &encode_protobuf(&touchpoint), &keeping(&[]));
    assert!(read.unwrap().derived_id);
}

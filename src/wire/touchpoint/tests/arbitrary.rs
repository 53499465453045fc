//! Round trips, damaged records and arbitrary bytes.

use ::csv::ByteRecord;
use proptest::collection::vec;
use proptest::prelude::*;

use super::strategy::touchpoint;
use super::{MAPPED, formats, keeping};
use crate::wire::touchpoint::{
    Decoded, Format, Mapping, Reason, Rows, encode_json, encode_protobuf,
};

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
        let records = [encode_json(&touchpoint), encode_protobuf(&touchpoint), MAPPED.into()];
        for (format, whole) in formats().iter().zip(records) {
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
        let values = [
            r#""s3cret""#.to_owned(),
            r#"{"s3cret": "s3cret"}"#.to_owned(),
            r#"["s3cret", {"s3cret": 1}]"#.to_owned(),
            format!(r#""{}""#, "s3cret".repeat(30)),
            r#""s3cret\x""#.to_owned(),
        ];
        let needed = [("customer", "\"ada\""), ("type", "\"x\""), ("at", "0")];
        let mut json = format!(r#"{{"s3cret": 1, "{}": {}"#, FIELDS[field], values[shape]);
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

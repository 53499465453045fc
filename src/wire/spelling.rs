//! How bytes, moments and enums of the output messages are spelled in JSON: hexadecimal digits,
//! RFC 3339 and words. Named by `build.rs` in the attributes of the generated types.

/// 16 bytes as 32 hexadecimal digits.
pub(crate) mod hex {
    use std::borrow::Cow;
    use std::fmt::Write;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&text(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<'_, str>::deserialize(from)?;
        bytes(&text).ok_or_else(|| D::Error::custom("expected pairs of hexadecimal digits"))
    }

    pub(crate) fn text(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes all that is written");
            text
        })
    }

    fn bytes(text: &str) -> Option<Vec<u8>> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let digit = |digit: u8| {
            char::from(digit)
                .to_digit(16)
                .and_then(|n| u8::try_from(n).ok())
        };
        let pair = |pair: &[u8; 2]| Some(digit(pair[0])? * 16 + digit(pair[1])?);
        rest.is_empty().then(|| pairs.iter().map(pair).collect())?
    }
}

/// As [`hex`], where it may be absent.
pub(crate) mod optional_hex {
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        super::hex::serialize(bytes.as_deref().unwrap_or_default(), to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        super::hex::deserialize(from).map(Some)
    }
}

/// A moment in RFC 3339.
pub(crate) mod time {
    use std::borrow::Cow;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::domain::EventTime;
    use crate::wire::time::{Zone, format, parse};

    pub(crate) fn serialize<S: Serializer>(millis: &i64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format(EventTime::from_millis(*millis)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
        let text = Cow::<'_, str>::deserialize(from)?;
        let moment = parse(&text, Zone::Required);
        let moment = moment.ok_or_else(|| D::Error::custom("expected a moment in RFC 3339"))?;
        Ok(moment.as_millis())
    }
}

/// As [`time`], where it may be absent.
pub(crate) mod optional_time {
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(millis: &Option<i64>, to: S) -> Result<S::Ok, S::Error> {
        super::time::serialize(&millis.unwrap_or_default(), to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
        super::time::deserialize(from).map(Some)
    }
}

/// A module that spells an enum as the last part of its values' names, in lower case.
macro_rules! words {
    ($(#[$doc:meta])* $module:ident, $enum:ident, $prefix:literal) => {
        $(#[$doc])*
        pub(crate) mod $module {
            use std::borrow::Cow;

            use serde::de::Error;
            use serde::{Deserialize, Deserializer, Serializer};

            use crate::wire::proto::$enum;

            pub(crate) fn serialize<S: Serializer>(number: &i32, to: S) -> Result<S::Ok, S::Error> {
                let value = $enum::try_from(*number).unwrap_or_default();
                let name = value.as_str_name();
                to.serialize_str(&name.trim_start_matches($prefix).to_ascii_lowercase())
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i32, D::Error> {
                let word = Cow::<'_, str>::deserialize(from)?;
                let name = format!("{}{}", $prefix, word.to_ascii_uppercase());
                let value = $enum::from_str_name(&name);
                value.map(i32::from).ok_or_else(|| D::Error::custom("no such word"))
            }
        }
    };
}

words!(
    /// What an alert says: `abandoned`, `retracted` or `recovered`.
    kind, AlertKind, "ALERT_KIND_"
);
words!(
    /// What moved a customer: `touchpoint` or `return`.
    cause, TransitionCause, "TRANSITION_CAUSE_"
);

//! Why a record could not be used, and where in it.

use std::fmt;

/// Characters that a place or a message may have.
const TEXT_MAX: usize = 300;

/// Why a record could not be used: the closed set of codes that counters and dead letters carry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// There is no value, or nothing in it.
    Empty,
    /// It has more bytes than are read.
    TooLarge,
    /// It is nested deeper than is read.
    TooDeep,
    /// It is not JSON.
    NotJson,
    /// It is not the protobuf message, or a truncated one.
    NotProtobuf,
    /// It is text, but not in UTF-8.
    NotUtf8,
    /// A field holds something else than it should.
    WrongType,
    /// A field holds a number outside its scale.
    OutOfRange,
    /// A list has more entries than are read.
    TooMany,
    /// It names neither a customer nor an anonymous one.
    NoCustomer,
    /// It does not say what happened.
    NoType,
    /// It does not say when.
    NoTime,
    /// Its time is no time, or outside the years 0 to 9999.
    BadTime,
    /// Its time is further ahead of the record's own than is allowed.
    TooFarAhead,
    /// It lies behind the watermark, and the input diverts such.
    Late,
    /// An id has more bytes than are kept.
    IdTooLong,
    /// The record's key is needed and cannot be used.
    BadKey,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Empty,
        Self::TooLarge,
        Self::TooDeep,
        Self::NotJson,
        Self::NotProtobuf,
        Self::NotUtf8,
        Self::WrongType,
        Self::OutOfRange,
        Self::TooMany,
        Self::NoCustomer,
        Self::NoType,
        Self::NoTime,
        Self::BadTime,
        Self::TooFarAhead,
        Self::Late,
        Self::IdTooLong,
        Self::BadKey,
    ];

    /// The code, as a label of counters and a header of dead letters.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::NotJson => "not_json",
            Self::NotProtobuf => "not_protobuf",
            Self::NotUtf8 => "not_utf8",
            Self::WrongType => "wrong_type",
            Self::OutOfRange => "out_of_range",
            Self::TooMany => "too_many",
            Self::NoCustomer => "no_customer",
            Self::NoType => "no_type",
            Self::NoTime => "no_time",
            Self::BadTime => "bad_time",
            Self::TooFarAhead => "too_far_ahead",
            Self::Late => "late",
            Self::IdTooLong => "id_too_long",
            Self::BadKey => "bad_key",
        }
    }

    /// Where in the pipeline records are turned away for it: `decode`, or `accept` for what was
    /// read well and cannot be used all the same.
    pub const fn stage(self) -> &'static str {
        match self {
            Self::TooFarAhead | Self::Late => "accept",
            _ => "decode",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// A record that could not be used. One line of text that holds nothing of the record's content.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct DecodeError {
    /// Why.
    pub reason: Reason,
    /// Where: the path to a field, a place in the text, or `record`.
    pub place: String,
    /// What was found and what would be right.
    pub message: String,
}

impl DecodeError {
    /// An error at `place`. Control characters in the texts are escaped and long texts cut.
    pub fn new(reason: Reason, place: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self {
            reason,
            place: one_line(&place.to_string()),
            message: one_line(&message.to_string()),
        }
    }

    /// An error of the whole record.
    pub fn of_record(reason: Reason, message: impl fmt::Display) -> Self {
        Self::new(reason, "record", message)
    }
}

/// The text on one line of bounded length.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for (count, character) in text.chars().enumerate() {
        if count == TEXT_MAX {
            line.push('…');
            break;
        }
        match character {
            '\u{2028}' | '\u{2029}' => line.extend(character.escape_unicode()),
            _ if character.is_control() => line.extend(character.escape_default()),
            _ => line.push(character),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_a_code_of_its_own() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for code in codes {
            assert!(
                code.bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'8')
            );
        }
    }

    #[test]
    fn an_error_is_one_line_of_bounded_length() {
        let error = DecodeError::new(Reason::WrongType, "a\nb\u{2028}c", "\u{1b}[31m".repeat(200));
        let text = error.to_string();
        assert!(text.starts_with("a\\nb\\u{2028}c: \\u{1b}[31m"), "{text}");
        assert!(!text.chars().any(char::is_control));
        assert!(error.message.ends_with('…'));
    }
}

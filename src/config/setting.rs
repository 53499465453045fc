//! Values that are written as one text: how each is parsed and how it is shown again.

use std::net::SocketAddr;

use super::names;
use crate::domain::Millis;

/// What is wrong with a text and what would mend it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wrong {
    /// What is wrong.
    pub(super) message: String,
    /// What would be right.
    pub(super) mend: String,
}

impl Wrong {
    /// Something wrong, with its mend.
    pub(super) fn new(message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            mend: mend.into(),
        }
    }
}

/// A value that is written as one text.
pub(super) trait Setting: Sized {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    fn parse(text: &str) -> Result<Self, Wrong>;

    /// Writes it so that [`Setting::parse`] gives it back.
    fn show(&self) -> String;
}

/// Makes an enum a [`Setting`] with a word for each variant.
macro_rules! words {
    ($type:ty { $($word:literal => $variant:ident),+ $(,)? }) => {
        impl $crate::config::setting::Setting for $type {
            fn parse(text: &str) -> Result<Self, $crate::config::setting::Wrong> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::config::setting::no_word(text, &[$($word),+])),
                }
            }

            fn show(&self) -> String {
                match self {
                    $(Self::$variant => $word.into(),)+
                }
            }
        }
    };
}
pub(super) use words;

/// What is wrong with a text that is none of `words`.
pub(super) fn no_word(text: &str, words: &[&str]) -> Wrong {
    let mend = match names::nearest(text, words.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("write {}", names::one_of(words.iter().copied())),
    };
    Wrong::new(format!("`{}` is none of the choices", shorten(text)), mend)
}

/// The beginning of a text, for messages.
pub(super) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.escape_debug().to_string()
}

impl Setting for String {
    fn parse(text: &str) -> Result<Self, Wrong> {
        if text.is_empty() {
            return Err(Wrong::new("is empty", "write a text, or leave the key out"));
        }
        Ok(text.into())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Setting for bool {
    fn parse(text: &str) -> Result<Self, Wrong> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Wrong::new(
                format!("`{}` is neither true nor false", shorten(text)),
                "write `true` or `false`",
            )),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// Makes whole numbers [`Setting`]s.
macro_rules! whole_numbers {
    ($($type:ty),+) => {$(
        impl Setting for $type {
            fn parse(text: &str) -> Result<Self, Wrong> {
                text.replace('_', "").parse().map_err(|_| {
                    Wrong::new(
                        format!("`{}` is no whole number from 0 to {}", shorten(text), Self::MAX),
                        "write digits only",
                    )
                })
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}
whole_numbers!(u16, u32, usize);

/// The units of time in milliseconds, longest first.
const TIME_UNITS: [(&str, i64); 6] = [
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];
/// The longest span: a thousand years.
const SPAN_MAX: i64 = 365_000 * 86_400_000;

impl Setting for Millis {
    /// One or more numbers with their units: `30m`, `1h30m`, `1500ms`, `90d`.
    fn parse(text: &str) -> Result<Self, Wrong> {
        const MEND: &str = "write numbers with units, as in `30s`, `1h30m` or `90d` (w d h m s ms)";
        let wrong = |why: &str| Wrong::new(format!("`{}` {why}", shorten(text)), MEND);
        let mut rest = text;
        let mut total = 0_i64;
        while !rest.is_empty() || text.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, tail) = rest.split_at(digits);
            if number.is_empty() {
                return Err(wrong("is no duration"));
            }
            let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_alphabetic()).len();
            let (unit, tail) = tail.split_at(letters);
            if unit.is_empty() && tail.is_empty() {
                return Err(wrong("has no unit of time"));
            }
            let Some((_, size)) = TIME_UNITS.iter().find(|(name, _)| *name == unit) else {
                return Err(wrong("is no duration"));
            };
            let span = number.parse().ok().and_then(|n: i64| n.checked_mul(*size));
            total = match span.and_then(|span| total.checked_add(span)) {
                Some(total) if total <= SPAN_MAX => total,
                _ => return Err(wrong("is longer than a thousand years")),
            };
            rest = tail;
        }
        Ok(Self::new(total))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// A number of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Bytes(pub(super) usize);

/// The units of size in bytes, largest first; the first of each size is the one shown.
const SIZE_UNITS: [(&str, usize); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

impl Setting for Bytes {
    /// A whole number and its unit: `256KiB`, `64MiB`, `512B`.
    fn parse(text: &str) -> Result<Self, Wrong> {
        let wrong = || {
            Wrong::new(
                format!("`{}` is no size", shorten(text)),
                "write a whole number with a unit, as in `256KiB` or `64MiB` (B KiB MiB GiB)",
            )
        };
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let size = SIZE_UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit.trim_start()))
            .map(|(_, size)| *size);
        let number: Option<usize> = number.parse().ok();
        match (number, size) {
            (Some(number), Some(size)) => number.checked_mul(size).map(Self).ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }

    fn show(&self) -> String {
        let fits = |(_, size): &&(&str, usize)| self.0 != 0 && self.0.is_multiple_of(*size);
        match SIZE_UNITS.iter().take(3).find(fits) {
            Some((unit, size)) => format!("{}{unit}", self.0 / size),
            None => format!("{}B", self.0),
        }
    }
}

/// A share in per cent, 0 to 100.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Percent(pub(super) u8);

impl Setting for Percent {
    fn parse(text: &str) -> Result<Self, Wrong> {
        text.strip_suffix('%')
            .and_then(|number| number.trim_end().parse().ok())
            .filter(|number| *number <= 100)
            .map(Self)
            .ok_or_else(|| {
                Wrong::new(
                    format!("`{}` is no share", shorten(text)),
                    "write a whole number from 0 to 100 with a percent sign, as in `50%`",
                )
            })
    }

    fn show(&self) -> String {
        format!("{}%", self.0)
    }
}

impl Setting for SocketAddr {
    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| {
            Wrong::new(
                format!("`{}` is no address to listen at", shorten(text)),
                "write an IP address and a port, as in `0.0.0.0:9464` or `[::]:9464`",
            )
        })
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// The name of a touchpoint type, a channel, a stage and the like.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Word(pub(super) String);

impl Setting for Word {
    fn parse(text: &str) -> Result<Self, Wrong> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':');
        if text.is_empty() || text.len() > 64 || !text.bytes().all(fits) {
            return Err(Wrong::new(
                format!("`{}` is no name", shorten(text)),
                "use 1 to 64 letters, digits and `_ - . :`",
            ));
        }
        Ok(Self(text.into()))
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

/// The name of a Kafka topic, or of an app, which begins the names of topics.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Topic(pub(super) String);

impl Setting for Topic {
    fn parse(text: &str) -> Result<Self, Wrong> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        let dots = matches!(text, "." | "..");
        if text.is_empty() || dots || text.len() > 200 || !text.bytes().all(fits) {
            return Err(Wrong::new(
                format!("`{}` is no name that Kafka takes", shorten(text)),
                "use 1 to 200 letters, digits and `_ - .`",
            ));
        }
        Ok(Self(text.into()))
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        let spans = [
            ("30m", 1_800_000),
            ("24h", 86_400_000),
            ("90d", 7_776_000_000),
            ("1500ms", 1_500),
            ("1h30m", 5_400_000),
            ("1w", 604_800_000),
            ("0s", 0),
        ];
        for (text, millis) in spans {
            assert_eq!(Millis::parse(text), Ok(Millis::new(millis)), "{text}");
        }
    }

    #[test]
    fn a_number_without_a_unit_is_no_duration() {
        for text in [
            "",
            "5",
            "m",
            "5 m",
            "5x",
            "1h30",
            "-5m",
            "1.5h",
            "9999999999999999999d",
        ] {
            assert!(Millis::parse(text).is_err(), "{text}");
        }
        let why = |text| Millis::parse(text).unwrap_err().message;
        assert_eq!(why("5"), "`5` has no unit of time");
        assert_eq!(why("400000d"), "`400000d` is longer than a thousand years");
    }

    #[test]
    fn sizes_are_whole_numbers_with_units() {
        assert_eq!(Bytes::parse("64MiB"), Ok(Bytes(64 << 20)));
        assert_eq!(Bytes::parse("256 kib"), Ok(Bytes(256 << 10)));
        assert_eq!(Bytes::parse("10MB"), Ok(Bytes(10_000_000)));
        for text in ["", "64", "MiB", "1.5MiB", "99999999999GiB"] {
            assert!(Bytes::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(number in 0_i64..10_000_000_000, size in 0_usize..1 << 40) {
            let span = Millis::new(number);
            prop_assert_eq!(Millis::parse(&span.show()), Ok(span));
            let bytes = Bytes(size);
            prop_assert_eq!(Bytes::parse(&bytes.show()), Ok(bytes));
        }

        #[test]
        fn any_text_is_a_value_or_an_error(text in ".{0,40}") {
            let ok = [
                Millis::parse(&text).is_ok(),
                Bytes::parse(&text).is_ok(),
                Percent::parse(&text).is_ok(),
                Topic::parse(&text).is_ok(),
                Word::parse(&text).is_ok(),
                bool::parse(&text).is_ok(),
                u16::parse(&text).is_ok(),
            ];
            prop_assert!(!(ok[0] && ok[1]), "a duration and a size at once");
        }
    }
}

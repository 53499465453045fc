//! A single value of a record, whatever its format, and how each field reads it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::{DecodeError, Reason};
use super::scaled::scaled;

/// Bytes that an id may have: ids are kept for every customer.
pub(super) const ID_MAX: usize = 128;
/// The largest amount of money, in minor units, up or down: sums of many stay far from 64 bits.
pub(super) const MONEY_MAX: i64 = 1_000_000_000_000_000;
/// The longest duration, in milliseconds: about 31 years.
pub(super) const DURATION_MAX: i64 = 1_000_000_000_000;

/// Where a value stands: a field, or a field of an item.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    Field(&'a str),
    Within(&'a str, &'a str),
    Entry(&'a str, usize),
    Item(usize, &'a str),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => f.write_str(name),
            Self::Within(outer, name) => write!(f, "{outer}.{name}"),
            Self::Entry(list, index) => write!(f, "{list}[{index}]"),
            Self::Item(index, name) => write!(f, "items[{index}].{name}"),
        }
    }
}

/// A value as a format gives it. Lists and objects are skipped where a single value is expected.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) enum Value<'a> {
    #[default]
    Absent,
    Flag(bool),
    Whole(i64),
    /// A whole number beyond 63 bits.
    Huge(u64),
    /// A number with a fraction, or larger still.
    Number(f64),
    Text(Cow<'a, str>),
    List,
    Object,
}

impl<'a> Value<'a> {
    /// What it is, in words that hold nothing of its content.
    pub(super) fn found(&self) -> &'static str {
        match self {
            Self::Absent => "nothing",
            Self::Flag(_) => "true or false",
            Self::Whole(_) => "a whole number",
            Self::Huge(_) => "a number that is too large",
            Self::Number(_) => "a number that is not whole or too large",
            Self::Text(_) => "text",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }

    /// The error that says what was found and what is `right`.
    pub(super) fn wrong(&self, place: Place<'_>, right: &str) -> DecodeError {
        let message = format_args!("found {}, expected {right}", self.found());
        DecodeError::new(Reason::WrongType, place, message)
    }

    /// Text; a whole number is read as its digits, empty text as nothing.
    pub(super) fn text(self, place: Place<'_>) -> Result<Option<Cow<'a, str>>, DecodeError> {
        match self {
            Self::Absent => Ok(None),
            Self::Text(text) => Ok((!text.is_empty()).then_some(text)),
            Self::Whole(number) => Ok(Some(number.to_string().into())),
            Self::Huge(number) => Ok(Some(number.to_string().into())),
            _ => Err(self.wrong(place, "text")),
        }
    }

    /// Text, to be kept.
    pub(super) fn boxed(self, place: Place<'_>) -> Result<Option<Box<str>>, DecodeError> {
        Ok(self.text(place)?.map(Box::from))
    }

    /// An id: text of bounded length.
    pub(super) fn id(self, place: Place<'_>) -> Result<Option<Cow<'a, str>>, DecodeError> {
        let id = self.text(place)?;
        match id.as_ref().map(|id| id.len()) {
            Some(length) if length > ID_MAX => Err(DecodeError::new(
                Reason::IdTooLong,
                place,
                format_args!("{length} bytes; an id may have {ID_MAX}"),
            )),
            _ => Ok(id),
        }
    }

    /// A whole number: an integer, or a float without fraction.
    pub(super) fn whole(&self, place: Place<'_>) -> Result<Option<i64>, DecodeError> {
        let number = match self {
            Self::Absent => return Ok(None),
            Self::Whole(number) => Some(*number),
            Self::Number(number) if number.fract() == 0.0 => scaled(&number.to_string(), 0),
            _ => None,
        };
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(place, "a whole number")),
        }
    }

    /// A whole number of `least` to `most`.
    pub(super) fn within(
        &self,
        place: Place<'_>,
        least: i64,
        most: i64,
    ) -> Result<Option<i64>, DecodeError> {
        match self.whole(place)? {
            Some(number) if !(least..=most).contains(&number) => Err(DecodeError::new(
                Reason::OutOfRange,
                place,
                format_args!("expected {least} to {most}"),
            )),
            number => Ok(number),
        }
    }

    /// Money in minor units.
    pub(super) fn money(&self, place: Place<'_>) -> Result<Option<i64>, DecodeError> {
        if let Self::Number(number) = self
            && number.fract() != 0.0
        {
            let right = "minor units as a whole number (1999 for 19.99)";
            return Err(self.wrong(place, right));
        }
        self.within(place, -MONEY_MAX, MONEY_MAX)
    }

    /// True or false.
    pub(super) fn flag(&self, place: Place<'_>) -> Result<Option<bool>, DecodeError> {
        match self {
            Self::Absent => Ok(None),
            Self::Flag(flag) => Ok(Some(*flag)),
            _ => Err(self.wrong(place, "true or false")),
        }
    }

    /// The digits of a number or a text that may be one.
    pub(super) fn digits(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Whole(number) => Some(number.to_string().into()),
            Self::Huge(number) => Some(number.to_string().into()),
            Self::Number(number) => Some(number.to_string().into()),
            Self::Text(text) => Some(text.trim().into()),
            _ => None,
        }
    }

    /// An attribute's text; lists and objects are nothing.
    pub(super) fn attribute(self) -> Option<Box<str>> {
        match self {
            Self::Absent | Self::List | Self::Object => None,
            Self::Flag(flag) => Some(if flag { "true" } else { "false" }.into()),
            Self::Whole(number) => Some(number.to_string().into()),
            Self::Huge(number) => Some(number.to_string().into()),
            Self::Number(number) => Some(number.to_string().into()),
            Self::Text(text) => Some(text.into()),
        }
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Absent)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(number).map_or(Value::Huge(number), Value::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(text.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(text.to_owned().into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Value::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Object)
    }
}

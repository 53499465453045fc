//! Touchpoints as they come: one file for each format, all to the same [`Touchpoint`].
//!
//! A journey belongs to the touchpoint's `customer`, else to its `anonymous` id. A touchpoint
//! without id gets one from its content, so that an exact repeat has the same id. What a format
//! carries and Wayfarer does not know is ignored; of the attributes (`props`) only those that the
//! configuration names are kept.

mod csv;
mod depth;
mod error;
mod identity;
mod json;
mod json_text;
mod mapped;
mod mapping;
mod parts;
mod paths;
mod protobuf;
mod scaled;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeSet;

use crate::domain::Touchpoint;

pub use csv::Rows;
pub use error::{DecodeError, Reason};
pub use json_text::encode as encode_json;
pub use mapping::{ItemsMapping, Mapping, MoneyUnit, Origin, TimeFormat};
pub use protobuf::encode as encode_protobuf;

/// What decoding may take in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodeOptions {
    /// The attributes that are kept of Wayfarer's own formats; a mapping names its own.
    pub props: BTreeSet<Box<str>>,
    /// The most bytes that a record's value may have.
    pub max_bytes: usize,
}

impl Default for DecodeOptions {
    /// No attributes, and 256 KiB.
    fn default() -> Self {
        Self {
            props: BTreeSet::new(),
            max_bytes: 256 * 1024,
        }
    }
}

/// A touchpoint as it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoded {
    /// The touchpoint.
    pub touchpoint: Touchpoint,
    /// Whether its id was derived from the content because it had none.
    pub derived_id: bool,
}

/// A format that touchpoints come in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Format {
    /// Wayfarer's JSON.
    Json,
    /// Wayfarer's protobuf, `wayfarer.v1.Touchpoint`.
    Protobuf,
    /// Any other JSON object, by a table of paths.
    Mapped(Box<Mapping>),
}

impl Format {
    /// Reads the touchpoint that a record's value holds.
    ///
    /// # Errors
    ///
    /// The reason why the record cannot be used, and the place in it.
    pub fn decode(
        &self,
        key: Option<&[u8]>,
        value: &[u8],
        options: &DecodeOptions,
    ) -> Result<Decoded, DecodeError> {
        check_size(value.len(), options)?;
        match self {
            Self::Json => json::decode(value, options),
            Self::Protobuf => protobuf::decode(value, options),
            Self::Mapped(mapping) => mapped::decode(mapping, key, value),
        }
    }
}

/// Fails if there are no bytes, or more than are read.
fn check_size(bytes: usize, options: &DecodeOptions) -> Result<(), DecodeError> {
    if bytes == 0 {
        let message = "there is no value; send a touchpoint";
        return Err(DecodeError::of_record(Reason::Empty, message));
    }
    if bytes > options.max_bytes {
        let message = format_args!("{bytes} bytes; at most {} are read", options.max_bytes);
        return Err(DecodeError::of_record(Reason::TooLarge, message));
    }
    Ok(())
}

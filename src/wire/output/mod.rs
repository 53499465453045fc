//! The records that leave: effects and KPI snapshots as messages, dead letters as they came.
//!
//! A message is built once ([`Message`]) and written as protobuf or as JSON of the same fields. The
//! JSON is in `snake_case`, leaves out what is absent, and writes moments in RFC 3339 (UTC,
//! milliseconds), ids as 32 hexadecimal digits, enums as words and numbers as numbers. Values carry
//! names, never the numbers of the compiled maps. The same message always gives the same bytes.

mod dead_letter;
mod effect;
mod envelope;
mod message;
mod record;
#[cfg(test)]
mod tests;

pub use dead_letter::{DEAD_LETTER_PREFIX, DeadLetter};
pub use envelope::{Context, kpi_record, record};
pub use message::{Encoding, Encodings, Known, Message};
pub use record::{OutputRecord, OutputTopic};

pub use super::proto::{
    Alert, AlertKind, Conversion, Exposure, KpiSnapshot, Session, Transition, TransitionCause,
};

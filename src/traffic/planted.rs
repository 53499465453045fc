//! Records that nobody can read, planted so that the dead letters have something to show.

use crate::domain::{EventTime, Millis};

use super::rng::Rng;

/// Why a planted record cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Flaw {
    /// Not text at all.
    Garbage,
    /// JSON that breaks off.
    Truncated,
    /// JSON, but not an object.
    NotAnObject,
    /// Nobody's.
    NoCustomer,
    /// Happened at no time.
    NoTime,
    /// Happened at a time that cannot be read.
    UnreadableTime,
    /// Happens more than a year from now.
    FarAhead,
}

/// The flaws, each as likely as the others.
const FLAWS: &[Flaw] = &[
    Flaw::Garbage,
    Flaw::Truncated,
    Flaw::NotAnObject,
    Flaw::NoCustomer,
    Flaw::NoTime,
    Flaw::UnreadableTime,
    Flaw::FarAhead,
];

/// A record that cannot be read, as its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planted {
    /// What is wrong with it.
    pub flaw: Flaw,
    /// The record's value.
    pub bytes: Vec<u8>,
}

impl Planted {
    /// A record about `customer` at `at`, with one flaw.
    pub(super) fn draw(customer: &str, at: EventTime, rng: &mut Rng) -> Self {
        let flaw = rng.one_of(FLAWS);
        let id = format!("planted-{:012x}", rng.below(1 << 48));
        let dated = |when: &str| {
            format!(r#"{{"id":"{id}","customer":"{customer}","type":"page_viewed","at":{when}}}"#)
        };
        let far = at.plus(Millis::from_days(400)).as_millis().to_string();
        let text = match flaw {
            Flaw::Garbage => {
                return Self {
                    flaw,
                    bytes: vec![0xff, 0x00, 0xfe, 0x80, 0x1f],
                };
            }
            Flaw::Truncated => format!(r#"{{"id":"{id}","customer":"{customer}","type":"page_vi"#),
            Flaw::NotAnObject => r#""page_viewed""#.to_owned(),
            Flaw::NoCustomer => format!(
                r#"{{"id":"{id}","type":"page_viewed","at":{}}}"#,
                at.as_millis()
            ),
            Flaw::NoTime => {
                format!(r#"{{"id":"{id}","customer":"{customer}","type":"page_viewed"}}"#)
            }
            Flaw::UnreadableTime => dated(r#""yesterday""#),
            Flaw::FarAhead => dated(&far),
        };
        Self {
            flaw,
            bytes: text.into_bytes(),
        }
    }
}

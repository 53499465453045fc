//! Messages: effects in names instead of numbers.

use serde::{Deserialize, Serialize};

use super::effect::About;
use super::record::OutputTopic;
use crate::domain::{CustomerId, Effect, EffectKind, EventTime, Maps};
use crate::wire::proto::{Alert, AlertKind, Conversion, KpiSnapshot, Session, Transition};

/// How values are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Encoding {
    /// As JSON.
    #[default]
    Json,
    /// As protobuf.
    Protobuf,
}

impl Encoding {
    /// The media type, as in the `content-type` header.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Protobuf => "application/protobuf",
        }
    }
}

/// How the values of each topic are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Encodings {
    /// Stage transitions.
    pub transitions: Encoding,
    /// Abandonment alerts, retractions and recoveries.
    pub alerts: Encoding,
    /// Conversions and sessions that ended.
    pub conversions: Encoding,
    /// KPI snapshots.
    pub kpis: Encoding,
}

impl Encodings {
    /// How the values of a topic are written. Dead letters stay as they came.
    pub const fn of(&self, topic: OutputTopic) -> Encoding {
        match topic {
            OutputTopic::Transitions => self.transitions,
            OutputTopic::Alerts => self.alerts,
            OutputTopic::Conversions => self.conversions,
            OutputTopic::Kpis | OutputTopic::DeadLetters => self.kpis,
        }
    }
}

/// What was known when an effect came about; alerts say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Known {
    /// When, by the wall clock; none where no clock was asked.
    pub detected_at: Option<EventTime>,
    /// How far the input was read then.
    pub watermark: Option<EventTime>,
}

/// What a record of an output topic says. As JSON on its own it names itself in `record`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Message {
    /// A customer moved.
    Transition(Transition),
    /// Something was abandoned, or an alert is corrected.
    Alert(Alert),
    /// A session ended.
    Session(Session),
    /// A customer converted.
    Conversion(Conversion),
    /// What a partition adds to a KPI.
    Kpi(KpiSnapshot),
}

impl Message {
    /// What an effect says; nothing if it only counts.
    pub fn of(customer: &CustomerId, effect: &Effect, maps: &Maps, known: &Known) -> Option<Self> {
        let about = About {
            customer,
            effect,
            maps,
            map: &maps.maps[usize::from(effect.map)],
        };
        Some(match &effect.kind {
            EffectKind::Transition {
                from,
                to,
                dwell,
                cause,
                late,
            } => Self::Transition(Transition {
                late: *late,
                ..about.transition((*from, *to), *dwell, cause)
            }),
            EffectKind::Abandoned(abandonment) => Self::Alert(about.abandoned(abandonment, known)),
            EffectKind::Retracted(retraction) => Self::Alert(about.retracted(retraction, known)),
            EffectKind::Recovered(recovery) => Self::Alert(about.recovered(recovery, known)),
            EffectKind::SessionEnded(session) => Self::Session(about.session(session)),
            EffectKind::Converted(converted) => Self::Conversion(about.conversion(converted)),
            EffectKind::StayCompleted { .. }
            | EffectKind::Refunded { .. }
            | EffectKind::Opened { .. }
            | EffectKind::Dropped { .. }
            | EffectKind::Completed { .. }
            | EffectKind::LastTouch { .. } => return None,
        })
    }

    /// The topic that it goes to.
    pub const fn topic(&self) -> OutputTopic {
        match self {
            Self::Transition(_) => OutputTopic::Transitions,
            Self::Alert(_) => OutputTopic::Alerts,
            Self::Session(_) | Self::Conversion(_) => OutputTopic::Conversions,
            Self::Kpi(_) => OutputTopic::Kpis,
        }
    }

    /// The value of its record. On a topic every JSON value is the bare message; the
    /// `ce_type` header says which.
    pub fn encode(&self, encoding: Encoding) -> Vec<u8> {
        match self {
            Self::Transition(message) => bytes(message, encoding),
            Self::Alert(message) => bytes(message, encoding),
            Self::Session(message) => bytes(message, encoding),
            Self::Conversion(message) => bytes(message, encoding),
            Self::Kpi(message) => bytes(message, encoding),
        }
    }

    /// Reads back what [`encode`](Self::encode) wrote; `ce_type` is the header of that name.
    ///
    /// # Errors
    ///
    /// If the type is unknown, or the bytes are not that message.
    pub fn decode(ce_type: &str, encoding: Encoding, value: &[u8]) -> Result<Self, String> {
        match ce_type {
            "wayfarer.v1.transition" => read(value, encoding).map(Self::Transition),
            "wayfarer.v1.abandoned" | "wayfarer.v1.retracted" | "wayfarer.v1.recovered" => {
                read(value, encoding).map(Self::Alert)
            }
            "wayfarer.v1.session_ended" => read(value, encoding).map(Self::Session),
            "wayfarer.v1.converted" => read(value, encoding).map(Self::Conversion),
            "wayfarer.v1.kpi" => read(value, encoding).map(Self::Kpi),
            _ => Err(format!("no message has the ce_type `{ce_type}`")),
        }
    }

    /// Its CloudEvents type.
    pub fn ce_type(&self) -> &'static str {
        match self {
            Self::Transition(_) => "wayfarer.v1.transition",
            Self::Alert(alert) => match alert.kind() {
                AlertKind::Retracted => "wayfarer.v1.retracted",
                AlertKind::Recovered => "wayfarer.v1.recovered",
                AlertKind::Abandoned | AlertKind::Unspecified => "wayfarer.v1.abandoned",
            },
            Self::Session(_) => "wayfarer.v1.session_ended",
            Self::Conversion(_) => "wayfarer.v1.converted",
            Self::Kpi(_) => "wayfarer.v1.kpi",
        }
    }
}

fn bytes<M: prost::Message + Serialize>(message: &M, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Json => {
            serde_json::to_vec(message).expect("texts, numbers and flags under text keys are JSON")
        }
        Encoding::Protobuf => message.encode_to_vec(),
    }
}

fn read<M>(value: &[u8], encoding: Encoding) -> Result<M, String>
where
    M: prost::Message + Default + for<'de> Deserialize<'de>,
{
    match encoding {
        Encoding::Json => serde_json::from_slice(value).map_err(|error| error.to_string()),
        Encoding::Protobuf => M::decode(value).map_err(|error| error.to_string()),
    }
}

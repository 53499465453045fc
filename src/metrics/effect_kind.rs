//! Effects as the `kind` label tells them apart.

use crate::domain::{EffectKind, Sign};

/// What an effect says, as far as it is counted by kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum EffectLabel {
    /// A customer moved.
    Transition,
    /// A move told before is taken back.
    TransitionRetracted,
    /// A deadline passed in silence.
    Abandoned,
    /// An alert is taken back.
    Retracted,
    /// An abandoned episode was completed after all.
    Recovered,
    /// An episode was completed in time.
    Completed,
    /// A customer converted.
    Converted,
    /// A session ended.
    SessionEnded,
}

impl EffectLabel {
    /// All of them, each at the place of its number.
    pub const ALL: [Self; 8] = [
        Self::Transition,
        Self::TransitionRetracted,
        Self::Abandoned,
        Self::Retracted,
        Self::Recovered,
        Self::Completed,
        Self::Converted,
        Self::SessionEnded,
    ];

    /// The label's value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transition => "transition",
            Self::TransitionRetracted => "transition_retracted",
            Self::Abandoned => "abandoned",
            Self::Retracted => "retracted",
            Self::Recovered => "recovered",
            Self::Completed => "completed",
            Self::Converted => "converted",
            Self::SessionEnded => "session_ended",
        }
    }

    /// The label of an effect; none for what is not counted by kind.
    pub const fn of(kind: &EffectKind, sign: Sign) -> Option<Self> {
        Some(match (kind, sign) {
            (EffectKind::Transition { .. }, Sign::Assert) => Self::Transition,
            (EffectKind::Transition { .. }, Sign::Retract) => Self::TransitionRetracted,
            (EffectKind::Abandoned(_), Sign::Assert) => Self::Abandoned,
            (EffectKind::Retracted(_), Sign::Assert) => Self::Retracted,
            (EffectKind::Recovered(_), Sign::Assert) => Self::Recovered,
            (EffectKind::Completed { .. }, Sign::Assert) => Self::Completed,
            (EffectKind::Converted(_), Sign::Assert) => Self::Converted,
            (EffectKind::SessionEnded(_), Sign::Assert) => Self::SessionEnded,
            _ => return None,
        })
    }
}

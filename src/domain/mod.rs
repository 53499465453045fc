//! Floor 0: what is computed. Pure and deterministic.
//!
//! Time, touchpoints and maps come as arguments; consequences leave as values ([`Effect`]). Nothing
//! here reads a clock, a file or a setting, starts a thread, writes a log line or depends on the
//! order of a hash map, so that a test, a replay and the Kafka worker get the same from the same.

#![deny(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::iter_over_hash_type,
    clippy::float_arithmetic,
    clippy::wildcard_enum_match_arm,
    clippy::match_wildcard_for_single_variants
)]

mod check;
mod compile;
mod context;
mod customer;
mod digits;
mod effects;
mod episode;
mod figures;
mod journey;
mod kpi;
mod map;
mod maps;
mod money;
mod names;
mod panes;
mod ring;
mod rules;
mod session;
mod standing;
mod time;
mod touch;
mod touchpoint;
pub mod vocabulary;

pub use context::Context;
pub use customer::{Customer, Verdict};
pub use effects::{
    Abandonment, Cause, Converted, Effect, EffectId, EffectKind, Exposure, Recovery, Retraction,
    SessionEnded, Sign,
};
pub use episode::Episode;
pub use figures::{Breakdown, Figure, figures};
pub use journey::Journey;
pub use kpi::{Grain, Kpi, KpiKey, Window};
pub use map::{
    AbandonmentSpec, Bounce, InstanceKey, MapSpec, Mistake, Moves, ReturnSpec, SessionSpec,
    StageSpec, StepSpec,
};
pub use maps::{
    AbandonmentRule, Bounds, ChannelId, ChannelSet, Comeback, JourneyMap, KindId, Maps, Meaning,
    Roles, SessionRule, Settings, Step, StepIx,
};
pub use panes::{Amount, Counts, PaneChanges, Panes, Place};
pub use ring::Ring;
pub use rules::{Rule, Rules};
pub use session::Session;
pub use standing::Standing;
pub use time::{EventTime, Millis};
pub use touch::Touch;
pub use touchpoint::{Currency, CustomerId, Item, Score, ScoreKind, Touchpoint};

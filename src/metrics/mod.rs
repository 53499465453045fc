//! What Prometheus is told. Knows what a worker reports, not where it reads.
//!
//! [`catalogue`] names every metric once; [`Registry`] keeps the numbers of a process and renders
//! them; a [`MetricsObserver`] for each worker feeds it. Labels never hold a customer, a campaign
//! or the text of an error.

pub mod catalogue;
mod docs;
mod effect_kind;
mod handles;
mod kpis;
mod metric;
mod observer;
mod record;
mod registry;

pub use docs::markdown;
pub use effect_kind::EffectLabel;
pub use metric::{Kind, Label, Metric, Unit};
pub use observer::MetricsObserver;
pub use registry::Registry;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

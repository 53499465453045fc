//! What several test programs need.

use wayfarer::domain::{Maps, StepIx};
use wayfarer::metrics::{Kind, Label, Metric, catalogue};

pub(crate) mod broker;
pub(crate) mod scrape;

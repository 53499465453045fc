//! What a metric is: name, type, unit, labels, help, and when to alert.

use std::fmt;

use super::effect_kind::EffectLabel;
use crate::domain::{Currency, Window};
use crate::runtime::OutputTopic;
use crate::wire::touchpoint::Reason;

/// One metric family.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Metric {
    /// Its name: `wayfarer_<noun>_<unit>`, counters with `_total` at the end.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What its values are in.
    pub unit: Unit,
    /// Its labels in order.
    pub labels: &'static [Label],
    /// What it says.
    pub help: &'static str,
    /// When to alert on it.
    pub alert: &'static str,
}

/// A metric's type.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    /// Only rises, and begins at 0 when the process starts.
    Counter,
    /// A picture of the moment of the scrape.
    Gauge,
    /// Counts by upper bounds, with their sum.
    Histogram(&'static [f64]),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        })
    }
}

/// What values are in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Pieces.
    Count,
    /// Seconds; moments are seconds since the Unix epoch.
    Seconds,
    /// Bytes.
    Bytes,
    /// A share from 0 to 1, or a quotient.
    Ratio,
    /// Whole units of the currency in the label, such as euros.
    Money,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "count",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Ratio => "ratio",
            Self::Money => "currency",
        })
    }
}

impl Unit {
    /// The unit as the recorder knows it.
    pub(super) const fn recorded(self) -> Option<metrics::Unit> {
        match self {
            Self::Count => Some(metrics::Unit::Count),
            Self::Seconds => Some(metrics::Unit::Seconds),
            Self::Bytes => Some(metrics::Unit::Bytes),
            Self::Ratio | Self::Money => None,
        }
    }
}

/// A label. Its values come from a closed set: nothing that a touchpoint says can make a new one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Label {
    /// What became of a touchpoint.
    Verdict,
    /// Why a record is a dead letter.
    Reason,
    /// What an effect says.
    Kind,
    /// An output topic.
    Topic,
    /// A journey map.
    Map,
    /// A stage of the map.
    Stage,
    /// A step of the stage.
    Step,
    /// An abandonment rule of the map.
    Rule,
    /// A rolling window.
    Window,
    /// A currency.
    Currency,
    /// A partition of the input.
    Partition,
    /// A version.
    Version,
}

impl Label {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Verdict,
        Self::Reason,
        Self::Kind,
        Self::Topic,
        Self::Map,
        Self::Stage,
        Self::Step,
        Self::Rule,
        Self::Window,
        Self::Currency,
        Self::Partition,
        Self::Version,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Reason => "reason",
            Self::Kind => "kind",
            Self::Topic => "topic",
            Self::Map => "map",
            Self::Stage => "stage",
            Self::Step => "step",
            Self::Rule => "rule",
            Self::Window => "window",
            Self::Currency => "currency",
            Self::Partition => "partition",
            Self::Version => "version",
        }
    }

    /// The values that it can have, where the code fixes them.
    pub fn fixed(self) -> Option<Vec<String>> {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Some(match self {
            Self::Verdict => texts(&VERDICTS),
            Self::Reason => reasons().map(String::from).collect(),
            Self::Kind => texts(&EffectLabel::ALL.map(EffectLabel::name)),
            Self::Topic => texts(&OutputTopic::ALL.map(OutputTopic::suffix)),
            Self::Window => texts(&Window::ALL.map(Window::name)),
            Self::Currency => {
                let codes = Currency::listed().map(|currency| currency.as_str().to_owned());
                codes.chain([NO_CURRENCY.to_owned()]).collect()
            }
            Self::Map | Self::Stage | Self::Step | Self::Rule => return None,
            Self::Partition | Self::Version => return None,
        })
    }

    /// Where its values come from, in words.
    pub const fn source(self) -> &'static str {
        match self {
            Self::Verdict => "what became of a touchpoint",
            Self::Reason => "why a record cannot be used",
            Self::Kind => "what an effect says",
            Self::Topic => "the last part of the output topics' default names",
            Self::Map => "the ids of the configured maps",
            Self::Stage => "the ids of the map's stages",
            Self::Step => "the ids of the stage's steps; empty for a stage without steps",
            Self::Rule => "the ids of the map's abandonment rules",
            Self::Window => "rolling windows that end with the newest event time",
            Self::Currency => {
                "the codes of ISO 4217, and `none` for money without a currency; money under any \
                 other code is left out here, though not on the KPI topic"
            }
            Self::Partition => "the numbers of the input's partitions that this process owns",
            Self::Version => "the version of this program, or of a map",
        }
    }
}

/// What can become of a touchpoint, in the order of the counters.
pub(super) const VERDICTS: [&str; 4] = ["applied", "late", "duplicate", "dropped_late"];

/// The label of money without a currency.
pub(super) const NO_CURRENCY: &str = "none";

/// Why a record can be a dead letter.
pub(super) fn reasons() -> impl Iterator<Item = &'static str> {
    Reason::ALL.map(Reason::code).into_iter()
}

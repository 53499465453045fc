//! From the catalogue to the recorder: descriptions, and handles by metric and label values.

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Level, Metadata, Recorder};

use super::catalogue::ALL;
use super::metric::{Kind, Metric};

const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// Describes the metrics that are wanted.
pub(super) fn describe(recorder: &dyn Recorder, wanted: impl Fn(&Metric) -> bool) {
    for metric in ALL.iter().filter(|metric| wanted(metric)) {
        let name = KeyName::from_const_str(metric.name);
        let (unit, help) = (metric.unit.recorded(), metric.help.into());
        match metric.kind {
            Kind::Counter => recorder.describe_counter(name, unit, help),
            Kind::Gauge => recorder.describe_gauge(name, unit, help),
            Kind::Histogram(_) => recorder.describe_histogram(name, unit, help),
        }
    }
}

/// The counter of these label values.
pub(super) fn counter(recorder: &dyn Recorder, metric: &Metric, values: &[&str]) -> Counter {
    recorder.register_counter(&key(metric, values), &METADATA)
}

/// The gauge of these label values.
pub(super) fn gauge(recorder: &dyn Recorder, metric: &Metric, values: &[&str]) -> Gauge {
    recorder.register_gauge(&key(metric, values), &METADATA)
}

/// The histogram of these label values.
pub(super) fn histogram(recorder: &dyn Recorder, metric: &Metric, values: &[&str]) -> Histogram {
    recorder.register_histogram(&key(metric, values), &METADATA)
}

fn key(metric: &Metric, values: &[&str]) -> Key {
    debug_assert_eq!(metric.labels.len(), values.len(), "{}", metric.name);
    let labels = metric.labels.iter().zip(values);
    let labels: Vec<_> = labels
        .map(|(label, value)| metrics::Label::new(label.name(), (*value).to_owned()))
        .collect();
    Key::from_parts(metric.name, labels)
}

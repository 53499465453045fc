//! What a scrape of `/metrics` must be like, whatever was scraped: the unit tests of the metrics
//! include this file too.

use std::collections::{BTreeMap, BTreeSet};

use super::{Kind, Label, Maps, Metric, catalogue};

/// The series of a scrape with their values, as Prometheus would read them.
pub(crate) fn series(scrape: &str) -> BTreeMap<String, f64> {
    let lines = scrape
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a series has a value");
            (
                series.to_owned(),
                value.parse().expect("a value is a number"),
            )
        })
        .collect()
}

/// The label pairs of a series. No value may hold a comma or a quote.
pub(crate) fn labels(series: &str) -> Vec<(&str, &str)> {
    let Some((_, rest)) = series.split_once('{') else {
        return Vec::new();
    };
    let pairs = rest.trim_end_matches('}').split(',');
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').expect("a label has a value");
            (name, value.trim_matches('"'))
        })
        .collect()
}

/// The families of the catalogue that have no sample above or below zero.
pub(crate) fn silent(scrape: &str) -> Vec<&'static str> {
    let told: BTreeSet<&str> = series(scrape)
        .iter()
        .filter(|(_, value)| **value != 0.0)
        .filter_map(|(series, _)| family(series))
        .map(|metric| metric.name)
        .collect();
    let names = catalogue::ALL.iter().map(|metric| metric.name);
    names.filter(|name| !told.contains(name)).collect()
}

/// Asserts that a scrape has the families of the catalogue and no others, with their types and
/// help, and that their names say unit and type.
pub(crate) fn assert_families(scrape: &str) {
    let lines = |start: &str| -> BTreeSet<String> {
        let lines = scrape.lines().filter_map(|line| line.strip_prefix(start));
        lines.map(String::from).collect()
    };
    let all = || catalogue::ALL.iter();
    let types = all().map(|metric| format!("{} {}", metric.name, metric.kind));
    assert_eq!(lines("# TYPE "), types.collect());
    let help = all().map(|metric| format!("{} {}", metric.name, metric.help));
    assert_eq!(lines("# HELP "), help.collect());
    all().for_each(assert_name);
}

/// Names end in the base unit, those of counters in `_total` after it.
fn assert_name(metric: &Metric) {
    let name = metric.name;
    assert!(
        name.starts_with("wayfarer_") || name == "process_start_time_seconds",
        "{name}"
    );
    assert!(
        name.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
        "{name}"
    );
    let counts = metric.kind == Kind::Counter;
    assert_eq!(name.ends_with("_total"), counts, "{name}");
    for (unit, ending) in [
        ("seconds", "_seconds"),
        ("bytes", "_bytes"),
        ("ratio", "_ratio"),
    ] {
        let ends = name.trim_end_matches("_total").ends_with(ending);
        assert_eq!(ends, metric.unit.to_string() == unit, "{name}");
    }
}

/// Asserts that every series has the labels of the catalogue, with values from closed sets: those
/// that the code fixes, names of these maps, these partitions, and this version of the program.
pub(crate) fn assert_labels(scrape: &str, maps: &Maps, partitions: &[u32], version: &str) {
    let closed: BTreeMap<Label, BTreeSet<String>> = Label::ALL
        .into_iter()
        .map(|label| (label, values(label, maps, partitions, version)))
        .collect();
    for series in series(scrape).keys() {
        let metric = family(series).unwrap_or_else(|| panic!("{series} is not in the catalogue"));
        let mut pairs = labels(series);
        pairs.retain(|(name, _)| *name != "le");
        let expected: Vec<_> = metric.labels.iter().map(|label| label.name()).collect();
        let found: Vec<_> = pairs.iter().map(|(name, _)| *name).collect();
        assert_eq!(found, expected, "{series}");
        for (label, (_, value)) in metric.labels.iter().zip(&pairs) {
            assert!(closed[label].contains(*value), "{series}");
        }
    }
}

/// The family that a series belongs to.
fn family(series: &str) -> Option<&'static Metric> {
    let name = series.split('{').next()?;
    catalogue::ALL.iter().find(|metric| match metric.kind {
        Kind::Histogram(_) => name
            .strip_prefix(metric.name)
            .is_some_and(|rest| ["_bucket", "_sum", "_count"].contains(&rest)),
        _ => name == metric.name,
    })
}

/// Every value that a label can have.
fn values(label: Label, maps: &Maps, partitions: &[u32], version: &str) -> BTreeSet<String> {
    let maps = &maps.maps;
    let steps = || {
        let steps = maps.iter().flat_map(|map| {
            let steps = (0..).take(map.steps.len());
            steps.map(|step| map.name_of(super::StepIx(step)))
        });
        steps.map(|(stage, step)| (stage.to_owned(), step.unwrap_or_default().to_owned()))
    };
    match label {
        Label::Map => maps.iter().map(|map| map.id.to_string()).collect(),
        Label::Stage => steps().map(|(stage, _)| stage).collect(),
        Label::Step => steps().map(|(_, step)| step).collect(),
        Label::Rule => {
            let rules = maps.iter().flat_map(|map| &map.abandonments);
            rules.map(|rule| rule.id.to_string()).collect()
        }
        Label::Partition => partitions.iter().map(ToString::to_string).collect(),
        Label::Version => {
            let versions = maps.iter().map(|map| map.version.to_string());
            versions.chain([version.to_owned()]).collect()
        }
        fixed => {
            let values = fixed.fixed().expect("the code fixes it");
            values.into_iter().collect()
        }
    }
}

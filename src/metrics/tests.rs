//! What a scrape shows after a day in the shop.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::fixture::{self, MORNING, Worker, day};
use super::{Kind, Label, Metric, MetricsObserver, Registry, catalogue, markdown};
use crate::domain::{EventTime, Maps, Millis, StepIx};
use crate::runtime::Observer;

#[path = "../../tests/support/scrape.rs"]
mod scrape;

use scrape::series;

fn registry() -> Arc<Registry> {
    Registry::new(&fixture::maps(), "1.2.3", MORNING)
}

fn observer(registry: &Arc<Registry>, worker: usize) -> MetricsObserver {
    MetricsObserver::new(registry, worker).with_figures_interval(Duration::ZERO)
}

fn evening() -> EventTime {
    MORNING.plus(Millis::from_secs(12_100))
}

/// A registry after a day in partition 4.
fn after_a_day() -> Arc<Registry> {
    let registry = registry();
    let mut observer = observer(&registry, 0);
    let mut worker = Worker::new(&fixture::maps(), 4);
    worker.stopped = Some("too many records cannot be used");
    observer.assigned(&[4]);
    worker.read(&mut observer, &day());
    registry
}

#[test]
fn after_a_day_no_family_is_all_zero() {
    let scrape = after_a_day().render(evening());
    assert_eq!(scrape::silent(&scrape), Vec::<&str>::new());
    assert_eq!(scrape::silent("").len(), catalogue::ALL.len());
}

#[test]
fn a_scrape_has_the_families_of_the_catalogue_and_nothing_else() {
    scrape::assert_families(&after_a_day().render(evening()));
}

#[test]
fn labels_are_those_of_the_catalogue_and_their_values_from_closed_sets() {
    let scrape = after_a_day().render(evening());
    scrape::assert_labels(&scrape, &fixture::maps(), &[4], "1.2.3");
}

#[test]
fn metrics_have_names_of_their_own_and_speak_in_sentences() {
    let mut names = BTreeSet::new();
    for metric in catalogue::ALL {
        let name = metric.name;
        assert!(names.insert(name), "{name} is there twice");
        assert!(
            metric.help.ends_with('.') && metric.alert.ends_with('.'),
            "{name}"
        );
    }
}

#[test]
fn what_happened_is_what_is_counted() {
    let series = series(&after_a_day().render(evening()));
    let expected = [
        ("wayfarer_touchpoints_total{verdict=\"applied\"}", 21.0),
        ("wayfarer_touchpoints_total{verdict=\"late\"}", 1.0),
        ("wayfarer_touchpoints_total{verdict=\"duplicate\"}", 1.0),
        ("wayfarer_dead_letters_total{reason=\"not_json\"}", 2.0),
        ("wayfarer_dead_letters_total{reason=\"empty\"}", 0.0),
        (
            "wayfarer_effects_total{map=\"shop\",kind=\"abandoned\"}",
            2.0,
        ),
        (
            "wayfarer_effects_total{map=\"shop\",kind=\"retracted\"}",
            1.0,
        ),
        (
            "wayfarer_effects_total{map=\"shop\",kind=\"recovered\"}",
            1.0,
        ),
        (
            "wayfarer_partition_watermark_lag_seconds{partition=\"4\"}",
            60.001,
        ),
        ("wayfarer_partition_lag_records{partition=\"4\"}", 7.0),
        (
            "wayfarer_kpi_open_episodes{map=\"shop\",rule=\"cart\"}",
            1.0,
        ),
        (
            "wayfarer_kpi_stage_customers{map=\"shop\",stage=\"purchase\",step=\"cart\"}",
            1.0,
        ),
        ("process_start_time_seconds", 1_700_000_000.0),
    ];
    for (name, value) in expected {
        assert_eq!(series.get(name), Some(&value), "{name}");
    }
}

#[test]
fn counters_never_fall_when_partitions_go_and_come_back() {
    let registry = registry();
    let counted = |scrape: &str| -> BTreeMap<String, f64> {
        let series = series(scrape);
        let totals = series.into_iter().filter(|(key, _)| key.contains("_total"));
        totals.collect()
    };
    let mut observer = observer(&registry, 0);
    let mut before = counted(&registry.render(evening()));
    for round in 0..3 {
        observer.assigned(&[4]);
        let mut worker = Worker::new(&fixture::maps(), 4);
        // The later rounds come less far, so that what is reported is less than was seen.
        worker.read(&mut observer, &day()[round * 3..]);
        worker.report(&mut observer);
        if round < 2 {
            observer.assigned(&[]);
        }
        let after = counted(&registry.render(evening()));
        for (name, value) in &before {
            assert!(
                after[name] >= *value,
                "{name} fell from {value} to {}",
                after[name]
            );
        }
        before = after;
    }
    let records = before["wayfarer_input_records_total"];
    assert_eq!(records, f64::from(23 + 20 + 17));
}

#[test]
fn a_partition_that_counts_anew_without_going_loses_nothing() {
    let registry = registry();
    let mut observer = observer(&registry, 0);
    Worker::new(&fixture::maps(), 4).read(&mut observer, &day());
    Worker::new(&fixture::maps(), 4).read(&mut observer, &day()[..5]);
    let series = series(&registry.render(evening()));
    assert_eq!(series["wayfarer_input_records_total"], 28.0);
}

#[test]
fn partitions_add_up_and_are_gone_when_they_go() {
    let registry = registry();
    let (mut here, mut there) = (observer(&registry, 0), observer(&registry, 1));
    let maps = fixture::maps();
    here.assigned(&[1, 2]);
    there.assigned(&[3]);
    Worker::new(&maps, 1).read(&mut here, &day());
    Worker::new(&maps, 2).read(&mut here, &day());
    Worker::new(&maps, 3).read(&mut there, &day());
    let open = "wayfarer_kpi_open_episodes{map=\"shop\",rule=\"cart\"}";
    assert_eq!(series(&registry.render(evening()))[open], 3.0);
    here.assigned(&[1]);
    there.assigned(&[3]);
    let series = series(&registry.render(evening()));
    assert_eq!(series[open], 2.0);
    assert_eq!(series["wayfarer_assigned_partitions"], 2.0);
    let of_two = series.keys().filter(|key| key.contains("partition=\"2\""));
    assert_eq!(of_two.count(), 0);
}

#[test]
fn a_partition_that_another_worker_took_over_is_not_forgotten_with_the_first() {
    let registry = registry();
    let (mut here, mut there) = (observer(&registry, 0), observer(&registry, 1));
    let maps = fixture::maps();
    Worker::new(&maps, 1).read(&mut here, &day());
    Worker::new(&maps, 1).read(&mut there, &day());
    here.assigned(&[]);
    let series = series(&registry.render(evening()));
    assert_eq!(series["wayfarer_assigned_partitions"], 1.0);
}

#[test]
fn figures_hold_until_the_next_are_due() {
    let registry = registry();
    let mut observer =
        MetricsObserver::new(&registry, 0).with_figures_interval(Duration::from_secs(3_600));
    let mut worker = Worker::new(&fixture::maps(), 1);
    worker.read(&mut observer, &day());
    worker.read(
        &mut observer,
        &[fixture::touch("hal", "cart_added", 12_080)],
    );
    let series = series(&registry.render(evening()));
    assert_eq!(
        series["wayfarer_kpi_open_episodes{map=\"shop\",rule=\"cart\"}"],
        1.0
    );
    assert_eq!(series["wayfarer_partition_customers{partition=\"1\"}"], 8.0);
}

#[test]
fn the_page_of_metrics_is_what_the_catalogue_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
    let page = markdown();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &page).expect("docs/metrics.md can be written");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == page,
        "docs/metrics.md is out of date: run with UPDATE_GOLDEN=1"
    );
}

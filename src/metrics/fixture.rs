//! A small shop for tests: its map, a day of touchpoints, and a worker that reports them.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::{
    AbandonmentSpec, Currency, EventTime, MapSpec, Maps, Millis, Panes, Settings, StageSpec,
    StepSpec, Touchpoint,
};
use crate::runtime::{Intake, Observer, OutputTopic, PartitionReport};
use crate::state::{Counters, Partition};

/// The moment at which the day begins.
pub(crate) const MORNING: EventTime = EventTime::from_millis(1_700_000_000_000);

fn step(id: Option<&str>, on: &str) -> StepSpec {
    StepSpec {
        id: id.map(Into::into),
        on: vec![on.into()],
    }
}

fn stage(id: &str, steps: Vec<StepSpec>, conversion: &[&str]) -> StageSpec {
    StageSpec {
        id: id.into(),
        steps,
        conversion: conversion.iter().map(ToString::to_string).collect(),
    }
}

/// The shop's map.
pub(crate) fn maps() -> Arc<Maps> {
    let purchase = vec![
        step(Some("cart"), "cart_added"),
        step(Some("checkout"), "checkout_started"),
        step(Some("ordered"), "purchased"),
    ];
    let cart = AbandonmentSpec {
        again: vec![Millis::from_hours(24)],
        ..AbandonmentSpec::new("cart", "cart_added", "purchased", Millis::from_minutes(30))
    };
    let shop = MapSpec {
        version: 3,
        stages: vec![
            stage("awareness", vec![step(None, "page_viewed")], &[]),
            stage("consideration", vec![step(None, "product_viewed")], &[]),
            stage("purchase", purchase, &["purchased"]),
            stage("advocacy", vec![step(None, "review_written")], &[]),
        ],
        abandonments: vec![cart],
        ..MapSpec::new("shop")
    };
    Arc::new(Maps::compile(&[shop], &Settings::default()).expect("the shop's map is right"))
}

/// A touchpoint `secs` after the morning.
pub(crate) fn touch(customer: &str, kind: &str, secs: i64) -> Touchpoint {
    let id = format!("{customer}-{kind}-{secs}");
    let at = MORNING.plus(Millis::from_secs(secs));
    let mut touchpoint = Touchpoint::new(&id, customer, kind, at);
    if ["cart_added", "purchased"].contains(&kind) {
        touchpoint.value = Some(8_990);
        touchpoint.currency = Currency::parse("EUR");
    }
    touchpoint
}

/// A day in which everything happens: one customer buys twice and praises it, one abandons and
/// comes back, one only seemed to abandon, one bounces, one arrives out of order, one is open.
pub(crate) fn day() -> Vec<Touchpoint> {
    let mut day: Vec<_> = [
        ("anna", "page_viewed", 0),
        ("anna", "product_viewed", 20),
        ("anna", "cart_added", 60),
        ("anna", "checkout_started", 90),
        ("anna", "purchased", 120),
        ("ben", "page_viewed", 100),
        ("ben", "cart_added", 130),
        ("cleo", "product_viewed", 140),
        ("cleo", "cart_added", 150),
        ("emil", "cart_added", 210),
        ("emil", "page_viewed", 205),
        ("emil", "page_viewed", 205),
        ("emil", "purchased", 220),
        ("dora", "page_viewed", 300),
        ("anna", "review_written", 4_000),
        ("cleo", "purchased", 400),
        ("ben", "purchased", 4_200),
        ("anna", "cart_added", 8_000),
        ("anna", "purchased", 8_060),
        ("gil", "page_viewed", 12_000),
        ("fay", "cart_added", 12_010),
        ("gil", "product_viewed", 12_060),
    ]
    .into_iter()
    .map(|(customer, kind, secs)| touch(customer, kind, secs))
    .collect();
    day.push(Touchpoint {
        kind: "refunded".into(),
        id: "refund".into(),
        value: Some(1_000),
        ..touch("anna", "purchased", 12_070)
    });
    day
}

/// The KPI panes after the day.
pub(crate) fn panes(maps: &Arc<Maps>) -> Panes {
    let mut worker = Worker::new(maps, 0);
    worker.read(&mut (), &day());
    worker.partition.panes().clone()
}

/// An observer that takes note of nothing.
impl Observer for () {
    fn assigned(&mut self, _: &[u32]) {}
    fn effects(&mut self, _: u32, _: &[crate::state::Output], _: &[(&'static str, u64)]) {}
    fn committed(&mut self, _: &[(OutputTopic, u64)], _: Duration) {}
    fn stands(&mut self, _: &PartitionReport<'_>) {}
}

/// Reads touchpoints into one partition and reports them as a worker does.
pub(crate) struct Worker {
    maps: Arc<Maps>,
    number: u32,
    partition: Partition,
    intake: Intake,
    pub(crate) stopped: Option<&'static str>,
}

impl Worker {
    pub(crate) fn new(maps: &Arc<Maps>, number: u32) -> Self {
        Self {
            maps: Arc::clone(maps),
            number,
            partition: Partition::new(Arc::clone(maps), 1),
            intake: Intake::default(),
            stopped: None,
        }
    }

    /// Reads and commits these touchpoints, and reports where the partition stands then.
    pub(crate) fn read(&mut self, observer: &mut impl Observer, touchpoints: &[Touchpoint]) {
        let mut outputs = Vec::new();
        for touchpoint in touchpoints {
            self.intake.records += 1;
            self.intake.bytes += 100;
            self.partition.observe(0, touchpoint, None, &mut outputs);
        }
        self.intake.misplaced += 1;
        self.intake.derived_ids += 1;
        self.intake.unknown_types += 1;
        self.intake.dropped_late += 1;
        self.intake.idle_steps += 1;
        observer.effects(self.number, &outputs, &[("not_json", 2), ("no_time", 1)]);
        self.partition.commit();
        let written = OutputTopic::ALL.map(|topic| (topic, 3));
        observer.committed(&written, Duration::from_millis(12));
        observer.cut(1);
        self.report(observer);
    }

    /// Reports where the partition stands.
    pub(crate) fn report(&self, observer: &mut impl Observer) {
        let counters = Counters {
            cut: 1,
            ..self.partition.counters()
        };
        observer.stands(&PartitionReport {
            maps: &self.maps,
            partition: self.number,
            watermark: self.partition.watermark(),
            now: self.partition.now(),
            panes: self.partition.panes(),
            counters,
            intake: &self.intake,
            customers: self.partition.store().len(),
            timers: self.partition.timers(),
            lag: Some(7),
            stopped: self.stopped,
        });
    }
}

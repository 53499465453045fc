//! Silence: it fires by itself when it is proven, and never while the broker is away.

use std::thread;
use std::time::Duration;

use wayfarer::domain::{EventTime, Millis};
use wayfarer::kafka::SystemClock;
use wayfarer::runtime::{Clock, OutputTopic};
use wayfarer::wire::output::{Encoding, Message};
use wayfarer::wire::touchpoint::encode_json;

use super::stage::Stage;
use crate::contract::{Entry, World};
use crate::on_kafka::KafkaWorld;
use crate::support::broker::{self, Broker};

/// A cart is abandoned after eight seconds; a second of disorder is allowed for.
const SETTINGS: &str = "\
maps:
  - map: quick
    stages: [{id: look, on: page_viewed}, {id: cart, on: cart_added}, {id: buy, on: purchased}]
    abandonments: [{id: cart, opens: cart_added, completes: purchased, after: 8s}]
time: {disorder: 1s, idle: 1s}
";

const AFTER: Millis = Millis::from_secs(8);
const DISORDER: Millis = Millis::from_secs(1);

fn touchpoint(id: &str, kind: &str, at: EventTime) -> Entry {
    let mut touchpoint = wayfarer::domain::Touchpoint::new(id, "ada", kind, at);
    touchpoint.cart = Some("c1".into());
    Entry {
        key: Some(b"ada".to_vec()),
        value: Some(encode_json(&touchpoint)),
        timestamp: Some(at),
        ..Entry::default()
    }
}

fn now() -> EventTime {
    SystemClock::new().wall()
}

/// When each alert was found out.
fn alerts(world: &KafkaWorld) -> Vec<EventTime> {
    let entries = world.read_back(OutputTopic::Alerts).concat();
    let found = entries.iter().map(|entry| {
        let value = entry.value.as_deref().unwrap_or_default();
        match Message::decode("wayfarer.v1.abandoned", Encoding::Json, value) {
            Ok(Message::Alert(alert)) => alert.detected_at.map(EventTime::from_millis),
            other => panic!("no alert: {other:?}"),
        }
    });
    found
        .map(|at| at.expect("the worker asks a clock"))
        .collect()
}

#[test]
fn an_open_cart_is_abandoned_though_nothing_else_ever_comes() {
    let world = KafkaWorld::on(broker::shared(), 1);
    let mut stage = Stage::start(&world, SETTINGS);
    stage.wait_for("the partition", |stage| stage.owned() == [0]);
    let at = now();
    world.append(0, &[touchpoint("t1", "cart_added", at)]);
    stage.wait_for("the alert", |_| !alerts(&world).is_empty());
    let due = at.plus(AFTER).plus(DISORDER);
    let found = alerts(&world);
    assert_eq!(found.len(), 1);
    let late = found[0].since(due);
    println!("the alert left {late} after its deadline and the allowance");
    assert!(late >= Millis::ZERO, "not before it is true: {late}");
    assert!(
        late < Millis::from_secs(30),
        "soon after it is true: {late}"
    );
    assert_eq!(stage.stop(), Some(0));
}

#[test]
fn a_purchase_queued_while_the_broker_is_away_comes_in_time() {
    let own = Broker::start();
    let world = KafkaWorld::on(&own, 1);
    let mut stage = Stage::start(&world, SETTINGS);
    stage.wait_for("the partition", |stage| stage.owned() == [0]);
    let at = now();
    world.append(0, &[touchpoint("t1", "cart_added", at)]);
    stage.wait_for("idle steps", |stage| !stage.idle_steps().is_empty());
    own.pause();
    let purchase = touchpoint("t2", "purchased", at.plus(Millis::from_secs(5)));
    thread::scope(|scope| {
        // Queued with the producer before the deadline; it is written when the broker is back.
        scope.spawn(|| world.append(0, &[purchase]));
        let over = at.plus(AFTER).plus(DISORDER).plus(Millis::from_secs(5));
        thread::sleep(Duration::from_millis(
            over.since(now()).get().unsigned_abs(),
        ));
        own.resume();
    });
    let passed = at.plus(AFTER).plus(DISORDER);
    stage.wait_for("silence beyond the deadline", |stage| {
        stage
            .idle_steps()
            .iter()
            .any(|(_, watermark)| *watermark > passed)
    });
    assert_eq!(stage.stop(), Some(0));
    assert_eq!(
        alerts(&world),
        Vec::new(),
        "nobody who bought is told of a cart left behind"
    );
    let entries = world.read_back(OutputTopic::Transitions).concat();
    let reached: Vec<_> = entries.iter().map(stage_reached).collect();
    assert_eq!(reached, ["cart", "buy"], "the purchase was read, once");
}

/// The stage that a transition's record says was reached.
fn stage_reached(entry: &Entry) -> String {
    let value = entry.value.as_deref().unwrap_or_default();
    match Message::decode("wayfarer.v1.transition", Encoding::Json, value) {
        Ok(Message::Transition(transition)) => transition.to_stage,
        other => panic!("no transition: {other:?}"),
    }
}

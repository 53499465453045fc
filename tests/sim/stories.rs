//! Named simulations, one for each promise.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wayfarer::domain::{Millis, Touchpoint};
use wayfarer::runtime::{Clock, Error, OutputTopic, Source};
use wayfarer::sim::{Call, Fate, Record, Trouble};
use wayfarer::wire::output::{AlertKind, Message};

use crate::account::{Account, message, text};
use crate::maps::{CART_AFTER, DISORDER};
use crate::pipeline::{GROUP, INPUTS, Pipeline, SESSION_TIME_OUT, Setup, at};
use crate::plain;

fn touchpoint(id: &str, customer: &str, kind: &str, millis: i64) -> Touchpoint {
    let mut touchpoint = Touchpoint::new(id, customer, kind, at(millis));
    touchpoint.cart = Some("k1".into());
    touchpoint
}

/// The alerts that were written: their kinds, and when they were found out.
fn alerts(pipeline: &Pipeline) -> Vec<(AlertKind, i64)> {
    let alert = |record| match message(&record) {
        Message::Alert(alert) => (alert.kind(), alert.detected_at.unwrap()),
        other => panic!("{other:?} among the alerts"),
    };
    pipeline
        .written(OutputTopic::Alerts)
        .into_iter()
        .map(alert)
        .collect()
}

fn assert_right(pipeline: &Pipeline) {
    let differences = Account::of(pipeline).differences(&plain::account(pipeline));
    assert_eq!(differences, Vec::<String>::new());
}

#[test]
fn silence_fires_an_open_cart_once_the_end_is_proven() {
    let mut pipeline = Pipeline::with_workers(Setup::default(), 1);
    pipeline.write(0, &touchpoint("t1", "ada", "cart_added", 0));
    pipeline.run_secs(9);
    let fired = alerts(&pipeline);
    let deadline = at(0).plus(CART_AFTER).plus(DISORDER).as_millis();
    assert_eq!(fired.len(), 1);
    assert_eq!(fired[0].0, AlertKind::Abandoned);
    let after = fired[0].1 - deadline;
    assert!(
        (0..=1_000).contains(&after),
        "{after} ms after the deadline and the allowance"
    );
    pipeline.run_secs(60);
    assert_eq!(alerts(&pipeline).len(), 2, "the second is the next level's");
    assert_right(&pipeline);
}

#[test]
fn without_idle_steps_silence_fires_nothing() {
    let setup = Setup {
        idle: None,
        ..Setup::default()
    };
    let mut pipeline = Pipeline::with_workers(setup, 1);
    pipeline.write(0, &touchpoint("t1", "ada", "cart_added", 0));
    pipeline.run_secs(60);
    assert_eq!(alerts(&pipeline), []);
    pipeline.write(0, &touchpoint("t2", "bob", "page_viewed", 60_000));
    pipeline.run_secs(1);
    assert_eq!(alerts(&pipeline).len(), 2);
}

#[test]
fn a_purchase_at_the_very_deadline_is_in_time() {
    let mut pipeline = Pipeline::with_workers(Setup::default(), 1);
    pipeline.write(0, &touchpoint("t1", "ada", "cart_added", 0));
    let latest = Duration::from_millis((CART_AFTER.get() + DISORDER.get()).unsigned_abs());
    pipeline.run_for(latest, Duration::from_millis(10)).unwrap();
    pipeline.write(0, &touchpoint("t2", "ada", "purchased", CART_AFTER.get()));
    pipeline.run_secs(60);
    assert_eq!(alerts(&pipeline), []);
}

#[test]
fn an_outage_across_the_deadline_fires_nothing() {
    let mut pipeline = Pipeline::with_workers(Setup::default(), 1);
    pipeline.write(0, &touchpoint("t1", "ada", "cart_added", 0));
    pipeline.run_secs(5);
    pipeline.broker.set_away(true);
    pipeline.write(0, &touchpoint("t2", "ada", "purchased", 5_500));
    pipeline.run_secs(60);
    pipeline.broker.set_away(false);
    pipeline.run_secs(60);
    assert_eq!(alerts(&pipeline), []);
    assert_eq!(Account::of(&pipeline).count(OutputTopic::Transitions), 3);
    assert_right(&pipeline);
}

#[test]
fn a_purchase_that_its_sender_kept_through_the_outage_is_in_time() {
    let mut pipeline = Pipeline::with_workers(Setup::default(), 1);
    pipeline.write(0, &touchpoint("t1", "ada", "cart_added", 0));
    pipeline.run_secs(5);
    pipeline.broker.set_away(true);
    pipeline.run_secs(60);
    pipeline.broker.set_away(false);
    let almost_proven = Duration::from_millis(900);
    pipeline
        .run_for(almost_proven, Duration::from_millis(100))
        .unwrap();
    pipeline.write(0, &touchpoint("t2", "ada", "purchased", 5_500));
    pipeline.run_secs(60);
    assert_eq!(alerts(&pipeline), []);
    assert_right(&pipeline);
}

#[test]
fn an_input_that_is_silent_from_the_start_holds_no_alert_back() {
    let setup = Setup {
        inputs: 2,
        ..Setup::default()
    };
    let mut pipeline = Pipeline::with_workers(setup, 1);
    pipeline.write(0, &touchpoint("t1", "ada", "cart_added", 0));
    pipeline.run_secs(60);
    assert_eq!(alerts(&pipeline).len(), 2);
    pipeline.write(1, &touchpoint("t2", "ada", "page_viewed", 60_000));
    pipeline.run_secs(60);
    assert_right(&pipeline);
}

#[test]
fn an_end_that_was_not_reached_proves_nothing() {
    let mut pipeline = Pipeline::with_workers(Setup::default(), 1);
    pipeline.write(0, &touchpoint("t1", "ada", "cart_added", 0));
    pipeline.run_secs(5);
    pipeline.broker.withhold(INPUTS[0], 0, true).unwrap();
    pipeline.write(0, &touchpoint("t2", "ada", "purchased", 5_500));
    pipeline.run_secs(60);
    pipeline.broker.withhold(INPUTS[0], 0, false).unwrap();
    pipeline.run_secs(60);
    assert_eq!(alerts(&pipeline), []);
    assert_right(&pipeline);
}

#[test]
fn a_purchase_in_time_that_was_written_but_not_read_is_waited_for() {
    // Whenever the broker is asked for the end, a purchase can follow in the same millisecond.
    for shift in (0..500).step_by(10) {
        let mut pipeline = Pipeline::with_workers(Setup::default(), 1);
        let step = Duration::from_millis(50);
        pipeline.run_for(Duration::from_millis(500), step).unwrap();
        let opened = pipeline.clock.wall().since(at(0)).get() - shift;
        pipeline.write(0, &touchpoint("t1", "ada", "cart_added", opened));
        let deadline = opened + CART_AFTER.get();
        let latest = at(deadline).plus(DISORDER).since(pipeline.clock.wall());
        let latest = latest.get().unsigned_abs();
        pipeline
            .run_for(Duration::from_millis(latest - latest % 50), step)
            .unwrap();
        pipeline.clock.advance(Duration::from_millis(latest % 50));
        pipeline.turn(0).unwrap();
        pipeline.broker.withhold(INPUTS[0], 0, true).unwrap();
        pipeline.write(0, &touchpoint("t2", "ada", "purchased", deadline));
        pipeline.run_secs(30);
        pipeline.broker.withhold(INPUTS[0], 0, false).unwrap();
        pipeline.run_secs(30);
        assert_eq!(alerts(&pipeline), [], "shifted by {shift} ms");
    }
}

#[test]
fn history_that_keeps_coming_is_not_silence() {
    let mut pipeline = Pipeline::with_workers(Setup::default(), 1);
    let hour_ago = -3_600_000;
    for n in 0..60 {
        let kind = if n % 2 == 0 {
            "cart_added"
        } else {
            "purchased"
        };
        let happened = hour_ago + n * 1_000;
        pipeline.write(0, &touchpoint(&format!("t{n}"), "ada", kind, happened));
        pipeline
            .run_for(Duration::from_millis(500), Duration::from_millis(100))
            .unwrap();
    }
    assert_eq!(pipeline.standing(0).unwrap().idle_steps, 0);
    assert_eq!(alerts(&pipeline), []);
    assert_right(&pipeline);
}

#[test]
fn a_worker_that_slept_across_the_deadline_reads_first() {
    let mut pipeline = Pipeline::with_workers(Setup::default(), 1);
    pipeline.broker.limit_polls(Some(1));
    pipeline.write(0, &touchpoint("t1", "ada", "cart_added", 0));
    pipeline.run_secs(5);
    for n in 0..20 {
        pipeline.write(
            0,
            &touchpoint(&format!("v{n}"), "bob", "page_viewed", 5_000),
        );
    }
    pipeline.write(0, &touchpoint("t2", "ada", "purchased", 5_500));
    pipeline.clock.advance(Duration::from_secs(60));
    pipeline.run_secs(60);
    assert_eq!(alerts(&pipeline), []);
}

#[test]
fn an_abort_leaves_nothing_readable_and_the_same_is_written_again() {
    let setup = Setup {
        idle: None,
        ..Setup::default()
    };
    let mut pipeline = Pipeline::with_workers(setup, 1);
    pipeline.run_secs(1);
    for n in 0..10 {
        let (customer, at) = (format!("c{}", n % 3), 1_000 + 400 * (n / 2) - 300 * (n % 2));
        for (kind, shift) in [("page_viewed", 0), ("cart_added", 50), ("purchased", 100)] {
            let id = format!("{kind}-{n}");
            pipeline.write(0, &touchpoint(&id, &customer, kind, at + shift));
        }
    }
    // One attempt ends after five records, the next two when everything but the offsets is there.
    let refused = || Trouble::Refused(Error::Abort("refused".into()));
    pipeline.plan(0, Call::Produce, 5, refused());
    pipeline.plan(0, Call::SendOffsets, 0, refused());
    pipeline.plan(0, Call::SendOffsets, 1, refused());
    pipeline.run_secs(2);
    assert_eq!(pipeline.met().len(), 3);
    let of_partition = |partition| {
        let (mut readable, mut aborted) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
        for written in pipeline.attempted(OutputTopic::Transitions) {
            let id = text(&written.record, "ce_id");
            match written.fate {
                _ if written.record.partition != partition => {}
                Fate::Committed => readable.push(id),
                Fate::Aborted => aborted.entry(written.writer).or_default().push(id),
                Fate::Open => panic!("undecided: {written:?}"),
            }
        }
        (readable, aborted)
    };
    let mut attempts = BTreeSet::new();
    for (readable, aborted) in (0..3).map(of_partition) {
        for (writer, ids) in aborted {
            assert_eq!(ids[..], readable[..ids.len()], "another order");
            attempts.insert(writer);
        }
    }
    assert_eq!(attempts.len(), 3);
    let written = pipeline.written(OutputTopic::Transitions);
    let ids: BTreeSet<_> = written.iter().map(|record| text(record, "ce_id")).collect();
    assert_eq!(written.len(), ids.len(), "readable exactly once");
    assert_right(&pipeline);
}

#[test]
fn a_revoked_partition_goes_on_elsewhere() {
    let setup = Setup {
        partitions: 4,
        ..Setup::default()
    };
    let mut pipeline = Pipeline::with_workers(setup, 1);
    let carts = |pipeline: &Pipeline, from: i64| {
        for n in 0..12 {
            let id = format!("t{}", from + n);
            let customer = format!("c{n}");
            pipeline.write(0, &touchpoint(&id, &customer, "cart_added", from));
        }
    };
    let step = Duration::from_millis(100);
    carts(&pipeline, 0);
    pipeline.run_secs(3);
    assert_eq!(pipeline.shares(), [4]);
    pipeline.join();
    pipeline.run_secs(2);
    assert_eq!(pipeline.shares(), [2, 2]);
    carts(&pipeline, 5_000);
    pipeline.run_secs(2);
    pipeline.join();
    pipeline.run_secs(1);
    assert_eq!(pipeline.shares(), [2, 1, 1]);
    pipeline.kill(0);
    pipeline.run_for(SESSION_TIME_OUT / 2, step).unwrap();
    assert_eq!(pipeline.shares(), [1, 1], "nobody misses it yet");
    pipeline.run_for(SESSION_TIME_OUT, step).unwrap();
    assert_eq!(pipeline.shares(), [2, 2]);
    pipeline.expel(0);
    pipeline.run_secs(1);
    assert_eq!(pipeline.shares(), [2, 2], "it came back");
    pipeline.stop(0).unwrap();
    pipeline.run_secs(30);
    assert_eq!(pipeline.shares(), [4]);
    let account = Account::of(&pipeline);
    assert_eq!(
        account.count(OutputTopic::Alerts),
        24,
        "two levels for each cart"
    );
    assert_right(&pipeline);
}

#[test]
fn a_burst_of_dead_letters_stops_the_partition() {
    let setup = Setup {
        partitions: 2,
        ..Setup::default()
    };
    let mut pipeline = Pipeline::with_workers(setup, 1);
    let write = |value: &str| {
        let record = Record::new("ada", value);
        pipeline.broker.write_to(INPUTS[0], 0, record).unwrap();
    };
    let good = r#"{"id":"t1","customer":"ada","type":"page_viewed","at":"2026-11-18T00:00:00Z"}"#;
    (0..100).for_each(|_| write(good));
    (0..1_000).for_each(|_| write("not JSON"));
    (0..100).for_each(|_| write(good));
    // Long enough for the offsets to be stored.
    pipeline.run_secs(6);
    let dead = pipeline.written(OutputTopic::DeadLetters).len();
    assert!((50..=500).contains(&dead), "{dead} dead letters");
    assert!(pipeline.standing(0).unwrap().stopped);
    let source = Source {
        input: 0,
        partition: 0,
    };
    let next = pipeline.broker.committed(GROUP, source).unwrap();
    assert_eq!(
        next,
        100 + u64::try_from(dead).unwrap(),
        "nothing is skipped"
    );
    let lag = pipeline.standing(0).unwrap().lag;
    assert_eq!(lag, Some(1_200 - next), "what waits there is still known");
    let healthy = Touchpoint::new("t2", "bob", "page_viewed", at(3_000));
    let record = wayfarer::wire::touchpoint::encode_json(&healthy);
    pipeline
        .broker
        .write_to(INPUTS[0], 1, Record::new("bob", record))
        .unwrap();
    pipeline.run_secs(20);
    assert!(!pipeline.standing(1).unwrap().stopped);
    assert!(pipeline.standing(1).unwrap().watermark.unwrap() > at(3_000));
    let watermark = pipeline.standing(0).unwrap().watermark;
    assert!(
        watermark.unwrap() < at(0).minus(Millis::new(0)),
        "silence is not proven there"
    );
    assert_eq!(pipeline.written(OutputTopic::DeadLetters).len(), dead);
}

#[test]
fn a_dead_letter_that_does_not_fit_is_cut_and_the_next_records_are_read() {
    let mut pipeline = Pipeline::with_workers(Setup::default(), 1);
    pipeline.broker.limit_records(Some(5_000));
    let large = Record::new("ada", "no JSON ".repeat(1_000));
    pipeline.broker.write_to(INPUTS[0], 0, large).unwrap();
    pipeline.write(0, &touchpoint("t1", "ada", "page_viewed", 0));
    pipeline.run_secs(2);
    let dead = pipeline.written(OutputTopic::DeadLetters);
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].value.as_ref().unwrap().len(), 1_024);
    assert_eq!(text(&dead[0], "__connect.errors.value.bytes"), "8000");
    assert_eq!(pipeline.written(OutputTopic::Transitions).len(), 1);
}

#[test]
fn an_effect_that_does_not_fit_stops_the_worker() {
    let mut pipeline = Pipeline::with_workers(Setup::default(), 1);
    pipeline.broker.limit_records(Some(50));
    pipeline.write(0, &touchpoint("t1", "ada", "page_viewed", 0));
    let step = Duration::from_millis(10);
    let ended = pipeline.run_for(Duration::from_secs(2), step);
    assert!(matches!(ended, Err(Error::Fatal(_))), "{ended:?}");
}

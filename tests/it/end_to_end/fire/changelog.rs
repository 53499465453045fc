//! A changelog that is not what it was: the process says so and does not go on.

use wayfarer::kafka::{Admin, SystemClock};
use wayfarer::runtime::Clock;
use wayfarer::wire::touchpoint::encode_json;

use crate::contract::{Entry, World};
use crate::end_to_end::stage::Stage;
use crate::on_kafka::KafkaWorld;
use crate::support::broker;

/// A world whose state is in the changelog, with nobody at work.
fn left_behind() -> KafkaWorld {
    let world = KafkaWorld::on(broker::shared(), 1);
    let at = SystemClock::new().wall();
    let touchpoint = wayfarer::domain::Touchpoint::new("t1", "ada", "page_viewed", at);
    let entry = Entry {
        key: Some(b"ada".to_vec()),
        value: Some(encode_json(&touchpoint)),
        ..Entry::default()
    };
    world.append(0, &[entry]);
    let mut stage = Stage::start(&world, "");
    stage.wait_for("a commit", |_| world.committed(0) == Some(1));
    assert_eq!(stage.stop(), Some(0));
    world
}

/// A process must end with the code for a config to be looked at, and name the way out.
fn assert_refused(world: &KafkaWorld) {
    let mut stage = Stage::start(world, "");
    assert_eq!(stage.exit_code(), Some(78));
    let last = stage.last_line();
    for part in ["partition 0", "truncated or made anew", "on_state_mismatch"] {
        assert!(last.contains(part), "{last}");
    }
}

#[test]
fn a_changelog_that_was_truncated_is_refused() {
    let world = left_behind();
    world.truncate_changes();
    assert_refused(&world);
}

#[test]
fn a_changelog_that_was_made_anew_is_refused() {
    let world = left_behind();
    world.delete_changes();
    let admin = Admin::open(&world.config).unwrap();
    // The name is free a little later than the topic is gone.
    while admin.partition_count(world.changes()).unwrap().is_some() {}
    assert_eq!(
        admin.create_topics(&world.specs).unwrap(),
        [world.changes()]
    );
    while admin.partition_count(world.changes()).unwrap().is_none() {}
    assert_refused(&world);
}

//! Processes come, go and are replaced while the input is written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::SetOnDrop;
use super::ground::{Ground, audit};
use super::seats::Seats;
use crate::on_kafka::KafkaWorld;
use crate::support::{broker, scrape};

/// Writes the input while `act` acts, then checks every output.
#[expect(clippy::print_stdout, reason = "what was done")]
fn while_fed(names: &[Option<&'static str>], act: impl FnOnce(&mut Seats<'_>)) {
    let world = KafkaWorld::on(broker::shared(), super::PARTITIONS);
    let ground = Ground::new(3);
    let over = AtomicBool::new(false);
    let mut seats = Seats::new(&world, names);
    thread::scope(|scope| {
        let _end = SetOnDrop(&over);
        let feed = scope.spawn(|| ground.feed(&world, &over));
        seats.until("every partition has an owner", Seats::is_shared);
        act(&mut seats);
        over.store(true, Ordering::Relaxed);
        seats.until("everything to be written", |_| feed.is_finished());
        seats.until("everything to be read to the end", |seats| {
            seats.is_shared() && seats.are_silent()
        });
    });
    let told = seats.stop();
    super::super::agree(&world, &ground.touchpoints(), &seats.everybody());
    println!("{} parts of transactions, {told}", audit(&world));
}

#[test]
fn one_process_becomes_four_and_then_two() {
    while_fed(&[None], |seats| {
        seats.pass(Duration::from_secs(3));
        (0..3).for_each(|_| seats.add(None));
        seats.until("a quarter each", Seats::is_shared);
        seats.pass(Duration::from_secs(3));
        (0..2).for_each(|_| seats.remove_first());
        seats.until("a half each", Seats::is_shared);
        seats.pass(Duration::from_secs(3));
    });
}

/// How often the others were told anew what they own.
fn rebalances(seats: &Seats<'_>, place: usize) -> Vec<f64> {
    let scrapes = seats.scrapes_of_others(place);
    let count = |text: &String| scrape::series(text)["wayfarer_rebalances_total"];
    scrapes.iter().map(count).collect()
}

#[test]
fn processes_with_names_are_replaced_one_by_one_and_no_partition_moves() {
    while_fed(&[Some("one"), Some("two"), Some("three")], |seats| {
        seats.pass(Duration::from_secs(2));
        let shares = seats.shares();
        for place in 0..3 {
            let before = rebalances(seats, place);
            seats.restart(place);
            seats.until("it to have its share again", |seats| {
                seats.shares() == shares
            });
            seats.pass(Duration::from_secs(2));
            assert_eq!(seats.shares(), shares);
            assert_eq!(rebalances(seats, place), before, "nobody else heard of it");
        }
    });
}

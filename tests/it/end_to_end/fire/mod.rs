//! Under fire: processes are killed, put to sleep and cut off while the input is written; what
//! readers of committed records find in the end must be exact.

mod changelog;
mod ground;
mod moves;
mod seats;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ground::{Ground, audit};
use seats::Seats;

use crate::on_kafka::KafkaWorld;
use crate::rng::Rng;
use crate::support::broker::Broker;

const PARTITIONS: u32 = 8;
const SESSION: Duration = Duration::from_secs(6);
const TRANSACTION: Duration = Duration::from_secs(5);

const SETTINGS: &str = "\
maps: [builtin:five-stages]
time: {idle: 10s}
limits: {dedupe: 1024}
commit_interval: 20ms
";

/// A number from the environment.
fn number(name: &str, usual: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => usual,
    }
}

#[test]
fn outputs_are_exact_after_kills_a_zombie_and_a_broker_that_dies() {
    let seed = number("WAYFARER_FIRE_SEED", 1);
    let kills = number("WAYFARER_FIRE_KILLS", 10);
    println!("under fire: WAYFARER_FIRE_SEED={seed} WAYFARER_FIRE_KILLS={kills}");
    let broker = Broker::start();
    let world = KafkaWorld::on(&broker, PARTITIONS);
    let mut rng = Rng::new(seed);
    let ground = Ground::new(kills);
    let over = AtomicBool::new(false);
    // Two processes have a name that outlives them.
    let mut seats = Seats::new(&world, &[None; 3]);
    thread::scope(|scope| {
        // Also when the schedule fails, or the scope would wait for the feed to come to its end.
        let _end = SetOnDrop(&over);
        let feed = scope.spawn(|| ground.feed(&world, &over));
        seats.until("every partition has an owner", Seats::is_shared);
        for number in 0..kills {
            if number == kills / 3 {
                seats.sleep_through_a_succession();
            }
            if number == 2 * kills / 3 {
                broker.kill();
                thread::sleep(Duration::from_millis(rng.within(0..=3_000)));
                broker.restart();
            }
            seats.pass(Duration::from_millis(rng.within(1_500..=6_000)));
            seats.kill_one(&mut rng);
        }
        over.store(true, Ordering::Relaxed);
        seats.until("everything to be written", |_| feed.is_finished());
        seats.until("everything to be read to the end", |seats| {
            seats.is_shared() && seats.are_silent()
        });
    });
    let told = seats.stop();
    super::agree(&world, &ground.touchpoints(), &seats.everybody());
    let parts = audit(&world);
    println!(
        "seed {seed}: {} messages, {parts} parts of transactions, {told}, anomalies 0",
        ground.len()
    );
    assert!(
        2 * seats.left_open >= seats.killed,
        "too few kills met an open transaction: {told}"
    );
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

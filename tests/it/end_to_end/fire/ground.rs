//! What is written to the input meanwhile, and what the changelog says of it afterwards.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wayfarer::domain::Touchpoint;
use wayfarer::kafka::SystemClock;
use wayfarer::runtime::Clock;
use wayfarer::wire::changelog::Key;
use wayfarer::wire::meta::Meta;
use wayfarer::wire::placement;

use super::PARTITIONS;
use crate::contract::{Entry, World};
use crate::end_to_end::account::{self, touchpoint};
use crate::on_kafka::KafkaWorld;

/// Every so many records one that cannot be used is planted.
const PLANTED: usize = 100;
/// How often records are written.
const BEAT: Duration = Duration::from_millis(50);
/// Records in a beat.
const MEASURE: usize = 15;

/// Two hours of a shop, out of order, with duplicates and unreadable records, in the order in which
/// they are written.
pub(super) struct Ground(Vec<(u32, Entry)>);

impl Ground {
    /// Enough for so many kills, at 300 records in a second.
    pub(super) fn new(kills: u64) -> Self {
        let records = (kills * 6 + 25) * 300;
        let rate = format!("{}/s", records.div_ceil(2 * 3_600));
        let disorder = ["--disorder", "25s", "--late", "0%", "--duplicates", "5%"];
        let options = [&disorder[..], &["--rate", &rate]].concat();
        let made = super::super::made(SystemClock::new().wall(), &options);
        let mut records = Vec::new();
        for (number, value) in super::super::lines(&made).into_iter().enumerate() {
            if number % PLANTED == 0 {
                records.push(planted(number));
            }
            records.push(placed(value));
        }
        Self(records)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The touchpoints among the records.
    pub(super) fn touchpoints(&self) -> Vec<Touchpoint> {
        let entries = self.0.iter();
        entries.filter_map(|(_, entry)| touchpoint(entry)).collect()
    }

    /// Writes the records at their rate; what is left when it is over, at once.
    pub(super) fn feed(&self, world: &KafkaWorld, over: &AtomicBool) {
        let mut due = Instant::now();
        for (number, records) in self.0.chunks(MEASURE).enumerate() {
            world.hand_over(records);
            due += BEAT;
            if !over.load(Ordering::Relaxed) {
                thread::sleep(due.saturating_duration_since(Instant::now()));
            } else if number % 100 == 0 {
                world.flush();
            }
        }
        world.flush();
    }
}

fn planted(number: usize) -> (u32, Entry) {
    let entry = Entry {
        value: Some(format!("not JSON: {number}").into_bytes()),
        ..Entry::default()
    };
    (u32::try_from(number / PLANTED).unwrap() % PARTITIONS, entry)
}

/// A record in the partition of its customer, with the time at which it is written.
fn placed(value: Vec<u8>) -> (u32, Entry) {
    let entry = Entry {
        value: Some(value),
        ..Entry::default()
    };
    let touchpoint = touchpoint(&entry).expect("it was made to be read");
    let customer = touchpoint.customer.as_str().as_bytes();
    let partitions = NonZeroU32::new(PARTITIONS).unwrap();
    let key = Some(customer.to_vec());
    let partition = placement::partition(customer, partitions);
    (partition, Entry { key, ..entry })
}

/// Follows the transactions of every partition in the changelog: none is missing, none is there
/// twice, none goes back, and the last stands where the group's offset does, at the end of the
/// input. Returns how many parts of transactions there were: one for each partition that one had.
pub(super) fn audit(world: &KafkaWorld) -> usize {
    let (_, maps) = account::maps();
    let changes = world.read_topic(world.changes(), PARTITIONS);
    let input = world.read_topic(world.input(), PARTITIONS);
    let mut parts = 0;
    for (partition, (changes, input)) in (0..).zip(changes.iter().zip(&input)) {
        let mut last: Option<Meta> = None;
        for entry in changes {
            if Key::decode(entry.key.as_deref().unwrap()).unwrap() != Key::Meta {
                continue;
            }
            let meta = Meta::decode(entry.value.as_deref().unwrap(), &maps).unwrap();
            let (sequence, next, watermark) = last.map_or((0, Vec::new(), None), |last| {
                (last.stamp.sequence, last.next, last.watermark)
            });
            assert_eq!(meta.stamp.sequence, sequence + 1, "partition {partition}");
            assert!(meta.next >= next, "partition {partition} goes back");
            assert!(
                meta.watermark >= watermark,
                "partition {partition} goes back"
            );
            parts += 1;
            last = Some(meta);
        }
        let end = Some(input.len() as u64);
        assert_eq!(last.unwrap().next, [end], "partition {partition}");
        assert_eq!(world.committed(partition), end, "partition {partition}");
    }
    parts
}

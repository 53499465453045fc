//! What a customer costs in memory, by part: the records, the table, the timers.
//!
//! `cargo bench --bench memory [-- CUSTOMERS]`
#![expect(
    clippy::print_stdout,
    reason = "sizes are what this bench is there to tell"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wayfarer::config::builtin_map;
use wayfarer::domain::{Maps, Millis, Settings};
use wayfarer::state::{Output, Partition, Store};
use wayfarer::traffic::{Traffic, TrafficConfig};

/// From here on a block is one of a table or a heap, and not of one customer.
const LARGE: usize = 4_096;

static SMALL_BLOCKS: AtomicUsize = AtomicUsize::new(0);
static LARGE_BLOCKS: AtomicUsize = AtomicUsize::new(0);

/// Counts the bytes that live, as glibc lays them out: eight more for each block, in steps of
/// sixteen, and at least 32.
struct Counting;

impl Counting {
    fn count(size: usize) -> (&'static AtomicUsize, usize) {
        let held = (size + 8).next_multiple_of(16).max(32);
        let blocks = if held < LARGE {
            &SMALL_BLOCKS
        } else {
            &LARGE_BLOCKS
        };
        (blocks, held)
    }
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (blocks, held) = Self::count(layout.size());
        blocks.fetch_add(held, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let (blocks, held) = Self::count(layout.size());
        blocks.fetch_sub(held, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`, which is the system's.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The bytes that live in small and in large blocks.
fn live() -> (usize, usize) {
    let bytes = |blocks: &AtomicUsize| blocks.load(Ordering::Relaxed);
    (bytes(&SMALL_BLOCKS), bytes(&LARGE_BLOCKS))
}

fn maps() -> Arc<Maps> {
    let map = builtin_map("five-stages").expect("it is built in");
    Arc::new(Maps::compile(&[map], &Settings::default()).expect("the map is right"))
}

/// A shop of three hundred touchpoints a second, until so many customers are stored.
fn fill(partition: &mut Partition, customers: usize, out: &mut Vec<Output>) {
    let config = TrafficConfig {
        customers: u32::try_from(customers).expect("as many as memory holds"),
        rate: wayfarer::traffic::Rate::per_second(300),
        ..TrafficConfig::default()
    };
    let mut touchpoints = 0_usize;
    for arrival in Traffic::new(&config) {
        let Some(touchpoint) = arrival.touchpoint() else {
            continue;
        };
        partition.observe(0, touchpoint, Some(arrival.arrives), out);
        touchpoints += 1;
        if touchpoints.is_multiple_of(100) {
            partition.commit();
            out.clear();
            if partition.store().len() >= customers {
                break;
            }
        }
    }
    println!("{touchpoints} touchpoints");
}

/// A day of silence, second by second, so that no transaction holds many customers.
fn settle(partition: &mut Partition, out: &mut Vec<Output>) {
    for _ in 0..86_400 {
        let now = partition.watermark().expect("it was filled");
        partition.idle(now.plus(Millis::from_secs(1)), out);
        partition.commit();
        out.clear();
    }
}

/// Fills a partition, lets it settle if asked to, and tells what its customers cost.
fn measure(name: &str, customers: usize, settled: bool) {
    let maps = maps();
    let mut partition = Partition::new(Arc::clone(&maps), 1);
    let mut out = Vec::new();
    fill(&mut partition, customers, &mut out);
    if settled {
        settle(&mut partition, &mut out);
    }
    drop(out);
    let (mut ids, mut touches, mut pending) = (Vec::new(), 0, 0);
    partition.each_customer(|id, customer| {
        ids.push(id.clone());
        touches += customer.settled.touches as usize + customer.pending.len();
        pending += usize::from(!customer.pending.is_empty());
    });
    let store = Arc::clone(partition.store());
    let (id_bytes, sizes) = sizes(&store, &ids);
    drop(ids);
    let all = live();
    let timers = partition.timers();
    let panes = partition.panes().clone();
    let with_panes = live();
    drop(panes);
    drop(partition);
    let stored = live();
    drop(store);
    let after = live();
    let n = sizes.len();
    let each = |bytes: usize| (bytes + n / 2) / n;
    let (records, table) = (each(stored.0 - after.0), each(stored.1 - after.1));
    let panes = with_panes.0 + with_panes.1 - all.0 - all.1;
    let rest = each(all.0 + all.1 - stored.0 - stored.1 - panes);
    println!("{name}: {n} customers, {pending} of them with pending touches");
    println!("  touches, tenths         {:>6}", each(10 * touches));
    println!("  id, mean                {:>6} bytes", each(id_bytes));
    let mean = each(sizes.iter().sum());
    let (half, most) = (sizes[n / 2], sizes[n - 1 - n / 100]);
    println!("  stored, mean, p50, p99  {mean:>6} {half} {most} bytes");
    println!("  records                 {records:>6} bytes a customer");
    println!("  table                   {table:>6} bytes a customer");
    println!("  timers and the rest     {rest:>6} bytes a customer, {timers} timers");
    let sum = records + table + rest;
    println!("  all                     {sum:>6} bytes a customer");
    println!("  KPI panes, for all      {panes:>6} bytes");
}

/// The length of all ids, and how long each stored customer is, ascending.
fn sizes(store: &Store, ids: &[wayfarer::domain::CustomerId]) -> (usize, Vec<usize>) {
    let stored = |id: &wayfarer::domain::CustomerId| store.read(id.as_str(), <[u8]>::len);
    let mut sizes: Vec<_> = ids.iter().filter_map(stored).collect();
    sizes.sort_unstable();
    (ids.iter().map(|id| id.as_str().len()).sum(), sizes)
}

fn main() {
    let given = std::env::args().find_map(|argument| argument.parse().ok());
    let customers = given.unwrap_or(200_000);
    measure("at work", customers, false);
    measure("a day later", customers, true);
}

//! What a touchpoint costs once it is decoded: observing it, and opening and committing a customer.
//!
//! `cargo bench --bench apply`

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use wayfarer::domain::{
    AbandonmentSpec, EventTime, MapSpec, Maps, Millis, Settings, StageSpec, StepSpec, Touchpoint,
};
use wayfarer::state::{Output, Partition};
use wayfarer::wire::stored;

const START: i64 = 1_760_000_000_000;
const CUSTOMERS: i64 = 1_000;

fn maps() -> Arc<Maps> {
    let step = |id: &str, on: &str| StepSpec {
        id: Some(id.into()),
        on: vec![on.into()],
    };
    let mut map = MapSpec::new("shop");
    map.stages = vec![
        StageSpec {
            id: "look".into(),
            steps: vec![
                step("page", "page_viewed"),
                step("product", "product_viewed"),
            ],
            conversion: Vec::new(),
        },
        StageSpec {
            id: "buy".into(),
            steps: vec![
                step("cart", "cart_added"),
                step("checkout", "checkout_started"),
                step("ordered", "purchased"),
            ],
            conversion: vec!["purchased".into()],
        },
    ];
    let mut cart =
        AbandonmentSpec::new("cart", "cart_added", "purchased", Millis::from_minutes(30));
    cart.extends = vec!["checkout_started".into()];
    cart.again = vec![Millis::from_hours(24), Millis::from_hours(72)];
    map.abandonments = vec![cart];
    Arc::new(Maps::compile(&[map], &Settings::default()).expect("the map is right"))
}

/// Touchpoint `n` of an endless stream: customers in turn, twenty seconds between two of one.
fn touchpoint(n: i64, behind: i64) -> Touchpoint {
    const KINDS: [&str; 10] = [
        "page_viewed",
        "page_viewed",
        "product_viewed",
        "page_viewed",
        "product_viewed",
        "list_viewed",
        "cart_added",
        "product_viewed",
        "checkout_started",
        "purchased",
    ];
    let (customer, round) = (n % CUSTOMERS, n / CUSTOMERS);
    let kind = KINDS[usize::try_from((round * 7 + customer) % 10).expect("below ten")];
    let at = EventTime::from_millis(START + n * 20 - behind);
    let id = format!("0190a6b8-0000-7000-8000-{n:012x}");
    let mut touchpoint = Touchpoint::new(&id, &format!("customer-{customer:06}"), kind, at);
    touchpoint.channel = Some("web".into());
    if matches!(kind, "cart_added" | "checkout_started" | "purchased") {
        touchpoint.cart = Some(format!("cart-{customer}").into());
        touchpoint.value = Some(4_999);
    }
    touchpoint
}

fn observe(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("observe");
    for (name, every, behind) in [("in_order", i64::MAX, 0), ("every_fourth_behind", 4, 9_500)] {
        let batch = 10_000;
        group.throughput(Throughput::Elements(batch));
        group.bench_function(name, |bencher| {
            let mut partition = Partition::new(maps(), 1);
            let mut out: Vec<Output> = Vec::new();
            let mut n = 0;
            bencher.iter_batched(
                || {
                    let from = n;
                    n += i64::try_from(batch).expect("small");
                    let late = |n: i64| if n % every == 3 { behind } else { 0 };
                    (from..n)
                        .map(|n| touchpoint(n, late(n)))
                        .collect::<Vec<_>>()
                },
                |touchpoints| {
                    for touchpoint in &touchpoints {
                        partition.observe(0, touchpoint, None, &mut out);
                    }
                    partition.commit();
                    out.clear();
                    // Handed back, so that dropping them is not timed.
                    touchpoints
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

#[expect(
    clippy::print_stdout,
    reason = "a size is no time, and belongs beside the times"
)]
fn stored_customer(criterion: &mut Criterion) {
    let maps = maps();
    let mut partition = Partition::new(Arc::clone(&maps), 1);
    let mut out = Vec::new();
    for n in 0..12 * CUSTOMERS {
        partition.observe(0, &touchpoint(n, 0), None, &mut out);
    }
    partition.commit();
    let bytes = partition
        .store()
        .read("customer-000007", <[u8]>::to_vec)
        .expect("it is stored");
    println!(
        "a customer of twelve touches is stored in {} bytes",
        bytes.len()
    );
    let customer = stored::decode(&bytes, &maps).expect("it was encoded with these maps");
    let mut buffer = Vec::new();
    criterion.bench_function("stored/decode", |bencher| {
        bencher.iter(|| stored::decode(&bytes, &maps));
    });
    criterion.bench_function("stored/encode", |bencher| {
        bencher.iter(|| stored::encode(&customer, &mut buffer));
    });
}

criterion_group!(benches, observe, stored_customer);
criterion_main!(benches);

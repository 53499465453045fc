//! Decoding one typical touchpoint, and encoding it: about 350 bytes of JSON in 14 fields.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wayfarer::domain::Touchpoint;
use wayfarer::wire::touchpoint::{DecodeOptions, Format, Mapping, encode_json, encode_protobuf};

const JSON: &str = concat!(
    r#"{"id":"0192f0c1-7b5e-7cc3-98c4-dc0c0c07398f","customer":"customer-004217","#,
    r#""anonymous":"a-91c2d7","type":"cart_added","at":"2026-03-01T10:00:00.250Z","#,
    r#""channel":"web","campaign":"spring","source":"newsletter","medium":"email","#,
    r#""cart":"cart-88213","value":4998,"currency":"EUR","#,
    r#""items":[{"product":"sku-1077","quantity":2,"price":2499}],"device":"mobile"}"#
);

fn example() -> Touchpoint {
    let decoded = Format::Json.decode(None, JSON.as_bytes(), &DecodeOptions::default());
    decoded.expect("the example is a touchpoint").touchpoint
}

fn decode(criterion: &mut Criterion) {
    let options = DecodeOptions::default();
    let protobuf = encode_protobuf(&example());
    let mapping = Mapping::new("customer", "type", "at");
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(1));
    for (name, format, bytes) in [
        ("json", Format::Json, JSON.as_bytes()),
        ("protobuf", Format::Protobuf, &protobuf),
        (
            "mapped json",
            Format::Mapped(Box::new(mapping)),
            JSON.as_bytes(),
        ),
    ] {
        group.bench_function(format!("{name}, {} bytes", bytes.len()), |bencher| {
            bencher.iter(|| format.decode(None, black_box(bytes), &options));
        });
    }
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    let touchpoint = example();
    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(1));
    group.bench_function("json", |bencher| {
        bencher.iter(|| encode_json(black_box(&touchpoint)));
    });
    group.bench_function("protobuf", |bencher| {
        bencher.iter(|| encode_protobuf(black_box(&touchpoint)));
    });
    group.finish();
}

criterion_group!(benches, decode, encode);
criterion_main!(benches);

//! The integration tests, in one binary: librdkafka is slow to link twice.
#![expect(
    clippy::unwrap_used,
    reason = "laws are functions that many tests call, and a failed assumption fails them"
)]

mod contract;
mod end_to_end;
#[path = "../laws/episodes.rs"]
mod episodes;
#[path = "../laws/kpis.rs"]
mod kpis;
mod on_kafka;
mod on_mock;
mod on_sim;
#[path = "../laws/reference.rs"]
mod reference;
#[path = "../sim/rng.rs"]
mod rng;
#[path = "../support/mod.rs"]
mod support;

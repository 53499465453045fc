//! The integration tests, in one binary: librdkafka is slow to link twice.
#![expect(
    clippy::unwrap_used,
    reason = "laws are functions that many tests call, and a failed assumption fails them"
)]

mod contract;
mod on_kafka;
mod on_mock;
#[path = "../support/mod.rs"]
mod support;

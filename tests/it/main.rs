//! The integration tests, in one binary: librdkafka is slow to link twice.

mod contract;
mod on_kafka;
mod on_mock;
mod on_sim;
#[path = "../support/mod.rs"]
mod support;

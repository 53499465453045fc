//! Floor 1: bytes ↔ values. Pure.

pub mod placement;
pub mod stored;

/// The messages of `proto/wayfarer/v1`.
#[expect(
    unreachable_pub,
    reason = "generated; the .proto files are the documentation"
)]
mod proto {
    include!(concat!(env!("OUT_DIR"), "/wayfarer.v1.rs"));
}

//! Floor 1: bytes ↔ values. Pure: nothing here reads, waits or asks the time.
//!
//! | room | what it holds |
//! | --- | --- |
//! | [`touchpoint`] | the formats that touchpoints come in, and why a record is turned away |
//! | [`output`] | the records that leave: effects, KPI snapshots, dead letters |
//! | [`stored`] | customers as the state keeps them |
//! | [`changelog`] | what stands under which key of the changelog |
//! | [`meta`] | where a partition stands, and the note beside the group's offset |
//! | [`placement`] | which partition a key lies in |
//!
//! Two promises hold for everything here: arbitrary bytes give an error, never a panic; and the
//! same values give the same bytes.

pub mod changelog;
mod hash;
pub mod meta;
pub mod output;
pub mod placement;
mod spelling;
pub mod stored;
mod time;
pub mod touchpoint;

/// The messages of `proto/wayfarer/v1`.
#[expect(
    unreachable_pub,
    clippy::doc_markdown,
    clippy::struct_excessive_bools,
    reason = "generated; the .proto files are the documentation"
)]
mod proto {
    include!(concat!(env!("OUT_DIR"), "/wayfarer.v1.rs"));
}

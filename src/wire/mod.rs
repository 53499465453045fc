//! Floor 1: bytes ↔ values. Pure: nothing here reads, waits or asks the time.
//!
//! | room | what it holds |
//! | --- | --- |
//! | [`touchpoint`] | the formats that touchpoints come in, and why a record is turned away |
//! | [`output`] | the records that leave: effects, KPI snapshots, dead letters |
//! | [`stored`] | customers as stored |
//! | [`placement`] | which partition a key lies in |
//! | [`proto`] | the generated messages |
//!
//! Two promises hold for everything here: arbitrary bytes give an error, never a panic; and the
//! same values give the same bytes.

pub mod output;
pub mod placement;
pub mod proto;
mod spelling;
pub mod stored;
mod time;
pub mod touchpoint;

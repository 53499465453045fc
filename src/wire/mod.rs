//! Floor 1: bytes ↔ values.

pub mod placement;

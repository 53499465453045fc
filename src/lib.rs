//! The map of the house. Imports go downwards only; `tests/tidy.rs` checks it.
//!
//! | floor | room | what it holds |
//! | --- | --- | --- |
//! | 0 | [`domain`] | what is computed: touchpoints, maps, journeys, episodes, effects, KPIs |
//! | 0 | [`traffic`] | made-up traffic of a shop, beside the domain: seeded, no clock, no I/O |
//! | 3 | [`runtime`] | when things happen: ports, worker, errors |

pub mod domain;
pub mod runtime;
pub mod traffic;

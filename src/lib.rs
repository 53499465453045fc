//! The map of the house. Imports go downwards only; `tests/tidy.rs` checks it.
//!
//! | floor | room | what it holds |
//! | --- | --- | --- |
//! | 0 | [`domain`] | what is computed: touchpoints, maps, journeys, episodes, effects, KPIs |
//! | 3 | [`runtime`] | when things happen: ports, worker, errors |
//! | top | [`config`] | files and environment to each room's config, every mistake at once |
//! | top | [`cli`] | the verbs of the command line |

pub mod cli;
pub mod config;
pub mod domain;
pub mod runtime;

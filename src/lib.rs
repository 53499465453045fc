//! The map of the house. Imports go downwards only; `tests/tidy.rs` checks it.
//!
//! | floor | room | what it holds |
//! | --- | --- | --- |
//! | 0 | [`domain`] | what is computed: touchpoints, maps, journeys, episodes, effects, KPIs |
//! | 0 | [`traffic`] | made-up traffic of a shop, beside the domain: seeded, no clock, no I/O |
//! | 1 | [`wire`] | bytes ↔ values: touchpoint formats, output records, stored customers |
//! | 2 | [`state`] | one partition's memory: committed bytes, the open transaction, timers, panes |
//! | 3 | [`runtime`] | when things happen: ports, worker, tasks, commits, errors |
//! | 4 | [`kafka`] | the ports on a Kafka cluster |
//! | 4 | [`sim`] | the ports in memory, for tests |
//! | 5 | [`metrics`] | every metric once, and the registry that a scrape reads |
//! | 5 | [`http`] | probes, metrics and the version over HTTP |
//! | 5 | [`config`] | one file, the environment and `--set` → typed values, all mistakes at once |
//! | 6 | [`cli`] | one file a verb |

pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod kafka;
pub mod metrics;
pub mod runtime;
pub mod sim;
pub mod state;
pub mod traffic;
pub mod wire;

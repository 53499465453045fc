//! The map of the house. Imports go downwards only; `tests/tidy.rs` checks it.
//!
//! | floor | room | what it holds |
//! | --- | --- | --- |
//! | 0 | [`domain`] | what is computed: touchpoints, maps, journeys, episodes, effects, KPIs |
//! | 1 | [`wire`] | bytes ↔ values: touchpoint formats, output records, stored customers |
//! | 2 | [`state`] | one partition's memory: committed bytes, the open transaction, timers, panes |
//! | 3 | [`runtime`] | when things happen: ports, worker, tasks, commits, errors |
//! | 4 | [`kafka`] | the ports on a Kafka cluster |
//! | top | [`config`] | one file, the environment and `--set` → typed values, all mistakes at once |
//! | top | [`metrics`] | every metric once, and the registry that a scrape reads |
//! | top | [`http`] | probes, metrics and the version over HTTP |
//! | top | [`cli`] | one file a verb |

pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod kafka;
pub mod metrics;
pub mod runtime;
pub mod state;
pub mod wire;

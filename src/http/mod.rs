//! The HTTP edge: probes, metrics, the version, and a page that links them.
//!
//! | path | answer |
//! | --- | --- |
//! | `/livez` | 200 while every worker's loop turns; never asks the broker |
//! | `/healthz` | the same, for those who look there |
//! | `/readyz` | 200 once partitions are assigned and none is stopped |
//! | `/metrics` | the metrics as Prometheus reads them |
//! | `/version` | what runs here, as JSON |
//!
//! Probes answer 503 with the reasons; `?verbose` lists every check. The edge runs on a thread of
//! its own and touches nothing that a worker waits for.

mod health;
mod pages;
mod server;

pub use health::{Check, Health, HealthObserver};
pub use server::{BindError, Listener, Server};

use std::sync::Arc;

use crate::metrics::Registry;

/// What the edge shows.
#[derive(Clone, Debug)]
pub struct Edge {
    /// How the workers fare.
    pub health: Arc<Health>,
    /// The metrics.
    pub registry: Arc<Registry>,
}

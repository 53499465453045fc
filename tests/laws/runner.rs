//! Tries cases one after the other until one fails.

use std::cell::Cell;
use std::str::FromStr;

use proptest::prelude::TestCaseError;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::cases::{Case, cases};

/// The first case that failed.
pub(crate) struct Failure {
    /// How many cases were tried before it was found, itself included.
    pub(crate) nth: u32,
    /// Why it failed, and the smallest case found that fails.
    pub(crate) message: String,
}

/// How many cases the environment asks for; else `usual`.
pub(crate) fn cases_wanted(usual: u32) -> u32 {
    from_environment("WAYFARER_LAW_CASES").unwrap_or(usual)
}

fn from_environment<T: FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

/// Tries up to `many` cases and, if one fails, up to `shrinks` smaller ones.
pub(crate) fn search(
    many: u32,
    shrinks: u32,
    law: impl Fn(&Case) -> Result<(), TestCaseError>,
) -> Option<Failure> {
    let config = Config {
        cases: many,
        failure_persistence: None,
        max_shrink_iters: shrinks,
        ..Config::default()
    };
    let seed: u64 = from_environment("WAYFARER_LAW_SEED").unwrap_or(0);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let (tried, found) = (Cell::new(0), Cell::new(false));
    let outcome = TestRunner::new_with_rng(config, rng).run(&cases(), |case| {
        if !found.get() {
            tried.set(tried.get() + 1);
        }
        law(&case).inspect_err(|_| found.set(true))
    });
    let message = outcome.err()?.to_string();
    Some(Failure {
        nth: tried.get(),
        message,
    })
}

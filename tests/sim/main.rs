//! The whole runtime on a broker in memory.
//!
//! `WAYFARER_SIM_SEEDS` sets how many seeds are played, `WAYFARER_SIM_SEED` which one alone. A
//! failure prints the line that plays it again.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stopped"
)]

mod account;
mod maps;
mod pipeline;
mod plain;
mod rng;
mod script;
mod stories;
mod traffic;

use pipeline::Mistake;
use script::Seen;
use wayfarer::domain::{Rule, Rules};

/// Prints how to play a seed again if the thread panics.
struct Again(u64);

impl Drop for Again {
    #[expect(clippy::print_stdout, reason = "the line that plays a failure again")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(seed) = self;
            println!("WAYFARER_SIM_SEED={seed} cargo test --release --test sim seeds");
        }
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
    )
}

#[test]
fn whatever_happens_the_last_word_is_that_of_the_plain_run_seeds() {
    let only = number("WAYFARER_SIM_SEED");
    let seeds = number("WAYFARER_SIM_SEEDS").unwrap_or(200);
    let mut seen = Seen::default();
    let mut failed = Vec::new();
    for seed in only.map_or(1..=seeds, |seed| seed..=seed) {
        let _again = Again(seed);
        match script::play(seed, Rules::ALL, None) {
            Ok(shown) => seen += shown,
            Err(wrong) => failed.push((seed, wrong)),
        }
    }
    if let Some((seed, wrong)) = failed.first() {
        println!("{wrong}");
        let seeds: Vec<u64> = failed.iter().map(|(seed, _)| *seed).collect();
        println!("seeds that fail: {seeds:?}");
        let _again = Again(*seed);
        panic!("seed {seed} fails, the reason stands above");
    }
    println!("{seen:?}");
    if only.is_none() {
        seen.assert_everything_happened();
    }
}

#[test]
fn an_abort_that_leaves_something_behind_is_noticed() {
    for rule in [
        Rule::AbortRearms,
        Rule::AbortResetsClock,
        Rule::AbortDropsPanes,
    ] {
        let noticed =
            (1..=200).find(|seed| script::play(*seed, Rules::without(rule), None).is_err());
        assert!(noticed.is_some(), "{rule:?} is not missed");
    }
}

#[test]
fn a_client_that_makes_a_mistake_is_noticed() {
    for mistake in [
        Mistake::Unguarded,
        Mistake::UnstableAsNone,
        Mistake::ReadableBounds,
    ] {
        let noticed =
            (1..=200).find(|seed| script::play(*seed, Rules::ALL, Some(mistake)).is_err());
        println!("{mistake:?} is noticed by seed {noticed:?}");
        assert!(noticed.is_some(), "{mistake:?} is not missed");
    }
}

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

/// The first seed whose script notices what is wrong.
fn noticed(rules: Rules, mistake: Option<Mistake>) -> Option<u64> {
    (1..=300).find(|seed| script::play(*seed, rules, mistake).is_err())
}

#[test]
fn a_commit_cycle_that_breaks_a_rule_is_noticed() {
    for rule in [
        Rule::AbortRearms,
        Rule::AbortResetsClock,
        Rule::AbortDropsPanes,
        Rule::UnknownIsAsked,
        Rule::StateNamesItsPlace,
        Rule::OffsetsAlways,
    ] {
        let seed = noticed(Rules::without(rule), None);
        println!("{rule:?} is missed by seed {seed:?}");
        assert!(seed.is_some(), "{rule:?} is not missed");
    }
}

#[test]
fn a_client_that_makes_a_mistake_is_noticed() {
    for mistake in [Mistake::Unguarded, Mistake::ReadableBounds] {
        let seed = noticed(Rules::ALL, Some(mistake));
        println!("{mistake:?} is noticed by seed {seed:?}");
        assert!(seed.is_some(), "{mistake:?} is not noticed");
    }
}

/// The state says itself where it stands, and is restored only when nothing in it is undecided.
#[test]
fn an_undecided_offset_that_is_read_as_none_does_no_harm() {
    for seed in 1..=60 {
        let played = script::play(seed, Rules::ALL, Some(Mistake::UnstableAsNone));
        assert!(played.is_ok(), "seed {seed}: {played:?}");
    }
}

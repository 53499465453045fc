//! The laws of time and order, judged by a reference program that knows neither disorder nor state.
//!
//! `WAYFARER_LAW_CASES` sets how many cases each law is tried on, `WAYFARER_LAW_SEED` which ones. A
//! failure prints the smallest case found.

mod bounds;
mod cases;
mod episodes;
mod kpis;
mod late;
mod law;
mod ledger;
mod logs;
mod maps;
mod not_vacuous;
mod reference;
mod run;
mod runner;
mod scenario;
mod switches;

use wayfarer::domain::Rules;

use crate::law::{Law, try_law};
use crate::runner::{cases_wanted, search};

#[test]
fn the_order_of_arrival_does_not_show() {
    holds(Law::Order);
}

#[test]
fn of_one_id_with_two_times_the_earlier_counts() {
    holds(Law::TwoTimes);
}

#[test]
fn a_log_gives_the_same_outputs_however_it_is_cut() {
    holds(Law::Replay);
}

#[test]
fn when_a_customer_was_last_settled_does_not_show() {
    holds(Law::Nudge);
}

#[test]
fn whatever_comes_late_the_books_balance() {
    holds(Law::Ledger);
}

fn holds(law: Law) {
    let failure = search(cases_wanted(1_000), 20_000, |case| {
        try_law(law, case, Rules::ALL).map(drop)
    });
    if let Some(failure) = failure {
        panic!("{law:?}: case {}: {}", failure.nth, failure.message);
    }
}

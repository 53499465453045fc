//! The laws are tried on cases in which everything happens.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use wayfarer::domain::{Cause, Effect, EffectId, EffectKind, Rules, Sign};

use crate::law::{Law, try_law};
use crate::run::Ran;
use crate::runner::search;

/// Everything that must have happened, under the name it is counted by.
const EXPECTED: [&str; 24] = [
    "aborts",
    "reopens",
    "late touchpoints",
    "duplicates",
    "cut off by a bound",
    "ids whose content changed",
    "transitions",
    "transitions taken back",
    "late transitions",
    "returns",
    "returns taken back",
    "stays completed",
    "sessions ended",
    "conversions",
    "late conversions",
    "refunds",
    "alerts",
    "further alerts",
    "alerts taken back",
    "recovered",
    "opened",
    "dropped",
    "completed",
    "last touches moved",
];

#[test]
fn everything_happens_in_the_cases() {
    let counts = RefCell::new(BTreeMap::new());
    for law in [Law::Order, Law::TwoTimes, Law::Replay] {
        let failure = search(1_000, 0, |case| {
            for ran in try_law(law, case, Rules::ALL)? {
                count(&ran, &mut counts.borrow_mut());
            }
            Ok(())
        });
        assert!(failure.is_none(), "{law:?} does not hold");
    }
    let counts = counts.into_inner();
    for name in EXPECTED {
        println!("{:9} {name}", counts.get(name).unwrap_or(&0));
    }
    for name in EXPECTED {
        assert!(counts.contains_key(name), "no case has {name}");
    }
}

fn count(ran: &Ran, counts: &mut BTreeMap<&'static str, usize>) {
    let mut add = |name, n: usize| {
        if n > 0 {
            *counts.entry(name).or_default() += n;
        }
    };
    let counters = ran.partition.counters();
    let whole = |n: u64| usize::try_from(n).expect("a case is small");
    add("aborts", ran.aborts);
    add("reopens", ran.reopens);
    add("late touchpoints", whole(counters.late));
    add("duplicates", whole(counters.duplicates));
    add("cut off by a bound", whole(counters.cut));
    let mut contents: BTreeMap<EffectId, BTreeSet<&EffectKind>> = BTreeMap::new();
    for output in &ran.outputs {
        let effect = &output.effect;
        names(effect).for_each(|name| add(name, 1));
        if effect.kind.is_live() {
            contents.entry(effect.id).or_default().insert(&effect.kind);
        }
    }
    let changed = contents.values().filter(|contents| contents.len() > 1);
    add("ids whose content changed", changed.count());
}

/// Under which names an effect counts.
fn names(effect: &Effect) -> impl Iterator<Item = &'static str> {
    let taken_back = effect.sign == Sign::Retract;
    let (name, special) = match &effect.kind {
        EffectKind::Transition {
            cause: Cause::Return,
            ..
        } if taken_back => ("transitions taken back", Some("returns taken back")),
        EffectKind::Transition { .. } if taken_back => ("transitions taken back", None),
        EffectKind::Transition {
            cause: Cause::Return,
            ..
        } => ("transitions", Some("returns")),
        EffectKind::Transition { late, .. } => ("transitions", late.then_some("late transitions")),
        EffectKind::StayCompleted { .. } => ("stays completed", None),
        EffectKind::SessionEnded(_) => ("sessions ended", None),
        EffectKind::Converted(converted) => {
            ("conversions", converted.late.then_some("late conversions"))
        }
        EffectKind::Refunded { .. } => ("refunds", None),
        EffectKind::Abandoned(alert) => ("alerts", (alert.level > 0).then_some("further alerts")),
        EffectKind::Retracted(_) => ("alerts taken back", None),
        EffectKind::Recovered(_) => ("recovered", None),
        EffectKind::Opened { .. } => ("opened", None),
        EffectKind::Dropped { .. } => ("dropped", None),
        EffectKind::Completed { .. } => ("completed", None),
        EffectKind::LastTouch { .. } => ("last touches moved", None),
    };
    [Some(name), special].into_iter().flatten()
}

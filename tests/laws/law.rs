//! The two laws: what must be true of every case.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::TestCaseError;
use proptest::prop_assert_eq;
use wayfarer::domain::{
    Cause, Effect, EffectId, EffectKind, EventTime, Kpi, KpiKey, Maps, Rules, Sign, Touchpoint,
};
use wayfarer::state::Output;

use crate::cases::{CUSTOMERS, Case, Script};
use crate::kpis::{Count, counts, counts_of, totals, windows};
use crate::ledger::balance;
use crate::logs::{Again, any_log, nudged, on_time, touchpoints, watermark};
use crate::reference::{in_order, reference};
use crate::run::{Bounded, Ran, compile, customers_of, name, run};

/// Which law a case is tried on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Law {
    /// Touchpoints on time in any order, duplicates with the time of the first: the net result is
    /// the reference program's.
    Order,
    /// The same with duplicates that give another time.
    TwoTimes,
    /// Any log: the outputs are the same however it is cut.
    Replay,
    /// Any log: duplicates in between, which only cause customers to be settled, do not show.
    Nudge,
    /// Any log: every customer's outputs balance, and the KPIs are their sums.
    Ledger,
}

/// What a case came to under a law, if the law holds.
pub(crate) type Verdict = Result<Vec<Ran>, TestCaseError>;

/// Tries a law on a case, with some rules switched off or none.
pub(crate) fn try_law(law: Law, case: &Case, rules: Rules) -> Verdict {
    match law {
        Law::Order => order(case, rules, Again::SameTime),
        Law::TwoTimes => order(case, rules, Again::OtherTime),
        Law::Replay => replay(case, rules),
        Law::Nudge => nudge(case, rules),
        Law::Ledger => ledger(case, rules),
    }
}

/// Whatever the order of arrival, the batches, aborts, crashes and partitions: the net result is
/// what the reference program says.
fn order(case: &Case, rules: Rules, again: Again) -> Verdict {
    let maps = compile(case, rules, Bounded::Generously);
    let told = touchpoints(case, again);
    let mut ran = Vec::new();
    for partition in 0..case.partitions {
        let log = on_time(case, again, partition);
        let settled = watermark(&log, case.inputs, case.disorder);
        let mut counted = Vec::new();
        let one = run(&maps, case.inputs, &log, &case.script);
        prop_assert_eq!(
            one.partition.watermark(),
            settled,
            "watermark of {}",
            partition
        );
        prop_assert_eq!(one.partition.counters().late, 0, "late touchpoints");
        if case.path >= case.touches.len() {
            prop_assert_eq!(one.partition.counters().cut, 0, "cut off by a bound");
        }
        for customer in customers_of(case, partition) {
            let own: Vec<Touchpoint> = told
                .iter()
                .filter(|t| t.customer.as_str() == name(customer))
                .cloned()
                .collect();
            let expected = reference(&case.specs, &maps, &own, settled);
            judge(&one.outputs_of(customer), &expected)
                .map_err(|why| TestCaseError::fail(format!("{}: {why}", name(customer))))?;
            if let Some(last) = in_order(&case.specs, &own).last() {
                counted.extend(counts(&expected, last.at));
            }
        }
        judge_kpis(&one, &counted, settled.map(|settled| now(&maps, settled)))
            .map_err(TestCaseError::fail)?;
        ran.push(one);
    }
    Ok(ran)
}

/// Where windows end: the newest moment that the watermark `settled` speaks of.
fn now(maps: &Maps, settled: EventTime) -> EventTime {
    EventTime::from_millis(settled.as_millis() + 1 + maps.disorder.get())
}

/// Compares one customer's outputs with what the reference program expects.
fn judge(outputs: &[&Output], expected: &[Effect]) -> Result<(), String> {
    let effects: Vec<&Effect> = outputs
        .iter()
        .map(|output| &output.effect)
        .filter(|effect| !matches!(effect.kind, EffectKind::LastTouch { .. }))
        .collect();
    let mut net: BTreeMap<Effect, i64> = BTreeMap::new();
    let mut last: BTreeMap<EffectId, &Effect> = BTreeMap::new();
    for effect in &effects {
        let stated = Effect {
            sign: Sign::Assert,
            ..(*effect).clone()
        };
        *net.entry(stated).or_default() += effect.sign.factor();
        match effect.sign {
            _ if !effect.kind.is_record() => None,
            Sign::Assert => last.insert(effect.id, effect),
            Sign::Retract => last.remove(&effect.id),
        };
    }
    for effect in expected {
        *net.entry(effect.clone()).or_default() -= 1;
    }
    net.retain(|_, n| *n != 0);
    if !net.is_empty() {
        return Err(format!("net result, too many (+) or missing (-): {net:#?}"));
    }
    let records: BTreeSet<&Effect> = expected.iter().filter(|e| e.kind.is_record()).collect();
    let last: BTreeSet<&Effect> = last.into_values().collect();
    if last != records {
        let wrong: Vec<_> = last.symmetric_difference(&records).collect();
        return Err(format!("last record of an id: {wrong:#?}"));
    }
    let order = settled_order(&effects);
    match order.windows(2).find(|pair| pair[0] > pair[1]) {
        Some(pair) => Err(format!("settled effects out of order: {pair:?}")),
        None => Ok(()),
    }
}

/// By what the settled effects of a customer are ordered: time, at one instant touchpoints before
/// deadlines, of these episodes, sessions, return; within a class by map, then by age.
fn settled_order(effects: &[&Effect]) -> Vec<(EventTime, u8, u16, Option<EventTime>)> {
    let returns: BTreeSet<EffectId> = effects
        .iter()
        .filter(|e| {
            matches!(
                e.kind,
                EffectKind::Transition {
                    cause: Cause::Return,
                    ..
                }
            )
        })
        .map(|effect| effect.id)
        .collect();
    // An episode is dropped by a touchpoint or by its deadline; the effect does not tell which.
    let told = |kind: &EffectKind| !kind.is_live() && !matches!(kind, EffectKind::Dropped { .. });
    let settled = effects.iter().filter(|effect| told(&effect.kind));
    settled
        .map(|effect| match &effect.kind {
            EffectKind::Abandoned(alert) => (effect.at, 1, effect.map, Some(alert.opened)),
            EffectKind::SessionEnded(_) => (effect.at, 2, effect.map, None),
            _ if returns.contains(&effect.id) => (effect.at, 3, effect.map, None),
            _ => (effect.at, 0, 0, None),
        })
        .collect()
}

/// Compares the panes of a partition with what the reference program counted.
fn judge_kpis(ran: &Ran, counted: &[Count], now: Option<EventTime>) -> Result<(), String> {
    let panes = ran.partition.panes();
    let expected = totals(counted);
    let found: BTreeMap<KpiKey, i64> = panes
        .totals()
        .map(|(key, n)| (*key, n))
        .filter(|(_, n)| *n != 0)
        .collect();
    if found != expected {
        return Err(format!(
            "KPI totals: found {found:#?}, expected {expected:#?}"
        ));
    }
    let Some(now) = now else { return Ok(()) };
    let keys: BTreeSet<KpiKey> = counted.iter().map(|(key, _, _)| *key).collect();
    for (window, sums) in windows(counted, now) {
        for key in &keys {
            let (sum, due) = (
                panes.window(key, window, now),
                sums.get(key).copied().unwrap_or(0),
            );
            if sum != due {
                let name = window.name();
                return Err(format!("{key:?} over {name}: found {sum}, expected {due}"));
            }
        }
    }
    Ok(())
}

/// However a log is cut, whatever it holds: each customer's outputs are the same sequence.
fn replay(case: &Case, rules: Rules) -> Verdict {
    let bounded = if case.tight {
        Bounded::Tightly
    } else {
        Bounded::Generously
    };
    let maps = compile(case, rules, bounded);
    let mut ran = Vec::new();
    for partition in 0..case.partitions {
        let log = any_log(case, partition);
        let cut = |script: &Script| run(&maps, case.inputs, &log, script);
        let (one, other) = (cut(&case.script), cut(&case.other_script));
        alike(&one, &other).map_err(TestCaseError::fail)?;
        let duplicates = |each: &Ran| each.partition.counters().duplicates;
        prop_assert_eq!(duplicates(&one), duplicates(&other), "duplicates");
        ran.extend([one, other]);
    }
    Ok(ran)
}

/// When a customer was last settled does not show: it makes no difference whether records that
/// were read before are read again in between, without a word about the time.
fn nudge(case: &Case, rules: Rules) -> Verdict {
    let maps = compile(case, rules, Bounded::Generously);
    let mut ran = Vec::new();
    for partition in 0..case.partitions {
        let log = any_log(case, partition);
        let one = run(&maps, case.inputs, &log, &case.script);
        let other = run(&maps, case.inputs, &nudged(case, &log), &case.script);
        alike(&one, &other).map_err(TestCaseError::fail)?;
        ran.extend([one, other]);
    }
    Ok(ran)
}

/// Whatever comes late: what was stated is taken back at most once, journeys, sessions and episodes
/// hang together, and the totals are the sums of what was stated less what was taken back.
fn ledger(case: &Case, rules: Rules) -> Verdict {
    let maps = compile(case, rules, Bounded::Generously);
    let mut ran = Vec::new();
    for partition in 0..case.partitions {
        let log = any_log(case, partition);
        let one = run(&maps, case.inputs, &log, &case.script);
        for customer in customers_of(case, partition) {
            let outputs = one.outputs_of(customer);
            let effects: Vec<&Effect> = outputs.iter().map(|output| &output.effect).collect();
            balance(&effects)
                .map_err(|why| TestCaseError::fail(format!("{}: {why}", name(customer))))?;
        }
        let counted: Vec<Count> = one
            .outputs
            .iter()
            .flat_map(|output| signed(&output.effect))
            .collect();
        let found: BTreeMap<KpiKey, i64> = one
            .partition
            .panes()
            .totals()
            .map(|(key, n)| (*key, n))
            .collect();
        let of_each = |key: &KpiKey| !DISTINCT.contains(&key.kpi);
        let found: BTreeMap<_, _> = found
            .into_iter()
            .filter(|(key, n)| *n != 0 && of_each(key))
            .collect();
        prop_assert_eq!(found, totals(&counted), "KPI totals");
        ran.push(one);
    }
    Ok(ran)
}

/// Compares what two runs left behind.
fn alike(one: &Ran, other: &Ran) -> Result<(), String> {
    let facts = |ran: &Ran| {
        let counters = ran.partition.counters();
        (
            ran.partition.watermark(),
            counters.applied,
            counters.late,
            counters.cut,
        )
    };
    if facts(one) != facts(other) {
        return Err(format!(
            "watermark, applied, late, cut: {:?}, {:?}",
            facts(one),
            facts(other)
        ));
    }
    for customer in 0..CUSTOMERS {
        let (a, b) = (one.outputs_of(customer), other.outputs_of(customer));
        let differs = |i: &usize| a.get(*i) != b.get(*i);
        if let Some(i) = (0..a.len().max(b.len())).find(differs) {
            let (customer, a, b) = (name(customer), a.get(i), b.get(i));
            return Err(format!("{customer}: output {i} differs: {a:#?} or {b:#?}"));
        }
    }
    if one.partition.panes() != other.partition.panes() {
        return Err("committed panes differ".into());
    }
    Ok(())
}

/// The KPIs that count customers, not effects.
const DISTINCT: [Kpi; 3] = [
    Kpi::ActiveCustomers,
    Kpi::ConvertedCustomers,
    Kpi::RepeatCustomers,
];

/// What an effect adds to the KPIs, or takes away, other than to the distinct counts.
fn signed(effect: &Effect) -> Vec<Count> {
    let mut counts = counts_of(effect);
    if effect.sign == Sign::Retract {
        for (_, _, n) in &mut counts {
            *n = -*n;
        }
    }
    counts
}

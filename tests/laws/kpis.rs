//! The reference program's KPIs: every count with its own time, summed over whole windows.

use std::collections::BTreeMap;

use wayfarer::domain::{Currency, Effect, EffectKind, EventTime, Kpi, KpiKey, StepIx, Window};

/// One count: what, when, how much.
pub(crate) type Count = (KpiKey, EventTime, i64);

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Every window with the length of its panes and how many it holds.
const WINDOWS: [(Window, i64, i64); 5] = [
    (Window::FiveMinutes, MINUTE, 5),
    (Window::OneHour, MINUTE, 60),
    (Window::OneDay, HOUR, 24),
    (Window::SevenDays, DAY, 7),
    (Window::ThirtyDays, DAY, 30),
];

/// What the reference's effects of one customer, whose last touch was at `last`, add to the KPIs.
pub(crate) fn counts(effects: &[Effect], last: EventTime) -> Vec<Count> {
    let mut counts = vec![(key(Kpi::ActiveCustomers, 0, 0), last, 1)];
    for effect in effects {
        counts.extend(counts_of(effect));
    }
    counts.extend(distinct(effects));
    counts
}

fn key(kpi: Kpi, map: u16, label: u32) -> KpiKey {
    KpiKey { kpi, map, label }
}

/// What an effect adds to the KPIs other than to the distinct counts.
pub(crate) fn counts_of(effect: &Effect) -> Vec<Count> {
    let one = |kpi, label| (key(kpi, effect.map, label), effect.at, 1);
    let many = |kpi, label, n| (key(kpi, effect.map, label), effect.at, n);
    match &effect.kind {
        EffectKind::Transition { from, to, .. } => {
            let mut counts = vec![
                one(Kpi::Entries, step(*to)),
                one(Kpi::Population, step(*to)),
            ];
            if let Some(from) = from {
                counts.push(one(Kpi::Exits, step(*from)));
                counts.push(many(Kpi::Population, step(*from), -1));
            }
            counts
        }
        EffectKind::StayCompleted { step: left, dwell } => vec![
            one(Kpi::Stays, step(*left)),
            many(Kpi::DwellMillis, step(*left), dwell.get()),
        ],
        EffectKind::SessionEnded(session) => [
            (Kpi::Sessions, true),
            (Kpi::EngagedSessions, session.engaged),
            (Kpi::BouncedSessions, session.bounced),
            (Kpi::ConvertedSessions, session.converted),
        ]
        .into_iter()
        .filter(|(_, counts)| *counts)
        .map(|(kpi, _)| one(kpi, 0))
        .collect(),
        EffectKind::Converted(converted) => {
            let mut counts = vec![
                one(Kpi::Conversions, 0),
                many(Kpi::Revenue, label(converted.currency), converted.value),
            ];
            if converted.number == 1 {
                counts.push(one(Kpi::FirstConversions, 0));
            }
            counts
        }
        EffectKind::Refunded { value, currency } => {
            vec![many(Kpi::Revenue, label(*currency), -value)]
        }
        EffectKind::Abandoned(alert) if alert.level == 0 => {
            let rule = alert.rule.into();
            vec![one(Kpi::Abandoned, rule), many(Kpi::OpenEpisodes, rule, -1)]
        }
        EffectKind::Retracted(back) if back.level == 0 => {
            let rule = back.rule.into();
            vec![many(Kpi::Abandoned, rule, -1), one(Kpi::OpenEpisodes, rule)]
        }
        EffectKind::Opened { rule } => {
            let rule = (*rule).into();
            vec![one(Kpi::Opened, rule), one(Kpi::OpenEpisodes, rule)]
        }
        EffectKind::Dropped { rule } => vec![many(Kpi::OpenEpisodes, (*rule).into(), -1)],
        EffectKind::Completed { rule } => {
            let rule = (*rule).into();
            vec![one(Kpi::Completed, rule), many(Kpi::OpenEpisodes, rule, -1)]
        }
        EffectKind::Recovered(recovery) => vec![one(Kpi::Recovered, recovery.rule.into())],
        _ => Vec::new(),
    }
}

/// A customer who converted counts once in each map, in the pane of the last conversion.
fn distinct(effects: &[Effect]) -> Vec<Count> {
    let mut last: BTreeMap<u16, (u32, EventTime)> = BTreeMap::new();
    for effect in effects {
        if let EffectKind::Converted(converted) = &effect.kind {
            let newest = last
                .entry(effect.map)
                .or_insert((converted.number, effect.at));
            *newest = (*newest).max((converted.number, effect.at));
        }
    }
    let mut counts = Vec::new();
    for (map, (number, at)) in last {
        counts.push((key(Kpi::ConvertedCustomers, map, 0), at, 1));
        if number >= 2 {
            counts.push((key(Kpi::RepeatCustomers, map, 0), at, 1));
        }
    }
    counts
}

fn step(step: StepIx) -> u32 {
    step.0.into()
}

fn label(currency: Option<Currency>) -> u32 {
    currency.map_or(0, |currency| {
        currency
            .as_str()
            .bytes()
            .fold(0, |label, byte| label * 256 + u32::from(byte))
    })
}

/// The totals of `counts` by key; those that are zero are left out.
pub(crate) fn totals(counts: &[Count]) -> BTreeMap<KpiKey, i64> {
    sums(counts.iter())
}

/// The sums of `counts` over each window that ends with the pane of `now`, without what is a total
/// only.
pub(crate) fn windows(counts: &[Count], now: EventTime) -> Vec<(Window, BTreeMap<KpiKey, i64>)> {
    WINDOWS
        .iter()
        .map(|(window, length, panes)| {
            let pane = |at: EventTime| at.as_millis().div_euclid(*length);
            let newest = pane(now);
            let within = counts.iter().filter(|(key, at, _)| {
                !matches!(key.kpi, Kpi::Population | Kpi::OpenEpisodes)
                    && (newest - panes + 1..=newest).contains(&pane(*at))
            });
            (*window, sums(within))
        })
        .collect()
}

fn sums<'a>(counts: impl Iterator<Item = &'a Count>) -> BTreeMap<KpiKey, i64> {
    let mut sums: BTreeMap<KpiKey, i64> = BTreeMap::new();
    for (key, _, n) in counts {
        *sums.entry(*key).or_default() += n;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

//! KPI figures: what the panes come to, by name, as numerator and denominator.
//!
//! Both are given so that many partitions add up to the right ratio. Formulas after GA4 (sessions,
//! engagement, bounce) and the usual definitions of e-commerce (abandonment, repeat purchase); see
//! `docs/kpis.md`.

use super::kpi::{Kpi, KpiKey, Window};
use super::maps::{Maps, StepIx};
use super::panes::Panes;
use super::time::EventTime;
use super::touchpoint::Currency;

/// What a figure is broken down by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Breakdown {
    /// The whole map.
    Whole,
    /// One step.
    Step(StepIx),
    /// One abandonment rule, by its number.
    Rule(u16),
    /// One currency.
    Currency(Option<Currency>),
}

/// One figure of one map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    /// Its name, in `snake_case`.
    pub name: &'static str,
    /// The map's number.
    pub map: u16,
    /// What it is broken down by.
    pub breakdown: Breakdown,
    /// The window; none for what holds now.
    pub window: Option<Window>,
    /// What is counted.
    pub numerator: i64,
    /// What it is a share or an average of; none for a plain count.
    pub denominator: Option<i64>,
}

/// A figure's name, its numerator and its denominator as sums of counts.
struct Formula {
    name: &'static str,
    numerator: &'static [Kpi],
    denominator: &'static [Kpi],
}

const fn formula(
    name: &'static str,
    numerator: &'static [Kpi],
    denominator: &'static [Kpi],
) -> Formula {
    Formula {
        name,
        numerator,
        denominator,
    }
}

const WHOLE: [Formula; 8] = [
    formula("sessions", &[Kpi::Sessions], &[]),
    formula("engagement_rate", &[Kpi::EngagedSessions], &[Kpi::Sessions]),
    formula("bounce_rate", &[Kpi::BouncedSessions], &[Kpi::Sessions]),
    formula(
        "session_conversion_rate",
        &[Kpi::ConvertedSessions],
        &[Kpi::Sessions],
    ),
    formula(
        "customer_conversion_rate",
        &[Kpi::ConvertedCustomers],
        &[Kpi::ActiveCustomers],
    ),
    formula(
        "repeat_rate",
        &[Kpi::RepeatCustomers],
        &[Kpi::ConvertedCustomers],
    ),
    formula("conversions", &[Kpi::Conversions], &[]),
    formula("acquisitions", &[Kpi::FirstConversions], &[]),
];
const BY_STEP: [Formula; 3] = [
    formula("stage_entries", &[Kpi::Entries], &[]),
    formula("stage_exits", &[Kpi::Exits], &[]),
    formula(
        "stage_dwell_milliseconds",
        &[Kpi::DwellMillis],
        &[Kpi::Stays],
    ),
];
const BY_RULE: [Formula; 3] = [
    formula("episodes", &[Kpi::Opened], &[]),
    formula(
        "abandonment_rate",
        &[Kpi::Abandoned],
        &[Kpi::Abandoned, Kpi::Completed],
    ),
    formula("recovery_rate", &[Kpi::Recovered], &[Kpi::Abandoned]),
];
const BY_CURRENCY: [Formula; 1] = [formula("revenue", &[Kpi::Revenue], &[])];

/// Every figure over every window that ends with `now`, in a fixed order.
pub fn figures(maps: &Maps, panes: &Panes, now: EventTime) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (number, map) in (0..).zip(&maps.maps) {
        for (step, _) in (0..).map(StepIx).zip(&map.steps) {
            let key = KpiKey {
                kpi: Kpi::Population,
                map: number,
                label: step.0.into(),
            };
            figures.push(Figure {
                name: "stage_population",
                map: number,
                breakdown: Breakdown::Step(step),
                window: None,
                numerator: panes.total(&key),
                denominator: None,
            });
        }
        for (rule, _) in (0..).zip(&map.abandonments) {
            let key = KpiKey {
                kpi: Kpi::OpenEpisodes,
                map: number,
                label: u32::from(rule),
            };
            figures.push(Figure {
                name: "open_episodes",
                map: number,
                breakdown: Breakdown::Rule(rule),
                window: None,
                numerator: panes.total(&key),
                denominator: None,
            });
        }
        let breakdowns = breakdowns(number, map.steps.len(), map.abandonments.len(), panes);
        for window in Window::ALL {
            for (breakdown, formulas) in &breakdowns {
                figures.extend(
                    formulas
                        .iter()
                        .map(|formula| figure(formula, (number, *breakdown), panes, (window, now))),
                );
            }
        }
    }
    figures
}

/// What a map's figures are broken down by, and the formulas for each.
fn breakdowns(
    map: u16,
    steps: usize,
    rules: usize,
    panes: &Panes,
) -> Vec<(Breakdown, &'static [Formula])> {
    let currencies = panes
        .totals()
        .filter(|(key, _)| key.kpi == Kpi::Revenue && key.map == map)
        .map(|(key, _)| Breakdown::Currency(KpiKey::currency_of(key.label)));
    std::iter::once((Breakdown::Whole, &WHOLE[..]))
        .chain(
            (0..)
                .take(steps)
                .map(|step| (Breakdown::Step(StepIx(step)), &BY_STEP[..])),
        )
        .chain(
            (0..)
                .take(rules)
                .map(|rule| (Breakdown::Rule(rule), &BY_RULE[..])),
        )
        .chain(currencies.map(|currency| (currency, &BY_CURRENCY[..])))
        .collect()
}

fn figure(
    formula: &Formula,
    (map, breakdown): (u16, Breakdown),
    panes: &Panes,
    (window, now): (Window, EventTime),
) -> Figure {
    let label = match breakdown {
        Breakdown::Whole => 0,
        Breakdown::Step(step) => step.0.into(),
        Breakdown::Rule(rule) => rule.into(),
        Breakdown::Currency(currency) => KpiKey::currency_label(currency),
    };
    let sum = |kpis: &[Kpi]| {
        // Whether a customer is active is no matter of a map.
        let map_of = |kpi| if kpi == Kpi::ActiveCustomers { 0 } else { map };
        let key = |kpi| KpiKey {
            kpi,
            map: map_of(kpi),
            label,
        };
        kpis.iter()
            .map(|kpi| panes.window(&key(*kpi), window, now))
            .sum()
    };
    Figure {
        name: formula.name,
        map,
        breakdown,
        window: Some(window),
        numerator: sum(formula.numerator),
        denominator: (!formula.denominator.is_empty()).then(|| sum(formula.denominator)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Counts, Effect, EffectId, EffectKind, MapSpec, Settings, Sign, StageSpec, StepSpec,
    };

    /// Maps of one stage each.
    fn maps(ids: &[&str]) -> Maps {
        let specs: Vec<_> = ids
            .iter()
            .map(|id| MapSpec {
                stages: vec![StageSpec {
                    id: "seen".into(),
                    steps: vec![StepSpec {
                        id: None,
                        on: vec!["page_viewed".into()],
                    }],
                    conversion: Vec::new(),
                }],
                ..MapSpec::new(id)
            })
            .collect();
        Maps::compile(&specs, &Settings::default()).unwrap()
    }

    #[test]
    fn every_map_divides_by_the_customers_that_were_active() {
        let (mut panes, mut counts) = (Panes::default(), Counts::default());
        counts.add(&Effect {
            id: EffectId::of(&[]),
            map: 0,
            at: EventTime::from_millis(0),
            sign: Sign::Assert,
            kind: EffectKind::LastTouch { before: None },
        });
        panes.apply(panes.changes(&counts, None));
        let figures = figures(&maps(&["a", "b"]), &panes, EventTime::from_millis(0));
        let rates = figures
            .iter()
            .filter(|figure| figure.name == "customer_conversion_rate");
        assert!(rates.clone().any(|figure| figure.map == 1));
        for rate in rates {
            assert_eq!(rate.denominator, Some(1), "{rate:?}");
        }
    }

    #[test]
    fn a_map_lists_the_currencies_that_it_earned_in() {
        let (mut panes, mut counts) = (Panes::default(), Counts::default());
        let at = EventTime::from_millis(0);
        let currency = Currency::parse("EUR");
        let refunded = EffectKind::Refunded { value: 5, currency };
        for kind in [refunded, EffectKind::LastTouch { before: None }] {
            counts.add(&Effect {
                id: EffectId::of(&[]),
                map: 0,
                at,
                sign: Sign::Assert,
                kind,
            });
        }
        panes.apply(panes.changes(&counts, None));
        let figures = figures(&maps(&["a", "b"]), &panes, at);
        let earned: Vec<_> = figures
            .iter()
            .filter(|figure| figure.name == "revenue")
            .map(|figure| (figure.map, figure.breakdown, figure.numerator))
            .collect();
        let expected = (0, Breakdown::Currency(currency), -5);
        assert_eq!(earned, [expected; Window::ALL.len()]);
    }
}

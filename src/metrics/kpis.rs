//! KPI figures as gauges: which figure is shown under which names, summed over partitions.

use std::collections::BTreeMap;

use super::catalogue as all;
use super::metric::{Metric, NO_CURRENCY};
use crate::domain::{Breakdown, Figure, Maps, Window};

/// How the counts of a figure become values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scale {
    /// As they are.
    Pieces,
    /// Numerator in milliseconds, shown in seconds.
    Millis,
    /// Numerator in minor units of the figure's currency, shown in whole units.
    Money,
}

impl Scale {
    /// What a numerator is divided by to be shown.
    fn divisor(self, breakdown: Breakdown) -> f64 {
        match (self, breakdown) {
            (Self::Pieces, _) => 1.0,
            (Self::Millis, _) => 1_000.0,
            (Self::Money, Breakdown::Currency(Some(currency))) => {
                f64::from(10_u32.pow(currency.minor_digits()))
            }
            (Self::Money, _) => 100.0,
        }
    }
}

/// Under which names a figure is shown.
#[derive(Clone, Copy, Debug)]
struct Shown {
    figure: &'static str,
    numerator: &'static Metric,
    /// The denominator, and the quotient of the two.
    share: Option<(&'static Metric, &'static Metric)>,
    scale: Scale,
}

const fn count(figure: &'static str, numerator: &'static Metric) -> Shown {
    Shown {
        figure,
        numerator,
        share: None,
        scale: Scale::Pieces,
    }
}

const fn share(
    figure: &'static str,
    numerator: &'static Metric,
    denominator: &'static Metric,
    quotient: &'static Metric,
) -> Shown {
    Shown {
        figure,
        numerator,
        share: Some((denominator, quotient)),
        scale: Scale::Pieces,
    }
}

impl Shown {
    const fn in_scale(self, scale: Scale) -> Self {
        Self { scale, ..self }
    }
}

const SHOWN: [Shown; 17] = [
    count("sessions", &all::KPI_SESSIONS),
    share(
        "engagement_rate",
        &all::KPI_ENGAGED_SESSIONS,
        &all::KPI_SESSIONS,
        &all::KPI_ENGAGEMENT,
    ),
    share(
        "bounce_rate",
        &all::KPI_BOUNCED_SESSIONS,
        &all::KPI_SESSIONS,
        &all::KPI_BOUNCE,
    ),
    share(
        "session_conversion_rate",
        &all::KPI_CONVERTED_SESSIONS,
        &all::KPI_SESSIONS,
        &all::KPI_SESSION_CONVERSION,
    ),
    share(
        "customer_conversion_rate",
        &all::KPI_CONVERTED_CUSTOMERS,
        &all::KPI_ACTIVE_CUSTOMERS,
        &all::KPI_CUSTOMER_CONVERSION,
    ),
    share(
        "repeat_rate",
        &all::KPI_REPEAT_CUSTOMERS,
        &all::KPI_CONVERTED_CUSTOMERS,
        &all::KPI_REPEAT,
    ),
    count("conversions", &all::KPI_CONVERSIONS),
    count("acquisitions", &all::KPI_ACQUISITIONS),
    count("revenue", &all::KPI_REVENUE).in_scale(Scale::Money),
    count("stage_population", &all::KPI_STAGE_CUSTOMERS),
    count("stage_entries", &all::KPI_STAGE_ENTRIES),
    count("stage_exits", &all::KPI_STAGE_EXITS),
    share(
        "stage_dwell_milliseconds",
        &all::KPI_STAGE_DWELL,
        &all::KPI_STAGE_STAYS,
        &all::KPI_STAGE_DWELL_MEAN,
    )
    .in_scale(Scale::Millis),
    count("open_episodes", &all::KPI_OPEN_EPISODES),
    count("episodes", &all::KPI_OPENED_EPISODES),
    share(
        "abandonment_rate",
        &all::KPI_ABANDONED_EPISODES,
        &all::KPI_DECIDED_EPISODES,
        &all::KPI_ABANDONMENT,
    ),
    share(
        "recovery_rate",
        &all::KPI_RECOVERED_EPISODES,
        &all::KPI_ABANDONED_EPISODES,
        &all::KPI_RECOVERY,
    ),
];

/// A figure without its amounts.
type Place = (&'static str, u16, Breakdown, Option<Window>);

/// Numerators and denominators, summed over partitions.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums(BTreeMap<Place, (i64, Option<i64>)>);

impl Sums {
    /// Adds the figures of a partition.
    pub(super) fn add(&mut self, figures: &[Figure]) {
        for figure in figures {
            let place = (figure.name, figure.map, figure.breakdown, figure.window);
            let sum = self.0.entry(place).or_default();
            sum.0 = sum.0.saturating_add(figure.numerator);
            if let Some(denominator) = figure.denominator {
                sum.1 = Some(sum.1.unwrap_or(0).saturating_add(denominator));
            }
        }
    }

    /// Hands over every gauge with its label values and its value. A quotient by nothing is left
    /// out, and so is money under a code that ISO 4217 does not list.
    pub(super) fn show(&self, maps: &Maps, set: &mut dyn FnMut(&Metric, &[&str], f64)) {
        for (place, (numerator, denominator)) in &self.0 {
            let Some(shown) = SHOWN.iter().find(|shown| shown.figure == place.0) else {
                continue;
            };
            let Some(labels) = labels(maps, place) else {
                continue;
            };
            let numerator = float(*numerator) / shown.scale.divisor(place.2);
            set(shown.numerator, &labels, numerator);
            if let (Some((below, quotient)), Some(denominator)) = (shown.share, *denominator) {
                set(below, &labels, float(denominator));
                if denominator != 0 {
                    set(quotient, &labels, numerator / float(denominator));
                }
            }
        }
    }
}

/// A figure's label values, in the order of the metrics' labels; none for what is not shown.
fn labels<'a>(maps: &'a Maps, place: &'a Place) -> Option<Vec<&'a str>> {
    let (_, map, breakdown, window) = place;
    let map = maps.maps.get(usize::from(*map))?;
    let mut labels = vec![&*map.id];
    match breakdown {
        Breakdown::Whole => {}
        Breakdown::Step(step) => {
            let (stage, step) = map.name_of(*step);
            labels.extend([stage, step.unwrap_or_default()]);
        }
        Breakdown::Rule(rule) => labels.push(&map.abandonments.get(usize::from(*rule))?.id),
        Breakdown::Currency(None) => labels.push(NO_CURRENCY),
        Breakdown::Currency(Some(currency)) if currency.is_listed() => {
            labels.push(currency.as_str());
        }
        Breakdown::Currency(Some(_)) => return None,
    }
    labels.extend(window.map(Window::name));
    Some(labels)
}

/// A count as a gauge's value.
#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus knows floats only; counts above 2^53 lose their last digits"
)]
pub(super) fn float(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EventTime, Panes, figures};
    use crate::metrics::fixture;

    #[test]
    fn every_figure_has_its_gauges() {
        let maps = fixture::maps();
        let panes = fixture::panes(&maps);
        let figures = figures(&maps, &panes, EventTime::from_millis(0));
        for figure in figures {
            let shown = SHOWN.iter().find(|shown| shown.figure == figure.name);
            let shown = shown.unwrap_or_else(|| panic!("`{}` is not shown", figure.name));
            assert_eq!(
                shown.share.is_some(),
                figure.denominator.is_some(),
                "{}",
                figure.name
            );
        }
    }

    #[test]
    fn a_quotient_of_sums_is_no_mean_of_quotients() {
        let maps = fixture::maps();
        let bounce = |numerator, denominator| Figure {
            name: "bounce_rate",
            map: 0,
            breakdown: Breakdown::Whole,
            window: Some(Window::OneHour),
            numerator,
            denominator: Some(denominator),
        };
        let mut sums = Sums::default();
        sums.add(&[bounce(1, 1)]);
        sums.add(&[bounce(0, 3)]);
        let mut values = Vec::new();
        sums.show(&maps, &mut |metric, _, value| {
            values.push((metric.name, value));
        });
        assert_eq!(
            values,
            [
                ("wayfarer_kpi_bounced_sessions", 1.0),
                ("wayfarer_kpi_sessions", 4.0),
                ("wayfarer_kpi_bounce_ratio", 0.25),
            ]
        );
    }

    #[test]
    fn money_is_shown_in_whole_units_and_only_under_known_codes() {
        let maps = fixture::maps();
        let revenue = |code: &str| Figure {
            name: "revenue",
            map: 0,
            breakdown: Breakdown::Currency(crate::domain::Currency::parse(code)),
            window: Some(Window::OneHour),
            numerator: 12_345,
            denominator: None,
        };
        let mut sums = Sums::default();
        sums.add(&[revenue("EUR"), revenue("JPY"), revenue("QQQ"), revenue("-")]);
        let mut values = BTreeMap::new();
        sums.show(&maps, &mut |_, labels, value| {
            values.insert(labels[1].to_owned(), value);
        });
        let expected = [("EUR", 123.45), ("JPY", 12_345.0), (NO_CURRENCY, 123.45)];
        assert_eq!(
            values,
            expected
                .map(|(code, value)| (code.to_owned(), value))
                .into()
        );
    }

    #[test]
    fn a_quotient_by_nothing_is_left_out() {
        let maps = fixture::maps();
        let panes = Panes::default();
        let mut sums = Sums::default();
        sums.add(&figures(&maps, &panes, EventTime::from_millis(0)));
        sums.show(&maps, &mut |metric, _, value| {
            assert!(!metric.name.ends_with("_ratio"), "{}", metric.name);
            assert!(value == 0.0, "{}", metric.name);
        });
    }
}

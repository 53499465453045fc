//! KPIs: what is counted of which effect, and the windows that it is read through.

use super::effects::{Effect, EffectKind};
use super::time::{EventTime, Millis};
use super::touchpoint::Currency;

/// What is counted. Each lies in the pane of its effect's own time; a retraction takes one away.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kpi {
    /// Sessions that ended.
    Sessions,
    /// Those that were engaged.
    EngagedSessions,
    /// Those that bounced.
    BouncedSessions,
    /// Those with a conversion in them.
    ConvertedSessions,
    /// Transitions into a step. Label: the step.
    Entries,
    /// Transitions out of a step. Label: the step.
    Exits,
    /// Customers who stand in a step now; a total, not in panes. Label: the step.
    Population,
    /// Stays that are over for good. Label: the step.
    Stays,
    /// How long they lasted together, in milliseconds. Label: the step.
    DwellMillis,
    /// Conversions.
    Conversions,
    /// Conversions of customers who had none before.
    FirstConversions,
    /// What conversions brought less what went back, in minor units. Label: the currency.
    Revenue,
    /// Distinct customers touched: each counts in the pane of its latest touch.
    ActiveCustomers,
    /// Distinct customers who converted: each counts in the pane of its latest conversion.
    ConvertedCustomers,
    /// Those of them whose latest conversion was not their first.
    RepeatCustomers,
    /// Episodes begun. Label: the rule.
    Opened,
    /// Episodes that are open now; a total, not in panes. Label: the rule.
    OpenEpisodes,
    /// Episodes abandoned: first alerts less their retractions. Label: the rule.
    Abandoned,
    /// Episodes completed in time. Label: the rule.
    Completed,
    /// Episodes completed after they were abandoned. Label: the rule.
    Recovered,
}

/// One counted thing, in one map, under one label.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KpiKey {
    /// What is counted.
    pub kpi: Kpi,
    /// The map's number; 0 for what belongs to no map.
    pub map: u16,
    /// The step, the rule or the currency's letters as a big-endian number; else 0.
    pub label: u32,
}

impl KpiKey {
    /// The label that stands for a currency, 0 for none.
    pub fn currency_label(currency: Option<Currency>) -> u32 {
        currency.map_or(0, |currency| {
            currency
                .as_str()
                .bytes()
                .fold(0, |label, byte| label << 8 | u32::from(byte))
        })
    }

    /// The currency that a label stands for.
    pub fn currency_of(label: u32) -> Option<Currency> {
        let [_, letters @ ..] = label.to_be_bytes();
        std::str::from_utf8(&letters).ok().and_then(Currency::parse)
    }
}

/// The sizes of panes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Grain {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day of 24 hours, UTC.
    Day,
}

impl Grain {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// How long a pane is.
    pub const fn length(self) -> Millis {
        match self {
            Self::Minute => Millis::from_minutes(1),
            Self::Hour => Millis::from_hours(1),
            Self::Day => Millis::from_days(1),
        }
    }

    /// The number of the pane that `at` lies in.
    pub const fn pane(self, at: EventTime) -> i64 {
        at.as_millis().div_euclid(self.length().get())
    }

    /// When a pane begins.
    pub(super) const fn start(self, pane: i64) -> EventTime {
        EventTime::from_millis(pane.saturating_mul(self.length().get()))
    }

    /// How many panes are kept: as many as the longest window of this grain has.
    pub(super) const fn kept(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 24,
            Self::Day => 30,
        }
    }
}

/// A rolling window: the last panes up to and including the newest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Window {
    /// Five panes of a minute.
    FiveMinutes,
    /// Sixty panes of a minute.
    OneHour,
    /// 24 panes of an hour.
    OneDay,
    /// Seven panes of a day.
    SevenDays,
    /// Thirty panes of a day.
    ThirtyDays,
}

impl Window {
    /// All of them, shortest first.
    pub const ALL: [Self; 5] = [
        Self::FiveMinutes,
        Self::OneHour,
        Self::OneDay,
        Self::SevenDays,
        Self::ThirtyDays,
    ];

    /// Its panes: their grain and how many.
    pub const fn panes(self) -> (Grain, i64) {
        match self {
            Self::FiveMinutes => (Grain::Minute, 5),
            Self::OneHour => (Grain::Minute, 60),
            Self::OneDay => (Grain::Hour, 24),
            Self::SevenDays => (Grain::Day, 7),
            Self::ThirtyDays => (Grain::Day, 30),
        }
    }

    /// Its name in labels: `5m`, `1h`, `24h`, `7d`, `30d`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::OneHour => "1h",
            Self::OneDay => "24h",
            Self::SevenDays => "7d",
            Self::ThirtyDays => "30d",
        }
    }
}

/// Calls `add` with every count that an effect changes: where, when and by how much.
pub(super) fn count(effect: &Effect, mut add: impl FnMut(KpiKey, EventTime, i64)) {
    let one = effect.sign.factor();
    let key = |kpi, label| KpiKey {
        kpi,
        map: effect.map,
        label,
    };
    let mut now = |kpi, label, amount: i64| add(key(kpi, label), effect.at, one * amount);
    match &effect.kind {
        EffectKind::Transition { from, to, .. } => {
            now(Kpi::Entries, to.0.into(), 1);
            now(Kpi::Population, to.0.into(), 1);
            if let Some(from) = from {
                now(Kpi::Exits, from.0.into(), 1);
                now(Kpi::Population, from.0.into(), -1);
            }
        }
        EffectKind::StayCompleted { step, dwell } => {
            now(Kpi::Stays, step.0.into(), 1);
            now(Kpi::DwellMillis, step.0.into(), dwell.get());
        }
        EffectKind::SessionEnded(session) => {
            now(Kpi::Sessions, 0, 1);
            now(Kpi::EngagedSessions, 0, i64::from(session.engaged));
            now(Kpi::BouncedSessions, 0, i64::from(session.bounced));
            now(Kpi::ConvertedSessions, 0, i64::from(session.converted));
        }
        EffectKind::Converted(converted) => {
            now(Kpi::Conversions, 0, 1);
            now(Kpi::FirstConversions, 0, i64::from(converted.number == 1));
            now(
                Kpi::Revenue,
                KpiKey::currency_label(converted.currency),
                converted.value,
            );
            let latest = converted
                .previous
                .map_or(effect.at, |before| before.max(effect.at));
            add(key(Kpi::ConvertedCustomers, 0), latest, one);
            if let Some(before) = converted.previous {
                add(key(Kpi::ConvertedCustomers, 0), before, -one);
                add(key(Kpi::RepeatCustomers, 0), latest, one);
                if converted.number > 2 {
                    add(key(Kpi::RepeatCustomers, 0), before, -one);
                }
            }
        }
        EffectKind::Refunded { value, currency } => {
            now(Kpi::Revenue, KpiKey::currency_label(*currency), -value);
        }
        EffectKind::LastTouch { before } => {
            now(Kpi::ActiveCustomers, 0, 1);
            if let Some(before) = before {
                add(key(Kpi::ActiveCustomers, 0), *before, -one);
            }
        }
        EffectKind::Opened { .. }
        | EffectKind::Dropped { .. }
        | EffectKind::Abandoned(_)
        | EffectKind::Retracted(_)
        | EffectKind::Recovered(_)
        | EffectKind::Completed { .. } => count_episode(&effect.kind, now),
    }
}

/// Counts what an effect says of episodes: how many begin, are open, and end in which way.
fn count_episode(kind: &EffectKind, mut now: impl FnMut(Kpi, u32, i64)) {
    let (rule, ends_as, open) = match kind {
        EffectKind::Opened { rule } => (*rule, Some((Kpi::Opened, 1)), 1),
        EffectKind::Dropped { rule } => (*rule, None, -1),
        EffectKind::Abandoned(alert) if alert.level == 0 => {
            (alert.rule, Some((Kpi::Abandoned, 1)), -1)
        }
        EffectKind::Retracted(alert) if alert.level == 0 => {
            (alert.rule, Some((Kpi::Abandoned, -1)), 1)
        }
        EffectKind::Completed { rule } => (*rule, Some((Kpi::Completed, 1)), -1),
        EffectKind::Recovered(recovery) => (recovery.rule, Some((Kpi::Recovered, 1)), 0),
        EffectKind::Abandoned(_)
        | EffectKind::Retracted(_)
        | EffectKind::Transition { .. }
        | EffectKind::StayCompleted { .. }
        | EffectKind::SessionEnded(_)
        | EffectKind::Converted(_)
        | EffectKind::Refunded { .. }
        | EffectKind::LastTouch { .. } => return,
    };
    if let Some((kpi, amount)) = ends_as {
        now(kpi, rule.into(), amount);
    }
    now(Kpi::OpenEpisodes, rule.into(), open);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_read_back_from_its_label() {
        let euro = Currency::parse("EUR");
        assert_eq!(KpiKey::currency_label(euro), 0x45_55_52);
        assert_eq!(KpiKey::currency_of(0x45_55_52), euro);
        assert_eq!(KpiKey::currency_label(None), 0);
        assert_eq!(KpiKey::currency_of(0), None);
    }
}

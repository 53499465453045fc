//! Everything counted, over all partitions and since the beginning.

use std::collections::BTreeMap;

use super::board::Board;
use crate::domain::{Currency, JourneyMap, Kpi, KpiKey, StepIx};
use crate::metrics::EffectLabel;

/// Everything counted, over all partitions and since the beginning.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Records read.
    pub records: u64,
    /// Bytes read, keys and values.
    pub bytes: u64,
    /// Touchpoints that took their place in order.
    pub applied: u64,
    /// Touchpoints that came behind the watermark.
    pub late: u64,
    /// Touchpoints whose id was known.
    pub duplicates: u64,
    /// Late touchpoints dropped as configured.
    pub dropped_late: u64,
    /// Records whose key is not the customer's id or that lie in another partition than it.
    pub misplaced: u64,
    /// Idle steps taken.
    pub idle_steps: u64,
    /// How often a bound cut something off.
    pub cut: u64,
    /// Dead letters by reason.
    pub dead_letters: BTreeMap<&'static str, u64>,
    /// What was counted in each map, in config order.
    pub maps: Vec<MapTally>,
}

/// Everything counted in one map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MapTally {
    /// The map's id.
    pub id: Box<str>,
    /// Its version.
    pub version: u32,
    /// Its steps in order.
    pub steps: Vec<StepTally>,
    /// Its abandonment rules in order.
    pub rules: Vec<RuleTally>,
    /// Sessions that ended.
    pub sessions: i64,
    /// Those that bounced.
    pub bounced: i64,
    /// Those with a conversion in them.
    pub converted_sessions: i64,
    /// Conversions.
    pub conversions: i64,
    /// Conversions of customers who had none before.
    pub first_conversions: i64,
    /// What conversions brought less what went back, in minor units.
    pub revenue: Vec<(Option<Currency>, i64)>,
    /// Effects written, retractions apart.
    pub effects: BTreeMap<EffectLabel, u64>,
}

/// One step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StepTally {
    /// Its stage's id.
    pub stage: Box<str>,
    /// Its id; none for the only step of a plain stage.
    pub step: Option<Box<str>>,
    /// Customers who stand there.
    pub population: i64,
    /// Moves into it, less those taken back.
    pub entries: i64,
}

/// One abandonment rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleTally {
    /// Its id.
    pub id: Box<str>,
    /// Episodes begun.
    pub opened: i64,
    /// Episodes that are open.
    pub open: i64,
    /// Episodes completed in time.
    pub completed: i64,
    /// Episodes abandoned, less those whose alert was taken back.
    pub abandoned: i64,
    /// Episodes completed after they were abandoned.
    pub recovered: i64,
}

impl Tally {
    pub(super) fn of(board: &Board) -> Self {
        let mut tally = Self::default();
        let mut totals = BTreeMap::<KpiKey, i64>::new();
        let mut effects = BTreeMap::<_, u64>::new();
        for part in board.partitions.values() {
            tally.records += part.intake.records;
            tally.bytes += part.intake.bytes;
            tally.applied += part.counters.applied;
            tally.late += part.counters.late;
            tally.duplicates += part.counters.duplicates;
            tally.dropped_late += part.intake.dropped_late;
            tally.misplaced += part.intake.misplaced;
            tally.idle_steps += part.intake.idle_steps;
            tally.cut += part.counters.cut;
            add_all(&mut tally.dead_letters, &part.dead_letters);
            add_all(&mut effects, &part.effects);
            for (key, sum) in &part.totals {
                *totals.entry(*key).or_default() += sum;
            }
        }
        tally.maps = (0..)
            .zip(&board.maps.maps)
            .map(|(number, map)| {
                let effects = effects.iter().filter(|((of, _), _)| *of == number);
                let effects = effects
                    .map(|((_, label), count)| (*label, *count))
                    .collect();
                MapTally::of(number, map, &totals, effects)
            })
            .collect();
        tally
    }

    /// Touchpoints read, whatever became of them.
    pub fn touchpoints(&self) -> u64 {
        self.applied + self.late + self.duplicates + self.dropped_late
    }

    /// Dead letters for any reason.
    pub fn all_dead_letters(&self) -> u64 {
        self.dead_letters.values().sum()
    }
}

fn add_all<K: Ord + Copy>(sums: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (key, count) in more {
        *sums.entry(*key).or_default() += count;
    }
}

impl MapTally {
    fn of(
        number: u16,
        map: &JourneyMap,
        totals: &BTreeMap<KpiKey, i64>,
        effects: BTreeMap<EffectLabel, u64>,
    ) -> Self {
        let total = |kpi, label| {
            let key = KpiKey {
                kpi,
                map: number,
                label,
            };
            totals.get(&key).copied().unwrap_or(0)
        };
        let step = |step: u8| {
            let (stage, name) = map.name_of(StepIx(step));
            StepTally {
                stage: stage.into(),
                step: name.map(Into::into),
                population: total(Kpi::Population, step.into()),
                entries: total(Kpi::Entries, step.into()),
            }
        };
        let rule = |(rule, id): (u32, &str)| RuleTally {
            id: id.into(),
            opened: total(Kpi::Opened, rule),
            open: total(Kpi::OpenEpisodes, rule),
            completed: total(Kpi::Completed, rule),
            abandoned: total(Kpi::Abandoned, rule),
            recovered: total(Kpi::Recovered, rule),
        };
        let revenue = totals
            .iter()
            .filter(|(key, _)| key.kpi == Kpi::Revenue && key.map == number)
            .map(|(key, sum)| (KpiKey::currency_of(key.label), *sum));
        Self {
            id: map.id.clone(),
            version: map.version,
            steps: (0..).take(map.steps.len()).map(step).collect(),
            rules: (0..)
                .zip(map.abandonments.iter().map(|spec| &*spec.id))
                .map(rule)
                .collect(),
            sessions: total(Kpi::Sessions, 0),
            bounced: total(Kpi::BouncedSessions, 0),
            converted_sessions: total(Kpi::ConvertedSessions, 0),
            conversions: total(Kpi::Conversions, 0),
            first_conversions: total(Kpi::FirstConversions, 0),
            revenue: revenue.collect(),
            effects,
        }
    }
}

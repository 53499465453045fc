//! Sums of effects with sign, in panes of event time, read through rolling windows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use hdrhistogram::Histogram;

use super::effects::{Effect, EffectKind};
use super::kpi::{Grain, Kpi, KpiKey, Window, count};
use super::time::EventTime;

/// What the effects of an open transaction come to: little, however many there are, since most of
/// them fall into the same panes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// By key and minute.
    sums: BTreeMap<(KpiKey, i64), i64>,
    /// The stays that are over for good.
    stays: Vec<Stay>,
}

/// A stay that is over for good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stay {
    at: EventTime,
    map: u16,
    step: u8,
    seconds: u64,
}

impl Counts {
    /// Counts an effect.
    pub fn add(&mut self, effect: &Effect) {
        count(effect, |key, at, amount| {
            if amount != 0 {
                *self.sums.entry((key, Grain::Minute.pane(at))).or_default() += amount;
            }
        });
        if let EffectKind::StayCompleted { step, dwell } = effect.kind {
            self.stays.push(Stay {
                at: effect.at,
                map: effect.map,
                step: step.0,
                seconds: u64::try_from(dwell.get() / 1_000).unwrap_or(0),
            });
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.sums.clear();
        self.stays.clear();
    }
}

/// The panes of one partition.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Panes {
    /// By grain, pane and key; zeros are left out.
    counts: BTreeMap<(Grain, i64, KpiKey), i64>,
    /// By key, since the beginning.
    totals: BTreeMap<KpiKey, i64>,
    /// By grain, pane, map and step: how long stays lasted, in seconds.
    dwells: BTreeMap<(Grain, i64, u16, u8), Histogram<u32>>,
}

impl Panes {
    /// Counts what a transaction has come to, and leaves nothing of it.
    pub fn take(&mut self, counts: &mut Counts) {
        for ((key, minute), amount) in std::mem::take(&mut counts.sums) {
            if amount == 0 {
                continue;
            }
            let at = Grain::Minute.start(minute);
            add_to(&mut self.totals, key, amount);
            if !matches!(key.kpi, Kpi::Population | Kpi::OpenEpisodes) {
                for grain in Grain::ALL {
                    add_to(&mut self.counts, (grain, grain.pane(at), key), amount);
                }
            }
        }
        for stay in counts.stays.drain(..) {
            for grain in Grain::ALL {
                let place = (grain, grain.pane(stay.at), stay.map, stay.step);
                if let Some(histogram) = self.histogram(place) {
                    histogram.saturating_record(stay.seconds);
                }
            }
        }
    }

    /// The histogram of a pane: two significant digits up to a year.
    fn histogram(&mut self, place: (Grain, i64, u16, u8)) -> Option<&mut Histogram<u32>> {
        const YEAR_SECS: u64 = 31_536_000;
        match self.dwells.entry(place) {
            Entry::Occupied(entry) => Some(entry.into_mut()),
            Entry::Vacant(entry) => {
                let mut histogram = Histogram::new_with_bounds(1, YEAR_SECS, 2).ok()?;
                histogram.auto(true);
                Some(entry.insert(histogram))
            }
        }
    }

    /// Forgets the panes that no window ending at `now` or later reaches. Costs little if there are
    /// none.
    pub fn forget(&mut self, now: EventTime) {
        for grain in Grain::ALL {
            let oldest = grain.pane(now) - grain.kept() + 1;
            let counts = (grain, i64::MIN, FIRST_KEY)..(grain, oldest, FIRST_KEY);
            while let Some((place, _)) = self.counts.range(counts.clone()).next() {
                let place = *place;
                self.counts.remove(&place);
            }
            let dwells = (grain, i64::MIN, 0, 0)..(grain, oldest, 0, 0);
            while let Some((place, _)) = self.dwells.range(dwells.clone()).next() {
                let place = *place;
                self.dwells.remove(&place);
            }
        }
    }

    /// The sum over the window that ends with the pane of `now`.
    pub fn window(&self, key: &KpiKey, window: Window, now: EventTime) -> i64 {
        let (grain, panes) = window.panes();
        let newest = grain.pane(now);
        (newest - panes + 1..=newest)
            .filter_map(|pane| self.counts.get(&(grain, pane, *key)))
            .sum()
    }

    /// The sum since the beginning.
    pub fn total(&self, key: &KpiKey) -> i64 {
        self.totals.get(key).copied().unwrap_or(0)
    }

    /// Every key that was ever counted, with its total, in order.
    pub fn totals(&self) -> impl Iterator<Item = (&KpiKey, i64)> {
        self.totals.iter().map(|(key, sum)| (key, *sum))
    }

    /// How long stays in a step lasted, in whole seconds, over the window that ends with `now`.
    pub fn dwell(
        &self,
        (map, step): (u16, u8),
        window: Window,
        now: EventTime,
    ) -> Option<Histogram<u32>> {
        let (grain, panes) = window.panes();
        let newest = grain.pane(now);
        let mut sum: Option<Histogram<u32>> = None;
        for pane in newest - panes + 1..=newest {
            if let Some(histogram) = self.dwells.get(&(grain, pane, map, step)) {
                match &mut sum {
                    Some(sum) => sum.add(histogram).ok()?,
                    None => sum = Some(histogram.clone()),
                }
            }
        }
        sum
    }
}

/// The least key in order, from which a pane's range starts.
const FIRST_KEY: KpiKey = KpiKey {
    kpi: Kpi::Sessions,
    map: 0,
    label: 0,
};

fn add_to<K: Ord>(sums: &mut BTreeMap<K, i64>, key: K, amount: i64) {
    match sums.entry(key) {
        Entry::Vacant(entry) => {
            entry.insert(amount);
        }
        Entry::Occupied(mut entry) => {
            *entry.get_mut() += amount;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

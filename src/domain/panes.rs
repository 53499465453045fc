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

/// Where an amount stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Place {
    /// Since the beginning.
    Total(KpiKey),
    /// In the pane of this grain and number.
    Sum(Grain, i64, KpiKey),
    /// In the pane of this grain and number: how long stays lasted, by map and step.
    Dwell(Grain, i64, u16, u8),
}

/// What stands in a place.
#[derive(Clone, PartialEq, Debug)]
pub enum Amount {
    /// A sum; zeros are left out.
    Sum(i64),
    /// How long stays lasted, in seconds.
    Dwell(Box<Histogram<u32>>),
}

impl Amount {
    /// The lengths of these stays: by seconds, how many. None if that is more than a histogram
    /// holds.
    pub fn dwell(stays: impl IntoIterator<Item = (u64, u32)>) -> Option<Self> {
        /// Two significant digits up to a year.
        const YEAR_SECS: u64 = 31_536_000;
        let mut histogram = Histogram::new_with_bounds(1, YEAR_SECS, 2).ok()?;
        histogram.auto(true);
        for (seconds, count) in stays {
            histogram.record_n(seconds, count).ok()?;
        }
        Some(Self::Dwell(Box::new(histogram)))
    }
}

/// What some effects make of the amounts that they change; none where nothing is left.
pub type PaneChanges = BTreeMap<Place, Option<Amount>>;

/// The panes of one partition.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Panes {
    amounts: BTreeMap<Place, Amount>,
}

impl Panes {
    /// What counting these would change, if windows end at `now`: panes that no window reaches any
    /// more are forgotten, and nothing is counted in them.
    pub fn changes(&self, counts: &Counts, now: Option<EventTime>) -> PaneChanges {
        let oldest = |grain: Grain| now.map_or(i64::MIN, |now| grain.pane(now) - grain.kept() + 1);
        let mut changes = PaneChanges::new();
        for ((key, minute), amount) in &counts.sums {
            let at = Grain::Minute.start(*minute);
            self.add(&mut changes, Place::Total(*key), *amount);
            if matches!(key.kpi, Kpi::Population | Kpi::OpenEpisodes) {
                continue;
            }
            for grain in Grain::ALL {
                let pane = grain.pane(at);
                if pane >= oldest(grain) {
                    self.add(&mut changes, Place::Sum(grain, pane, *key), *amount);
                }
            }
        }
        for stay in &counts.stays {
            for grain in Grain::ALL {
                let pane = grain.pane(stay.at);
                if pane >= oldest(grain) {
                    let place = Place::Dwell(grain, pane, stay.map, stay.step);
                    self.record(&mut changes, place, stay.seconds);
                }
            }
        }
        for grain in Grain::ALL {
            let sum = |pane| Place::Sum(grain, pane, FIRST_KEY);
            let dwell = |pane| Place::Dwell(grain, pane, 0, 0);
            let sums = self.amounts.range(sum(i64::MIN)..sum(oldest(grain)));
            let dwells = self.amounts.range(dwell(i64::MIN)..dwell(oldest(grain)));
            changes.extend(sums.chain(dwells).map(|(place, _)| (*place, None)));
        }
        changes
    }

    fn add(&self, changes: &mut PaneChanges, place: Place, amount: i64) {
        if amount == 0 {
            return;
        }
        let before = match changes.get(&place) {
            Some(changed) => changed.as_ref(),
            None => self.amounts.get(&place),
        };
        let sum = amount + before.map_or(0, sum_of);
        changes.insert(place, (sum != 0).then_some(Amount::Sum(sum)));
    }

    fn record(&self, changes: &mut PaneChanges, place: Place, seconds: u64) {
        let changed = match changes.entry(place) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(
                self.amounts
                    .get(&place)
                    .cloned()
                    .or_else(|| Amount::dwell([])),
            ),
        };
        if let Some(Amount::Dwell(histogram)) = changed {
            histogram.saturating_record(seconds);
        }
    }

    /// Makes changes that [`changes`](Self::changes) told, or that were told and kept elsewhere.
    pub fn apply(&mut self, changes: PaneChanges) {
        for (place, amount) in changes {
            match amount {
                Some(amount) => self.amounts.insert(place, amount),
                None => self.amounts.remove(&place),
            };
        }
    }

    /// The sum over the window that ends with the pane of `now`.
    pub fn window(&self, key: &KpiKey, window: Window, now: EventTime) -> i64 {
        let (grain, panes) = window.panes();
        let newest = grain.pane(now);
        (newest - panes + 1..=newest)
            .filter_map(|pane| self.amounts.get(&Place::Sum(grain, pane, *key)))
            .map(sum_of)
            .sum()
    }

    /// The sum since the beginning.
    pub fn total(&self, key: &KpiKey) -> i64 {
        self.amounts.get(&Place::Total(*key)).map_or(0, sum_of)
    }

    /// Every key that was ever counted, with its total, in order.
    pub fn totals(&self) -> impl Iterator<Item = (&KpiKey, i64)> {
        self.amounts
            .iter()
            .map_while(|(place, amount)| match place {
                Place::Total(key) => Some((key, sum_of(amount))),
                Place::Sum(..) | Place::Dwell(..) => None,
            })
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
            let place = Place::Dwell(grain, pane, map, step);
            if let Some(Amount::Dwell(histogram)) = self.amounts.get(&place) {
                match &mut sum {
                    Some(sum) => sum.add(&**histogram).ok()?,
                    None => sum = Some((**histogram).clone()),
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

/// The sum that stands in a place of sums.
fn sum_of(amount: &Amount) -> i64 {
    match amount {
        Amount::Sum(sum) => *sum,
        Amount::Dwell(_) => 0,
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EffectId, Millis, Sign, StepIx};

    const STAYS: KpiKey = KpiKey {
        kpi: Kpi::Stays,
        map: 0,
        label: 0,
    };

    /// Counts stays of 90.5 seconds that were over at these times, in windows that end at `now`.
    fn count_stays(panes: &mut Panes, times: &[EventTime], now: Option<EventTime>) {
        let mut counts = Counts::default();
        for at in times {
            counts.add(&Effect {
                id: EffectId::of(&[]),
                map: 0,
                at: *at,
                sign: Sign::Assert,
                kind: EffectKind::StayCompleted {
                    step: StepIx(0),
                    dwell: Millis::new(90_500),
                },
            });
        }
        panes.apply(panes.changes(&counts, now));
    }

    /// The first moment of a pane.
    fn start_of(pane: i64, grain: Grain) -> EventTime {
        EventTime::from_millis(pane * grain.length().get())
    }

    fn one_stay(grain: Grain) -> Panes {
        let mut panes = Panes::default();
        count_stays(&mut panes, &[start_of(1_000, grain)], None);
        panes
    }

    #[test]
    fn a_window_reaches_back_as_many_panes_as_it_has() {
        for window in Window::ALL {
            let (grain, panes) = window.panes();
            let counted = one_stay(grain);
            let seen = |newest| {
                let now = start_of(newest, grain);
                let dwell = counted.dwell((0, 0), window, now);
                let lasted = dwell.map(|dwell| (dwell.len(), dwell.max()));
                (counted.window(&STAYS, window, now), lasted)
            };
            for newest in [1_000, 999 + panes] {
                assert_eq!(seen(newest), (1, Some((1, 90))), "{window:?}");
            }
            for newest in [999, 1_000 + panes] {
                assert_eq!(seen(newest), (0, None), "{window:?}");
            }
        }
    }

    #[test]
    fn a_pane_is_kept_as_long_as_a_window_reaches_it() {
        for window in [Window::OneHour, Window::OneDay, Window::ThirtyDays] {
            let (grain, panes) = window.panes();
            let then = start_of(1_000, grain);
            let mut counted = one_stay(grain);
            let mut seen_at = |newest, again: &[EventTime]| {
                count_stays(&mut counted, again, Some(start_of(newest, grain)));
                let dwell = counted.dwell((0, 0), window, then);
                (counted.window(&STAYS, window, then), dwell.is_some())
            };
            assert_eq!(seen_at(999 + panes, &[]), (1, true), "{window:?}");
            assert_eq!(seen_at(1_000 + panes, &[]), (0, false), "{window:?}");
            assert_eq!(seen_at(1_000 + panes, &[then]), (0, false), "{window:?}");
            assert_eq!(counted.total(&STAYS), 2, "totals are for ever");
        }
    }

    #[test]
    fn stays_of_several_panes_are_measured_together() {
        let mut counted = Panes::default();
        let times = [1_000, 1_001].map(|pane| start_of(pane, Grain::Minute));
        count_stays(&mut counted, &times, None);
        let dwell = counted.dwell((0, 0), Window::FiveMinutes, times[1]);
        assert_eq!(dwell.map(|dwell| dwell.len()), Some(2));
        assert_eq!(counted.total(&STAYS), 2);
    }

    #[test]
    fn changes_leave_the_panes_as_they_are() {
        let mut counted = one_stay(Grain::Minute);
        let before = counted.clone();
        let changes = counted.changes(&Counts::default(), Some(start_of(5_000, Grain::Day)));
        assert!(changes.values().all(Option::is_none) && !changes.is_empty());
        assert_eq!(counted, before);
        counted.apply(changes);
        assert_eq!(
            counted.window(&STAYS, Window::OneHour, start_of(1_000, Grain::Minute)),
            0
        );
    }
}

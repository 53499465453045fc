//! KPI snapshots: which figures changed since they were last written.

use std::collections::BTreeMap;

use crate::domain::{Breakdown, EventTime, Figure, Window, figures};
use crate::state::Partition;

/// Which figure of which partition.
type Place = (u32, &'static str, u16, Breakdown, Option<Window>);

/// A figure that is to be written, as of a watermark.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) partition: u32,
    pub(super) figure: Figure,
    pub(super) watermark: EventTime,
}

/// What was written last, and what is queued to be.
#[derive(Debug, Default)]
pub(super) struct KpiMemory {
    written: BTreeMap<Place, (i64, Option<i64>)>,
    queued: BTreeMap<Place, Snapshot>,
}

impl KpiMemory {
    /// Queues the figures of a partition's committed panes that differ from what was written.
    pub(super) fn take(&mut self, number: u32, partition: &Partition) {
        let (Some(now), Some(watermark)) = (partition.now(), partition.watermark()) else {
            return;
        };
        for figure in figures(partition.maps(), partition.panes(), now) {
            let place = (
                number,
                figure.name,
                figure.map,
                figure.breakdown,
                figure.window,
            );
            let value = (figure.numerator, figure.denominator);
            // Nothing is written too, once: whoever had the partition before wrote something else.
            if self.written.get(&place) == Some(&value) {
                self.queued.remove(&place);
            } else {
                self.queued.insert(
                    place,
                    Snapshot {
                        partition: number,
                        figure,
                        watermark,
                    },
                );
            }
        }
    }

    /// Whether something of this partition is queued.
    pub(super) fn has_queued(&self, number: u32) -> bool {
        self.queued.keys().any(|place| place.0 == number)
    }

    /// What is queued, in a fixed order.
    pub(super) fn queued(&self) -> impl Iterator<Item = &Snapshot> {
        self.queued.values()
    }

    /// What was queued is written.
    pub(super) fn commit(&mut self) {
        for (place, snapshot) in std::mem::take(&mut self.queued) {
            self.written.insert(
                place,
                (snapshot.figure.numerator, snapshot.figure.denominator),
            );
        }
    }

    /// What was queued may be written or not: it is written again, whatever it comes to then.
    pub(super) fn abort(&mut self) {
        for place in self.queued.keys() {
            self.written.remove(place);
        }
    }

    /// A partition is somebody else's now, who writes its figures anew.
    pub(super) fn forget(&mut self, number: u32) {
        self.queued.retain(|place, _| place.0 != number);
        self.written.retain(|place, _| place.0 != number);
    }
}

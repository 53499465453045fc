//! Counters and histograms, looked up once: telling of a batch hashes nothing.

use metrics::{Counter, Histogram, Recorder};

use super::catalogue as all;
use super::effect_kind::EffectLabel;
use super::metric::{Metric, VERDICTS, reasons};
use super::record::{counter, histogram};
use crate::domain::{Maps, StepIx};
use crate::runtime::OutputTopic;

/// The counters and histograms that one worker tells.
#[derive(Debug)]
pub(super) struct Handles {
    pub(super) rebalances: Counter,
    pub(super) records: Counter,
    pub(super) bytes: Counter,
    pub(super) misplaced: Counter,
    pub(super) derived_ids: Counter,
    pub(super) unknown_types: Counter,
    /// In the order of [`VERDICTS`].
    pub(super) touchpoints: [Counter; 4],
    pub(super) commits: Counter,
    pub(super) commit_duration: Histogram,
    pub(super) cut: Counter,
    pub(super) dead_letters_cut: Counter,
    pub(super) wakes: Counter,
    pub(super) idle_steps: Counter,
    /// In the order of [`OutputTopic::ALL`].
    written: [Counter; 5],
    dead_letters: Vec<(&'static str, Counter)>,
    maps: Vec<MapHandles>,
}

/// The counters and histograms of one map.
#[derive(Debug)]
struct MapHandles {
    /// In the order of [`EffectLabel::ALL`].
    effects: [Counter; 8],
    /// By step.
    dwell: Vec<Histogram>,
}

impl Handles {
    /// Registers everything that can be told, so that each series begins at 0.
    pub(super) fn register(recorder: &dyn Recorder, maps: &Maps) -> Self {
        let plain = |metric: &Metric| counter(recorder, metric, &[]);
        Self {
            rebalances: plain(&all::REBALANCES),
            records: plain(&all::INPUT_RECORDS),
            bytes: plain(&all::INPUT_BYTES),
            misplaced: plain(&all::MISPLACED_RECORDS),
            derived_ids: plain(&all::DERIVED_IDS),
            unknown_types: plain(&all::UNKNOWN_TYPES),
            touchpoints: VERDICTS.map(|verdict| counter(recorder, &all::TOUCHPOINTS, &[verdict])),
            commits: plain(&all::COMMITS),
            commit_duration: histogram(recorder, &all::COMMIT_DURATION, &[]),
            cut: plain(&all::BOUND_CUTS),
            dead_letters_cut: plain(&all::DEAD_LETTERS_CUT),
            wakes: plain(&all::TIMER_WAKES),
            idle_steps: plain(&all::IDLE_STEPS),
            written: OutputTopic::ALL
                .map(|topic| counter(recorder, &all::OUTPUT_RECORDS, &[topic.suffix()])),
            dead_letters: reasons()
                .map(|reason| (reason, counter(recorder, &all::DEAD_LETTERS, &[reason])))
                .collect(),
            maps: (0..maps.maps.len())
                .map(|map| MapHandles::register(recorder, maps, map))
                .collect(),
        }
    }

    /// The counter of an effect.
    pub(super) fn effect(&self, map: u16, label: EffectLabel) -> Option<&Counter> {
        let place = EffectLabel::ALL.iter().position(|other| *other == label)?;
        self.maps.get(usize::from(map))?.effects.get(place)
    }

    /// The histogram of stays in a step.
    pub(super) fn dwell(&self, map: u16, step: StepIx) -> Option<&Histogram> {
        let map = self.maps.get(usize::from(map))?;
        map.dwell.get(usize::from(step.0))
    }

    /// The counter of records written to a topic.
    pub(super) fn written(&self, topic: OutputTopic) -> Option<&Counter> {
        let place = OutputTopic::ALL.iter().position(|other| *other == topic)?;
        self.written.get(place)
    }

    /// The counter of dead letters for a reason.
    pub(super) fn dead_letters(&self, reason: &str) -> Option<&Counter> {
        let mut counters = self.dead_letters.iter();
        counters
            .find(|(known, _)| *known == reason)
            .map(|(_, counter)| counter)
    }
}

impl MapHandles {
    fn register(recorder: &dyn Recorder, maps: &Maps, map: usize) -> Self {
        let map = &maps.maps[map];
        let effect =
            |label: EffectLabel| counter(recorder, &all::EFFECTS, &[&map.id, label.name()]);
        let dwell = |step| {
            let (stage, step) = map.name_of(StepIx(step));
            histogram(
                recorder,
                &all::STAGE_DWELL,
                &[&map.id, stage, step.unwrap_or_default()],
            )
        };
        Self {
            effects: EffectLabel::ALL.map(effect),
            dwell: (0..).take(map.steps.len()).map(dwell).collect(),
        }
    }
}

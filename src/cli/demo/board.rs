//! What the workers of this process have told, ready to be shown.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::tally::Tally;
use crate::domain::{Currency, CustomerId, EffectKind, EventTime, KpiKey, Maps, Millis, Sign};
use crate::metrics::EffectLabel;
use crate::runtime::{Intake, Observer, OutputTopic, PartitionReport};
use crate::state::{Counters, Output};

/// Alerts that are remembered.
pub(super) const ALERTS: usize = 6;
/// How far back the rate of touchpoints looks.
const RATE_SPAN: Duration = Duration::from_secs(5);

/// What the workers of this process have told.
#[derive(Debug)]
pub struct Board {
    pub(super) maps: Arc<Maps>,
    pub(super) partitions: BTreeMap<u32, Part>,
    /// The latest, oldest first.
    pub(super) alerts: VecDeque<Alert>,
    /// Touchpoints seen by then, oldest first.
    samples: VecDeque<(Duration, u64)>,
}

/// What was told of one partition since it was assigned.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    worker: usize,
    pub(super) watermark: Option<EventTime>,
    pub(super) lag: Option<u64>,
    pub(super) stopped: Option<String>,
    pub(super) counters: Counters,
    pub(super) intake: Intake,
    pub(super) totals: BTreeMap<KpiKey, i64>,
    pub(super) dead_letters: BTreeMap<&'static str, u64>,
    pub(super) effects: BTreeMap<(u16, EffectLabel), u64>,
}

/// An alert, or what became of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Alert {
    pub(super) at: EventTime,
    pub(super) customer: CustomerId,
    pub(super) map: u16,
    pub(super) rule: u16,
    pub(super) value: Option<(i64, Option<Currency>)>,
    pub(super) what: What,
}

/// What an alert says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// Silence; the how-many-eth alert of its episode, from 0.
    Abandoned(u8),
    /// The alert was wrong.
    TakenBack,
    /// The customer came back after this long.
    Recovered(Millis),
}

impl Board {
    /// A board on which nothing stands yet.
    pub fn new(maps: &Arc<Maps>) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            maps: Arc::clone(maps),
            partitions: BTreeMap::new(),
            alerts: VecDeque::new(),
            samples: VecDeque::new(),
        }))
    }

    /// Takes note of how much was seen by now, `elapsed` after the beginning: the rate follows
    /// from the notes of the last seconds.
    pub fn sample(&mut self, elapsed: Duration) {
        let seen = self.tally().touchpoints();
        self.samples.push_back((elapsed, seen));
        while self.samples.len() > 2 && self.samples[1].0 + RATE_SPAN <= elapsed {
            self.samples.pop_front();
        }
    }

    /// Touchpoints a second, by the last few seconds' notes.
    pub(super) fn rate(&self) -> u64 {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else {
            return 0;
        };
        let millis = last.0.saturating_sub(first.0).as_millis().max(1);
        let seen = u128::from(last.1.saturating_sub(first.1));
        u64::try_from(seen * 1_000 / millis).unwrap_or(u64::MAX)
    }

    /// Everything counted so far, over all partitions.
    pub fn tally(&self) -> Tally {
        Tally::of(self)
    }

    fn part(&mut self, worker: usize, partition: u32) -> &mut Part {
        let part = self.partitions.entry(partition).or_default();
        if part.worker != worker {
            // Its new owner reads it from the start.
            *part = Part {
                worker,
                ..Part::default()
            };
        }
        part
    }

    fn remember(&mut self, alert: Alert) {
        if self.alerts.len() == ALERTS {
            self.alerts.pop_front();
        }
        self.alerts.push_back(alert);
    }
}

/// The board, also after a thread panicked over it.
pub(super) fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells a [`Board`] what one worker does.
#[derive(Debug)]
pub struct BoardObserver {
    board: Arc<Mutex<Board>>,
    worker: usize,
}

impl BoardObserver {
    /// The observer of the worker with this number, unique in the process.
    pub fn new(board: &Arc<Mutex<Board>>, worker: usize) -> Self {
        Self {
            board: Arc::clone(board),
            worker,
        }
    }
}

impl Observer for BoardObserver {
    fn assigned(&mut self, partitions: &[u32]) {
        let mine = self.worker;
        lock(&self.board)
            .partitions
            .retain(|number, part| part.worker != mine || partitions.contains(number));
    }

    fn effects(
        &mut self,
        partition: u32,
        outputs: &[Output],
        dead_letters: &[(&'static str, u64)],
    ) {
        let mut board = lock(&self.board);
        let part = board.part(self.worker, partition);
        for (reason, count) in dead_letters {
            *part.dead_letters.entry(reason).or_default() += count;
        }
        for output in outputs {
            let effect = &output.effect;
            if let Some(label) = EffectLabel::of(&effect.kind, effect.sign) {
                *part.effects.entry((effect.map, label)).or_default() += 1;
            }
        }
        for alert in outputs.iter().filter_map(alert) {
            board.remember(alert);
        }
    }

    fn committed(&mut self, _: &[(OutputTopic, u64)], _: Duration) {}

    fn stands(&mut self, report: &PartitionReport<'_>) {
        let mut board = lock(&self.board);
        let part = board.part(self.worker, report.partition);
        part.watermark = report.watermark;
        part.lag = report.lag;
        part.stopped = report.stopped.map(String::from);
        part.counters = report.counters;
        part.intake.clone_from(report.intake);
        part.totals = report
            .panes
            .totals()
            .map(|(key, sum)| (*key, sum))
            .collect();
    }
}

/// The alert that an effect is, if it is one.
fn alert(output: &Output) -> Option<Alert> {
    let effect = &output.effect;
    if effect.sign != Sign::Assert {
        return None;
    }
    let (rule, value, what) = match &effect.kind {
        EffectKind::Abandoned(alert) => (
            alert.rule,
            Some((alert.value, alert.currency)),
            What::Abandoned(alert.level),
        ),
        EffectKind::Retracted(alert) => (alert.rule, None, What::TakenBack),
        EffectKind::Recovered(recovery) => (
            recovery.rule,
            Some((recovery.value, recovery.currency)),
            What::Recovered(recovery.took),
        ),
        _ => return None,
    };
    Some(Alert {
        at: effect.at,
        customer: output.customer.clone(),
        map: effect.map,
        rule,
        value,
        what,
    })
}

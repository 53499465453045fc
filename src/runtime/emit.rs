//! From what a task holds to the records that a commit writes.

use std::collections::BTreeMap;

use super::config::WorkerConfig;
use super::kpis::{KpiMemory, Snapshot};
use super::record::DeadLetter;
use super::task::Task;
use crate::domain::{Breakdown, EventTime, Figure, Maps, Window};
use crate::wire::output::{
    self, Context, DEAD_LETTER_PREFIX, Known, KpiSnapshot, OutputRecord, OutputTopic,
};

/// How many records go to each topic.
pub(super) fn counts(records: &[OutputRecord]) -> Vec<(OutputTopic, u64)> {
    let mut counts = BTreeMap::<_, u64>::new();
    for record in records {
        *counts.entry(record.topic).or_default() += 1;
    }
    counts.into_iter().collect()
}

/// Appends the effects of a task's open transaction, in order.
pub(super) fn effects(
    task: &Task,
    maps: &Maps,
    config: &WorkerConfig,
    detected: EventTime,
    records: &mut Vec<OutputRecord>,
) {
    let mut causes = task.causes.iter().peekable();
    let mut cause = None;
    for (index, output) in task.outputs.iter().enumerate() {
        while let Some(next) = causes.next_if(|next| next.from <= index) {
            cause = Some(next);
        }
        let context = Context {
            app: &config.app,
            encodings: &config.encodings,
            known: Known {
                detected_at: Some(detected),
                watermark: cause.and_then(|cause| cause.watermark),
            },
            trace: cause.map_or(&[], |cause| &cause.trace),
        };
        records.extend(output::record(
            &output.customer,
            &output.effect,
            maps,
            &context,
        ));
    }
}

/// Appends the dead letters of a task's open transaction. Those of `too_large` bytes or more are
/// cut; returns how many.
pub(super) fn dead_letters(
    task: &Task,
    config: &WorkerConfig,
    too_large: Option<usize>,
    records: &mut Vec<OutputRecord>,
) -> u64 {
    let mut cut = 0;
    for letter in &task.dead_letters {
        let letter = dead_letter(letter, config);
        let mut record = letter.record(DEAD_LETTER_PREFIX, &config.app);
        if too_large.is_some_and(|too_large| record.bytes() >= too_large) {
            record = letter.cut(DEAD_LETTER_PREFIX, &config.app);
            cut += 1;
        }
        records.push(record);
    }
    cut
}

fn dead_letter<'a>(letter: &'a DeadLetter, config: &'a WorkerConfig) -> output::DeadLetter<'a> {
    let source = letter.source;
    output::DeadLetter {
        topic: &config.inputs[usize::from(source.input)].topic,
        partition: source.partition,
        offset: letter.offset,
        timestamp: letter.timestamp,
        key: letter.key.as_deref(),
        value: letter.value.as_deref(),
        headers: &letter.headers,
        error: &letter.error,
    }
}

/// Appends the KPI snapshots that are queued.
pub(super) fn kpis(
    memory: &KpiMemory,
    maps: &Maps,
    config: &WorkerConfig,
    records: &mut Vec<OutputRecord>,
) {
    records.extend(memory.queued().map(|snapshot| {
        let Snapshot {
            partition,
            figure,
            watermark,
        } = snapshot;
        let message = kpi_message(figure, maps, *partition, *watermark);
        output::kpi_record(message, config.encodings.kpis, &config.app)
    }));
}

/// The message of a partition's figure as of a watermark.
pub fn kpi_message(
    figure: &Figure,
    maps: &Maps,
    partition: u32,
    watermark: EventTime,
) -> KpiSnapshot {
    let map = &maps.maps[usize::from(figure.map)];
    let mut labels = BTreeMap::from([("map".to_owned(), map.id.to_string())]);
    let mut label = |name: &str, value: &str| labels.insert(name.to_owned(), value.to_owned());
    match figure.breakdown {
        Breakdown::Whole => {}
        Breakdown::Step(step) => {
            let (stage, step) = map.name_of(step);
            label("stage", stage);
            if let Some(step) = step {
                label("step", step);
            }
        }
        Breakdown::Rule(rule) => {
            label("rule", &map.abandonments[usize::from(rule)].id);
        }
        Breakdown::Currency(currency) => {
            label(
                "currency",
                currency
                    .as_ref()
                    .map_or("none", |currency| currency.as_str()),
            );
        }
    }
    KpiSnapshot {
        kpi: figure.name.to_owned(),
        window: figure.window.map(|window| Window::name(window).to_owned()),
        labels: labels.into_iter().collect(),
        partition,
        numerator: figure.numerator,
        denominator: figure.denominator,
        n: u64::try_from(figure.denominator.unwrap_or(figure.numerator)).ok(),
        watermark: Some(watermark.as_millis()),
    }
}

/// How many dead letters there are by the reason's code.
pub(super) fn reasons(letters: &[DeadLetter]) -> Vec<(&'static str, u64)> {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for letter in letters {
        *counts.entry(letter.error.reason.code()).or_default() += 1;
    }
    counts.into_iter().collect()
}

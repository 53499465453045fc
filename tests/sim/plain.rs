//! The plain run: each partition from its first record to its last, by nothing but the domain.

use std::sync::Arc;

use wayfarer::domain::{EventTime, Rules, Touchpoint, figures};
use wayfarer::runtime::kpi_message;
use wayfarer::sim::StoredRecord;
use wayfarer::state::Partition;
use wayfarer::wire::output::{Encoding, Known, Message, kpi_record};
use wayfarer::wire::touchpoint::Format;

use crate::account::Account;
use crate::maps::maps;
use crate::pipeline::{INPUTS, Pipeline};

/// What a pipeline should have said, its watermarks being where it says they are.
pub(crate) fn account(pipeline: &Pipeline) -> Account {
    let mut account = Account::default();
    let mut logs: Vec<(usize, StoredRecord)> = Vec::new();
    for (input, topic) in INPUTS.iter().enumerate().take(pipeline.setup.inputs) {
        let records = pipeline.broker.records(topic).unwrap();
        logs.extend(records.into_iter().map(|record| (input, record)));
    }
    logs.sort_by_key(|(input, record)| (record.timestamp, *input, record.offset));
    for number in 0..pipeline.setup.partitions {
        let log = logs.iter().filter(|(_, record)| record.partition == number);
        let end = pipeline
            .standing(number)
            .and_then(|standing| standing.watermark);
        run(pipeline, number, log, end, &mut account);
    }
    account
}

fn run<'a>(
    pipeline: &Pipeline,
    number: u32,
    log: impl Iterator<Item = &'a (usize, StoredRecord)>,
    end: Option<EventTime>,
    account: &mut Account,
) {
    let maps = Arc::new(maps(Rules::ALL));
    let mut partition = Partition::new(Arc::clone(&maps), pipeline.setup.inputs);
    let mut outputs = Vec::new();
    for (input, record) in log {
        match read(pipeline, record) {
            Some(touchpoint) => {
                partition.observe(*input, &touchpoint, Some(record.timestamp), &mut outputs);
            }
            None => {
                let place = (INPUTS[*input].to_owned(), record.partition, record.offset);
                account.dead_letters.insert(place, record.value.clone());
            }
        }
    }
    if let Some(end) = end {
        partition.idle(end, &mut outputs);
    }
    partition.commit();
    for output in outputs {
        let known = Known::default();
        let said = Message::of(&output.customer, &output.effect, &maps, &known);
        if let Some(message) = said {
            account.say(message);
        }
    }
    let (Some(now), Some(watermark)) = (partition.now(), partition.watermark()) else {
        return;
    };
    for figure in figures(&maps, partition.panes(), now) {
        let snapshot = kpi_message(&figure, &maps, number, watermark);
        let value = (snapshot.numerator, snapshot.denominator);
        let key = kpi_record(snapshot, Encoding::Json, "wayfarer").key;
        account.kpis.insert(key.unwrap(), value);
    }
}

/// The touchpoint of a record, if it can be used.
pub(crate) fn read(pipeline: &Pipeline, record: &StoredRecord) -> Option<Touchpoint> {
    let config = pipeline.config();
    let value = record.value.as_deref().unwrap_or_default();
    let decoded = Format::Json
        .decode(record.key.as_deref(), value, &config.decode)
        .ok()?;
    let ahead = decoded.touchpoint.at.since(record.timestamp);
    (ahead <= config.max_future_skew).then_some(decoded.touchpoint)
}

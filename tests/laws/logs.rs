//! The logs of a case: in which order its touchpoints arrive, by which input, with what between.

use std::sync::Arc;

use wayfarer::domain::{EventTime, Millis, Touchpoint};

use crate::cases::{Case, Drawn};
use crate::run::{Entry, customers_of, name};

/// What a duplicate says about the time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Again {
    /// The same as the first.
    SameTime,
    /// Something else.
    OtherTime,
}

/// Something on its way: when it arrives, by which input, and what it is.
struct Arrival {
    at: i64,
    input: usize,
    touchpoint: Arc<Touchpoint>,
    logged: Option<EventTime>,
}

/// Every touchpoint of a case, the duplicates with another time included.
pub(crate) fn touchpoints(case: &Case, again: Again) -> Vec<Touchpoint> {
    let mut told: Vec<Touchpoint> = case.touches.iter().map(|d| d.touchpoint.clone()).collect();
    if again == Again::OtherTime {
        told.extend(
            duplicates(case, again)
                .into_iter()
                .map(|drawn| drawn.touchpoint),
        );
    }
    told
}

fn duplicates(case: &Case, again: Again) -> Vec<Drawn> {
    let duplicate = |drawn: &Drawn| {
        let (shift, delay) = drawn.again?;
        let mut duplicate = drawn.clone();
        duplicate.delay = delay;
        duplicate.second ^= shift > 10;
        if again == Again::OtherTime {
            duplicate.touchpoint.at = drawn.touchpoint.at.plus(Millis::new(shift));
        }
        Some(duplicate)
    };
    case.touches.iter().filter_map(duplicate).collect()
}

/// A log in which every input is at most the disorder out of order, whatever the others do.
pub(crate) fn on_time(case: &Case, again: Again, partition: usize) -> Vec<Entry> {
    let mut drawn = case.touches.clone();
    drawn.extend(duplicates(case, again));
    for one in &mut drawn {
        one.delay %= case.disorder + 1;
    }
    let mut log = entries(case, drawn, partition);
    log.extend(case.end().map(Entry::Idle));
    log
}

/// A log with touchpoints far behind, duplicates of both kinds, and idle steps in between.
pub(crate) fn any_log(case: &Case, partition: usize) -> Vec<Entry> {
    let mut drawn = case.touches.clone();
    let same = duplicates(case, Again::SameTime);
    let other = duplicates(case, Again::OtherTime);
    drawn.extend(same.into_iter().step_by(2));
    drawn.extend(other.into_iter().skip(1).step_by(2));
    let mut log = entries(case, drawn, partition);
    for (place, at) in &case.idles {
        log.insert(place * log.len() / 1000, Entry::Idle(case.moment(*at)));
    }
    log.extend(case.end().map(Entry::Idle));
    log
}

/// A log in which some records are read once more, with a timestamp that does not move the clock.
pub(crate) fn nudged(case: &Case, log: &[Entry]) -> Vec<Entry> {
    let mut nudged = Vec::new();
    for (i, entry) in log.iter().enumerate() {
        nudged.push(entry.clone());
        for (place, which) in &case.nudges {
            if place % log.len() != i {
                continue;
            }
            if let Entry::Record {
                input, touchpoint, ..
            } = &log[which % (i + 1)]
            {
                nudged.push(Entry::Record {
                    input: *input,
                    touchpoint: Arc::clone(touchpoint),
                    logged: Some(EventTime::MIN),
                });
            }
        }
    }
    nudged
}

/// The records of one partition in the order of their arrival.
fn entries(case: &Case, drawn: Vec<Drawn>, partition: usize) -> Vec<Entry> {
    let mine: Vec<String> = customers_of(case, partition).map(name).collect();
    let mut arrivals: Vec<Arrival> = drawn
        .into_iter()
        .filter(|drawn| {
            mine.iter()
                .any(|name| *name == drawn.touchpoint.customer.as_str())
        })
        .map(|drawn| {
            let input = usize::from(drawn.second && case.inputs > 1);
            let lag = if input == 1 { case.lag } else { 0 };
            let at = drawn.touchpoint.at;
            Arrival {
                at: at.as_millis() + drawn.delay + lag,
                input,
                logged: drawn.logged.map(|offset| at.plus(Millis::new(offset))),
                touchpoint: Arc::new(drawn.touchpoint),
            }
        })
        .collect();
    arrivals.sort_by_key(|arrival| arrival.at);
    arrivals
        .into_iter()
        .map(
            |Arrival {
                 input,
                 touchpoint,
                 logged,
                 ..
             }| Entry::Record {
                input,
                touchpoint,
                logged,
            },
        )
        .collect()
}

/// Where the watermark stands at the end of a log: the smallest over the inputs of the largest time
/// that each accepted, less the disorder, less 1 ms; or the furthest idle step.
pub(crate) fn watermark(log: &[Entry], inputs: usize, disorder: i64) -> Option<EventTime> {
    let largest = |wanted: usize| {
        log.iter()
            .filter_map(|entry| match entry {
                Entry::Record {
                    input,
                    touchpoint,
                    logged,
                } if *input == wanted => {
                    Some(logged.map_or(touchpoint.at, |logged| logged.min(touchpoint.at)))
                }
                _ => None,
            })
            .max()
    };
    let largest: Option<Vec<EventTime>> = (0..inputs).map(largest).collect();
    let proven = largest.and_then(|times| times.into_iter().min());
    let idle = log.iter().filter_map(|entry| match entry {
        Entry::Idle(to) => Some(*to),
        Entry::Record { .. } => None,
    });
    let proven = proven.map(|at| at.minus(Millis::new(disorder + 1)));
    idle.chain(proven).max()
}

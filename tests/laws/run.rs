//! Runs a log through partitions, cut into transactions by a script.

use std::sync::Arc;

use wayfarer::domain::{Bounds, EventTime, Maps, Millis, Rules, Settings, Touchpoint};
use wayfarer::state::{Output, Partition};

use crate::cases::{CUSTOMERS, Case, Ending, Script};

/// Stretches after which a script no longer aborts, so that every run ends.
const PATIENCE: usize = 60;

/// One entry of a partition's log.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// A record of one of the inputs.
    Record {
        input: usize,
        touchpoint: Arc<Touchpoint>,
        logged: Option<EventTime>,
    },
    /// An idle step.
    Idle(EventTime),
}

/// What a run left behind.
pub(crate) struct Ran {
    pub(crate) partition: Partition,
    /// What was committed, in order.
    pub(crate) outputs: Vec<Output>,
    pub(crate) aborts: usize,
    pub(crate) reopens: usize,
}

impl Ran {
    /// What was committed for one customer, in order.
    pub(crate) fn outputs_of(&self, customer: usize) -> Vec<&Output> {
        let name = name(customer);
        self.outputs
            .iter()
            .filter(|output| output.customer.as_str() == name)
            .collect()
    }
}

/// The name of a customer.
pub(crate) fn name(customer: usize) -> String {
    format!("c{customer}")
}

/// How much is kept of a customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bounded {
    /// All that a case can bring.
    Generously,
    /// So little that every bound bites.
    Tightly,
}

/// Compiles the maps of a case with some rules switched off, or none.
pub(crate) fn compile(case: &Case, rules: Rules, bounded: Bounded) -> Arc<Maps> {
    let bounds = match bounded {
        Bounded::Generously => Bounds {
            pending: 256,
            ring: 256,
            path: case.path,
            episodes: 256,
        },
        Bounded::Tightly => Bounds {
            pending: 4,
            ring: 3,
            path: 2,
            episodes: 2,
        },
    };
    let settings = Settings {
        disorder: Millis::new(case.disorder),
        bounds,
        rules,
        ..Settings::default()
    };
    let maps = Maps::compile(&case.specs, &settings);
    Arc::new(maps.expect("drawn maps have no mistakes"))
}

/// The partition that a customer belongs to.
pub(crate) fn partition_of(case: &Case, customer: usize) -> usize {
    customer % case.partitions
}

/// The customers of one partition.
pub(crate) fn customers_of(case: &Case, partition: usize) -> impl Iterator<Item = usize> {
    (0..CUSTOMERS).filter(move |customer| partition_of(case, *customer) == partition)
}

/// Reads a log from beginning to end.
pub(crate) fn run(maps: &Arc<Maps>, inputs: usize, log: &[Entry], script: &Script) -> Ran {
    let mut ran = Ran {
        partition: Partition::new(Arc::clone(maps), inputs),
        outputs: Vec::new(),
        aborts: 0,
        reopens: 0,
    };
    let mut offset = 0;
    for (stretch, (entries, ending)) in script.iter().cycle().enumerate() {
        if offset == log.len() {
            break;
        }
        let end = (offset + entries).min(log.len());
        let ending = if stretch < PATIENCE {
            *ending
        } else {
            Ending::Commit
        };
        let mut out = Vec::new();
        for entry in &log[offset..end] {
            read(&mut ran.partition, entry, &mut out);
        }
        if matches!(ending, Ending::Commit | Ending::CommitReopen) {
            ran.partition.commit();
            ran.outputs.append(&mut out);
            offset = end;
        }
        match ending {
            Ending::Commit => {}
            Ending::Abort => {
                ran.partition.abort();
                ran.aborts += 1;
            }
            Ending::CommitReopen | Ending::Reopen => {
                ran.partition.reopen();
                ran.reopens += 1;
            }
        }
    }
    ran
}

fn read(partition: &mut Partition, entry: &Entry, out: &mut Vec<Output>) {
    match entry {
        Entry::Record {
            input,
            touchpoint,
            logged,
        } => {
            partition.observe(*input, touchpoint, *logged, out);
        }
        Entry::Idle(to) => partition.idle(*to, out),
    }
}

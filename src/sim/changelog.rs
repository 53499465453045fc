//! A reader of the changelog.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use super::broker::SimBroker;
use super::clock::SimClock;
use super::faults::{Call, Faults};
use super::log::Found;
use crate::runtime::{Bounds, ChangeRecord, Changelog, Error};

/// A reader of the changelog's committed records.
#[derive(Debug)]
pub struct SimChangelog {
    broker: SimBroker,
    topic: String,
    faults: Faults,
    readable_bounds: bool,
    /// The offset that comes next in each partition that is read.
    reading: BTreeMap<u32, u64>,
    /// Where the next poll begins, so that every partition has its turn.
    turn: u32,
}

impl SimChangelog {
    /// A reader that reads no partition yet.
    pub fn open(broker: &SimBroker, topic: &str, faults: &Faults) -> Self {
        Self {
            broker: broker.clone(),
            topic: topic.to_owned(),
            faults: faults.clone(),
            readable_bounds: false,
            reading: BTreeMap::new(),
            turn: 0,
        }
    }

    /// A mistake to be found by a test: the end is where committed records end, which an
    /// undecided transaction holds back.
    #[must_use]
    pub fn with_readable_bounds(mut self) -> Self {
        self.readable_bounds = true;
        self
    }

    fn clock(&self) -> SimClock {
        self.broker.cluster().clock.clone()
    }

    /// The partitions that are read, beginning with the one whose turn it is.
    fn in_turn(&self) -> Vec<u32> {
        let behind = self.reading.range(self.turn..);
        let before = self.reading.range(..self.turn);
        behind
            .chain(before)
            .map(|(partition, _)| *partition)
            .collect()
    }

    /// Hands over up to `limit` records, and passes by what is no record.
    fn read(
        &mut self,
        limit: usize,
        sink: &mut dyn FnMut(ChangeRecord<'_>),
    ) -> Result<usize, Error> {
        let mut taken = Vec::new();
        let broker = self.broker.clone();
        let cluster = broker.cluster();
        cluster.reach()?;
        for partition in self.in_turn() {
            let log = cluster.log(&self.topic, partition)?;
            let Some(next) = self.reading.get_mut(&partition) else {
                continue;
            };
            if !log.holds(*next) {
                let (begin, end) = (log.begin(), log.next());
                return Err(Error::Fatal(format!(
                    "partition {partition} of {} has no offset {next}: it holds {begin} to {end}",
                    self.topic
                )));
            }
            while !log.withheld && taken.len() < limit {
                match log.find(*next) {
                    Found::Record(record) => {
                        *next = record.offset + 1;
                        taken.push(record);
                    }
                    Found::End(end) => {
                        *next = end.max(*next);
                        break;
                    }
                }
            }
            if taken.len() >= limit {
                self.turn = partition.saturating_add(1);
                break;
            }
        }
        drop(cluster);
        for record in &taken {
            sink(ChangeRecord {
                partition: record.partition,
                key: record.key.as_deref().unwrap_or_default(),
                value: record.value.as_deref(),
            });
        }
        Ok(taken.len())
    }
}

impl Changelog for SimChangelog {
    fn partition_count(&mut self) -> Result<NonZeroU32, Error> {
        self.faults.alive()?;
        let cluster = self.broker.cluster();
        cluster.reach()?;
        cluster.partition_count(&self.topic)
    }

    fn bounds(&mut self, partition: u32) -> Result<Bounds, Error> {
        let clock = self.clock();
        self.faults.around(Call::Bounds, &clock, || {
            let cluster = self.broker.cluster();
            cluster.reach()?;
            let log = cluster.log(&self.topic, partition)?;
            Ok(Bounds {
                begin: log.begin(),
                end: match self.readable_bounds {
                    true => log.end(),
                    false => log.next(),
                },
            })
        })
    }

    fn start(&mut self, partition: u32, from: u64) -> Result<(), Error> {
        self.faults.alive()?;
        self.reading.insert(partition, from);
        Ok(())
    }

    fn stop(&mut self, partition: u32) -> Result<(), Error> {
        self.faults.alive()?;
        self.reading.remove(&partition);
        Ok(())
    }

    /// Returns at once: time passes only on the clock.
    fn poll(
        &mut self,
        _wait: Duration,
        limit: usize,
        sink: &mut dyn FnMut(ChangeRecord<'_>),
    ) -> Result<usize, Error> {
        let (clock, faults) = (self.clock(), self.faults.clone());
        faults.around(Call::Restore, &clock, || self.read(limit, sink))
    }

    fn position(&self, partition: u32) -> Option<u64> {
        self.reading.get(&partition).copied()
    }
}

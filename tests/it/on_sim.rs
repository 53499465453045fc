//! The contract, kept by the broker in memory.

use std::collections::BTreeMap;

use wayfarer::domain::EventTime;
use wayfarer::runtime::OutputTopic;
use wayfarer::sim::{Record, SimBroker, SimClock, SimInput, SimOutput, SimTransaction};

use crate::contract::{self, Entry, Foreign, World, source};

const GROUP: &str = "wayfarer";
const INPUT: &str = "touchpoints";
const PARTITIONS_OUT: u32 = 3;

/// A broker of its own for each test.
pub(crate) struct OnSim(SimBroker);

impl OnSim {
    fn names() -> BTreeMap<OutputTopic, String> {
        let name = |topic: OutputTopic| (topic, topic.suffix().to_owned());
        BTreeMap::from(OutputTopic::ALL.map(name))
    }
}

impl World for OnSim {
    type Input = SimInput;
    type Output = SimOutput;
    type Foreign = SimTransaction;

    fn new(partitions: u32) -> Self {
        let broker = SimBroker::new(&SimClock::new(EventTime::from_millis(0)));
        broker.create_topic(INPUT, partitions).unwrap();
        for name in Self::names().values() {
            broker.create_topic(name, PARTITIONS_OUT).unwrap();
        }
        Self(broker)
    }

    fn join(&self) -> SimInput {
        SimInput::join(&self.0, GROUP, &[INPUT]).unwrap()
    }

    fn open(&self) -> SimOutput {
        SimOutput::open(&self.0, Self::names())
    }

    fn append(&self, partition: u32, records: &[Entry]) {
        for entry in records {
            self.0.write_to(INPUT, partition, record(entry)).unwrap();
        }
    }

    fn append_undecided(&self, partition: u32, records: &[Entry]) -> SimTransaction {
        let transaction = self.0.begin_transaction();
        for entry in records {
            transaction
                .write_to(INPUT, partition, record(entry))
                .unwrap();
        }
        transaction
    }

    fn committed(&self, partition: u32) -> Option<u64> {
        self.0.committed(GROUP, source(partition))
    }

    fn read_back(&self, topic: OutputTopic) -> Vec<Vec<Entry>> {
        let mut partitions = vec![Vec::new(); usize::try_from(PARTITIONS_OUT).unwrap()];
        for stored in self.0.records(topic.suffix()).unwrap() {
            partitions[usize::try_from(stored.partition).unwrap()].push(Entry {
                key: stored.key,
                value: stored.value,
                headers: stored.headers,
                timestamp: Some(stored.timestamp),
            });
        }
        partitions
    }
}

impl Foreign for SimTransaction {
    fn commit(self) {
        Self::commit(self);
    }

    fn abort(self) {
        Self::abort(self);
    }
}

fn record(entry: &Entry) -> Record {
    Record {
        timestamp: entry.timestamp,
        key: entry.key.clone(),
        value: entry.value.clone(),
        headers: entry.headers.clone(),
    }
}

contract::laws!(crate::on_sim::OnSim);

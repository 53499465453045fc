//! The contract, kept by the broker in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use wayfarer::domain::EventTime;
use wayfarer::runtime::{Change, OutputTopic, Stored};
use wayfarer::sim::{
    CommitterConfig, Faults, Record, SimBroker, SimChangelog, SimClock, SimCommitter, SimInput,
    SimTransaction,
};

use crate::contract::{self, Entry, Foreign, Transactions, World, source};

const GROUP: &str = "wayfarer";
const INPUT: &str = "touchpoints";
const CHANGELOG: &str = "changelog";
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
    type Foreign = SimTransaction;

    fn new(partitions: u32) -> Self {
        let broker = SimBroker::new(&SimClock::new(EventTime::from_millis(0)));
        broker.create_topic(INPUT, partitions).unwrap();
        broker.create_topic(CHANGELOG, partitions).unwrap();
        for name in Self::names().values() {
            broker.create_topic(name, PARTITIONS_OUT).unwrap();
        }
        Self(broker)
    }

    fn join(&self) -> SimInput {
        SimInput::join(&self.0, GROUP, &[INPUT]).unwrap()
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

impl Transactions for OnSim {
    type Committer = SimCommitter;
    type Changelog = SimChangelog;

    fn committer(&self, name: &str, input: &SimInput) -> SimCommitter {
        let config = CommitterConfig {
            transactional_id: name.to_owned(),
            outputs: Self::names(),
            changelog: CHANGELOG.to_owned(),
            time_out: Duration::from_secs(10),
        };
        SimCommitter::open(&self.0, config, input.membership(), &Faults::default())
    }

    fn changelog(&self) -> SimChangelog {
        SimChangelog::open(&self.0, CHANGELOG, &Faults::default())
    }

    fn change_undecided(&self, changes: &[Change]) -> SimTransaction {
        let transaction = self.0.begin_transaction();
        for change in changes {
            let record = Record {
                key: Some(change.key.clone()),
                value: change.value.clone(),
                ..Record::default()
            };
            transaction
                .write_to(CHANGELOG, change.partition, record)
                .unwrap();
        }
        transaction
    }

    fn store_undecided(&self, partition: u32, next: u64) -> SimTransaction {
        let transaction = self.0.begin_transaction();
        let note = String::new();
        transaction
            .store(GROUP, source(partition), Stored { next, note })
            .unwrap();
        transaction
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
contract::laws!(transactions of crate::on_sim::OnSim);

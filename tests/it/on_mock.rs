//! The Kafka adapters on librdkafka's mock broker: what a real one cannot be told to do, and the
//! embedded broker of the demo.

use std::collections::BTreeMap;

use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use wayfarer::kafka::{
    EmbeddedBroker, KafkaChangelog, KafkaCommitter, KafkaConfig, KafkaInput, KafkaOutput,
};
use wayfarer::runtime::{Committer, Error, InputLog, OutputRecord, OutputTopic};

use crate::contract::member::Member;
use crate::contract::source;
use crate::contract::transactions::{change, changes, note, offsets, settle, stored, transaction};
use crate::support::broker;

const TOPIC: &str = "touchpoints";

fn config(bootstrap: &str) -> KafkaConfig {
    let mut config = broker::config(bootstrap);
    config.inputs = vec![TOPIC.to_owned()];
    config.outputs = BTreeMap::from([(OutputTopic::Alerts, TOPIC.to_owned())]);
    config
}

#[test]
fn a_member_that_the_group_forgot_has_lost_its_partitions() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, 2, 1).unwrap();
    let config = config(&cluster.bootstrap_servers());
    let mut member = Member::new(KafkaInput::join(&config).unwrap());
    member.releases = false;
    member.until("assigned", |member| member.owned.len() == 2);
    let forgotten = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID];
    cluster.request_errors(RDKafkaApiKey::Heartbeat, &forgotten);
    member.until("lost", |member| member.revoked.len() == 2);
    assert_eq!(member.lost, 1);
    let mut committer = KafkaCommitter::open(&config, &member.log).unwrap();
    let late = settle(&mut committer, &mut member, offsets("late", &[(0, 1)]));
    assert!(matches!(late, Err(Error::Abort(_))), "{late:?}");
    member.log.release(&[source(0), source(1)]).unwrap();
}

#[test]
fn a_commit_during_a_rebalance_is_refused_and_not_taken_for_done() {
    for refusal in [
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
    ] {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(TOPIC, 1, 1).unwrap();
        let config = config(&cluster.bootstrap_servers());
        let mut member = Member::new(KafkaInput::join(&config).unwrap());
        member.until("assigned", |member| member.owned.len() == 1);
        let mut committer = KafkaCommitter::open(&config, &member.log).unwrap();
        cluster.request_errors(RDKafkaApiKey::OffsetCommit, &[refusal]);
        let refused = settle(&mut committer, &mut member, offsets("refused", &[(0, 0)]));
        assert!(matches!(refused, Err(Error::Abort(_))), "{refused:?}");
        assert_eq!(stored(&mut member.log, 1), [None]);
    }
}

#[test]
fn the_embedded_broker_carries_records_from_an_output_to_an_input() {
    let broker = EmbeddedBroker::start(&[(TOPIC, 3)]).unwrap();
    let config = config(broker.bootstrap_servers());
    let mut output = KafkaOutput::open(&config).unwrap();
    for n in 0..100 {
        output
            .send(&OutputRecord {
                topic: OutputTopic::Alerts,
                key: Some(format!("customer-{n}").into_bytes()),
                value: Some(b"x".to_vec()),
                headers: Vec::new(),
                timestamp: None,
            })
            .unwrap();
    }
    output.flush().unwrap();
    let mut member = Member::new(KafkaInput::join(&config).unwrap());
    member.until_read(100);
    let ends = [0, 1, 2].map(|partition| (partition, member.end(source(partition))));
    for (partition, end) in ends {
        assert_eq!(member.log.position(source(partition)), Some(end));
    }
    assert_eq!(ends.iter().map(|(_, end)| end).sum::<u64>(), 100);
    let mut committer = KafkaCommitter::open(&config, &member.log).unwrap();
    settle(&mut committer, &mut member, offsets("all", &ends)).unwrap();
    let all = ends.map(|(partition, end)| note(end, &format!("all, {partition}")));
    assert_eq!(stored(&mut member.log, 3), all);
}

#[test]
fn the_embedded_broker_carries_transactions_at_least_once() {
    let broker = EmbeddedBroker::start(&[(TOPIC, 2), ("alerts", 1), ("changes", 2)]).unwrap();
    let mut config = config(broker.bootstrap_servers());
    config.outputs = BTreeMap::from([(OutputTopic::Alerts, "alerts".to_owned())]);
    config.changelog = Some("changes".to_owned());
    let mut member = Member::new(KafkaInput::join(&config).unwrap());
    member.until("assigned", |member| member.owned.len() == 2);
    let mut committer = KafkaCommitter::open(&config, &member.log).unwrap();
    assert_eq!(committer.renew(), Ok(()));
    let one = transaction("one", &[(1, 3), (0, 0)]);
    settle(&mut committer, &mut member, one).unwrap();
    let both = [note(0, "one, 0"), note(3, "one, 1")];
    assert_eq!(stored(&mut member.log, 2), both);
    let mut changelog = KafkaChangelog::open(&config).unwrap();
    let found = changes(&mut changelog, 1, 0);
    assert_eq!(found, [change(1, "one", Some("changed"))]);
}

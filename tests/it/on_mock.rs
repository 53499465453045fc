//! The Kafka adapters on librdkafka's mock broker: what a real one cannot be told to do, and the
//! embedded broker of the demo.

use std::collections::BTreeMap;

use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use wayfarer::kafka::{
    EmbeddedBroker, KafkaChangelog, KafkaCommitter, KafkaConfig, KafkaInput, KafkaOutput,
};
use wayfarer::runtime::{Committer, Error, InputLog, OutputLog, OutputRecord, OutputTopic};

use crate::contract::member::Member;
use crate::contract::source;
use crate::contract::transactions::{change, changes, note, settle, stored, transaction};
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
    let late = member.log.commit(&[(source(0), 1)]);
    assert!(matches!(late, Err(Error::Abort(_))), "{late:?}");
    member.log.release(&[source(0), source(1)]).unwrap();
}

#[test]
fn a_commit_during_a_rebalance_is_refused_and_not_taken_for_done() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, 1, 1).unwrap();
    let config = config(&cluster.bootstrap_servers());
    let mut member = Member::new(KafkaInput::join(&config).unwrap());
    member.until("assigned", |member| member.owned.len() == 1);
    for (refusal, aborts) in [
        (
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
            false,
        ),
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, true),
    ] {
        cluster.request_errors(RDKafkaApiKey::OffsetCommit, &[refusal]);
        let committed = member.log.commit(&[(source(0), 0)]);
        match committed {
            Err(Error::Abort(_)) => assert!(aborts),
            Err(Error::Retry(_)) => assert!(!aborts),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_embedded_broker_carries_records_from_an_output_to_an_input() {
    let broker = EmbeddedBroker::start(&[(TOPIC, 3)]).unwrap();
    let config = config(broker.bootstrap_servers());
    let mut output = KafkaOutput::open(&config).unwrap();
    for n in 0..100 {
        output
            .send(OutputRecord {
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
    let mut all = 0;
    for partition in [0, 1, 2].map(source) {
        let end = member.end(partition);
        assert_eq!(member.log.position(partition), Some(end));
        member.log.commit(&[(partition, end)]).unwrap();
        all += end;
    }
    assert_eq!(all, 100);
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

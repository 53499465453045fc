//! The topics of a pipeline: created, and held against what it needs.

use std::process::{Command, Output};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use wayfarer::kafka::{Admin, TopicSpec};

use crate::on_kafka::fresh_name;
use crate::support::broker;

const PARTITIONS: u32 = 4;

/// What `wayfarer` says of the pipeline of this name, and what it ends with.
fn wayfarer(app: &str, args: &[&str]) -> (Option<i32>, String) {
    let bootstrap = broker::shared().bootstrap();
    let settings = [
        format!("app={app}"),
        format!("inputs=[{{topic: {app}.touchpoints}}]"),
        format!("kafka.bootstrap_servers={bootstrap}"),
        "http.listen=127.0.0.1:0".to_owned(),
    ];
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_wayfarer"))
        .args(args)
        .args(settings.iter().flat_map(|setting| ["--set", setting]))
        .output()
        .expect("the program starts");
    let said = [stdout, stderr].concat();
    (status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// The topics of a pipeline as somebody may have made them who knows what they are for.
fn specs(app: &str) -> Vec<TopicSpec> {
    let spec = |name: &str, partitions, policy: &str| TopicSpec {
        name: format!("{app}.{name}"),
        partitions,
        replication: Some(1),
        settings: [("cleanup.policy".to_owned(), policy.to_owned())].into(),
    };
    vec![
        spec("touchpoints", PARTITIONS, "delete"),
        spec("transitions", 2, "delete"),
        spec("alerts", 1, "delete"),
        spec("conversions", 8, "delete"),
        spec("kpis", 1, "compact"),
        spec("dlq", 1, "delete"),
        spec("changelog", PARTITIONS, "compact"),
    ]
}

/// A pipeline of which one thing is broken.
fn broken(breaks: impl Fn(&mut Vec<TopicSpec>)) -> String {
    let app = fresh_name();
    let mut specs = specs(&app);
    breaks(&mut specs);
    let admin = Admin::open(&broker::config(broker::shared().bootstrap())).unwrap();
    assert_eq!(admin.create_topics(&specs).unwrap().len(), specs.len());
    for spec in &specs {
        while admin.partition_count(&spec.name).unwrap() != Some(spec.partitions) {}
    }
    app
}

/// What `validate --connect` finds: its exit code and the line for each thing.
fn findings(app: &str) -> (Option<i32>, Vec<String>) {
    let (code, said) = wayfarer(app, &["validate", "--connect"]);
    let begin = format!("{}: ", broker::shared().bootstrap());
    let lines = said.lines().filter_map(|line| line.strip_prefix(&begin));
    (code, lines.map(str::to_owned).collect())
}

/// Exactly one line is said, and it holds all of this.
fn assert_one(app: &str, code: i32, holds: &[&str]) {
    let (ended, lines) = findings(app);
    assert_eq!((ended, lines.len()), (Some(code), 1), "{lines:?}");
    for part in holds {
        assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
    }
}

#[test]
fn what_was_applied_is_in_order_and_applying_again_changes_nothing() {
    let app = fresh_name();
    let (code, said) = wayfarer(&app, &["topics", "--apply"]);
    assert_eq!(code, Some(69), "the inputs are somebody else's: {said}");
    assert!(said.contains(&format!("there is no topic {app}.touchpoints")));

    let apply = ["topics", "--apply", "--inputs", "--partitions", "4"];
    let single = [&apply[..], &["--replication-factor", "1"]].concat();
    let (code, said) = wayfarer(&app, &single);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches(": created, ").count(), 7, "{said}");
    let changelog = format!("{app}.changelog: created, partitions 4, replication 1");
    assert!(said.contains(&changelog), "{said}");

    for again in [&single[..], &["topics", "--apply"]] {
        let (code, said) = wayfarer(&app, again);
        assert_eq!(code, Some(0), "{said}");
        let looked_at = if again.len() == 2 { 6 } else { 7 };
        assert_eq!(said.matches(": in order").count(), looked_at, "{said}");
        assert!(!said.contains("created"), "{said}");
    }
    let (code, said) = wayfarer(&app, &["validate", "--connect", "--deny-warnings"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("in order\n  1 broker, 7 topics"), "{said}");
}

#[test]
fn more_replicas_than_brokers_are_refused_with_the_mend() {
    let app = fresh_name();
    let args = ["topics", "--apply", "--inputs", "--partitions", "4"];
    let (code, said) = wayfarer(&app, &args);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("--replication-factor"), "{said}");
}

#[test]
fn topics_that_somebody_else_made_well_are_in_order() {
    let app = broken(|_| {});
    let (code, lines) = findings(&app);
    assert_eq!((code, lines), (Some(0), vec!["in order".to_owned()]));
    // They work, but are not as the catalogue has them.
    let (code, said) = wayfarer(&app, &["topics", "--apply"]);
    assert_eq!(code, Some(1), "{said}");
    let mend = "segment.ms is 604800000, not 1800000";
    assert!(said.contains(mend), "{said}");
}

#[test]
fn a_changelog_with_other_partitions_is_wrong_everywhere() {
    let app = broken(|specs| specs[6].partitions = 3);
    let line = format!("the changelog {app}.changelog has 3 partitions and the inputs 4");
    assert_one(&app, 78, &[&line, "--partitions 4"]);
    let (code, said) = wayfarer(&app, &["run"]);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains(&line), "{said}");
    let (code, said) = wayfarer(&app, &["topics", "--apply"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&line), "{said}");
}

#[test]
fn a_changelog_that_forgets_is_wrong_everywhere() {
    let app = broken(|specs| {
        let policy = ("cleanup.policy".to_owned(), "delete".to_owned());
        specs[6].settings.extend([policy]);
    });
    let mend = format!("--entity-name {app}.changelog --add-config cleanup.policy=compact");
    assert_one(&app, 78, &["cleanup.policy=delete", &mend]);
    let (code, said) = wayfarer(&app, &["run"]);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains(&mend), "{said}");
}

#[test]
fn a_topic_that_is_not_there_is_named_and_created() {
    let app = broken(|specs| drop(specs.remove(2)));
    let line = format!("there is no topic {app}.alerts");
    assert_one(&app, 69, &[&line, "wayfarer topics --apply"]);
    let (code, said) = wayfarer(&app, &["run"]);
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains(&line), "{said}");
    let (_, said) = wayfarer(&app, &["topics", "--apply", "--replication-factor", "1"]);
    assert!(said.contains(&format!("{app}.alerts: created")), "{said}");
    assert_eq!(findings(&app).0, Some(0));
}

#[test]
fn replicas_that_can_never_be_in_sync_are_wrong() {
    let app = broken(|specs| {
        let in_sync = ("min.insync.replicas".to_owned(), "2".to_owned());
        specs[1].settings.extend([in_sync]);
    });
    assert_one(
        &app,
        78,
        &["nothing can be written", "min.insync.replicas=1"],
    );
}

#[test]
fn a_group_that_stands_behind_the_end_of_a_topic_is_wrong() {
    let app = broken(|_| {});
    let member: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker::shared().bootstrap())
        .set("group.id", &app)
        .create()
        .unwrap();
    let mut stored = TopicPartitionList::new();
    let topic = format!("{app}.touchpoints");
    stored
        .add_partition_offset(&topic, 2, Offset::Offset(17))
        .unwrap();
    member.commit(&stored, CommitMode::Sync).unwrap();
    drop(stored);
    let line = format!("partition 2 of {topic} from 17, and the end is 0");
    assert_one(&app, 78, &[&line, "--reset-offsets"]);
}

#[test]
fn brokers_that_do_not_answer_are_said_to_be_away() {
    let args = ["validate", "--connect", "--set"];
    let nobody = "kafka.bootstrap_servers=127.0.0.1:1";
    let output = Command::new(env!("CARGO_BIN_EXE_wayfarer"))
        .args(args)
        .arg(nobody)
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(69));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("check kafka.bootstrap_servers"), "{said}");
}

//! What this user may do, and where its group stands.

use std::collections::BTreeMap;

use super::{Finding, Weight, topics};
use crate::cli::topics::catalogue::{Role, Topic, inputs};
use crate::config::{Config, Delivery};
use crate::kafka::{Admin, KafkaConfig, Place, Rights, TopicShape, places, try_transactions};

/// Looks at what is allowed with the topics that are there. Returns those whose settings may not
/// be seen.
pub(super) fn rights(
    config: &Config,
    admin: &Admin,
    shapes: &BTreeMap<String, TopicShape>,
    findings: &mut Vec<Finding>,
) -> Vec<String> {
    let names: Vec<_> = shapes.keys().map(String::as_str).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let told = match admin.rights(&names) {
        Ok(told) => told,
        Err(error) => {
            let text = format!("what is allowed with the topics cannot be seen: {error}");
            findings.push(Finding::new(Weight::Warning, text));
            BTreeMap::new()
        }
    };
    let mut hidden = Vec::new();
    for Topic { name, role, .. } in topics(config) {
        let Some(rights) = told.get(&name) else {
            continue;
        };
        findings.extend(forbidden(role, &name, *rights));
        if !rights.describe_configs {
            hidden.push(name);
        }
    }
    if !hidden.is_empty() {
        let text = format!(
            "the settings of {} cannot be seen, and were not checked: allow this user \
             DESCRIBE_CONFIGS on them",
            hidden.join(", ")
        );
        findings.push(Finding::new(Weight::Warning, text));
    }
    hidden
}

/// What is wrong if a pipeline must do more with a topic than is allowed.
fn forbidden(role: Role, name: &str, rights: Rights) -> Option<Finding> {
    let (read, write) = match role {
        Role::Input => (true, false),
        Role::Changelog => (true, true),
        Role::Events | Role::Kpis | Role::DeadLetters => (false, true),
    };
    let lacking = match (read && !rights.read, write && !rights.write) {
        (false, false) => return None,
        (true, false) => "READ",
        (false, true) => "WRITE",
        (true, true) => "READ and WRITE",
    };
    let text = format!("{name} is out of reach: allow this user {lacking} on the topic");
    Some(Finding::new(Weight::Wrong, text))
}

/// Looks whether the cluster takes transactions, under a name that no worker has: theirs end in a
/// number.
pub(super) fn transactions(config: &Config, kafka: &KafkaConfig, findings: &mut Vec<Finding>) {
    if config.delivery == Delivery::ExactlyOnce {
        let tried = try_transactions(kafka, &format!("{}-validate", config.app));
        findings.extend(tried.err().as_ref().map(Finding::of));
    }
}

/// Looks whether the group can read on where it stands.
pub(super) fn group(
    config: &Config,
    kafka: &KafkaConfig,
    shapes: &BTreeMap<String, TopicShape>,
    findings: &mut Vec<Finding>,
) {
    let inputs = inputs(config);
    let topics = inputs.iter().filter_map(|topic| {
        let shape = shapes.get(&topic.name)?;
        Some((topic.name.as_str(), shape.partitions))
    });
    match places(kafka, &topics.collect::<Vec<_>>()) {
        Ok(places) => {
            let group = &kafka.group_id;
            findings.extend(places.iter().filter_map(|place| lost(group, place)));
        }
        Err(error) => findings.push(Finding::of(&error)),
    }
}

/// What is wrong if a group is to read on where there is nothing.
fn lost(group: &str, place: &Place) -> Option<Finding> {
    let Place {
        topic,
        partition,
        next,
        begin,
        end,
    } = place;
    let what = if next < begin {
        format!("the oldest record is {begin}: records were removed before they were read")
    } else if next > end {
        format!("the end is {end}: the topic was created anew")
    } else {
        return None;
    };
    let text = format!(
        "group {group} is to read partition {partition} of {topic} from {next}, and {what}: reset \
         it by kafka-consumer-groups.sh --reset-offsets --to-earliest, or begin anew with another \
         kafka.group_id and state.changelog"
    );
    Some(Finding::new(Weight::Wrong, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_that_is_lacking_is_named_and_no_other() {
        let all = Rights {
            read: true,
            write: true,
            describe_configs: true,
        };
        let none = Rights::default();
        let read = Rights {
            write: false,
            ..all
        };
        let lacking = |role, rights| forbidden(role, "t", rights).map(|found| found.text);
        assert_eq!(lacking(Role::Changelog, all), None);
        assert_eq!(lacking(Role::Input, read), None);
        for (role, rights, names) in [
            (Role::Input, none, "READ on"),
            (Role::Events, read, "user WRITE on"),
            (Role::Changelog, read, "user WRITE on"),
            (Role::Changelog, none, "READ and WRITE on"),
        ] {
            let text = lacking(role, rights).unwrap();
            assert!(text.contains(names), "{text}");
        }
    }

    #[test]
    fn a_group_reads_on_between_the_oldest_record_and_the_end() {
        let place = |next| Place {
            topic: "touchpoints".into(),
            partition: 3,
            next,
            begin: 10,
            end: 20,
        };
        assert_eq!(lost("g", &place(10)), None);
        assert_eq!(lost("g", &place(20)), None);
        let early = lost("g", &place(9)).unwrap();
        assert!(early.text.contains("removed before they were read"));
        let late = lost("g", &place(21)).unwrap();
        assert!(late.text.contains("created anew"));
    }
}

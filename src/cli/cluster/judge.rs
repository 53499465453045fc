//! What is right and wrong about topics, by what the brokers tell of them.

use std::collections::BTreeMap;

use super::{Finding, Weight};
use crate::cli::topics::alteration;
use crate::cli::topics::catalogue::Role;
use crate::config::Config;

/// What librdkafka sends in one record unless it is told otherwise.
const SENT: u64 = 1_000_000;
/// What a topic takes unless it is told otherwise.
const TAKEN: u64 = 1_048_588;

type Settings = BTreeMap<String, String>;

pub(super) fn missing(role: Role, name: &str) -> Finding {
    let mend = match role {
        Role::Input => "create it, or name another under inputs",
        _ => "`wayfarer topics --apply` creates it; or name another in the config",
    };
    Finding::new(Weight::Missing, format!("there is no topic {name}: {mend}"))
}

/// What is wrong if the inputs have different numbers of partitions.
pub(in crate::cli) fn unequal_inputs(counts: &[(String, u32)]) -> Option<Finding> {
    counts.windows(2).find(|pair| pair[0].1 != pair[1].1)?;
    let each: Vec<_> = counts
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    let text = format!(
        "the inputs have different numbers of partitions ({}): give them the same number, since a \
         customer's touchpoints must lie in one partition",
        each.join(", ")
    );
    Some(Finding::new(Weight::Wrong, text))
}

/// What is wrong if the changelog has another number of partitions than the inputs.
pub(in crate::cli) fn unequal_changelog(
    inputs: u32,
    (name, count): (&str, u32),
) -> Option<Finding> {
    let mend = match count < inputs {
        true => format!("add some by kafka-topics.sh --alter --topic {name} --partitions {inputs}"),
        // Partitions cannot be taken away.
        false => format!("name a new one as state.changelog, and create it with {inputs}"),
    };
    let text = format!(
        "the changelog {name} has {count} partitions and the inputs {inputs}: {mend}, since a \
         partition's state lies in the changelog's partition of its number"
    );
    (count != inputs).then(|| Finding::new(Weight::Wrong, text))
}

/// What is wrong with what a topic's broker removes.
pub(super) fn cleanup(
    config: &Config,
    role: Role,
    name: &str,
    settings: &Settings,
) -> Option<Finding> {
    let policy = settings.get("cleanup.policy")?;
    let compacts = policy.contains("compact");
    let deletes = policy.contains("delete");
    let (fits, weight, why) = match role {
        Role::Changelog => (
            compacts && !deletes,
            Weight::Wrong,
            "customers who were silent for longer than its retention would lose their state",
        ),
        Role::Kpis => (
            compacts,
            Weight::Warning,
            "the last snapshot of each KPI holds, and a quiet one would go",
        ),
        Role::Input | Role::Events => (
            !compacts,
            Weight::Wrong,
            "it is keyed by customer, and all but a customer's last record would go",
        ),
        Role::DeadLetters => (
            !compacts,
            Weight::Warning,
            "records without a key are refused, and all but the last of each key would go",
        ),
    };
    let wanted = role.settings(1);
    let wanted = wanted.iter().find(|s| s.name == "cleanup.policy")?;
    let mend = mend(config, name, wanted.name, wanted.value);
    let text = format!("{name} has cleanup.policy={policy}: {why}: {mend}");
    (!fits).then(|| Finding::new(weight, text))
}

/// What is wrong with how many brokers keep a topic that is written.
pub(super) fn replication(
    config: &Config,
    name: &str,
    (brokers, replicas): (usize, u32),
    settings: &Settings,
) -> Option<Finding> {
    let in_sync = settings.get("min.insync.replicas")?;
    let in_sync: u32 = in_sync.parse().ok()?;
    let raise = || mend(config, name, "min.insync.replicas", "2");
    let lower = |value: u32| mend(config, name, "min.insync.replicas", &value.to_string());
    let (weight, text) = match replicas {
        0 => return None,
        _ if in_sync > replicas => (
            Weight::Wrong,
            format!(
                "{name} asks for {in_sync} replicas in sync and has {replicas}, so nothing can be \
                 written: {}",
                lower(replicas.div_ceil(2))
            ),
        ),
        1 if brokers > 1 => (
            Weight::Warning,
            format!(
                "{name} has one replica and is lost with its broker: give it more by \
                 kafka-reassign-partitions.sh"
            ),
        ),
        2.. if in_sync == replicas => (
            Weight::Warning,
            format!(
                "{name} asks for all of its {replicas} replicas in sync, so writing stops with one \
                 broker: {}",
                lower(replicas - 1)
            ),
        ),
        3.. if in_sync < 2 => (
            Weight::Warning,
            format!(
                "{name} has {replicas} replicas and asks for {in_sync} in sync, so what is \
                 acknowledged may be lost with one broker: {}",
                raise()
            ),
        ),
        _ => return None,
    };
    Some(Finding::new(weight, text))
}

/// The largest record that a topic takes, in bytes.
pub(super) fn largest(settings: &Settings) -> u64 {
    let taken = settings.get("max.message.bytes");
    taken.and_then(|bytes| bytes.parse().ok()).unwrap_or(TAKEN)
}

/// What is wrong with the largest record that a topic takes.
pub(super) fn room(
    config: &Config,
    (role, name): (Role, &str),
    largest_input: u64,
    settings: &Settings,
) -> Option<Finding> {
    let takes = largest(settings);
    let sent = config.kafka.librdkafka.get("message.max.bytes");
    let sent = sent.and_then(|property| property.value.parse().ok());
    let sent = sent.unwrap_or(SENT);
    let (weight, needs, why) = match role {
        Role::DeadLetters => (
            Weight::Warning,
            largest_input,
            "the inputs take more, and such dead letters are cut",
        ),
        Role::Input => return None,
        _ => (
            Weight::Wrong,
            sent,
            "the producer sends more, and a record that is refused stops the pipeline",
        ),
    };
    let mend = mend(config, name, "max.message.bytes", &needs.to_string());
    let text = format!("{name} takes records of up to {takes} bytes: {why}: {mend}");
    (takes < needs).then(|| Finding::new(weight, text))
}

fn mend(config: &Config, topic: &str, name: &str, value: &str) -> String {
    alteration(topic, &[(name, value)], &config.kafka.bootstrap_servers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn weight(finding: Option<Finding>) -> Option<Weight> {
        finding.map(|finding| finding.weight)
    }

    #[test]
    fn what_the_catalogue_asks_for_is_in_order() {
        let config = Config::default();
        for role in Role::ALL {
            for replicas in 1..=5 {
                let wanted = role.settings(replicas);
                let wanted: Vec<_> = wanted.iter().map(|s| (s.name, s.value)).collect();
                let wanted = settings(&wanted);
                let brokers = usize::try_from(replicas).unwrap();
                let found = [
                    cleanup(&config, role, "t", &wanted),
                    replication(&config, "t", (brokers, replicas), &wanted),
                    room(&config, (role, "t"), TAKEN, &wanted),
                ];
                assert_eq!(found, [None, None, None], "{role:?} on {replicas}");
            }
        }
    }

    #[test]
    fn a_changelog_that_forgets_is_wrong_in_any_spelling() {
        let config = Config::default();
        for policy in ["delete", "compact,delete", "delete,compact"] {
            let settings = settings(&[("cleanup.policy", policy)]);
            let found = cleanup(&config, Role::Changelog, "state", &settings).unwrap();
            assert_eq!(found.weight, Weight::Wrong);
            let mend = "--entity-name state --add-config cleanup.policy=compact";
            assert!(found.text.ends_with(mend), "{}", found.text);
            let kpis = cleanup(&config, Role::Kpis, "kpis", &settings);
            assert_eq!(kpis.is_some(), policy == "delete");
        }
        let compact = settings(&[("cleanup.policy", "compact")]);
        for role in [Role::Input, Role::Events] {
            assert_eq!(
                weight(cleanup(&config, role, "t", &compact)),
                Some(Weight::Wrong)
            );
        }
    }

    #[test]
    fn replicas_in_sync_are_fewer_than_replicas_and_more_than_one() {
        let judged = |brokers, replicas, in_sync: &str| {
            let settings = settings(&[("min.insync.replicas", in_sync)]);
            let config = Config::default();
            weight(replication(&config, "t", (brokers, replicas), &settings))
        };
        assert_eq!(judged(3, 3, "2"), None);
        assert_eq!(judged(1, 1, "1"), None);
        assert_eq!(judged(2, 2, "1"), None);
        assert_eq!(judged(1, 1, "2"), Some(Weight::Wrong));
        assert_eq!(judged(3, 2, "3"), Some(Weight::Wrong));
        assert_eq!(judged(3, 3, "3"), Some(Weight::Warning));
        assert_eq!(judged(3, 3, "1"), Some(Weight::Warning));
        assert_eq!(judged(3, 1, "1"), Some(Weight::Warning));
    }

    #[test]
    fn a_topic_takes_what_the_producer_sends() {
        let small = settings(&[("max.message.bytes", "100000")]);
        let judged = |role| weight(room(&Config::default(), (role, "t"), TAKEN, &small));
        assert_eq!(judged(Role::Changelog), Some(Weight::Wrong));
        assert_eq!(judged(Role::DeadLetters), Some(Weight::Warning));
        assert_eq!(judged(Role::Input), None);
    }

    #[test]
    fn unequal_numbers_of_partitions_are_named() {
        let counts = |more: u32| [("a".to_owned(), 4), ("b".to_owned(), 4 + more)];
        assert_eq!(unequal_inputs(&counts(0)), None);
        let found = unequal_inputs(&counts(2)).unwrap();
        assert!(found.text.contains("(a 4, b 6)"), "{}", found.text);
        assert_eq!(unequal_changelog(4, ("state", 4)), None);
        let found = unequal_changelog(4, ("state", 3)).unwrap();
        assert!(found.text.contains("--partitions 4"), "{}", found.text);
        let found = unequal_changelog(4, ("state", 5)).unwrap();
        assert!(found.text.contains("create it with 4"), "{}", found.text);
    }
}

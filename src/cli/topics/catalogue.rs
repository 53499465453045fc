//! Every topic of a pipeline once: its settings, and the reason of each.

use crate::config::Config;
use crate::kafka::TopicSpec;

/// What a topic is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::cli) enum Role {
    /// Touchpoints; others write it.
    Input,
    /// Transitions, alerts or conversions, keyed by customer.
    Events,
    /// KPI snapshots.
    Kpis,
    /// Dead letters.
    DeadLetters,
    /// The state.
    Changelog,
}

/// A setting that a topic should have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::cli) struct Setting {
    /// Its name with the brokers.
    pub(in crate::cli) name: &'static str,
    /// Its value as the brokers spell it.
    pub(in crate::cli) value: &'static str,
    /// Why this value.
    pub(in crate::cli) why: &'static str,
}

/// A topic of a pipeline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::cli) struct Topic {
    /// Its name.
    pub(in crate::cli) name: String,
    /// What it is for.
    pub(in crate::cli) role: Role,
    /// What it holds, in words.
    pub(super) holds: &'static str,
}

const fn setting(name: &'static str, value: &'static str, why: &'static str) -> Setting {
    Setting { name, value, why }
}

const INPUT: &[Setting] = &[
    setting(
        "cleanup.policy",
        "delete",
        "a customer has many touchpoints, and compaction keeps one",
    ),
    setting(
        "retention.ms",
        "604800000",
        "7 d: longer than the pipeline may ever stand still",
    ),
];

const EVENTS: &[Setting] = &[
    setting(
        "cleanup.policy",
        "delete",
        "keyed by customer: compaction would keep one record of each",
    ),
    setting(
        "retention.ms",
        "604800000",
        "7 d: longer than a reader may ever stand still",
    ),
];

const KPIS: &[Setting] = &[
    setting(
        "cleanup.policy",
        "compact",
        "keyed by KPI, window, labels and partition: the last of each holds",
    ),
    setting(
        "segment.ms",
        "3600000",
        "1 h: the segment that is written is never compacted",
    ),
    setting(
        "max.compaction.lag.ms",
        "3600000",
        "1 h: what holds is found without reading days of snapshots",
    ),
];

const DEAD_LETTERS: &[Setting] = &[
    setting(
        "cleanup.policy",
        "delete",
        "it keeps the keys that were read, which say nothing of what is newer",
    ),
    setting(
        "retention.ms",
        "2592000000",
        "30 d: people look into it, not programs",
    ),
];

const CHANGELOG: &[Setting] = &[
    setting(
        "cleanup.policy",
        "compact",
        "the last state of each customer is the only copy; delete would lose it",
    ),
    setting(
        "segment.bytes",
        "67108864",
        "64 MiB: the segment that is written is never compacted, and a restore reads it whole",
    ),
    setting(
        "segment.ms",
        "1800000",
        "30 min: the same where little is written",
    ),
    setting(
        "min.cleanable.dirty.ratio",
        "0.2",
        "a restore reads about a quarter more than the state",
    ),
    setting(
        "max.compaction.lag.ms",
        "1800000",
        "30 min: a customer who was deleted is gone soon",
    ),
    setting(
        "delete.retention.ms",
        "604800000",
        "7 d: a restore, however slow, still sees what was deleted while it read",
    ),
    setting(
        "max.message.bytes",
        "8388608",
        "8 MiB: a state that the topic refused would stop the pipeline",
    ),
    setting(
        "compression.type",
        "lz4",
        "as it is written, so that brokers need not compress it again",
    ),
    setting(
        "unclean.leader.election.enable",
        "false",
        "a replica that lags would bring back a state older than the offsets",
    ),
];

const ONE_IN_SYNC: Setting = setting(
    "min.insync.replicas",
    "1",
    "with fewer than three replicas, two in sync would stop all writing with one broker",
);
const TWO_IN_SYNC: Setting = setting(
    "min.insync.replicas",
    "2",
    "what is acknowledged survives a broker, and writing goes on without one of three",
);

impl Role {
    /// Every kind of topic, the written ones first.
    pub(in crate::cli) const ALL: [Self; 5] = [
        Self::Events,
        Self::Kpis,
        Self::DeadLetters,
        Self::Changelog,
        Self::Input,
    ];

    /// In words.
    const fn purpose(self) -> &'static str {
        match self {
            Self::Input => "touchpoints, keyed by customer",
            Self::Events => "transitions, alerts and conversions, each keyed by customer",
            Self::Kpis => "KPI snapshots",
            Self::DeadLetters => "dead letters, as they came",
            Self::Changelog => "the state, as it moves from one owner to the next",
        }
    }

    /// How many partitions it should have if the inputs have so many.
    pub(in crate::cli) const fn partitions(self, inputs: u32) -> u32 {
        match self {
            // Few records, and who reads one wants all.
            Self::Kpis => 1,
            Self::Input | Self::Events | Self::DeadLetters | Self::Changelog => inputs,
        }
    }

    /// The settings of such a topic if each partition is kept on so many brokers.
    pub(in crate::cli) fn settings(self, replication: u32) -> Vec<Setting> {
        let own = match self {
            Self::Input => INPUT,
            Self::Events => EVENTS,
            Self::Kpis => KPIS,
            Self::DeadLetters => DEAD_LETTERS,
            Self::Changelog => CHANGELOG,
        };
        let in_sync = match replication {
            0..=2 => ONE_IN_SYNC,
            _ => TWO_IN_SYNC,
        };
        own.iter().cloned().chain([in_sync]).collect()
    }
}

impl Topic {
    /// The topic as it should be created.
    pub(super) fn spec(&self, inputs: u32, replication: u32) -> TopicSpec {
        let settings = self.role.settings(replication).into_iter();
        TopicSpec {
            name: self.name.clone(),
            partitions: self.role.partitions(inputs),
            replication: Some(replication),
            settings: settings
                .map(|setting| (setting.name.to_owned(), setting.value.to_owned()))
                .collect(),
        }
    }
}

/// The topics that a pipeline of this config reads, in the config's order.
pub(in crate::cli) fn inputs(config: &Config) -> Vec<Topic> {
    let topic = |input: &crate::config::Input| Topic {
        name: input.topic.clone(),
        role: Role::Input,
        holds: Role::Input.purpose(),
    };
    config.inputs.iter().map(topic).collect()
}

/// The topics that a pipeline of this config writes.
pub(in crate::cli) fn written(config: &Config) -> Vec<Topic> {
    let outputs = &config.outputs;
    let customer = |name, holds| (name, Role::Events, holds);
    let only = |name, role: Role| (name, role, role.purpose());
    [
        customer(
            &outputs.transitions.topic,
            "stage transitions, keyed by customer",
        ),
        customer(
            &outputs.alerts.topic,
            "abandonment alerts, keyed by customer",
        ),
        customer(
            &outputs.conversions.topic,
            "conversions and ended sessions, keyed by customer",
        ),
        only(&outputs.kpis.topic, Role::Kpis),
        only(&outputs.dlq, Role::DeadLetters),
        only(&config.state.changelog, Role::Changelog),
    ]
    .map(|(name, role, holds)| Topic {
        name: name.clone(),
        role,
        holds,
    })
    .into()
}

/// Every kind of topic with its settings and their reasons, as the help shows it.
pub(super) fn explained() -> String {
    let mut text = String::from("Settings and their reasons, with --replication-factor 3:\n");
    for role in Role::ALL {
        text += &format!("\n  {}\n", role.purpose());
        for Setting { name, value, why } in role.settings(3) {
            text += &format!("    {name}={value}\n        {why}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_topic_that_a_worker_is_told_of_is_in_the_catalogue() {
        let config = Config::default();
        let told = crate::cli::connect::kafka(&config, 0);
        let told = told.inputs.iter().chain(told.outputs.values());
        let told: BTreeSet<_> = told.chain([&config.state.changelog]).cloned().collect();
        let known = inputs(&config).into_iter().chain(written(&config));
        let known: BTreeSet<_> = known.map(|topic| topic.name).collect();
        assert_eq!(known, told);
        assert_eq!(known.len(), 7);
    }

    #[test]
    fn the_changelog_has_the_partitions_of_the_inputs_and_is_never_cut() {
        let config = Config::default();
        let changelog = written(&config).pop().unwrap().spec(12, 3);
        assert_eq!((changelog.partitions, changelog.replication), (12, Some(3)));
        assert_eq!(changelog.settings["cleanup.policy"], "compact");
        assert_eq!(changelog.settings["min.insync.replicas"], "2");
        for name in changelog.settings.keys() {
            assert!(!name.starts_with("retention."), "{name}");
        }
    }

    #[test]
    fn writing_goes_on_when_one_of_the_replicas_is_away() {
        for role in Role::ALL {
            for replication in 1..=5 {
                let settings = role.settings(replication);
                let wanted = settings.iter().find(|s| s.name == "min.insync.replicas");
                let wanted: u32 = wanted.unwrap().value.parse().unwrap();
                assert!(wanted < replication || replication == 1);
            }
        }
    }

    #[test]
    fn no_setting_stands_twice_and_each_has_a_reason() {
        for role in Role::ALL {
            let settings = role.settings(3);
            let names: BTreeSet<_> = settings.iter().map(|setting| setting.name).collect();
            assert_eq!(names.len(), settings.len(), "{role:?}");
            assert!(settings.iter().all(|setting| !setting.why.is_empty()));
        }
    }
}

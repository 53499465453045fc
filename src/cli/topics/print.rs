//! Topics as somebody else can create them: commands of Kafka's tools, resources of Strimzi.

use super::catalogue::Topic;
use crate::kafka::TopicSpec;
use crate::wire::placement::murmur2;

/// A command of Kafka's own tools that creates the topic unless it exists.
pub(super) fn command(topic: &Topic, spec: &TopicSpec, brokers: &str) -> String {
    let TopicSpec {
        name, partitions, ..
    } = spec;
    let mut text = format!("# {}\n", topic.holds);
    text += &format!(
        "kafka-topics.sh --bootstrap-server {} --create --if-not-exists \\\n  --topic {name} \
         --partitions {partitions}",
        quoted(brokers)
    );
    if let Some(replication) = spec.replication {
        text += &format!(" --replication-factor {replication}");
    }
    for (name, value) in &spec.settings {
        text += &format!(" \\\n  --config {name}={value}");
    }
    text
}

/// A command of Kafka's own tools that changes settings of a topic.
pub(in crate::cli) fn alteration(topic: &str, settings: &[(&str, &str)], brokers: &str) -> String {
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!(
        "kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {topic} \
         --add-config {}",
        quoted(brokers),
        settings.join(",")
    )
}

/// A resource for Strimzi's topic operator.
pub(super) fn resource(topic: &Topic, spec: &TopicSpec, cluster: &str) -> String {
    let mut text = format!(
        "---
# {}
apiVersion: kafka.strimzi.io/v1
kind: KafkaTopic
metadata:
  name: \"{}\"
  labels:
    strimzi.io/cluster: \"{cluster}\"
spec:
  topicName: \"{}\"
  partitions: {}
",
        topic.holds,
        resource_name(&spec.name),
        spec.name,
        spec.partitions
    );
    if let Some(replication) = spec.replication {
        text += &format!("  replicas: {replication}\n");
    }
    text += "  config:";
    for (name, value) in &spec.settings {
        text += &format!("\n    {name}: {value}");
    }
    text
}

/// The name of the resource for a topic: Kubernetes takes small letters, digits, `-` and `.`. A
/// name that had to be changed ends in a hash of the topic's, so that no two are the same.
fn resource_name(topic: &str) -> String {
    let small = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() || c == '.' => c,
        _ => '-',
    };
    let name: String = topic.chars().map(small).collect();
    // Each part between dots begins and ends with a letter or a digit.
    let parts: Vec<_> = name.split('.').map(|part| part.trim_matches('-')).collect();
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let name = parts.join(".");
    match name == topic {
        true => name,
        false if name.is_empty() => format!("{:08x}", murmur2(topic.as_bytes())),
        false => format!("{name}-{:08x}", murmur2(topic.as_bytes())),
    }
}

/// A text as a shell takes it for one word.
fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b",.:_-".contains(&b);
    match text.bytes().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_a_name_that_kubernetes_takes_and_no_other_topic_has() {
        assert_eq!(resource_name("shop.kpis-2"), "shop.kpis-2");
        let names = ["Shop_kpis", "shop_kpis", "shop-kpis", "-", "..a"].map(resource_name);
        for name in &names {
            let ends = [name.chars().next(), name.chars().last()];
            assert!(ends.iter().flatten().all(char::is_ascii_alphanumeric));
        }
        let different: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(different.len(), names.len());
    }

    #[test]
    fn brokers_are_one_word_of_a_shell() {
        assert_eq!(quoted("a:9092,b:9092"), "a:9092,b:9092");
        assert_eq!(quoted("[::1]:9092"), "'[::1]:9092'");
        assert_eq!(quoted("x'; rm"), r"'x'\''; rm'");
    }

    #[test]
    fn settings_are_changed_by_one_command() {
        let settings = [("cleanup.policy", "compact"), ("segment.ms", "1")];
        assert_eq!(
            alteration("state", &settings, "kafka:9092"),
            "kafka-configs.sh --bootstrap-server kafka:9092 --alter --entity-type topics \
             --entity-name state --add-config cleanup.policy=compact,segment.ms=1"
        );
    }
}

//! What may be passed through to librdkafka, what may not, and what must never be shown.

use super::setting::Wrong;

/// Properties that have a key of their own in the config.
const OURS: &[(&str, &str)] = &[
    ("bootstrap.servers", "kafka.bootstrap_servers"),
    ("metadata.broker.list", "kafka.bootstrap_servers"),
    ("group.id", "kafka.group_id"),
    ("client.id", "kafka.client_id"),
    ("group.instance.id", "kafka.instance_id"),
    ("session.timeout.ms", "kafka.session_timeout"),
    ("log_level", "log.level"),
];

/// Properties that are fixed, because the pipeline is only right with one value of theirs.
const FIXED: &[(&str, &str)] = &[
    (
        "enable.auto.commit",
        "offsets are committed when their effects are, never by the clock",
    ),
    (
        "auto.commit.interval.ms",
        "offsets are committed when their effects are, never by the clock",
    ),
    (
        "enable.auto.offset.store",
        "offsets are committed when their effects are, not when a record is handed over",
    ),
    (
        "auto.offset.reset",
        "a lost position must be an error: skipping records would make journeys wrong silently",
    ),
    (
        "isolation.level",
        "records of aborted transactions must stay invisible",
    ),
    (
        "partition.assignment.strategy",
        "all members of a group must hand over partitions in the same way",
    ),
    (
        "group.protocol",
        "the newer group protocol stalls in the librdkafka that is built in",
    ),
    (
        "group.remote.assignor",
        "the newer group protocol stalls in the librdkafka that is built in",
    ),
    (
        "enable.partition.eof",
        "the end of a partition is proven by asking the broker, not by this event",
    ),
    (
        "allow.auto.create.topics",
        "topics are never created while running",
    ),
    (
        "transactional.id",
        "each worker has its own, made from the group and the instance",
    ),
    (
        "enable.idempotence",
        "without it a retry could write an effect twice or out of order",
    ),
    (
        "acks",
        "an effect counts as written when all replicas have it",
    ),
    (
        "request.required.acks",
        "an effect counts as written when all replicas have it",
    ),
    (
        "max.in.flight.requests.per.connection",
        "more than five would let effects change places",
    ),
    (
        "max.in.flight",
        "more than five would let effects change places",
    ),
    (
        "partitioner",
        "a customer's records must land where other clients put them (murmur2)",
    ),
];

/// Words in a property's name that make its value a secret.
const SECRETS: &[&str] = &["password", "secret", "key", "jaas", "token"];

/// Whether the value of a property must never be shown: its name holds `password`, `secret`, `key`,
/// `jaas` or `token`. `name` may be a whole path that ends with the property.
pub(super) fn is_secret(name: &str) -> bool {
    let Some((_, name)) = name.rsplit_once("librdkafka.") else {
        return false;
    };
    let name = name.to_lowercase();
    SECRETS.iter().any(|word| name.contains(word))
}

/// The part of a line of a config that holds no secret: all of it, or what stands up to the end of
/// the first name that sounds like one.
pub(super) fn public_part(line: &str) -> &str {
    let lower = line.to_ascii_lowercase();
    let words = SECRETS.iter().filter_map(|word| {
        let start = match *word {
            // Too common a word without the dot of a property.
            "key" => lower.find(".key").map(|start| start + 1),
            word => lower.find(word),
        };
        start.map(|start| start + word.len())
    });
    let Some(end) = words.min() else { return line };
    let end = line[end..]
        .find([':', ' '])
        .map_or(line.len(), |more| end + more);
    &line[..end]
}

/// Why a property must not be passed through, if so.
pub(super) fn refusal(name: &str) -> Option<Wrong> {
    let find = |list: &[(&'static str, &'static str)]| {
        list.iter()
            .find(|(property, _)| *property == name)
            .map(|(_, reason)| *reason)
    };
    if let Some(key) = find(OURS) {
        let message = "has a key of its own in the config";
        return Some(Wrong::new(message, format!("set `{key}` instead")));
    }
    find(FIXED).map(|reason| Wrong::new(format!("is fixed: {reason}"), "leave it out"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_that_sounds_secret_is_one() {
        for name in [
            "sasl.password",
            "ssl.key.pem",
            "sasl.jaas.config",
            "sasl.oauthbearer.client.secret",
        ] {
            assert!(is_secret(&format!("kafka.librdkafka.{name}")), "{name}");
        }
        assert!(!is_secret("kafka.librdkafka.security.protocol"));
        assert_eq!(
            public_part("  a: {sasl.password: x}"),
            "  a: {sasl.password"
        );
        assert_eq!(
            public_part("a.b: {ssl.key.pem: \"x\", c: 1}"),
            "a.b: {ssl.key.pem"
        );
        assert_eq!(public_part("map: keys"), "map: keys");
        assert!(!is_secret("mapping.fields.key"));
    }

    #[test]
    fn what_the_pipeline_relies_on_is_refused_with_its_reason() {
        let wrong = refusal("enable.auto.commit").unwrap();
        assert!(wrong.message.contains("never by the clock"), "{wrong:?}");
        assert_eq!(
            refusal("group.id").unwrap().mend,
            "set `kafka.group_id` instead"
        );
        assert_eq!(refusal("fetch.wait.max.ms"), None);
    }
}

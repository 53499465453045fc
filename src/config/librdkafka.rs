//! What must not be passed through to librdkafka, and what must never be shown.

use super::setting::Wrong;
use crate::kafka::Refusal;

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
    Some(match Refusal::of(name)? {
        Refusal::Own(key) => Wrong::new(
            "has a key of its own in the config",
            format!("set `{key}` instead"),
        ),
        Refusal::Fixed(reason) => Wrong::new(format!("is fixed: {reason}"), "leave it out"),
    })
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
        let key = refusal("transaction.timeout.ms").unwrap().mend;
        assert_eq!(key, "set `kafka.transaction_timeout` instead");
        for (name, reason) in [
            ("transactional.id", "names each worker"),
            ("enable.idempotence", "twice or out of order"),
            ("acks", "all replicas"),
            ("max.in.flight", "change places"),
            ("partitioner", "murmur2"),
            ("isolation.level", "aborted transactions"),
        ] {
            let wrong = refusal(name).unwrap();
            assert!(wrong.message.contains(reason), "{name}: {wrong:?}");
            assert_eq!(wrong.mend, "leave it out");
        }
    }
}

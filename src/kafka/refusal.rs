//! Settings of librdkafka that nobody may pass through.

use Refusal::{Fixed, Own};

/// Why a setting of librdkafka cannot be passed through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The config has this key for it.
    Own(&'static str),
    /// The pipeline is only right with one value of it, for this reason.
    Fixed(&'static str),
}

const REFUSED: &[(&str, Refusal)] = &[
    ("bootstrap.servers", Own("kafka.bootstrap_servers")),
    ("metadata.broker.list", Own("kafka.bootstrap_servers")),
    ("group.id", Own("kafka.group_id")),
    ("client.id", Own("kafka.client_id")),
    ("group.instance.id", Own("kafka.instance_id")),
    ("session.timeout.ms", Own("kafka.session_timeout")),
    (
        "transactional.id",
        Fixed("it is made of the app's and the instance's id, and names each worker"),
    ),
    ("transaction.timeout.ms", Own("kafka.transaction_timeout")),
    ("log_level", Own("log.level")),
    (
        "enable.auto.commit",
        Fixed("offsets are committed when their effects are, never by the clock"),
    ),
    (
        "auto.commit.enable",
        Fixed("offsets are committed when their effects are, never by the clock"),
    ),
    (
        "auto.commit.interval.ms",
        Fixed("offsets are committed when their effects are, never by the clock"),
    ),
    (
        "enable.auto.offset.store",
        Fixed("offsets are committed when their effects are, not when a record is handed over"),
    ),
    (
        "auto.offset.reset",
        Fixed(
            "a lost position must be an error: skipping records would make journeys wrong silently",
        ),
    ),
    (
        "isolation.level",
        Fixed("records of aborted transactions must stay invisible"),
    ),
    (
        "partition.assignment.strategy",
        Fixed("all members of a group must hand over partitions in the same way"),
    ),
    (
        "group.protocol",
        Fixed("the newer group protocol stalls in the librdkafka that is built in"),
    ),
    (
        "group.remote.assignor",
        Fixed("the newer group protocol stalls in the librdkafka that is built in"),
    ),
    (
        "enable.partition.eof",
        Fixed("the end of a partition is proven by asking the broker, not by this event"),
    ),
    (
        "allow.auto.create.topics",
        Fixed("topics are never created while running"),
    ),
    (
        "enable.idempotence",
        Fixed("without it a retry could write an effect twice or out of order"),
    ),
    (
        "acks",
        Fixed("an effect counts as written when all replicas have it"),
    ),
    (
        "request.required.acks",
        Fixed("an effect counts as written when all replicas have it"),
    ),
    (
        "max.in.flight.requests.per.connection",
        Fixed("more than five would let effects change places"),
    ),
    (
        "max.in.flight",
        Fixed("more than five would let effects change places"),
    ),
    (
        "partitioner",
        Fixed("a customer's records must land where other clients put them (murmur2)"),
    ),
];

impl Refusal {
    /// Why a setting of this name cannot be passed through, if it cannot.
    pub fn of(name: &str) -> Option<Self> {
        let mut refused = REFUSED.iter();
        refused
            .find(|(refused, _)| *refused == name)
            .map(|(_, refusal)| *refusal)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_refused_for_one_reason() {
        let names: BTreeSet<_> = REFUSED.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), REFUSED.len());
    }

    #[test]
    fn what_librdkafka_calls_by_two_names_is_refused_by_both_alike() {
        for (alias, name) in [
            ("acks", "request.required.acks"),
            ("auto.commit.enable", "enable.auto.commit"),
            ("bootstrap.servers", "metadata.broker.list"),
            ("max.in.flight", "max.in.flight.requests.per.connection"),
        ] {
            assert!(Refusal::of(name).is_some(), "{name}");
            assert_eq!(Refusal::of(alias), Refusal::of(name), "{alias}");
        }
    }
}

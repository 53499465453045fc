//! Kafka's error codes, sorted by what the runtime must do.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::runtime::Error;

/// Sorts an error. `doing` says what was tried, as in "reading the input topics".
pub(super) fn sort(error: &KafkaError, doing: &str) -> Error {
    match error.rdkafka_error_code() {
        Some(code) => sort_code(code, doing),
        None => Error::Fatal(format!("{doing}: {error}")),
    }
}

/// Sorts an error code. What is not known to pass is fatal: it would come back for ever.
pub(super) fn sort_code(code: RDKafkaErrorCode, doing: &str) -> Error {
    let text = match mend(code) {
        Some(mend) => format!("{doing}: {code}; {mend}"),
        None => format!("{doing}: {code}"),
    };
    if is_passing(code) {
        Error::Retry(text)
    } else if is_too_large(code) {
        Error::TooLarge(text)
    } else if is_abort(code) {
        Error::Abort(text)
    } else if is_fenced(code) {
        Error::Fenced(text)
    } else {
        Error::Fatal(text)
    }
}

/// Whether librdkafka mends it without being asked, so that a poll need not speak of it.
pub(super) const fn is_connection_trouble(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::Resolve
            | Code::BrokerDestroy
            | Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::NetworkException
            | Code::WaitingForCoordinator
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::NodeUpdate
    )
}

/// Whether the same call can work later without anybody's help, or with help from outside.
const fn is_passing(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    is_connection_trouble(code)
        || matches!(
            code,
            Code::Retry
                | Code::InProgress
                | Code::PreviousInProgress
                | Code::WaitCache
                | Code::TimedOutQueue
                | Code::QueueFull
                | Code::Interrupted
                | Code::BrokerNotAvailable
                | Code::ReplicaNotAvailable
                | Code::CoordinatorLoadInProgress
                | Code::CoordinatorNotAvailable
                | Code::NotCoordinator
                | Code::NotController
                | Code::RebalanceInProgress
                | Code::NotEnoughReplicas
                | Code::NotEnoughReplicasAfterAppend
                | Code::KafkaStorageError
                | Code::FencedLeaderEpoch
                | Code::UnknownLeaderEpoch
                | Code::OffsetNotAvailable
                | Code::PreferredLeaderNotAvailable
                | Code::ThrottlingQuotaExceeded
                | Code::UnstableOffsetCommit
                | Code::UnknownTopic
                | Code::UnknownTopicOrPartition
                | Code::UnknownPartition
                | Code::UnknownTopicId
                | Code::PollExceeded
                | Code::GroupMaxSizeReached
        )
}

/// Whether what is open cannot be committed, by membership or by its content.
const fn is_abort(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::IllegalGeneration
            | Code::UnknownMemberId
            | Code::AssignmentLost
            | Code::StaleMemberEpoch
            | Code::FencedMemberEpoch
            | Code::Partial
            | Code::MessageTimedOut
            | Code::InvalidMessage
            | Code::InvalidRecord
            | Code::InvalidTimestamp
            | Code::PurgeQueue
            | Code::PurgeInflight
    )
}

/// Whether a record, or a batch of them, is larger than the client or the topic takes.
pub(super) const fn is_too_large(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(code, Code::MessageSizeTooLarge | Code::MessageBatchTooLarge)
}

/// Whether another process has our identity.
const fn is_fenced(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::FencedInstanceId | Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch
    )
}

/// What a person can do about it.
const fn mend(code: RDKafkaErrorCode) -> Option<&'static str> {
    use RDKafkaErrorCode as Code;
    Some(match code {
        Code::UnknownTopic
        | Code::UnknownTopicOrPartition
        | Code::UnknownPartition
        | Code::UnknownTopicId => "create the topic (see `wayfarer topics`)",
        Code::TopicAuthorizationFailed => {
            "allow this user READ and DESCRIBE on the inputs and WRITE on the outputs"
        }
        Code::GroupAuthorizationFailed => "allow this user READ on the consumer group",
        Code::ClusterAuthorizationFailed => "allow this user IDEMPOTENT_WRITE on the cluster",
        Code::Authentication | Code::SaslAuthenticationFailed => {
            "check the credentials among the librdkafka settings"
        }
        Code::SSL => "check the certificates among the librdkafka settings",
        Code::FencedInstanceId | Code::UnreleasedInstanceId => {
            "another process has this group instance id: give each its own"
        }
        Code::AutoOffsetReset | Code::OffsetOutOfRange => {
            "the place to read on from is not kept any more, or the topic was created anew: \
             keep records longer (retention), or start from the earliest"
        }
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => {
            "raise max.message.bytes of the topic, and message.max.bytes under kafka.librdkafka \
             to the same; batch.size must not be larger"
        }
        Code::InvalidTimestamp => {
            "the record's time is further from the broker's clock than \
             message.timestamp.after.max.ms and message.timestamp.before.max.ms of the topic allow"
        }
        Code::MessageTimedOut => {
            "no broker took it within message.timeout.ms: check the brokers, and that the topic \
             has enough replicas in sync"
        }
        Code::InconsistentGroupProtocol => {
            "another member of the group assigns partitions differently: use a group of our own"
        }
        Code::PollExceeded => {
            "the process was stopped or stalled for longer than max.poll.interval.ms"
        }
        Code::InvalidSessionTimeout => {
            "choose a session timeout between group.min.session.timeout.ms and \
             group.max.session.timeout.ms of the brokers"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(code: RDKafkaErrorCode) -> Error {
        sort(&KafkaError::MessageConsumption(code), "reading")
    }

    #[test]
    fn connection_trouble_is_tried_again() {
        for code in [
            RDKafkaErrorCode::AllBrokersDown,
            RDKafkaErrorCode::BrokerTransportFailure,
            RDKafkaErrorCode::NotCoordinator,
        ] {
            assert!(matches!(sorted(code), Error::Retry(_)), "{code:?}");
        }
    }

    #[test]
    fn losing_the_place_in_the_group_aborts_what_is_open() {
        for code in [
            RDKafkaErrorCode::IllegalGeneration,
            RDKafkaErrorCode::UnknownMemberId,
        ] {
            assert!(matches!(sorted(code), Error::Abort(_)), "{code:?}");
        }
    }

    #[test]
    fn a_double_of_us_fences_us_and_the_message_says_what_to_do() {
        let Error::Fenced(text) = sorted(RDKafkaErrorCode::FencedInstanceId) else {
            panic!("not fenced");
        };
        assert!(text.starts_with("reading: ") && text.contains("give each its own"));
    }

    #[test]
    fn what_is_not_known_to_pass_is_fatal() {
        for code in [
            RDKafkaErrorCode::TopicAuthorizationFailed,
            RDKafkaErrorCode::AutoOffsetReset,
            RDKafkaErrorCode::Unknown,
        ] {
            assert!(matches!(sorted(code), Error::Fatal(_)), "{code:?}");
        }
        let strange = KafkaError::Subscription("?".into());
        assert!(matches!(sort(&strange, "joining"), Error::Fatal(_)));
    }
}

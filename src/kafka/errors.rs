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
    } else if is_abort(code) || is_too_large(code) {
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
            | Code::UnknownProducerId
            | Code::InvalidProducerIdMapping
            | Code::OutOfOrderSequenceNumber
            | Code::ConcurrentTransactions
            | Code::TransactionCoordinatorFenced
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

/// Whether we are not allowed to; asking again changes nothing.
const fn is_forbidden(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
    )
}

/// What a transactional call was answered.
#[derive(Debug)]
pub(super) struct Refusal {
    /// What the call can be followed by.
    pub(super) way: Way,
    code: RDKafkaErrorCode,
    text: String,
}

/// What can follow a transactional call that failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// The same call again: it goes on where it stood.
    Again,
    /// The transaction must be rolled back.
    Abort,
    /// The producer can do nothing any more.
    Dead,
}

impl Refusal {
    /// What librdkafka says in its three flags. An error with none of them is one of state, which
    /// a further call would not mend.
    pub(super) fn new(
        code: RDKafkaErrorCode,
        text: String,
        (fatal, abort, retriable): (bool, bool, bool),
    ) -> Self {
        let way = if fatal {
            Way::Dead
        } else if abort {
            Way::Abort
        } else if retriable {
            Way::Again
        } else {
            Way::Dead
        };
        Self { way, code, text }
    }

    /// As an error of a call that was made for its answer alone.
    pub(super) fn sorted(&self, doing: &str) -> Error {
        sort_code(self.code, &format!("{doing}: {}", self.text))
    }

    /// As an error of a transaction of which nothing can become readable.
    pub(super) fn rolled_back(&self, doing: &str) -> Error {
        match self.sorted(doing) {
            Error::Retry(text) | Error::Unknown(text) => Error::Abort(text),
            error => error,
        }
    }

    /// As an error of a transaction whose producer can tell nothing more about it.
    pub(super) fn undecided(&self, doing: &str) -> Error {
        undecided(self.code, &format!("{doing}: {}", self.text))
    }
}

/// The error of a transaction whose producer can tell nothing more about it.
pub(super) fn undecided(code: RDKafkaErrorCode, doing: &str) -> Error {
    if is_forbidden(code) {
        sort_code(code, doing)
    } else {
        Error::Unknown(format!("{doing}: {code}"))
    }
}

impl From<KafkaError> for Refusal {
    fn from(error: KafkaError) -> Self {
        match error {
            KafkaError::Transaction(error) => Self::new(
                error.code(),
                error.string(),
                (
                    error.is_fatal(),
                    error.txn_requires_abort(),
                    error.is_retriable(),
                ),
            ),
            error => {
                let code = error.rdkafka_error_code();
                let code = code.unwrap_or(RDKafkaErrorCode::Unknown);
                Self::new(code, error.to_string(), (false, false, is_passing(code)))
            }
        }
    }
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
            "allow this user READ and DESCRIBE on the inputs, WRITE on the outputs, and all three \
             on the changelog"
        }
        Code::GroupAuthorizationFailed => "allow this user READ on the consumer group",
        Code::ClusterAuthorizationFailed => "allow this user IDEMPOTENT_WRITE on the cluster",
        Code::TransactionalIdAuthorizationFailed => {
            "allow this user WRITE and DESCRIBE on the transactional id"
        }
        Code::InvalidTransactionTimeout => {
            "choose a transaction timeout up to transaction.max.timeout.ms of the brokers"
        }
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
        Code::InvalidReplicationFactor => {
            "there are not as many brokers: give `wayfarer topics` a smaller --replication-factor"
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

    fn refusal(code: RDKafkaErrorCode, flags: (bool, bool, bool)) -> Refusal {
        Refusal::new(code, "said so".into(), flags)
    }

    #[test]
    fn an_error_of_a_transaction_without_a_flag_is_the_end_of_its_producer() {
        let code = RDKafkaErrorCode::State;
        for (flags, way) in [
            ((false, false, true), Way::Again),
            ((false, true, false), Way::Abort),
            ((true, true, true), Way::Dead),
            ((false, false, false), Way::Dead),
        ] {
            assert_eq!(refusal(code, flags).way, way, "{flags:?}");
        }
    }

    #[test]
    fn a_lost_membership_a_double_and_a_missing_right_differ_in_a_transaction() {
        let rolled_back = |code| refusal(code, (false, true, false)).rolled_back("committing");
        for code in [
            RDKafkaErrorCode::IllegalGeneration,
            RDKafkaErrorCode::OperationTimedOut,
            RDKafkaErrorCode::UnknownProducerId,
        ] {
            assert!(matches!(rolled_back(code), Error::Abort(_)), "{code:?}");
        }
        let double = rolled_back(RDKafkaErrorCode::FencedInstanceId);
        assert!(matches!(double, Error::Fenced(_)));
        let Error::Fatal(text) = rolled_back(RDKafkaErrorCode::GroupAuthorizationFailed) else {
            panic!("not fatal");
        };
        assert!(text.contains("READ on the consumer group"), "{text}");
    }

    #[test]
    fn what_a_dead_producer_leaves_is_unknown_unless_it_was_not_allowed() {
        let undecided = |code| refusal(code, (true, false, false)).undecided("committing");
        let fenced = undecided(RDKafkaErrorCode::Fenced);
        assert!(matches!(fenced, Error::Unknown(_)), "{fenced:?}");
        let forbidden = undecided(RDKafkaErrorCode::TransactionalIdAuthorizationFailed);
        assert!(matches!(&forbidden, Error::Fatal(text) if text.contains("transactional id")));
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

//! Calls of librdkafka that rust-rdkafka has no safe form for.
#![expect(
    unsafe_code,
    reason = "a few calls are missing in rust-rdkafka; each says why it is sound"
)]

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka::bindings as raw;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::{IsError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::errors::Refusal;

/// The right to speak for the group, as a member had it at one moment.
///
/// The brokers accept the offsets of a transaction from somebody without a member id and a
/// generation, whoever the members are, and librdkafka forgets both when it was put out of the
/// group. So nothing is sent with a right that was not checked.
pub(super) struct Standing(NonNull<raw::rd_kafka_consumer_group_metadata_t>);

impl Standing {
    /// The right of this consumer; none if it is not a member in good standing.
    pub(super) fn of<C: ClientContext>(client: &Client<C>) -> Option<Self> {
        // SAFETY: the client outlives the call; what it returns is ours and destroyed by drop. The
        // member id belongs to it and is read before.
        unsafe {
            let standing = Self(NonNull::new(raw::rd_kafka_consumer_group_metadata(
                client.native_ptr(),
            ))?);
            let generation =
                raw::rd_kafka_consumer_group_metadata_generation_id(standing.0.as_ptr());
            let id = raw::rd_kafka_consumer_group_metadata_member_id(standing.0.as_ptr());
            let known = generation >= 0 && !id.is_null() && !CStr::from_ptr(id).is_empty();
            let lost = raw::rd_kafka_assignment_lost(client.native_ptr()) != 0;
            (known && !lost).then_some(standing)
        }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        // SAFETY: it is ours, and nobody has it after this.
        unsafe { raw::rd_kafka_consumer_group_metadata_destroy(self.0.as_ptr()) }
    }
}

/// Makes offsets of a group part of a producer's transaction.
///
/// # Errors
///
/// What the call was answered.
pub(super) fn send_offsets<C: ClientContext>(
    producer: &Client<C>,
    offsets: &TopicPartitionList,
    standing: &Standing,
    wait: Duration,
) -> Result<(), Refusal> {
    let wait = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the client, the list and the metadata outlive the call, which copies the latter two.
    // The error is ours; its text is copied before it is destroyed, once.
    unsafe {
        let error = raw::rd_kafka_send_offsets_to_transaction(
            producer.native_ptr(),
            offsets.ptr(),
            standing.0.as_ptr(),
            wait,
        );
        if error.is_null() {
            return Ok(());
        }
        let text = CStr::from_ptr(raw::rd_kafka_error_string(error));
        let refusal = Refusal::new(
            raw::rd_kafka_error_code(error).into(),
            text.to_string_lossy().into_owned(),
            (
                raw::rd_kafka_error_is_fatal(error) != 0,
                raw::rd_kafka_error_txn_requires_abort(error) != 0,
                raw::rd_kafka_error_is_retriable(error) != 0,
            ),
        );
        raw::rd_kafka_error_destroy(error);
        Err(refusal)
    }
}

/// Commits offsets and waits for the answer, but not for ever; librdkafka's own call waits for as
/// long as the coordinator is away, and does not tell when only some partitions were refused.
///
/// # Errors
///
/// The first refusal, or `OperationTimedOut` if nothing was heard in time: then the offsets may
/// still get stored.
pub(super) fn commit<C: ClientContext>(
    client: &Client<C>,
    offsets: &TopicPartitionList,
    wait: Duration,
) -> Result<(), RDKafkaErrorCode> {
    let wait = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the client outlives the call, and so does the list, which librdkafka copies. The
    // queue and the event are ours and are destroyed once; a late answer finds the queue disabled,
    // which librdkafka allows.
    unsafe {
        let queue = raw::rd_kafka_queue_new(client.native_ptr());
        let sent = raw::rd_kafka_commit_queue(
            client.native_ptr(),
            offsets.ptr(),
            queue,
            None,
            std::ptr::null_mut(),
        );
        let mut outcome = raw::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__TIMED_OUT;
        if sent.is_error() {
            outcome = sent;
        } else {
            let event = raw::rd_kafka_queue_poll(queue, wait);
            if !event.is_null() {
                outcome = first_refusal(event);
                raw::rd_kafka_event_destroy(event);
            }
        }
        raw::rd_kafka_queue_destroy(queue);
        if outcome.is_error() {
            Err(outcome.into())
        } else {
            Ok(())
        }
    }
}

/// What the answer to a commit says, partition by partition.
///
/// # Safety
///
/// `event` must be a live event of the kind "offset commit".
unsafe fn first_refusal(event: *mut raw::rd_kafka_event_t) -> raw::rd_kafka_resp_err_t {
    // SAFETY: the list belongs to the event, which the caller keeps alive, and holds `cnt`
    // elements.
    unsafe {
        let whole = raw::rd_kafka_event_error(event);
        let list = raw::rd_kafka_event_topic_partition_list(event);
        if whole.is_error() || list.is_null() {
            return whole;
        }
        let count = usize::try_from((*list).cnt).unwrap_or(0);
        (0..count)
            .map(|at| (*(*list).elems.add(at)).err)
            .find(IsError::is_error)
            .unwrap_or(whole)
    }
}

/// The offset after the last thing taken from the consumer's queue in this partition, the marks
/// of transactions included. None if nothing was taken since it was started there.
pub(super) fn position<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    partition: i32,
) -> Option<u64> {
    let topic = CString::new(topic).ok()?;
    // SAFETY: the client outlives the call; the list is made, read and destroyed here and holds the
    // one element that was added.
    let offset = unsafe {
        let list = raw::rd_kafka_topic_partition_list_new(1);
        let element = raw::rd_kafka_topic_partition_list_add(list, topic.as_ptr(), partition);
        let answer = raw::rd_kafka_position(client.native_ptr(), list);
        let known = !answer.is_error() && !(*element).err.is_error();
        let offset = known.then_some((*element).offset);
        raw::rd_kafka_topic_partition_list_destroy(list);
        offset
    };
    // librdkafka's own marks, such as "nothing yet", are negative.
    u64::try_from(offset?).ok()
}

/// What a client may do with a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rights {
    /// To read its records.
    pub read: bool,
    /// To write records.
    pub write: bool,
    /// To see its settings.
    pub describe_configs: bool,
}

/// What this client may do with each of these topics, as the broker tells; nothing for a topic of
/// which it does not.
///
/// # Errors
///
/// What the question was answered, `OperationTimedOut` if nothing was heard in time.
pub(super) fn rights<C: ClientContext>(
    client: &Client<C>,
    topics: &[&str],
    wait: Duration,
) -> Result<BTreeMap<String, Rights>, RDKafkaErrorCode> {
    let names: Vec<_> = topics.iter().flat_map(|name| CString::new(*name)).collect();
    let mut names: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
    let wait = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the client and the names outlive the call, which copies the names and the options.
    // Collection, options, queue and event are ours and are destroyed once; a refusal of an option
    // would be ours too, and there is none, since the options are made for this call.
    unsafe {
        let collection =
            raw::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        let options = raw::rd_kafka_AdminOptions_new(
            client.native_ptr(),
            raw::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
        );
        raw::rd_kafka_AdminOptions_set_include_authorized_operations(options, 1);
        let queue = raw::rd_kafka_queue_new(client.native_ptr());
        raw::rd_kafka_DescribeTopics(client.native_ptr(), collection, options, queue);
        raw::rd_kafka_AdminOptions_destroy(options);
        raw::rd_kafka_TopicCollection_destroy(collection);
        let event = raw::rd_kafka_queue_poll(queue, wait);
        let mut answer = Err(RDKafkaErrorCode::OperationTimedOut);
        if !event.is_null() {
            let error = raw::rd_kafka_event_error(event);
            answer = match error.is_error() {
                true => Err(error.into()),
                false => Ok(told_rights(event)),
            };
            raw::rd_kafka_event_destroy(event);
        }
        raw::rd_kafka_queue_destroy(queue);
        answer
    }
}

/// What the answer to a description of topics says about rights.
///
/// # Safety
///
/// `event` must be a live event.
unsafe fn told_rights(event: *mut raw::rd_kafka_event_t) -> BTreeMap<String, Rights> {
    use raw::rd_kafka_AclOperation_t as Operation;
    let mut told = BTreeMap::new();
    // SAFETY: everything belongs to the event, which the caller keeps alive; the lists hold as many
    // elements as their counts say, and a list that is null is not looked into.
    unsafe {
        let result = raw::rd_kafka_event_DescribeTopics_result(event);
        let mut count = 0;
        if result.is_null() {
            return told;
        }
        let topics = raw::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        for at in 0..count {
            let topic = *topics.add(at);
            let mut count = 0;
            let list = raw::rd_kafka_TopicDescription_authorized_operations(topic, &raw mut count);
            if list.is_null() {
                continue;
            }
            let may = |operation| (0..count).any(|at| *list.add(at) == operation);
            let rights = Rights {
                read: may(Operation::RD_KAFKA_ACL_OPERATION_READ),
                write: may(Operation::RD_KAFKA_ACL_OPERATION_WRITE),
                describe_configs: may(Operation::RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS),
            };
            let name = CStr::from_ptr(raw::rd_kafka_TopicDescription_name(topic));
            told.insert(name.to_string_lossy().into_owned(), rights);
        }
    }
    told
}

/// How long the mock cluster of a client waits for more members before it forms a group. Does
/// nothing for a client without one.
pub(super) fn set_mock_rebalance_delay<C: ClientContext>(client: &Client<C>, delay: Duration) {
    let delay = i32::try_from(delay.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the mock cluster belongs to the client and lives as long; the call stores a number.
    unsafe {
        let cluster = raw::rd_kafka_handle_mock_cluster(client.native_ptr());
        if !cluster.is_null() {
            raw::rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, delay);
        }
    }
}

//! What librdkafka calls back while the consumer is polled: it is noted, nothing more.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use super::log::LogBridge;

/// What a rebalance does to our partitions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change {
    Assigned,
    Revoked,
    Lost,
}

/// A rebalance that waits to be handed over.
pub(super) struct Rebalance {
    pub(super) change: Change,
    pub(super) partitions: Vec<(String, i32)>,
}

/// The callbacks of one consumer.
pub(super) struct Context {
    rebalances: Mutex<VecDeque<Rebalance>>,
    reason: Mutex<Option<String>>,
    closing: AtomicBool,
    log: LogBridge,
}

impl Context {
    pub(super) fn new() -> Self {
        Self {
            rebalances: Mutex::default(),
            reason: Mutex::default(),
            closing: AtomicBool::new(false),
            log: LogBridge::new("input"),
        }
    }

    /// The oldest rebalance that was not handed over.
    pub(super) fn next_rebalance(&self) -> Option<Rebalance> {
        let mut rebalances = self
            .rebalances
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        rebalances.pop_front()
    }

    /// Lets a rebalance that could not be handed over wait before the others.
    pub(super) fn put_back(&self, rebalance: Rebalance) {
        let mut rebalances = self
            .rebalances
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        rebalances.push_front(rebalance);
    }

    /// What librdkafka said about the error that a poll returned.
    pub(super) fn reason(&self) -> Option<String> {
        let mut reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        reason.take()
    }

    /// From now on rebalances are answered here: nobody will take them over any more, and
    /// librdkafka does not end before they are answered.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    fn answer(consumer: &BaseConsumer<Self>, change: Change, list: &TopicPartitionList) {
        let answered = match change {
            Change::Assigned => consumer.incremental_assign(&TopicPartitionList::new()),
            Change::Revoked | Change::Lost => consumer.incremental_unassign(list),
        };
        if let Err(error) = answered {
            tracing::debug!(%error, "a rebalance during the end could not be answered");
        }
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.log.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.log.error(&error, reason);
        let mut last = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(reason.to_owned());
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        kind: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let change = match kind {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Change::Assigned,
            _ if consumer.assignment_lost() => Change::Lost,
            _ => Change::Revoked,
        };
        if self.closing.load(Ordering::Acquire) {
            Self::answer(consumer, change, list);
            return;
        }
        let elements = list.elements();
        let partitions = elements
            .iter()
            .map(|element| (element.topic().to_owned(), element.partition()))
            .collect();
        let mut rebalances = self
            .rebalances
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        rebalances.push_back(Rebalance { change, partitions });
    }
}

//! Floor 4: the ports of the runtime on a Kafka cluster, by librdkafka.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `config` | where the cluster is, and the settings that Wayfarer's promises rest on |
//! | `consumer` | [`KafkaInput`], a member of a consumer group |
//! | `context` | what librdkafka calls back while the consumer is polled |
//! | `holdings` | which partitions are ours, and how far their hand-over has come |
//! | `partitions` | how librdkafka is told to take, to pause and to go somewhere |
//! | `topics` | sources and the names and lists that librdkafka knows them by |
//! | `probe` | where the partitions end, asked on a thread of its own |
//! | `membership` | what reading and committing share: the consumer, and what is its to commit |
//! | `writer` | records on their way to the cluster, and what became of them |
//! | `producer` | [`KafkaOutput`], an idempotent producer |
//! | `committer` | [`KafkaCommitter`], which writes outputs, changes and offsets on a thread of its own |
//! | `transactional`, `in_order` | how it does so exactly once, and at least once |
//! | `changelog` | [`KafkaChangelog`], a reader of the changelog |
//! | `admin` | topics: to create, and to see how they are |
//! | `trial` | what a worker would be answered, tried without being one |
//! | `embedded` | a broker inside the process, for the demo |
//! | `errors`, `log`, `reaper`, `ffi` | error codes, librdkafka's log, ends that cannot hang, raw calls |
//!
//! # Non-obvious
//!
//! - **Callbacks enqueue.** A rebalance is noted while the consumer is polled and handed over by
//!   the same poll, after the records already fetched. It is answered by
//!   [`start`](crate::runtime::InputLog::start) and [`release`](crate::runtime::InputLog::release);
//!   what has no partitions is answered at once, because librdkafka waits for that too.
//! - **Partition lists live for one call.** librdkafka never ends destroying a consumer while a
//!   list that was passed to it is alive.
//! - **Destroying is done by a thread that nobody waits for without a bound**: librdkafka joins its
//!   threads there, and some may be inside a call.
//! - **Offsets are stored by members in good standing only.** Brokers accept the offsets of a
//!   transaction from somebody who names no member and no generation, and librdkafka forgets both
//!   when it was put out of the group: both are looked at before they are sent.
//! - **A committer only borrows the membership.** It ends with the input, whoever else is left.
//! - **One thread polls one consumer** through its one queue. Queues split by partition lose
//!   wake-ups.

mod admin;
mod changelog;
mod clock;
mod committer;
mod config;
mod consumer;
mod context;
mod embedded;
mod errors;
mod ffi;
mod holdings;
mod in_order;
mod log;
mod membership;
mod partitions;
mod probe;
mod producer;
mod reaper;
mod refusal;
mod topics;
mod transactional;
mod trial;
mod writer;

pub use admin::{Admin, TopicShape, TopicSpec};
pub use changelog::KafkaChangelog;
pub use clock::SystemClock;
pub use committer::KafkaCommitter;
pub use config::KafkaConfig;
pub use consumer::KafkaInput;
pub use embedded::EmbeddedBroker;
pub use ffi::Rights;
pub use producer::KafkaOutput;
pub use refusal::Refusal;
pub use trial::{Place, places, try_transactions};

//! Topics: to create them, and to see how they are.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::config::KafkaConfig;
use super::ffi::Rights;
use super::log::{LogBridge, LogOnly};
use super::reaper::Reaped;
use super::{errors, ffi};
use crate::runtime::Error;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A topic to be created.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Its partitions, at least one.
    pub partitions: u32,
    /// On how many brokers each partition is kept; none leaves it to the cluster.
    pub replication: Option<u32>,
    /// Its own settings, such as `cleanup.policy`.
    pub settings: BTreeMap<String, String>,
}

/// How large a topic is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TopicShape {
    /// Its partitions.
    pub partitions: u32,
    /// On how many brokers each partition is kept, at least.
    pub replication: u32,
}

/// A client that administers topics.
pub struct Admin {
    admin: Reaped<AdminClient<LogOnly>>,
    // A producer's client would have the broker create the topics it asks about.
    onlooker: Reaped<BaseConsumer<LogOnly>>,
}

impl Admin {
    /// A client of the cluster; it connects with the first question.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if a setting is refused.
    pub fn open(config: &KafkaConfig) -> Result<Self, Error> {
        let context = || LogOnly(LogBridge::new("admin"));
        let sort = |error| errors::sort(&error, "starting the admin client");
        let admin = AdminClient::from_config_and_context(&config.admin(), context());
        let onlooker = BaseConsumer::from_config_and_context(&config.onlooker(), context());
        Ok(Self {
            admin: Reaped::new(admin.map_err(sort)?, "admin"),
            onlooker: Reaped::new(onlooker.map_err(sort)?, "admin"),
        })
    }

    /// Creates topics; those that exist are left as they are. Returns the names of the new ones.
    ///
    /// # Errors
    ///
    /// [`Error::Retry`] if no broker answered, [`Error::Fatal`] if a topic was refused; others may
    /// have been created.
    pub fn create_topics(&self, specs: &[TopicSpec]) -> Result<Vec<String>, Error> {
        let mut topics = Vec::with_capacity(specs.len());
        for spec in specs {
            topics.push(new_topic(spec)?);
        }
        let options = AdminOptions::new()
            .request_timeout(Some(PATIENCE))
            .operation_timeout(Some(PATIENCE));
        let results = wait_for(self.admin.create_topics(&topics, &options))
            .map_err(|error| errors::sort(&error, "creating topics"))?;
        let mut created = Vec::new();
        for result in results {
            match result {
                Ok(name) => created.push(name),
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => {
                    return Err(errors::sort_code(code, &format!("creating topic {name}")));
                }
            }
        }
        Ok(created)
    }

    /// How many partitions a topic has; none if there is no such topic.
    ///
    /// # Errors
    ///
    /// [`Error::Retry`] if no broker answered, [`Error::Fatal`] if the question was refused.
    pub fn partition_count(&self, topic: &str) -> Result<Option<u32>, Error> {
        Ok(self.shape(topic)?.map(|shape| shape.partitions))
    }

    /// How large a topic is; none if there is no such topic.
    ///
    /// # Errors
    ///
    /// [`Error::Retry`] if no broker answered, [`Error::Fatal`] if the question was refused.
    pub fn shape(&self, topic: &str) -> Result<Option<TopicShape>, Error> {
        let doing = format!("looking at topic {topic}");
        let metadata = self
            .onlooker
            .fetch_metadata(Some(topic), PATIENCE)
            .map_err(|error| errors::sort(&error, &doing))?;
        let Some(found) = metadata.topics().iter().find(|t| t.name() == topic) else {
            return Ok(None);
        };
        match found.error().map(RDKafkaErrorCode::from) {
            None => {
                let replicas = found.partitions().iter().map(|p| p.replicas().len());
                let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
                Ok(Some(TopicShape {
                    partitions: count(found.partitions().len()),
                    replication: count(replicas.min().unwrap_or(0)),
                }))
            }
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                Ok(None)
            }
            Some(code) => Err(errors::sort(&KafkaError::MetadataFetch(code), &doing)),
        }
    }

    /// How many brokers there are.
    ///
    /// # Errors
    ///
    /// [`Error::Retry`] if none of them answered within `wait`.
    pub fn brokers(&self, wait: Duration) -> Result<usize, Error> {
        let metadata = self.onlooker.fetch_metadata(None, wait);
        // What led to that is in librdkafka's log, which is written when the client is polled.
        drop(self.onlooker.poll(Duration::ZERO));
        let metadata = metadata.map_err(|error| errors::sort(&error, "reaching the brokers"))?;
        Ok(metadata.brokers().len())
    }

    /// The settings of a topic that exists, defaults included, as the broker spells them.
    ///
    /// # Errors
    ///
    /// [`Error::Retry`] if no broker answered, [`Error::Fatal`] if the question was refused.
    pub fn settings(&self, topic: &str) -> Result<BTreeMap<String, String>, Error> {
        let doing = format!("reading the settings of topic {topic}");
        let asked = [ResourceSpecifier::Topic(topic)];
        let options = AdminOptions::new().request_timeout(Some(PATIENCE));
        let answers = wait_for(self.admin.describe_configs(&asked, &options))
            .map_err(|error| errors::sort(&error, &doing))?;
        let mut settings = BTreeMap::new();
        for answer in answers {
            let answer = answer.map_err(|code| errors::sort_code(code, &doing))?;
            let known = answer.entries.into_iter();
            settings.extend(known.filter_map(|entry| Some((entry.name, entry.value?))));
        }
        Ok(settings)
    }

    /// What this client may do with each of these topics; without those that do not exist, and
    /// those of which the broker does not tell.
    ///
    /// # Errors
    ///
    /// [`Error::Retry`] if no broker answered, [`Error::Fatal`] if the question was refused.
    pub fn rights(&self, topics: &[&str]) -> Result<BTreeMap<String, Rights>, Error> {
        ffi::rights(self.admin.inner(), topics, PATIENCE)
            .map_err(|code| errors::sort_code(code, "asking what is allowed with the topics"))
    }
}

fn new_topic(spec: &TopicSpec) -> Result<NewTopic<'_>, Error> {
    let name = &spec.name;
    let too_many = |_| Error::Fatal(format!("creating topic {name}: no topic is that large"));
    let partitions = i32::try_from(spec.partitions).map_err(too_many)?;
    let replication = spec
        .replication
        .map_or(Ok(-1), i32::try_from)
        .map_err(too_many)?;
    let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(replication));
    for (key, value) in &spec.settings {
        topic = topic.set(key, value);
    }
    Ok(topic)
}

/// Blocks until a future is ready: rust-rdkafka's admin calls are the only ones here, and their
/// own thread wakes them.
fn wait_for<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

//! Where partitions end, asked on a thread of its own.
//!
//! The thread has its own client, so that a broker that does not answer holds up nobody. The
//! client reads committed records only, like the consumer: the end it is told lies before the
//! first transaction that is still open.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::config::KafkaConfig;
use super::errors;
use super::log::{LogBridge, LogOnly};
use crate::runtime::{Error, Source};

/// How long one question may take. One that takes longer gets no answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the client's log is written while nobody asks.
const CHORES: Duration = Duration::from_secs(1);

/// Asks for ends.
pub(super) struct Probe {
    questions: Sender<Question>,
    answers: Receiver<Answer>,
    due: BTreeMap<Source, u64>,
    asked: u64,
}

struct Question {
    id: u64,
    source: Source,
    topic: String,
}

struct Answer {
    id: u64,
    source: Source,
    end: Option<u64>,
}

impl Probe {
    /// Starts the thread; it ends soon after the probe is dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if the settings are refused or there is no thread to be had.
    pub(super) fn start(config: &KafkaConfig) -> Result<Self, Error> {
        let context = LogOnly(LogBridge::new("probe"));
        let consumer = BaseConsumer::from_config_and_context(&config.onlooker(), context)
            .map_err(|error| errors::sort(&error, "starting the probe"))?;
        let (questions, asked) = mpsc::channel();
        let (answered, answers) = mpsc::channel();
        thread::Builder::new()
            .name("probe".to_owned())
            .spawn(move || serve(&consumer, &asked, &answered))
            .map_err(|error| Error::Fatal(format!("starting the probe's thread: {error}")))?;
        Ok(Self {
            questions,
            answers,
            due: BTreeMap::new(),
            asked: 0,
        })
    }

    /// Asks for the end of a partition, unless an answer is due.
    pub(super) fn ask(&mut self, source: Source, topic: &str) {
        if self.due.contains_key(&source) {
            return;
        }
        self.asked += 1;
        let question = Question {
            id: self.asked,
            source,
            topic: topic.to_owned(),
        };
        // The thread ends only after this side of the channel, so there is always somebody to ask.
        if self.questions.send(question).is_ok() {
            self.due.insert(source, self.asked);
        }
    }

    /// The next answer that has come and is still wanted: a partition and its end.
    pub(super) fn answer(&mut self) -> Option<(Source, u64)> {
        while let Ok(Answer { id, source, end }) = self.answers.try_recv() {
            if self.due.get(&source) != Some(&id) {
                continue;
            }
            self.due.remove(&source);
            if let Some(end) = end {
                return Some((source, end));
            }
        }
        None
    }

    /// Forgets a partition; an answer that is still due will not be handed over.
    pub(super) fn forget(&mut self, source: Source) {
        self.due.remove(&source);
    }
}

fn serve(consumer: &BaseConsumer<LogOnly>, asked: &Receiver<Question>, answered: &Sender<Answer>) {
    loop {
        match asked.recv_timeout(CHORES) {
            Ok(question) => {
                if !answer(consumer, &question, asked, answered) {
                    return;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // Without a group it gets no messages; this only writes its log.
        drop(consumer.poll(Duration::ZERO));
    }
}

/// Answers one question; if the broker does not, all that wait with it, since they would only wait
/// in turn. False if nobody listens any more.
fn answer(
    consumer: &BaseConsumer<LogOnly>,
    question: &Question,
    asked: &Receiver<Question>,
    answered: &Sender<Answer>,
) -> bool {
    let end = ask_broker(consumer, question);
    let failed = end.is_none();
    let mut listening = answered.send(question.answer(end)).is_ok();
    while failed && listening {
        let Ok(next) = asked.try_recv() else {
            break;
        };
        listening = answered.send(next.answer(None)).is_ok();
    }
    listening
}

impl Question {
    const fn answer(&self, end: Option<u64>) -> Answer {
        Answer {
            id: self.id,
            source: self.source,
            end,
        }
    }
}

fn ask_broker(consumer: &BaseConsumer<LogOnly>, question: &Question) -> Option<u64> {
    let partition = i32::try_from(question.source.partition).ok()?;
    match consumer.fetch_watermarks(&question.topic, partition, PATIENCE) {
        Ok((_, high)) => u64::try_from(high).ok(),
        Err(error) => {
            let topic = &question.topic;
            tracing::debug!(%topic, partition, %error, "the end could not be asked for");
            None
        }
    }
}

//! Where made-up records go: lines in a file or on a stream, or a Kafka topic.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::kafka::{KafkaConfig, KafkaOutput};
use crate::runtime::{Error, OutputRecord, OutputTopic};
use crate::traffic::{Arrival, Load};
use crate::wire::touchpoint::encode_json;

/// Where arrivals go.
pub(super) trait Sink {
    /// Takes an arrival; it may be held back for a while.
    ///
    /// # Errors
    ///
    /// If it cannot be written; [`io::ErrorKind::BrokenPipe`] if nobody reads any more.
    fn send(&mut self, arrival: &Arrival) -> io::Result<()>;

    /// Hands over what is held back, because nothing follows for a moment.
    ///
    /// # Errors
    ///
    /// As [`Sink::send`].
    fn rest(&mut self) -> io::Result<()>;

    /// Hands over what is held back and waits until it is safe; nothing may follow.
    ///
    /// # Errors
    ///
    /// As [`Sink::send`], and if something sent before was not written.
    fn finish(&mut self) -> io::Result<()>;
}

/// The record's value: Wayfarer's JSON, or the bytes that were planted.
pub(super) fn value(arrival: &Arrival) -> Vec<u8> {
    match &arrival.load {
        Load::OnTime(touchpoint) | Load::Late(touchpoint) | Load::Again(touchpoint) => {
            encode_json(touchpoint)
        }
        Load::Planted(planted) => planted.bytes.clone(),
    }
}

/// A record a line, in the order of arrival.
pub(super) struct Lines<W: Write> {
    out: Out<W>,
}

enum Out<W: Write> {
    Plain(W),
    Gzip(GzEncoder<W>),
}

impl<W: Write> Lines<W> {
    /// Lines as they are.
    pub(super) fn plain(out: W) -> Self {
        let out = Out::Plain(out);
        Self { out }
    }

    /// Compressed lines.
    pub(super) fn gzip(out: W) -> Self {
        let out = Out::Gzip(GzEncoder::new(out, Compression::fast()));
        Self { out }
    }

    fn writer(&mut self) -> &mut dyn Write {
        match &mut self.out {
            Out::Plain(out) => out,
            Out::Gzip(out) => out,
        }
    }
}

impl Lines<BufWriter<File>> {
    /// Lines in a new file, compressed if its name ends in `.gz`. A file of that name is replaced.
    ///
    /// # Errors
    ///
    /// If the file cannot be made.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 16, File::create(path)?);
        let compressed = path.extension().is_some_and(|ending| ending == "gz");
        Ok(if compressed {
            Self::gzip(file)
        } else {
            Self::plain(file)
        })
    }
}

impl<W: Write> Sink for Lines<W> {
    fn send(&mut self, arrival: &Arrival) -> io::Result<()> {
        let mut line = value(arrival);
        line.push(b'\n');
        self.writer().write_all(&line)
    }

    fn rest(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Plain(out) => out.flush(),
            // Flushing would end a block of the compression each time.
            Out::Gzip(_) => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Plain(out) => out.flush(),
            Out::Gzip(out) => {
                out.try_finish()?;
                out.get_mut().flush()
            }
        }
    }
}

/// A Kafka topic: records keyed by the customer, with the time of arrival as their timestamp.
pub(super) struct Topic {
    output: KafkaOutput,
}

/// The producer writes to topics by what they mean to Wayfarer; this one has a single topic.
const ONLY: OutputTopic = OutputTopic::Transitions;

impl Topic {
    /// The topic of a cluster; connects with the first record. `librdkafka` are settings of
    /// librdkafka, for encryption and authentication.
    ///
    /// # Errors
    ///
    /// If a setting is refused.
    pub(super) fn open(
        brokers: &str,
        topic: &str,
        librdkafka: BTreeMap<String, String>,
    ) -> io::Result<Self> {
        let config = cluster(brokers, topic, librdkafka);
        let output = KafkaOutput::open(&config).map_err(other)?;
        Ok(Self { output })
    }
}

fn cluster(brokers: &str, topic: &str, librdkafka: BTreeMap<String, String>) -> KafkaConfig {
    KafkaConfig {
        bootstrap_servers: brokers.to_owned(),
        group_id: "wayfarer-generate".to_owned(),
        client_id: "wayfarer-generate".to_owned(),
        group_instance_id: None,
        session_timeout: Duration::from_secs(30),
        transactional_id: None,
        transaction_timeout: Duration::from_secs(10),
        inputs: vec![topic.to_owned()],
        outputs: BTreeMap::from([(ONLY, topic.to_owned())]),
        changelog: None,
        librdkafka,
        librdkafka_consumer: BTreeMap::new(),
        librdkafka_producer: BTreeMap::new(),
    }
}

impl Sink for Topic {
    fn send(&mut self, arrival: &Arrival) -> io::Result<()> {
        let record = OutputRecord {
            topic: ONLY,
            key: Some(arrival.customer.as_str().as_bytes().to_vec()),
            value: Some(value(arrival)),
            headers: Vec::new(),
            timestamp: Some(arrival.arrives),
        };
        self.output.send(&record).map_err(other)
    }

    fn rest(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.output.flush().map_err(other)
    }
}

fn other(error: Error) -> io::Error {
    io::Error::other(error)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;
    use crate::domain::Millis;
    use crate::kafka::{EmbeddedBroker, KafkaInput};
    use crate::runtime::{InputEvent, InputLog, Start};
    use crate::traffic::{Share, Traffic, TrafficConfig};
    use crate::wire::touchpoint::{DecodeOptions, Format};

    fn traffic() -> impl Iterator<Item = Arrival> {
        let config = TrafficConfig {
            pace: 600,
            planted: Share::percent(1),
            ..TrafficConfig::default()
        };
        Traffic::new(&config).take(50_000)
    }

    #[test]
    fn touchpoints_are_read_back_and_planted_records_are_refused() {
        let options = DecodeOptions {
            props: ["url", "query", "coupon", "reason"].map(Box::from).into(),
            ..DecodeOptions::default()
        };
        for arrival in traffic() {
            let read = Format::Json.decode(None, &value(&arrival), &options);
            match (arrival.touchpoint(), read) {
                (Some(touchpoint), Ok(read)) => assert_eq!(&read.touchpoint, touchpoint),
                // Whether a time is too far ahead is judged when the record is accepted.
                (None, Ok(read)) => {
                    assert!(read.touchpoint.at.since(arrival.arrives) > Millis::from_days(365));
                }
                (None, Err(_)) => {}
                (Some(touchpoint), Err(error)) => panic!("{touchpoint:?}: {error}"),
            }
        }
    }

    #[test]
    fn a_record_is_a_line_and_compression_changes_nothing() {
        let mut plain = Lines::plain(Vec::new());
        let mut packed = Lines::gzip(Vec::new());
        for arrival in traffic().take(500) {
            plain.send(&arrival).unwrap();
            packed.send(&arrival).unwrap();
            packed.rest().unwrap();
        }
        plain.finish().unwrap();
        packed.finish().unwrap();
        let (Out::Plain(plain), Out::Gzip(packed)) = (plain.out, packed.out) else {
            panic!("the sinks are what they were made as");
        };
        let mut unpacked = Vec::new();
        let packed = packed.finish().unwrap();
        GzDecoder::new(&packed[..])
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, plain);

        let lines = plain
            .strip_suffix(b"\n")
            .unwrap()
            .split(|byte| *byte == b'\n');
        assert!(lines.eq(traffic().take(500).map(|arrival| value(&arrival))));
    }

    #[test]
    fn a_topic_gets_records_keyed_by_customer_at_their_time_of_arrival() {
        let broker = EmbeddedBroker::start(&[("touchpoints", 3)]).unwrap();
        let brokers = broker.bootstrap_servers();
        let mut topic = Topic::open(brokers, "touchpoints", BTreeMap::new()).unwrap();
        let mut sent = Vec::new();
        for arrival in traffic().take(500) {
            topic.send(&arrival).unwrap();
            let key = arrival.customer.as_str().as_bytes().to_vec();
            sent.push((arrival.arrives, key, value(&arrival)));
        }
        topic.finish().unwrap();

        let config = cluster(brokers, "touchpoints", BTreeMap::new());
        let mut input = KafkaInput::join(&config).unwrap();
        let mut read = Vec::new();
        while read.len() < sent.len() {
            let mut assigned = Vec::new();
            let mut take = |event: InputEvent<'_>| match event {
                InputEvent::Assigned(sources) => assigned = sources,
                InputEvent::Record(record) => read.push((
                    record.timestamp.unwrap(),
                    record.key.unwrap().to_vec(),
                    record.value.unwrap().to_vec(),
                )),
                event => panic!("{event:?}"),
            };
            input
                .poll(Duration::from_secs(1), 1_000, &mut take)
                .unwrap();
            let places: Vec<_> = assigned
                .into_iter()
                .map(|at| (at, Start::Earliest))
                .collect();
            input.start(&places).unwrap();
        }
        read.sort();
        sent.sort();
        assert_eq!(read, sent);
    }

    #[test]
    fn the_name_of_a_file_says_whether_it_is_compressed() {
        let folder = tempfile::tempdir().unwrap();
        for (name, compressed) in [("a.jsonl", false), ("a.jsonl.gz", true)] {
            let path = folder.path().join(name);
            let mut lines = Lines::create(&path).unwrap();
            lines.send(&traffic().next().unwrap()).unwrap();
            lines.finish().unwrap();
            let written = std::fs::read(&path).unwrap();
            assert_eq!(written.starts_with(&[0x1f, 0x8b]), compressed);
        }
    }
}

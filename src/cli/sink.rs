//! Where made-up records go: lines in a file or on a stream, or a Kafka topic.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::domain::Touchpoint;
use crate::kafka::{KafkaConfig, KafkaOutput};
use crate::runtime::{Error, OutputLog, OutputRecord, OutputTopic};
use crate::traffic::{Arrival, Load};

/// Writes a touchpoint as bytes.
pub type Encode = fn(&Touchpoint) -> Vec<u8>;

/// Where arrivals go.
pub trait Sink {
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

fn bytes(arrival: &Arrival, encode: Encode) -> Vec<u8> {
    match &arrival.load {
        Load::OnTime(touchpoint) | Load::Late(touchpoint) | Load::Again(touchpoint) => {
            encode(touchpoint)
        }
        Load::Planted(planted) => planted.bytes.clone(),
    }
}

/// A record a line, in the order of arrival.
pub struct Lines<W: Write> {
    out: Out<W>,
    encode: Encode,
}

enum Out<W: Write> {
    Plain(W),
    Gzip(GzEncoder<W>),
}

impl<W: Write> Lines<W> {
    /// Lines as they are.
    pub fn plain(out: W, encode: Encode) -> Self {
        let out = Out::Plain(out);
        Self { out, encode }
    }

    /// Compressed lines.
    pub fn gzip(out: W, encode: Encode) -> Self {
        let out = Out::Gzip(GzEncoder::new(out, Compression::fast()));
        Self { out, encode }
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
    pub fn create(path: &Path, encode: Encode) -> io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 16, File::create(path)?);
        let compressed = path.extension().is_some_and(|ending| ending == "gz");
        Ok(if compressed {
            Self::gzip(file, encode)
        } else {
            Self::plain(file, encode)
        })
    }
}

impl<W: Write> Sink for Lines<W> {
    fn send(&mut self, arrival: &Arrival) -> io::Result<()> {
        let mut line = bytes(arrival, self.encode);
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
pub struct Topic {
    output: KafkaOutput,
    encode: Encode,
}

/// The port writes to topics by what they mean to Wayfarer; this one has a single topic.
const ONLY: OutputTopic = OutputTopic::Transitions;

impl Topic {
    /// The topic of a cluster; connects with the first record. `librdkafka` are settings of
    /// librdkafka, for encryption and authentication.
    ///
    /// # Errors
    ///
    /// If a setting is refused.
    pub fn open(
        brokers: &str,
        topic: &str,
        librdkafka: BTreeMap<String, String>,
        encode: Encode,
    ) -> io::Result<Self> {
        let config = KafkaConfig {
            bootstrap_servers: brokers.to_owned(),
            group_id: "wayfarer-generate".to_owned(),
            client_id: "wayfarer-generate".to_owned(),
            group_instance_id: None,
            session_timeout: Duration::from_secs(30),
            inputs: vec![topic.to_owned()],
            outputs: BTreeMap::from([(ONLY, topic.to_owned())]),
            librdkafka,
            librdkafka_consumer: BTreeMap::new(),
            librdkafka_producer: BTreeMap::new(),
        };
        let output = KafkaOutput::open(&config).map_err(other)?;
        Ok(Self { output, encode })
    }
}

impl Sink for Topic {
    fn send(&mut self, arrival: &Arrival) -> io::Result<()> {
        let record = OutputRecord {
            topic: ONLY,
            key: Some(arrival.customer.as_str().as_bytes().to_vec()),
            value: Some(bytes(arrival, self.encode)),
            headers: Vec::new(),
            timestamp: Some(arrival.arrives),
        };
        self.output.send(record).map_err(other)
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

    use flate2::read::MultiGzDecoder;

    use super::*;
    use crate::traffic::{Traffic, TrafficConfig};

    fn id(touchpoint: &Touchpoint) -> Vec<u8> {
        touchpoint.id.as_bytes().to_vec()
    }

    #[test]
    fn a_record_is_a_line_and_compression_changes_nothing() {
        let traffic = || Traffic::new(&TrafficConfig::default()).take(500);
        let mut plain = Lines::plain(Vec::new(), id);
        let mut packed = Lines::gzip(Vec::new(), id);
        for arrival in traffic() {
            plain.send(&arrival).unwrap();
            packed.send(&arrival).unwrap();
        }
        plain.finish().unwrap();
        packed.finish().unwrap();
        let (Out::Plain(plain), Out::Gzip(packed)) = (plain.out, packed.out) else {
            panic!("the sinks are what they were made as");
        };
        let mut unpacked = Vec::new();
        let packed = packed.finish().unwrap();
        MultiGzDecoder::new(&packed[..])
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, plain);

        let text = String::from_utf8(plain).unwrap();
        let ids = traffic().map(|arrival| arrival.touchpoint().unwrap().id.clone());
        assert!(text.lines().eq(ids.map(String::from)));
    }

    #[test]
    fn the_name_of_a_file_says_whether_it_is_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let arrival = Traffic::new(&TrafficConfig::default()).next().unwrap();
        for (name, compressed) in [("a.jsonl", false), ("a.jsonl.gz", true)] {
            let path = folder.path().join(name);
            let mut lines = Lines::create(&path, id).unwrap();
            lines.send(&arrival).unwrap();
            lines.finish().unwrap();
            drop(lines);
            assert_eq!(
                std::fs::read(&path).unwrap().starts_with(&[0x1f, 0x8b]),
                compressed
            );
        }
    }
}

//! Files of touchpoints: JSON Lines or CSV, plain or gzip, one record at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::domain::Touchpoint;
use crate::wire::touchpoint::{DecodeError, DecodeOptions, Decoded, Format, Mapping, Rows};

/// Refused records that are told one by one.
const EXAMPLES: usize = 5;

/// A file that is open, uncompressed.
pub(super) struct Source {
    name: String,
    bytes: Box<dyn BufRead>,
}

impl Source {
    /// Opens a file, or standard input for `-`, and looks whether it is gzip.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let raw: Box<dyn Read> = match path.to_str() {
            Some("-") => Box::new(io::stdin()),
            _ => Box::new(File::open(path)?),
        };
        let mut raw = BufReader::with_capacity(1 << 16, raw);
        let gzip = raw.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let bytes: Box<dyn BufRead> = match gzip {
            true => Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(raw))),
            false => Box::new(raw),
        };
        Ok(Self {
            name: path.display().to_string(),
            bytes,
        })
    }
}

/// Why records were refused.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// How many, by the reason's code.
    pub(super) reasons: BTreeMap<&'static str, u64>,
    /// The first of them: file, record and what is wrong.
    pub(super) examples: Vec<String>,
}

/// Reads the touchpoints of files.
#[derive(Debug)]
pub(super) struct Reader {
    format: Format,
    options: DecodeOptions,
    refused: Refused,
}

impl Reader {
    /// A reader by a mapping, else of Wayfarer's own JSON.
    pub(super) fn new(mapping: Option<Mapping>, options: DecodeOptions) -> Self {
        let format = mapping.map_or(Format::Json, |mapping| Format::Mapped(Box::new(mapping)));
        Self {
            format,
            options,
            refused: Refused::default(),
        }
    }

    /// What could not be used so far.
    pub(super) fn refused(&self) -> &Refused {
        &self.refused
    }

    /// Calls `take` with every touchpoint of a file, in order.
    pub(super) fn each(
        &mut self,
        source: Source,
        take: &mut dyn FnMut(Touchpoint) -> io::Result<()>,
    ) -> io::Result<()> {
        let Source { name, mut bytes } = source;
        let json = bytes
            .fill_buf()?
            .iter()
            .find(|byte| !byte.is_ascii_whitespace())
            == Some(&b'{');
        match self.format.clone() {
            Format::Mapped(mapping) if !json => self.rows(&name, bytes, &mapping, take),
            Format::Json | Format::Mapped(_) | Format::Protobuf => self.lines(&name, bytes, take),
        }
    }

    fn lines(
        &mut self,
        name: &str,
        mut bytes: Box<dyn BufRead>,
        take: &mut dyn FnMut(Touchpoint) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            if bytes.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let text = line.trim_ascii();
            if !text.is_empty() {
                let decoded = self.format.decode(None, text, &self.options);
                self.judge(decoded, || format!("{name}:{number}"), take)?;
            }
        }
        Ok(())
    }

    fn rows(
        &mut self,
        name: &str,
        bytes: Box<dyn BufRead>,
        mapping: &Mapping,
        take: &mut dyn FnMut(Touchpoint) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let rows = Rows::new(mapping, reader.byte_headers()?)
            .map_err(|lacking| io::Error::new(io::ErrorKind::InvalidData, lacking.join("; ")))?;
        let mut row = csv::ByteRecord::new();
        while reader.read_byte_record(&mut row)? {
            let decoded = rows.decode(&row, &self.options);
            let line = row.position().map_or(0, csv::Position::line);
            self.judge(decoded, || format!("{name}:{line}"), take)?;
        }
        Ok(())
    }

    fn judge(
        &mut self,
        decoded: Result<Decoded, DecodeError>,
        place: impl FnOnce() -> String,
        take: &mut dyn FnMut(Touchpoint) -> io::Result<()>,
    ) -> io::Result<()> {
        match decoded {
            Ok(decoded) => take(decoded.touchpoint),
            Err(error) => {
                *self.refused.reasons.entry(error.reason.code()).or_default() += 1;
                if self.refused.examples.len() < EXAMPLES {
                    self.refused.examples.push(format!("{}: {error}", place()));
                }
                Ok(())
            }
        }
    }
}

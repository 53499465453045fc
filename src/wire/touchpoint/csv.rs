//! Rows of a CSV file, read by mapping. The file itself is read by the caller.

use std::collections::BTreeMap;

use csv::ByteRecord;

use super::error::{DecodeError, Reason};
use super::mapped::Record;
use super::mapping::Mapping;
use super::value::Value;
use super::{DecodeOptions, Decoded, check_size};

/// Reads the rows of one file.
#[derive(Clone, Debug)]
pub struct Rows<'m> {
    mapping: &'m Mapping,
    columns: BTreeMap<Box<str>, usize>,
}

impl<'m> Rows<'m> {
    /// A reader of the rows below `header`.
    ///
    /// # Errors
    ///
    /// Every column that the mapping names and the file lacks, one sentence each.
    pub fn new(mapping: &'m Mapping, header: &ByteRecord) -> Result<Self, Vec<String>> {
        let names: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
        let columns: BTreeMap<Box<str>, usize> = names
            .iter()
            .enumerate()
            .map(|(index, name)| (Box::from(name.trim_start_matches('\u{feff}').trim()), index))
            .collect();
        let lacking: Vec<_> = mapping
            .paths()
            .filter(|path| !columns.contains_key(*path))
            .map(|path| {
                let there = columns.keys().map(|name| &**name).collect::<Vec<_>>();
                format!("no column `{path}`: the file has {}", there.join(", "))
            })
            .collect();
        if lacking.is_empty() {
            Ok(Self { mapping, columns })
        } else {
            Err(lacking)
        }
    }

    /// Reads the touchpoint that a row holds. Empty cells are absent.
    ///
    /// # Errors
    ///
    /// As [`Format::decode`](super::Format::decode).
    pub fn decode(
        &self,
        row: &ByteRecord,
        options: &DecodeOptions,
    ) -> Result<Decoded, DecodeError> {
        check_size(row.as_slice().len(), options)?;
        for (column, index) in &self.columns {
            if std::str::from_utf8(row.get(*index).unwrap_or_default()).is_err() {
                let message = "not UTF-8; convert the file";
                return Err(DecodeError::new(Reason::NotUtf8, column, message));
            }
        }
        let look = |path: &str| {
            let index = self.columns.get(path).copied();
            index
                .and_then(|index| row.get(index))
                .and_then(|cell| std::str::from_utf8(cell).ok())
                .filter(|cell| !cell.is_empty())
                .map_or(Value::Absent, |cell| Value::Text(cell.into()))
        };
        let record = Record {
            mapping: self.mapping,
            key: None,
            look,
        };
        let items = match &self.mapping.items {
            Some(items) => record.items(items, None)?,
            None => Vec::new(),
        };
        let content: Vec<&[u8]> = row.iter().collect();
        record.touchpoint(items, &content)
    }
}

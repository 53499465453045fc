//! The way to a value: keys and indexes from the root of its document.

use std::fmt;

/// The way to a value from the root of its document.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Path(pub(super) Vec<Segment>);

/// One step on the way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Segment {
    /// Into a table.
    Key(String),
    /// Into a list.
    Index(usize),
}

impl Path {
    /// The way one step further.
    pub(super) fn with(&self, segment: Segment) -> Self {
        let mut path = self.clone();
        path.0.push(segment);
        path
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if index == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Index(item) => write!(f, "[{item}]")?,
            }
        }
        Ok(())
    }
}

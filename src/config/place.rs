//! Where a value was written: a line of a file, an environment variable, an argument.

use std::fmt;
use std::sync::Arc;

/// What kind of text a value came from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SourceKind {
    /// A map that is built in; the name is what a config calls it, `builtin:five-stages`.
    BuiltIn,
    /// A file; the name is its path as the user wrote it.
    File,
    /// An environment variable; the name is its name.
    Environment,
    /// A `--set` argument; the name is the key that it sets.
    Argument,
}

/// A text that values are read from.
#[derive(PartialEq, Eq)]
pub struct Source {
    /// What kind of text it is.
    pub kind: SourceKind,
    /// What the user calls it.
    pub name: String,
    /// The text itself; empty for the environment, whose values are not repeated.
    pub text: String,
}

impl Source {
    /// A source, ready to be shared by the places in it.
    pub fn new(kind: SourceKind, name: &str, text: &str) -> Arc<Self> {
        Arc::new(Self {
            kind,
            name: name.into(),
            text: text.into(),
        })
    }

    /// Whether it has lines that a reader can be pointed to.
    pub fn has_lines(&self) -> bool {
        matches!(self.kind, SourceKind::File | SourceKind::BuiltIn)
    }
}

impl fmt::Debug for Source {
    /// Leaves the text out: it may hold a secret, and every place would repeat it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            SourceKind::File | SourceKind::BuiltIn => f.write_str(&self.name),
            SourceKind::Environment => write!(f, "environment {}", self.name),
            SourceKind::Argument => write!(f, "--set {}", self.name),
        }
    }
}

/// A place in a source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The source.
    pub source: Arc<Source>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters of the line belong to what stands there, at least 1.
    pub width: usize,
}

impl Place {
    /// The beginning of `source`.
    pub fn start(source: &Arc<Source>) -> Self {
        Self {
            source: Arc::clone(source),
            line: 1,
            column: 1,
            width: 1,
        }
    }
}

impl fmt::Display for Place {
    /// `file:line:column` where there are lines, else the name of the source.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.source.has_lines() {
            write!(f, "{}:{}:{}", self.source, self.line, self.column)
        } else {
            write!(f, "{}", self.source)
        }
    }
}

//! Problems: what is wrong in a config or a map, where it stands and what would mend it.

use std::fmt;

use super::librdkafka;
use super::place::Place;

/// How bad a problem is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Nothing can start.
    Error,
    /// Legal, but probably not what was meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Where it stands.
    pub place: Place,
    /// The path to the key, as in `inputs[0].topic`; empty for the whole document.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What would be right; empty if the message says it.
    pub mend: String,
}

/// Characters of a source line that are shown around the place.
const SHOWN: usize = 120;

impl Problem {
    /// An error at `place`.
    pub fn error(place: &Place, path: &str, message: String, mend: String) -> Self {
        Self {
            severity: Severity::Error,
            place: place.clone(),
            path: path.into(),
            message,
            mend,
        }
    }

    /// A warning at `place`.
    pub fn warning(place: &Place, path: &str, message: String, mend: String) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(place, path, message, mend)
        }
    }

    /// The line that it stands on and a mark below it. A line that names a secret ends there, and
    /// so does what is shown of it.
    fn excerpt(&self) -> Option<(String, String)> {
        let Place {
            source,
            line,
            column,
            width,
        } = &self.place;
        if !source.has_lines() {
            return None;
        }
        let text = source.text.lines().nth(line.checked_sub(1)?)?;
        let public = librdkafka::public_part(text);
        let before = column.saturating_sub(1);
        let skipped = before.saturating_sub(SHOWN / 2);
        let (skip, take) = match public.len() < text.len() {
            true => (0, public.chars().count()),
            false => (skipped, SHOWN),
        };
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let mut shown: String = public
            .chars()
            .skip(skip)
            .take(take)
            .map(printable)
            .collect();
        let room = shown.chars().count().saturating_sub(before - skip);
        if public.len() < text.len() {
            shown.push_str(" …");
        }
        let mark = match room {
            0 if public.len() < text.len() => String::new(),
            _ => " ".repeat(before - skip) + &"^".repeat((*width).min(room).max(1)),
        };
        Some((shown, mark))
    }
}

impl fmt::Display for Problem {
    /// `place: path: message`, then the line with a mark below what is meant, then the mend.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        writeln!(f, "{}", self.message)?;
        if let Some((line, mark)) = self.excerpt() {
            let number = self.place.line;
            let margin = " ".repeat(number.to_string().len());
            writeln!(f, "  {number} | {line}")?;
            if !mark.is_empty() {
                writeln!(f, "  {margin} | {mark}")?;
            }
        }
        if !self.mend.is_empty() {
            writeln!(f, "  mend: {}", self.mend)?;
        }
        Ok(())
    }
}

/// Every problem found in one go, in the order of their places.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    /// The problems in the order of their places: files before the environment before arguments,
    /// files as they first show up, then by line and column.
    pub fn new(mut list: Vec<Problem>) -> Self {
        let mut sources = Vec::new();
        for problem in &list {
            if !sources.contains(&problem.place.source) {
                sources.push(std::sync::Arc::clone(&problem.place.source));
            }
        }
        list.sort_by_key(|problem| {
            let place = &problem.place;
            let source = sources.iter().position(|source| *source == place.source);
            (place.source.kind, source, place.line, place.column)
        });
        Self { list }
    }

    /// The problems in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.list.iter()
    }

    /// How many of them are errors.
    pub fn errors(&self) -> usize {
        let is_error = |problem: &&Problem| problem.severity == Severity::Error;
        self.list.iter().filter(is_error).count()
    }

    /// How many of them are warnings.
    pub fn warnings(&self) -> usize {
        self.list.len() - self.errors()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    /// All of them, with an empty line between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

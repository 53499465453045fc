//! Walks a tree and gives out typed values, collecting every problem and every setting on the way.
//!
//! A [`Table`] remembers which keys were asked for; what it has beyond them is an unknown key. A
//! [`Slot`] is the place of one value, whether or not anything is written there. Getters always
//! give a value, so that reading goes on after a mistake; whoever reads a whole document drops the
//! result if there was one.

use super::effective::Effective;
use super::names;
use super::path::{Path, Segment};
use super::place::Place;
use super::problem::Problem;
use super::slot::Slot;
use super::tree::{Entry, Node};

/// What was found while reading.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The problems so far.
    pub(super) problems: Vec<Problem>,
    /// The settings so far, with their origins.
    pub(super) effective: Effective,
}

impl Reader {
    /// Reads the table at the root of a document.
    pub(super) fn document<'n, T>(
        &mut self,
        root: &'n Node,
        read: impl FnOnce(&mut Table<'_, 'n>) -> T,
    ) -> T {
        let slot = Slot {
            reader: self,
            node: Some(root),
            place: root.place.clone(),
            path: Path::default(),
            secret: false,
            silent: false,
        };
        slot.table(read)
    }
}

/// A table that is being read.
#[derive(Debug)]
pub(super) struct Table<'r, 'n> {
    reader: &'r mut Reader,
    entries: &'n [Entry],
    place: Place,
    path: Path,
    asked: Vec<&'static str>,
    /// Keys that are part of the language, but not of this version.
    later: Vec<&'static str>,
    /// Set if something else stands where the table should: what it lacks is no further problem.
    broken: bool,
}

impl<'r, 'n> Table<'r, 'n> {
    /// A table with these entries; `broken` if something else stands where it should.
    pub(super) fn new(
        reader: &'r mut Reader,
        entries: &'n [Entry],
        place: Place,
        path: Path,
        broken: bool,
    ) -> Self {
        Self {
            reader,
            entries,
            place,
            path,
            asked: Vec::new(),
            later: Vec::new(),
            broken,
        }
    }

    /// The place of the value of `key`.
    pub(super) fn at(&mut self, key: &'static str) -> Slot<'_, 'n> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        let node = self.node(key);
        Slot {
            place: node.map_or_else(|| self.place.clone(), |node| node.place.clone()),
            node,
            path: self.path.with(Segment::Key(key.into())),
            reader: self.reader,
            secret: false,
            silent: self.broken,
        }
    }

    /// The value of `key`, if anything is written there.
    pub(super) fn given(&mut self, key: &'static str) -> Option<Slot<'_, 'n>> {
        let slot = self.at(key);
        slot.node.is_some().then_some(slot)
    }

    /// Whether `key` is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.node(key).is_some()
    }

    fn node(&self, key: &str) -> Option<&'n Node> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(&entry.node)
    }

    /// Refuses those of `keys` that are there, as part of the language but not of this version.
    pub(super) fn not_yet(&mut self, keys: &[&'static str]) {
        for key in keys {
            self.later.push(key);
            if let Some(entry) = self.entries.iter().find(|entry| entry.key == *key) {
                let path = self.path.with(Segment::Key((*key).into())).to_string();
                let message = format!("`{key}` is not supported by this version");
                let problem = Problem::error(&entry.place, &path, message, "leave it out".into());
                self.reader.problems.push(problem);
            }
        }
    }

    /// Says that something about the table as a whole is wrong.
    pub(super) fn wrong(&mut self, message: &str, mend: &str) {
        let path = self.path.to_string();
        let problem = Problem::error(&self.place, &path, message.into(), mend.into());
        self.reader.problems.push(problem);
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn close(&mut self) {
        for entry in self.entries {
            if self.asked.contains(&&*entry.key) || self.later.contains(&&*entry.key) {
                continue;
            }
            let asked = self.asked.iter().copied();
            let mend = match names::nearest(&entry.key, asked.clone()) {
                Some(key) => format!("did you mean `{key}`?"),
                None => format!("known here are {}", names::one_of(asked)),
            };
            let path = self.path.with(Segment::Key(entry.key.clone())).to_string();
            let message = "unknown key".into();
            let problem = Problem::error(&entry.place, &path, message, mend);
            self.reader.problems.push(problem);
        }
    }
}

//! The place of one value in a tree, and the getters that give it a type.

use super::effective::Shown;
use super::path::{Path, Segment};
use super::place::Place;
use super::problem::Problem;
use super::reader::{Reader, Table};
use super::setting::{Setting, Wrong};
use super::tree::{Entry, Node, Scalar, Value, Via};

/// The place of one value, whether or not anything is written there.
#[derive(Debug)]
pub(super) struct Slot<'r, 'n> {
    /// Where problems and settings go.
    pub(super) reader: &'r mut Reader,
    /// What is written here.
    pub(super) node: Option<&'n Node>,
    /// Where it stands; where its table does, if nothing is written.
    pub(super) place: Place,
    /// The way to it.
    pub(super) path: Path,
    /// Whether it must never be shown.
    pub(super) secret: bool,
    /// Whether its absence follows from a problem that is reported already.
    pub(super) silent: bool,
}

impl<'n> Slot<'_, 'n> {
    /// Marks the value as one that is never shown.
    #[must_use]
    pub(super) fn secret(mut self, secret: bool) -> Self {
        self.secret = secret;
        self
    }

    /// Where the value stands; where its table does, if there is none.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The way to the value.
    pub(super) fn path(&self) -> String {
        self.path.to_string()
    }

    /// What is written here, if anything is.
    pub(super) fn node(&self) -> Option<&'n Node> {
        self.node
    }

    /// Whether a list without items stands here.
    pub(super) fn is_empty_list(&self) -> bool {
        matches!(self.node.map(|node| &node.value), Some(Value::List(items)) if items.is_empty())
    }

    /// Whether a table stands here.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.node.map(|node| &node.value), Some(Value::Table(_)))
    }

    /// Whether the text `word` stands here; it counts as read then.
    pub(super) fn is_word(&mut self, word: &str) -> bool {
        let found = self.scalar_text() == Some(word);
        if found {
            self.record(word.into());
        }
        found
    }

    /// Whether the value was read from a file by `${file:…}`.
    pub(super) fn is_from_file(&self) -> bool {
        match self.node.map(|node| &node.value) {
            Some(Value::Scalar(scalar)) => matches!(scalar.via, Some(Via::File(_))),
            _ => false,
        }
    }

    /// Notes that a list that is not written has one item, with these settings.
    pub(super) fn usual(&mut self, settings: &[(&str, String)]) {
        let item = self.path.with(Segment::Index(0));
        for (key, text) in settings {
            let path = item.with(Segment::Key((*key).into()));
            let shown = Shown::new(Some(text.clone()), false, None, None);
            self.reader.effective.add(&path, shown);
        }
    }

    fn scalar_text(&self) -> Option<&'n str> {
        match self.node.map(|node| &node.value) {
            Some(Value::Scalar(Scalar {
                text, null: false, ..
            })) => Some(text),
            _ => None,
        }
    }

    /// Says that the value is wrong.
    pub(super) fn wrong(&mut self, message: &str, mend: &str) {
        self.report(Wrong::new(message, mend));
    }

    /// Says that the value that `path` leads to from here is wrong.
    pub(super) fn wrong_below(&mut self, path: &str, message: &str, mend: &str) {
        let place = self
            .node
            .map_or(&self.place, |node| &node.nearest(path).place);
        let dot = if path.starts_with('[') { "" } else { "." };
        let path = format!("{}{dot}{path}", self.path);
        let problem = Problem::error(place, &path, message.into(), mend.into());
        self.reader.problems.push(problem);
    }

    /// Says that the value is probably not what was meant.
    pub(super) fn warn(&mut self, message: &str, mend: &str) {
        let path = self.path.to_string();
        let problem = Problem::warning(&self.place, &path, message.into(), mend.into());
        self.reader.problems.push(problem);
    }

    fn report(&mut self, wrong: Wrong) {
        let path = self.path.to_string();
        let problem = Problem::error(&self.place, &path, wrong.message, wrong.mend);
        self.reader.problems.push(problem);
    }

    fn record(&mut self, shown: String) {
        let via = match self.node.map(|node| &node.value) {
            Some(Value::Scalar(scalar)) => scalar.via.clone(),
            _ => None,
        };
        let secret = self.secret || matches!(via, Some(Via::File(_)));
        let place = self.node.map(|node| node.place.clone());
        let shown = Shown::new(Some(shown), secret, place, via);
        self.reader.effective.add(&self.path, shown);
    }

    fn record_default(&mut self, text: Option<String>) {
        let shown = Shown::new(text, self.secret, None, None);
        self.reader.effective.add(&self.path, shown);
    }

    /// The value, if a right one stands here; what is wrong is reported.
    fn read<T: Setting>(&mut self) -> Option<T> {
        let node = self.node?;
        let wrong = match &node.value {
            Value::Scalar(Scalar { null: true, .. }) => {
                Wrong::new("has no value", "write one, or leave the key out")
            }
            Value::Scalar(scalar) if scalar.via == Some(Via::Nowhere) => return None,
            Value::Scalar(scalar) => match T::parse(&scalar.text) {
                Ok(value) => {
                    self.record(value.show());
                    return Some(value);
                }
                Err(wrong) if self.secret => Wrong::new("is not right", wrong.mend),
                Err(wrong) => wrong,
            },
            Value::List(_) => Wrong::new("is a list", "write one value"),
            Value::Table(_) => Wrong::new("is a table", "write one value"),
        };
        self.report(wrong);
        None
    }

    /// The value, or `default` if there is none.
    pub(super) fn or<T: Setting>(mut self, default: T) -> T {
        if self.node.is_none() {
            self.record_default(Some(default.show()));
        }
        self.read().unwrap_or(default)
    }

    /// The value, which must lie between `least` and `most`, or `default` if there is none.
    pub(super) fn within<T: Setting + PartialOrd>(
        mut self,
        default: T,
        [least, most]: [T; 2],
    ) -> T {
        if self.node.is_none() {
            self.record_default(Some(default.show()));
        }
        let Some(value) = self.read::<T>() else {
            return default;
        };
        if value < least || value > most {
            let message = format!("`{}` is out of range", value.show());
            let mend = format!("choose from {} to {}", least.show(), most.show());
            self.wrong(&message, &mend);
        }
        value
    }

    /// The value, or nothing if there is none. An empty text that was substituted counts as none.
    pub(super) fn optional<T: Setting>(mut self) -> Option<T> {
        let substituted = match self.node.map(|node| &node.value) {
            Some(Value::Scalar(scalar)) => scalar.text.is_empty() && scalar.via.is_some(),
            _ => false,
        };
        if self.node.is_none() || substituted {
            self.record_default(None);
            return None;
        }
        self.read()
    }

    /// The value, which must be there; after a problem, the one that `instead` gives.
    pub(super) fn required<T: Setting>(mut self, instead: impl FnOnce() -> T) -> T {
        self.demand();
        self.read().unwrap_or_else(instead)
    }

    /// Reports that nothing stands here, if so.
    pub(super) fn demand(&mut self) {
        if self.node.is_none() && !self.silent {
            let key = match self.path.0.last() {
                Some(Segment::Key(key)) => key.clone(),
                _ => String::new(),
            };
            self.wrong("is missing", &format!("write `{key}: …` here"));
        }
    }

    /// One value or a list of them, or `default` if nothing is there.
    pub(super) fn many<T: Setting>(mut self, default: Vec<T>) -> Vec<T> {
        if self.node.is_none() {
            let shown = Shown::list(default.iter().map(Setting::show), None);
            self.reader.effective.add(&self.path, shown);
            return default;
        }
        let mut values = Vec::new();
        self.one_or_each(|slot| values.extend(slot.read()));
        values
    }

    /// Calls `read` for each item of a list, or for the one value that stands here instead. An
    /// absent value has no items.
    pub(super) fn one_or_each(&mut self, mut read: impl FnMut(&mut Slot<'_, 'n>)) {
        let Some(node) = self.node else { return };
        let Value::List(items) = &node.value else {
            return read(self);
        };
        if items.is_empty() {
            let shown = Shown::list(std::iter::empty(), Some(node.place.clone()));
            self.reader.effective.add(&self.path, shown);
        }
        for (index, item) in items.iter().enumerate() {
            read(&mut Slot {
                reader: self.reader,
                node: Some(item),
                place: item.place.clone(),
                path: self.path.with(Segment::Index(index)),
                secret: self.secret,
                silent: false,
            });
        }
    }

    /// What `read` makes of each item of the list that stands here.
    pub(super) fn each<T>(mut self, mut read: impl FnMut(Slot<'_, 'n>) -> T) -> Vec<T> {
        let mut values = Vec::new();
        match self.node.map(|node| &node.value) {
            None => self.demand(),
            Some(Value::List(_)) => self.one_or_each(|slot| values.push(read(slot.again()))),
            Some(Value::Scalar(_) | Value::Table(_)) => {
                self.wrong("is no list", "write a list, each item on a line after `- `");
            }
        }
        values
    }

    /// The same slot for one more reader.
    pub(super) fn again(&mut self) -> Slot<'_, 'n> {
        Slot {
            reader: self.reader,
            node: self.node,
            place: self.place.clone(),
            path: self.path.clone(),
            secret: self.secret,
            silent: self.silent,
        }
    }

    /// What `read` makes of the table here, if there is one.
    pub(super) fn table_if_given<T>(self, read: impl FnOnce(&mut Table<'_, 'n>) -> T) -> Option<T> {
        self.node.is_some().then(|| self.table(read))
    }

    /// What `read` makes of the table here. If there is none, it reads an empty one.
    pub(super) fn table<T>(mut self, read: impl FnOnce(&mut Table<'_, 'n>) -> T) -> T {
        let mut broken = self.silent;
        let entries: &[Entry] = match self.node.map(|node| &node.value) {
            None => &[],
            Some(Value::Table(entries)) => entries,
            Some(Value::Scalar(_) | Value::List(_)) => {
                broken = true;
                self.wrong("is no table", "write keys with values, each on a line");
                &[]
            }
        };
        let mut table = Table::new(self.reader, entries, self.place, self.path, broken);
        let value = read(&mut table);
        table.close();
        value
    }

    /// Calls `read` for each name and value of the table here, whose names are the user's own.
    pub(super) fn pairs(mut self, mut read: impl FnMut(&'n str, Slot<'_, 'n>)) {
        match self.node.map(|node| &node.value) {
            None => {}
            Some(Value::Table(entries)) => {
                for entry in entries {
                    let slot = Slot {
                        reader: self.reader,
                        node: Some(&entry.node),
                        place: entry.node.place.clone(),
                        path: self.path.with(Segment::Key(entry.key.clone())),
                        secret: self.secret,
                        silent: false,
                    };
                    read(&entry.key, slot);
                }
            }
            Some(Value::Scalar(_) | Value::List(_)) => {
                self.wrong("is no table", "write names with values, each on a line");
            }
        }
    }
}

//! Records, and a partition as a log of records and marks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use crate::domain::EventTime;

/// A record to be written to a topic.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// The record's timestamp; none takes the wall clock's when it is written.
    pub timestamp: Option<EventTime>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value; none is a tombstone.
    pub value: Option<Vec<u8>>,
    /// The headers in their order.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Record {
    /// A record with a key and a value and nothing else.
    pub fn new(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self {
            key: Some(key.into()),
            value: Some(value.into()),
            ..Self::default()
        }
    }
}

/// A record as a topic keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredRecord {
    /// Where in the topic.
    pub partition: u32,
    /// Where in the partition.
    pub offset: u64,
    /// When it happened or was written.
    pub timestamp: EventTime,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value; none is a tombstone.
    pub value: Option<Vec<u8>>,
    /// The headers in their order.
    pub headers: Vec<(String, Vec<u8>)>,
}

/// A transaction, numbered in the order of beginning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct TransactionId(pub(super) u64);

/// What became of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Its transaction is undecided here.
    Open,
    /// It can be read once nothing before it is undecided.
    Committed,
    /// It is never read.
    Aborted,
}

/// What takes an offset.
#[derive(Clone, Debug)]
enum Entry {
    Record {
        record: Rc<StoredRecord>,
        transaction: Option<TransactionId>,
    },
    /// Something that readers pass by, such as the end of a transaction.
    Mark,
}

/// One partition: entries by offset, the oldest of which may be gone.
#[derive(Clone, Debug, Default)]
pub(super) struct PartitionLog {
    begin: u64,
    entries: VecDeque<Entry>,
    /// The undecided transactions that write here, and where they began to.
    open: BTreeMap<TransactionId, u64>,
    aborted: BTreeSet<TransactionId>,
    /// Nothing is handed over meanwhile, though the end is known.
    pub(super) withheld: bool,
}

/// The next thing that a reader of committed records finds.
#[derive(Debug)]
pub(super) enum Found {
    /// This record.
    Record(Rc<StoredRecord>),
    /// Nothing before this offset, which is the end.
    End(u64),
}

impl PartitionLog {
    /// The offset of the oldest entry that is kept.
    pub(super) fn begin(&self) -> u64 {
        self.begin
    }

    /// The offset that the next entry will have.
    pub(super) fn next(&self) -> u64 {
        self.begin + self.entries.len() as u64
    }

    /// The end for readers of committed records: an undecided transaction hides what follows.
    pub(super) fn end(&self) -> u64 {
        self.open.values().copied().min().unwrap_or(self.next())
    }

    /// Appends a record, in a transaction or by itself.
    pub(super) fn append(&mut self, record: StoredRecord, transaction: Option<TransactionId>) {
        if let Some(id) = transaction {
            self.open.entry(id).or_insert(record.offset);
        }
        let record = Rc::new(record);
        self.entries.push_back(Entry::Record {
            record,
            transaction,
        });
    }

    /// Appends something that readers pass by.
    pub(super) fn mark(&mut self) {
        self.entries.push_back(Entry::Mark);
    }

    /// Decides a transaction, if it wrote here: its records are committed, or never were.
    pub(super) fn decide(&mut self, id: TransactionId, committed: bool) {
        if self.open.remove(&id).is_some() {
            self.mark();
            if !committed {
                self.aborted.insert(id);
            }
        }
    }

    /// Forgets what lies before `offset`.
    pub(super) fn forget_before(&mut self, offset: u64) {
        while self.begin < offset && self.entries.pop_front().is_some() {
            self.begin += 1;
        }
    }

    /// Whether a reader can stand at `offset`.
    pub(super) fn holds(&self, offset: u64) -> bool {
        (self.begin..=self.next()).contains(&offset)
    }

    /// The next committed record at or after `offset`.
    pub(super) fn find(&self, offset: u64) -> Found {
        let place = usize::try_from(offset.saturating_sub(self.begin)).unwrap_or(usize::MAX);
        let mut records = self
            .entries
            .iter()
            .skip(place)
            .filter_map(|entry| self.readable(entry));
        let end = self.end();
        match records.next().filter(|record| record.offset < end) {
            Some(record) => Found::Record(Rc::clone(record)),
            None => Found::End(end),
        }
    }

    /// Every record that is kept, with its transaction and what became of that.
    pub(super) fn written(
        &self,
    ) -> impl Iterator<Item = (&StoredRecord, Option<TransactionId>, Fate)> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Record {
                record,
                transaction,
            } => Some((&**record, *transaction, self.fate(*transaction))),
            Entry::Mark => None,
        })
    }

    /// Drops, before the first undecided record, what a later record of the same key supersedes,
    /// and what was aborted; tombstones too if they are `old`. Offsets stay taken.
    pub(super) fn compact(&mut self, old: bool) {
        let latest: BTreeMap<_, _> = self
            .records()
            .map(|record| (record.key.clone(), record.offset))
            .collect();
        let (end, aborted) = (self.end(), &self.aborted);
        for (offset, entry) in (self.begin..end).zip(&mut self.entries) {
            let Entry::Record {
                record,
                transaction,
            } = entry
            else {
                continue;
            };
            let void = transaction.is_some_and(|id| aborted.contains(&id));
            let superseded = record.key.is_some() && latest.get(&record.key) != Some(&offset);
            if void || superseded || (old && record.value.is_none()) {
                *entry = Entry::Mark;
            }
        }
    }

    /// All committed records that are kept.
    pub(super) fn records(&self) -> impl Iterator<Item = &StoredRecord> {
        let end = self.end();
        let readable = self.entries.iter().filter_map(|entry| self.readable(entry));
        readable
            .map(|record| &**record)
            .take_while(move |record| record.offset < end)
    }

    /// The entry's record, unless its transaction was aborted.
    fn readable<'a>(&self, entry: &'a Entry) -> Option<&'a Rc<StoredRecord>> {
        match entry {
            Entry::Record {
                record,
                transaction,
            } => (self.fate(*transaction) != Fate::Aborted).then_some(record),
            Entry::Mark => None,
        }
    }

    fn fate(&self, transaction: Option<TransactionId>) -> Fate {
        match transaction {
            Some(id) if self.aborted.contains(&id) => Fate::Aborted,
            Some(id) if self.open.contains_key(&id) => Fate::Open,
            _ => Fate::Committed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(log: &PartitionLog) -> StoredRecord {
        StoredRecord {
            partition: 0,
            offset: log.next(),
            timestamp: EventTime::from_millis(0),
            key: None,
            value: None,
            headers: Vec::new(),
        }
    }

    /// A log of records and, where the text has a dot, marks.
    fn log(entries: &str) -> PartitionLog {
        let mut log = PartitionLog::default();
        for entry in entries.chars() {
            match entry {
                '.' => log.mark(),
                _ => log.append(record(&log), None),
            }
        }
        log
    }

    fn offset(found: &Found) -> Option<u64> {
        match found {
            Found::Record(record) => Some(record.offset),
            Found::End(_) => None,
        }
    }

    #[test]
    fn marks_take_offsets_and_are_passed_by() {
        let log = log("r..r.");
        assert_eq!(offset(&log.find(0)), Some(0));
        assert_eq!(offset(&log.find(1)), Some(3));
        assert!(matches!(log.find(4), Found::End(5)));
        assert_eq!(log.end(), 5);
        assert_eq!(log.records().count(), 2);
    }

    #[test]
    fn what_is_forgotten_moves_the_beginning_and_no_offset() {
        let mut log = log("rrrr");
        log.forget_before(2);
        assert_eq!((log.begin(), log.end()), (2, 4));
        assert!(!log.holds(1) && log.holds(2) && log.holds(4) && !log.holds(5));
        assert_eq!(offset(&log.find(2)), Some(2));
        log.forget_before(9);
        assert_eq!((log.begin(), log.end()), (4, 4));
    }

    #[test]
    fn compaction_leaves_the_last_of_each_key_and_no_offset_moves() {
        let mut log = PartitionLog::default();
        let (done, void, open) = (TransactionId(1), TransactionId(2), TransactionId(3));
        let mut append = |key: &str, value: Option<&str>, transaction| {
            let mut stored = record(&log);
            stored.key = Some(key.into());
            stored.value = value.map(Into::into);
            log.append(stored, transaction);
        };
        append("ada", Some("1"), None);
        append("ada", Some("2"), Some(done));
        append("bob", None, Some(done));
        append("ada", Some("3"), Some(void));
        append("ada", Some("4"), Some(open));
        append("ada", Some("5"), None);
        log.decide(done, true);
        log.decide(void, false);
        let kept = |log: &PartitionLog| -> Vec<_> {
            let written = log.written();
            written
                .map(|(record, _, fate)| (record.offset, fate))
                .collect()
        };
        log.compact(false);
        let beyond = [(4, Fate::Open), (5, Fate::Committed)];
        assert_eq!(
            kept(&log)[..2],
            [(1, Fate::Committed), (2, Fate::Committed)]
        );
        assert_eq!(kept(&log)[2..], beyond);
        log.compact(true);
        assert_eq!(kept(&log)[..1], [(1, Fate::Committed)]);
        assert_eq!(kept(&log)[1..], beyond);
        log.decide(open, true);
        log.compact(true);
        assert_eq!(kept(&log), [(5, Fate::Committed)]);
        assert_eq!((log.begin(), log.next()), (0, 9));
        assert_eq!(offset(&log.find(0)), Some(5));
    }

    #[test]
    fn an_undecided_transaction_hides_what_follows() {
        let mut log = log("r");
        let (ours, theirs) = (TransactionId(1), TransactionId(2));
        for transaction in [Some(ours), Some(theirs), None] {
            log.append(record(&log), transaction);
        }
        assert!(matches!(log.find(1), Found::End(1)));
        log.decide(theirs, true);
        assert_eq!((log.end(), log.next()), (1, 5));
        log.decide(ours, false);
        let offsets: Vec<_> = log.records().map(|record| record.offset).collect();
        assert_eq!(offsets, [0, 2, 3]);
        assert_eq!(log.end(), 6);
        log.decide(ours, true);
        assert_eq!(log.end(), 6, "it was decided before");
    }
}

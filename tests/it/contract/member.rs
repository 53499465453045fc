//! A member of the group that keeps what it was handed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use wayfarer::runtime::{Error, InputEvent, InputLog, Source, Start};

use super::Entry;

/// Long enough for any machine; it only keeps a failing test from hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// A record with where it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Read {
    pub(super) source: Source,
    pub(super) offset: u64,
    pub(super) entry: Entry,
}

/// A member that starts what it is assigned and releases what is revoked, unless told otherwise.
pub(super) struct Member<I> {
    pub(super) log: I,
    /// Where to start; none to wait for the test to do it.
    pub(super) start: Option<Start>,
    /// Whether to release at once.
    pub(super) releases: bool,
    pub(super) owned: BTreeSet<Source>,
    pub(super) revoked: BTreeSet<Source>,
    pub(super) read: Vec<Read>,
    pub(super) ends: Vec<(Source, u64)>,
    /// How many times partitions were assigned.
    pub(super) assignments: u32,
}

impl<I: InputLog> Member<I> {
    pub(super) fn new(log: I) -> Self {
        Self {
            log,
            start: Some(Start::Earliest),
            releases: true,
            owned: BTreeSet::new(),
            revoked: BTreeSet::new(),
            read: Vec::new(),
            ends: Vec::new(),
            assignments: 0,
        }
    }

    /// One poll and what follows from it. Passing trouble passes.
    pub(super) fn step(&mut self) {
        let mut events = Vec::new();
        let polled = self.log.poll(Duration::from_millis(20), 100, &mut |event| {
            events.push(Kept::of(event));
        });
        match polled {
            Ok(count) => assert_eq!(count, events.len(), "a poll counts what it hands over"),
            Err(Error::Retry(_)) => {}
            Err(error) => panic!("poll: {error:?}"),
        }
        for event in events {
            match event {
                Kept::Assigned(sources) => {
                    self.assignments += 1;
                    self.owned.extend(&sources);
                    if let Some(start) = self.start {
                        let places: Vec<_> = sources.iter().map(|s| (*s, start)).collect();
                        self.log.start(&places).unwrap();
                    }
                }
                Kept::Leaving(sources) => {
                    for source in &sources {
                        assert!(self.owned.remove(source), "{source:?} was not assigned");
                    }
                    if self.releases {
                        self.log.release(&sources).unwrap();
                    } else {
                        self.revoked.extend(&sources);
                    }
                }
                Kept::Record(read) => {
                    assert!(self.owned.contains(&read.source), "not ours: {read:?}");
                    self.read.push(read);
                }
                Kept::End(source, offset) => self.ends.push((source, offset)),
            }
        }
    }

    /// Polls until this holds.
    pub(super) fn until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let member = std::cell::RefCell::new(self);
        eventually(
            what,
            || member.borrow_mut().step(),
            || holds(&member.borrow()),
        );
    }

    /// Polls until so many records were read, and a few times more in case there are others.
    pub(super) fn until_read(&mut self, count: usize) -> &[Read] {
        self.until("the records", |member| member.read.len() >= count);
        self.idle();
        assert_eq!(self.read.len(), count, "{:?}", self.read);
        &self.read
    }

    /// Polls often enough that what is on its way would have come.
    pub(super) fn idle(&mut self) {
        for _ in 0..10 {
            self.step();
        }
    }

    /// The values read of one partition, as text.
    pub(super) fn values(&self, source: Source) -> Vec<String> {
        let of_source = self.read.iter().filter(|read| read.source == source);
        of_source
            .map(|read| {
                String::from_utf8_lossy(read.entry.value.as_deref().unwrap_or_default()).into()
            })
            .collect()
    }

    /// Asks where a partition ends, and returns the first answer to this question.
    pub(super) fn end(&mut self, source: Source) -> u64 {
        let known = self.ends.len();
        let started = Instant::now();
        while self.ends.len() == known {
            // A probe that failed gives no answer, so it is asked for again.
            self.log.probe(&[source]);
            self.step();
            assert!(started.elapsed() < PATIENCE, "no answer to a probe");
        }
        self.ends[known].1
    }

    /// The highest offset read of each partition.
    pub(super) fn last(&self) -> BTreeMap<Source, u64> {
        self.read.iter().map(|r| (r.source, r.offset)).collect()
    }
}

/// Repeats a step until this holds.
pub(super) fn eventually(what: &str, mut step: impl FnMut(), mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "never happened: {what}");
        step();
    }
}

/// An event that outlives its poll.
enum Kept {
    Assigned(Vec<Source>),
    Leaving(Vec<Source>),
    Record(Read),
    End(Source, u64),
}

impl Kept {
    fn of(event: InputEvent<'_>) -> Self {
        match event {
            InputEvent::Assigned(sources) => Self::Assigned(sources),
            InputEvent::Revoked(sources) | InputEvent::Lost(sources) => Self::Leaving(sources),
            InputEvent::End { source, offset } => Self::End(source, offset),
            InputEvent::Record(record) => {
                let headers = record.headers.iter();
                Self::Record(Read {
                    source: record.source,
                    offset: record.offset,
                    entry: Entry {
                        key: record.key.map(<[u8]>::to_vec),
                        value: record.value.map(<[u8]>::to_vec),
                        headers: headers
                            .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
                            .collect(),
                        timestamp: record.timestamp,
                    },
                })
            }
        }
    }
}

//! A member of the group that keeps what it was handed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use wayfarer::runtime::{Error, InputEvent, InputLog, Source, Start};

use super::Entry;

/// Long enough for any machine; it only keeps a failing test from hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// A record with where it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Read {
    pub(crate) source: Source,
    pub(crate) offset: u64,
    pub(crate) entry: Entry,
}

/// A member that starts what it is assigned and releases what is revoked, unless told otherwise.
pub(crate) struct Member<I> {
    pub(crate) log: I,
    /// Where to start; none to wait for the test to do it.
    pub(crate) start: Option<Start>,
    /// Whether to release at once.
    pub(crate) releases: bool,
    pub(crate) owned: BTreeSet<Source>,
    pub(crate) revoked: BTreeSet<Source>,
    /// How many times partitions were lost.
    pub(crate) lost: u32,
    pub(crate) read: Vec<Read>,
    pub(crate) ends: Vec<(Source, u64)>,
}

impl<I: InputLog> Member<I> {
    pub(crate) fn new(log: I) -> Self {
        Self {
            log,
            start: Some(Start::Earliest),
            releases: true,
            owned: BTreeSet::new(),
            revoked: BTreeSet::new(),
            lost: 0,
            read: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// One poll and what follows from it. Passing trouble passes.
    pub(crate) fn step(&mut self) {
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
                    self.owned.extend(&sources);
                    if let Some(start) = self.start {
                        let places: Vec<_> = sources.iter().map(|s| (*s, start)).collect();
                        self.log.start(&places).unwrap();
                    }
                }
                Kept::Leaving(sources, lost) => {
                    self.lost += u32::from(lost);
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
    pub(crate) fn until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let member = std::cell::RefCell::new(self);
        eventually(
            what,
            || member.borrow_mut().step(),
            || holds(&member.borrow()),
        );
    }

    /// Polls until so many records were read, and a few times more in case there are others.
    pub(crate) fn until_read(&mut self, count: usize) -> &[Read] {
        self.until("the records", |member| member.read.len() >= count);
        self.idle();
        assert_eq!(self.read.len(), count, "{:?}", self.read);
        &self.read
    }

    /// Polls often enough that what is on its way would have come.
    pub(crate) fn idle(&mut self) {
        for _ in 0..10 {
            self.step();
        }
    }

    /// The values read of one partition, as text.
    pub(crate) fn values(&self, source: Source) -> Vec<String> {
        let of_source = self.read.iter().filter(|read| read.source == source);
        of_source
            .map(|read| {
                String::from_utf8_lossy(read.entry.value.as_deref().unwrap_or_default()).into()
            })
            .collect()
    }

    /// Asks where a partition ends, and returns the first answer to this question.
    pub(crate) fn end(&mut self, source: Source) -> u64 {
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
    pub(crate) fn last(&self) -> BTreeMap<Source, u64> {
        self.read.iter().map(|r| (r.source, r.offset)).collect()
    }
}

/// Repeats a step until this holds.
pub(crate) fn eventually(what: &str, mut step: impl FnMut(), mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "never happened: {what}");
        step();
    }
}

/// An event that outlives its poll.
enum Kept {
    Assigned(Vec<Source>),
    Leaving(Vec<Source>, bool),
    Record(Read),
    End(Source, u64),
}

impl Kept {
    fn of(event: InputEvent<'_>) -> Self {
        match event {
            InputEvent::Assigned(sources) => Self::Assigned(sources),
            InputEvent::Revoked(sources) => Self::Leaving(sources, false),
            InputEvent::Lost(sources) => Self::Leaving(sources, true),
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

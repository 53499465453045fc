//! A member of a consumer group.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use super::broker::{Cluster, SimBroker};
use super::clock::SimClock;
use super::faults::{Call, Faults};
use super::group::{Group, MemberId};
use super::log::{Found, PartitionLog, StoredRecord};
use super::membership::Membership;
use crate::runtime::{Error, InputEvent, InputLog, InputRecord, Source, Start, Stored};

/// A member of a consumer group that reads the input topics. Dropping it leaves the group, unless
/// its process crashed: then the group hears nothing more of it, and expels it in time.
#[derive(Debug)]
pub struct SimInput {
    broker: SimBroker,
    group: String,
    topics: Vec<String>,
    id: MemberId,
    membership: Membership,
    faults: Faults,
    crashed: bool,
    unstable_as_none: bool,
    reading: BTreeMap<Source, Reading>,
    /// The probes that wait to be answered, with the end as it was when they were asked: the least
    /// that an answer may say.
    probes: BTreeMap<Source, u64>,
    /// Where the next poll begins, so that every partition has its turn.
    turn: Option<Source>,
}

/// How far a started partition was read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// None until the broker told where the oldest record is.
    next: Option<u64>,
    paused: bool,
}

impl SimInput {
    /// Joins a group, which is made if it is new. Partitions come with later polls.
    ///
    /// # Errors
    ///
    /// [`Error::Fatal`] if there is no such topic, or the group's other members read others.
    pub fn join(broker: &SimBroker, group: &str, topics: &[&str]) -> Result<Self, Error> {
        let mut cluster = broker.cluster_mut();
        let counts: Vec<u32> = topics
            .iter()
            .map(|topic| cluster.partition_count(topic).map(NonZeroU32::get))
            .collect::<Result<_, _>>()?;
        let topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
        let members = cluster.groups.entry(group.to_owned());
        let members = members.or_insert_with(|| Group::new(topics.clone(), &counts));
        if members.topics() != topics {
            let read = members.topics().join(", ");
            return Err(Error::Fatal(format!(
                "the members of group {group} read {read}"
            )));
        }
        let id = members.join();
        Ok(Self {
            broker: broker.clone(),
            group: group.to_owned(),
            topics,
            id,
            membership: Membership::new(broker, group, id),
            faults: Faults::default(),
            crashed: false,
            unstable_as_none: false,
            reading: BTreeMap::new(),
            probes: BTreeMap::new(),
            turn: None,
        })
    }

    /// Which member this is.
    pub fn id(&self) -> MemberId {
        self.id
    }

    /// What the member knows of its membership, now and later on.
    pub fn membership(&self) -> Membership {
        self.membership.clone()
    }

    /// Its calls go wrong as planned.
    #[must_use]
    pub fn with_faults(mut self, faults: &Faults) -> Self {
        self.faults = faults.clone();
        self
    }

    /// A mistake to be found by a test: an offset that is not decided yet is read as none.
    #[must_use]
    pub fn with_unstable_as_none(mut self) -> Self {
        self.unstable_as_none = true;
        self
    }

    /// The process ends: the group is told nothing.
    pub fn crash(mut self) {
        self.crashed = true;
    }

    fn clock(&self) -> SimClock {
        self.broker.cluster().clock.clone()
    }

    /// The started partitions, beginning with the one whose turn it is.
    fn in_turn(&self) -> Vec<Source> {
        let first = self.turn.unwrap_or(Source {
            input: 0,
            partition: 0,
        });
        let behind = self.reading.range(first..);
        behind
            .chain(self.reading.range(..first))
            .map(|(source, _)| *source)
            .collect()
    }

    /// Reads up to `limit` records, and passes by what is no record.
    fn read(&mut self, cluster: &Cluster, limit: usize) -> Result<Vec<Taken>, Error> {
        let mut taken = Vec::new();
        for source in self.in_turn() {
            let log = cluster.log(topic_of(&self.topics, source)?, source.partition)?;
            let Some(reading) = self.reading.get_mut(&source) else {
                continue;
            };
            let mut next = reading.next.unwrap_or_else(|| log.begin());
            check_place(log, source, next)?;
            while !reading.paused && !log.withheld && taken.len() < limit {
                match log.find(next) {
                    Found::Record(record) => {
                        next = record.offset + 1;
                        taken.push(Taken { source, record });
                    }
                    Found::End(end) => {
                        next = end;
                        break;
                    }
                }
            }
            reading.next = Some(next);
            if taken.len() >= limit {
                self.turn = self
                    .reading
                    .range(after(source)..)
                    .next()
                    .map(|(follower, _)| *follower);
                break;
            }
        }
        Ok(taken)
    }

    fn stop_reading(&mut self, sources: &[Source]) {
        for source in sources {
            self.reading.remove(source);
            self.probes.remove(source);
        }
    }

    /// Calls `work` with the group, which exists as long as it has a member.
    fn with_group<T>(&self, work: impl FnOnce(&mut Group, MemberId) -> T) -> T {
        let mut cluster = self.broker.cluster_mut();
        let group = cluster.groups.get_mut(&self.group);
        work(
            group.expect("joining makes the group, and groups are never removed"),
            self.id,
        )
    }
}

/// A record that was read.
struct Taken {
    source: Source,
    record: Rc<StoredRecord>,
}

impl InputLog for SimInput {
    /// Returns at once: time passes only on the clock.
    fn poll(
        &mut self,
        _wait: Duration,
        limit: usize,
        sink: &mut dyn FnMut(InputEvent<'_>),
    ) -> Result<usize, Error> {
        let (faults, clock) = (self.faults.clone(), self.clock());
        faults.around(Call::Poll, &clock, || self.hand_over(limit, sink))
    }

    fn start(&mut self, places: &[(Source, Start)]) -> Result<(), Error> {
        let (faults, clock) = (self.faults.clone(), self.clock());
        faults.around(Call::Start, &clock, || {
            self.take_up(places);
            Ok(())
        })
    }

    fn release(&mut self, sources: &[Source]) -> Result<(), Error> {
        self.faults.around(Call::Release, &self.clock(), || {
            let kept = self.with_group(|group, id| {
                sources.iter().for_each(|source| group.release(id, *source));
                group.holdings(id)
            });
            let mut given_up = sources.to_vec();
            given_up.retain(|source| !kept.contains(source));
            self.membership.end(&given_up);
            Ok(())
        })
    }

    fn pause(&mut self, sources: &[Source]) -> Result<(), Error> {
        self.set_paused(sources, true);
        Ok(())
    }

    fn resume(&mut self, sources: &[Source]) -> Result<(), Error> {
        self.set_paused(sources, false);
        Ok(())
    }

    fn probe(&mut self, sources: &[Source]) {
        let cluster = self.broker.cluster();
        for source in sources {
            let topic = topic_of(&self.topics, *source);
            let log = topic.and_then(|topic| cluster.log(topic, source.partition));
            let asked = self.reading.contains_key(source) && !cluster.away;
            if let (true, Ok(log)) = (asked, log) {
                self.probes.entry(*source).or_insert(log.end());
            }
        }
    }

    fn position(&self, source: Source) -> Option<u64> {
        self.reading.get(&source)?.next
    }

    fn partition_count(&mut self, input: u16) -> Result<NonZeroU32, Error> {
        let cluster = self.broker.cluster();
        cluster.reach()?;
        cluster.partition_count(topic_of(
            &self.topics,
            Source {
                input,
                partition: 0,
            },
        )?)
    }

    fn committed(&mut self, sources: &[Source]) -> Result<Vec<Option<Stored>>, Error> {
        self.faults.around(Call::Committed, &self.clock(), || {
            self.broker.cluster().reach()?;
            let stored = |group: &mut Group, source: &Source| {
                if !group.offsets.is_pending(*source) {
                    return Ok(group.offsets.committed(*source).cloned());
                }
                match self.unstable_as_none {
                    true => Ok(None),
                    false => Err(Error::Retry(format!("{source:?} is not decided yet"))),
                }
            };
            self.with_group(|group, _| sources.iter().map(|source| stored(group, source)).collect())
        })
    }
}

impl SimInput {
    fn hand_over(
        &mut self,
        limit: usize,
        sink: &mut dyn FnMut(InputEvent<'_>),
    ) -> Result<usize, Error> {
        let broker = self.broker.clone();
        if broker.cluster().away {
            self.probes.clear();
            return Ok(0);
        }
        let limit = broker
            .cluster()
            .poll_limit
            .map_or(limit, |most| most.min(limit));
        // What is handed over is taken out of the cluster first, so that the sink may use it.
        let ends = std::mem::take(&mut self.probes);
        let taken = self.read(&broker.cluster(), limit)?;
        let news = self.with_group(Group::news);
        self.membership.hear();
        self.stop_reading(&news.revoked);
        self.stop_reading(&news.lost);
        self.membership.end(&news.lost);
        self.membership.begin(&news.assigned);
        let mut events = ends.len() + taken.len();
        for (source, offset) in ends {
            sink(InputEvent::End { source, offset });
        }
        for Taken { source, record } in &taken {
            sink(InputEvent::Record(borrowed(*source, record)));
        }
        if !news.lost.is_empty() {
            sink(InputEvent::Lost(news.lost));
            events += 1;
        }
        if !news.revoked.is_empty() {
            sink(InputEvent::Revoked(news.revoked));
            events += 1;
        }
        if !news.assigned.is_empty() {
            sink(InputEvent::Assigned(news.assigned));
            events += 1;
        }
        Ok(events)
    }

    fn take_up(&mut self, places: &[(Source, Start)]) {
        for (source, start) in places {
            if !self.with_group(|group, id| group.start(id, *source)) {
                continue;
            }
            let next = match start {
                Start::Earliest => None,
                Start::At(offset) => Some(*offset),
            };
            let reading = self.reading.entry(*source);
            reading
                .or_insert(Reading {
                    next,
                    paused: false,
                })
                .next = next;
        }
    }

    fn set_paused(&mut self, sources: &[Source], paused: bool) {
        for source in sources {
            if let Some(reading) = self.reading.get_mut(source) {
                reading.paused = paused;
            }
        }
    }
}

impl Drop for SimInput {
    fn drop(&mut self) {
        if self.crashed || self.faults.crashed() {
            self.broker.silence(&self.group, self.id);
        } else {
            self.with_group(Group::leave);
        }
    }
}

fn topic_of(topics: &[String], source: Source) -> Result<&str, Error> {
    let topic = topics.get(usize::from(source.input)).map(String::as_str);
    topic.ok_or_else(|| Error::Fatal(format!("there is no input {}", source.input)))
}

/// Fails if a reader cannot stand at `next`.
fn check_place(log: &PartitionLog, source: Source, next: u64) -> Result<(), Error> {
    if log.holds(next) {
        return Ok(());
    }
    let (begin, end) = (log.begin(), log.end());
    Err(Error::Fatal(format!(
        "{source:?} has no offset {next}: it holds {begin} to {end}"
    )))
}

/// The least source that is greater.
fn after(source: Source) -> Source {
    Source {
        partition: source.partition.saturating_add(1),
        ..source
    }
}

fn borrowed(source: Source, record: &StoredRecord) -> InputRecord<'_> {
    let headers = record.headers.iter();
    InputRecord {
        source,
        offset: record.offset,
        timestamp: Some(record.timestamp),
        key: record.key.as_deref(),
        value: record.value.as_deref(),
        headers: headers
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect(),
    }
}

//! Workers on a broker in memory, and the hands that move them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use wayfarer::domain::{EventTime, Maps, Millis, Rules, Touchpoint};
use wayfarer::runtime::{
    Clock, Delivery, Error, InputConfig, LatePolicy, Observer, OutputTopic, PartitionReport,
    Restoration, StateMismatch, Worker, WorkerConfig, World,
};
use wayfarer::sim::{
    Call, CommitterConfig, Fault, Faults, Membership, Record, SimBroker, SimChangelog, SimClock,
    SimCommitter, SimInput, StoredRecord, Trouble, Written,
};
use wayfarer::state::Output;
use wayfarer::wire::output::Encodings;
use wayfarer::wire::touchpoint::{DecodeOptions, Format, encode_json};

use crate::maps;

/// When every simulation begins.
pub(crate) const START: EventTime = EventTime::from_millis(1_795_000_000_000);
/// The consumer group.
pub(crate) const GROUP: &str = "wayfarer";
/// The input topics, of which a simulation uses the first or both.
pub(crate) const INPUTS: [&str; 2] = ["online", "shops"];

/// The changelog's topic.
pub(crate) const CHANGELOG: &str = "wayfarer.changelog";
/// After so long the broker aborts a transaction.
pub(crate) const TRANSACTION_TIME_OUT: Duration = Duration::from_secs(4);
/// After so long without a sign of life the group expels a member.
pub(crate) const SESSION_TIME_OUT: Duration = Duration::from_secs(3);

/// A mistake in a client, which a script must notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mistake {
    /// Offsets are sent by whoever cannot name itself as a member.
    Unguarded,
    /// An offset that is not decided yet is read as none.
    UnstableAsNone,
    /// A restore ends where committed records end.
    ReadableBounds,
}

/// What a simulation is made of.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) inputs: usize,
    pub(crate) partitions: u32,
    pub(crate) idle: Option<Duration>,
    pub(crate) commit_interval: Duration,
    pub(crate) rules: Rules,
    pub(crate) mistake: Option<Mistake>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            inputs: 1,
            partitions: 1,
            idle: Some(Duration::from_secs(1)),
            commit_interval: Duration::from_millis(100),
            rules: Rules::ALL,
            mistake: None,
        }
    }
}

/// What the workers last reported of a partition.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) watermark: Option<EventTime>,
    pub(crate) idle_steps: u64,
    pub(crate) stopped: bool,
    pub(crate) lag: Option<u64>,
}

type Standings = Rc<RefCell<BTreeMap<u32, Standing>>>;

/// An observer that keeps the last report of each partition, and counts restores.
pub(crate) struct Watch(Standings, Rc<Cell<u64>>);

impl Observer for Watch {
    fn assigned(&mut self, _: &[u32]) {}

    fn effects(&mut self, _: u32, _: &[Output], _: &[(&'static str, u64)]) {}

    fn committed(&mut self, _: &[(OutputTopic, u64)], _: Duration) {}

    fn restored(&mut self, _: u32, _: &Restoration) {
        self.1.set(self.1.get() + 1);
    }

    fn stands(&mut self, report: &PartitionReport<'_>) {
        let standing = Standing {
            watermark: report.watermark,
            idle_steps: report.intake.idle_steps,
            stopped: report.stopped.is_some(),
            lag: report.lag,
        };
        self.0.borrow_mut().insert(report.partition, standing);
    }
}

type SimWorker = Worker<SimInput, SimCommitter, SimChangelog, SimClock, Watch>;

struct Member {
    worker: SimWorker,
    membership: Membership,
    faults: Faults,
    /// The number in its transactional id.
    name: u32,
}

/// A broker and its workers.
pub(crate) struct Pipeline {
    pub(crate) setup: Setup,
    pub(crate) maps: Arc<Maps>,
    pub(crate) clock: SimClock,
    pub(crate) broker: SimBroker,
    members: Vec<Member>,
    standings: Standings,
    restores: Rc<Cell<u64>>,
    /// How many workers were ever started, for their nonces.
    started: u64,
    /// What went wrong with the calls of workers that are gone.
    met: Vec<Fault>,
}

impl Pipeline {
    /// A broker with its topics, and no worker yet.
    pub(crate) fn new(setup: Setup) -> Self {
        let clock = SimClock::new(START);
        let broker = SimBroker::new(&clock);
        for topic in &INPUTS[..setup.inputs] {
            broker.create_topic(topic, setup.partitions).unwrap();
        }
        for topic in OutputTopic::ALL {
            broker.create_topic(&name_of(topic), 3).unwrap();
        }
        broker.create_topic(CHANGELOG, setup.partitions).unwrap();
        broker.set_session_time_out(SESSION_TIME_OUT);
        Self {
            maps: Arc::new(maps::maps(setup.rules)),
            setup,
            clock,
            broker,
            members: Vec::new(),
            standings: Rc::default(),
            restores: Rc::default(),
            started: 0,
            met: Vec::new(),
        }
    }

    /// A broker with its topics and so many workers.
    pub(crate) fn with_workers(setup: Setup, workers: usize) -> Self {
        let mut pipeline = Self::new(setup);
        (0..workers).for_each(|_| pipeline.join());
        pipeline
    }

    /// How a worker is configured.
    pub(crate) fn config(&self) -> WorkerConfig {
        let input = |topic: &&str| InputConfig {
            topic: (*topic).to_owned(),
            format: Format::Json,
            late: LatePolicy::Apply,
        };
        WorkerConfig {
            app: "wayfarer".into(),
            inputs: INPUTS[..self.setup.inputs].iter().map(input).collect(),
            decode: DecodeOptions::default(),
            encodings: Encodings::default(),
            delivery: Delivery::ExactlyOnce,
            on_state_mismatch: StateMismatch::Fail,
            nonce: self.started,
            commit_interval: self.setup.commit_interval,
            kpi_interval: Duration::from_secs(5),
            idle: self.setup.idle,
            max_future_skew: Millis::from_minutes(1),
            dead_letter_percent: 50,
        }
    }

    /// One more worker, under the first name that is free.
    pub(crate) fn join(&mut self) {
        self.started += 1;
        let free = |name: &u32| self.members.iter().all(|member| member.name != *name);
        let name = (0..).find(free).unwrap();
        let mistake = self.setup.mistake;
        let faults = Faults::default();
        let topics = &INPUTS[..self.setup.inputs];
        let input = SimInput::join(&self.broker, GROUP, topics).unwrap();
        let mut input = input.with_faults(&faults);
        if mistake == Some(Mistake::UnstableAsNone) {
            input = input.with_unstable_as_none();
        }
        let membership = input.membership();
        let names = OutputTopic::ALL.map(|topic| (topic, name_of(topic)));
        let config = CommitterConfig {
            transactional_id: format!("wayfarer-{name}"),
            outputs: BTreeMap::from(names),
            changelog: CHANGELOG.into(),
            time_out: TRANSACTION_TIME_OUT,
        };
        let mut output = SimCommitter::open(&self.broker, config, membership.clone(), &faults);
        if mistake == Some(Mistake::Unguarded) {
            output = output.unguarded();
        }
        let mut changelog = SimChangelog::open(&self.broker, CHANGELOG, &faults);
        if mistake == Some(Mistake::ReadableBounds) {
            changelog = changelog.with_readable_bounds();
        }
        let world = World {
            input,
            output,
            changelog,
            clock: self.clock.clone(),
        };
        let watch = Watch(Rc::clone(&self.standings), Rc::clone(&self.restores));
        let worker = Worker::new(world, watch, Arc::clone(&self.maps), self.config());
        self.members.push(Member {
            worker,
            membership,
            faults,
            name,
        });
    }

    /// A worker ends in order.
    pub(crate) fn stop(&mut self, place: usize) -> Result<(), Error> {
        let mut member = self.members.remove(place);
        let ended = member.worker.run(&AtomicBool::new(true));
        self.met.extend(member.faults.met());
        match ended {
            Err(_) if member.faults.crashed() => Ok(()),
            ended => ended,
        }
    }

    /// A worker is gone from one moment to the next.
    pub(crate) fn kill(&mut self, place: usize) {
        let faults = &self.members[place].faults;
        faults.next(Call::Poll, Trouble::CrashBefore);
        self.turn(place).unwrap();
    }

    /// Something will go wrong with a call of a worker.
    pub(crate) fn plan(&self, place: usize, call: Call, ahead: u64, trouble: Trouble) {
        let faults = &self.members[place].faults;
        faults.add(Fault {
            call,
            nth: faults.calls(call) + 1 + ahead,
            trouble,
        });
    }

    /// How many partitions were restored so far.
    pub(crate) fn restores(&self) -> u64 {
        self.restores.get()
    }

    /// What went wrong so far.
    pub(crate) fn met(&self) -> Vec<Fault> {
        let now = self.members.iter().flat_map(|member| member.faults.met());
        self.met.iter().cloned().chain(now).collect()
    }

    /// Everything that was planned and did not go wrong yet is called off.
    pub(crate) fn call_off(&self) {
        self.members
            .iter()
            .for_each(|member| member.faults.call_off());
    }

    /// The group throws a worker out.
    pub(crate) fn expel(&self, place: usize) {
        self.broker
            .expel(GROUP, self.members[place].membership.id());
    }

    /// A worker's process stands still: the group hears nothing of it.
    pub(crate) fn silence(&self, place: usize) {
        self.broker
            .silence(GROUP, self.members[place].membership.id());
    }

    /// A worker's client hears from the group between polls.
    pub(crate) fn hear(&self, place: usize) {
        self.members[place].membership.hear();
    }

    pub(crate) fn workers(&self) -> usize {
        self.members.len()
    }

    /// The partitions that each worker has.
    pub(crate) fn shares(&self) -> Vec<usize> {
        let share = |member: &Member| self.broker.holdings(GROUP, member.membership.id()).len();
        self.members.iter().map(share).collect()
    }

    /// One turn of one worker, which may be its last.
    pub(crate) fn turn(&mut self, place: usize) -> Result<(), Error> {
        let member = &mut self.members[place];
        match member.worker.turn() {
            Err(_) if member.faults.crashed() => {
                let member = self.members.remove(place);
                self.met.extend(member.faults.met());
                Ok(())
            }
            turned => turned,
        }
    }

    /// Lets time pass in small steps, in each of which every worker has its turn.
    pub(crate) fn run_for(&mut self, span: Duration, step: Duration) -> Result<(), Error> {
        let until = self.clock.monotonic() + span;
        while self.clock.monotonic() < until {
            self.clock.advance(step);
            for place in (0..self.members.len()).rev() {
                self.turn(place)?;
            }
        }
        Ok(())
    }

    /// So many seconds, a tenth at a time.
    pub(crate) fn run_secs(&mut self, secs: u64) {
        self.run_for(Duration::from_secs(secs), Duration::from_millis(100))
            .unwrap();
    }

    /// What the workers last reported of a partition.
    pub(crate) fn standing(&self, partition: u32) -> Option<Standing> {
        self.standings.borrow().get(&partition).cloned()
    }

    /// Writes a touchpoint to an input topic, at this moment.
    pub(crate) fn write(&self, input: usize, touchpoint: &Touchpoint) {
        let key = touchpoint.customer.as_str();
        let record = Record::new(key, encode_json(touchpoint));
        self.broker.write(INPUTS[input], record).unwrap();
    }

    /// What was ever written to an output topic, aborted or not, partition after partition.
    pub(crate) fn attempted(&self, topic: OutputTopic) -> Vec<Written> {
        self.broker.written(&name_of(topic)).unwrap()
    }

    /// What can be read of an output topic, partition after partition.
    pub(crate) fn written(&self, topic: OutputTopic) -> Vec<StoredRecord> {
        self.broker.records(&name_of(topic)).unwrap()
    }
}

/// A moment so many milliseconds after the start.
pub(crate) fn at(millis: i64) -> EventTime {
    START.plus(Millis::new(millis))
}

fn name_of(topic: OutputTopic) -> String {
    format!("wayfarer.{}", topic.suffix())
}

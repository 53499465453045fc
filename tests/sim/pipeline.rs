//! Workers on a broker in memory, and the hands that move them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use wayfarer::domain::{EventTime, Maps, Millis, Rules, Touchpoint};
use wayfarer::runtime::{
    Clock, Error, InputConfig, LatePolicy, Observer, OutputTopic, PartitionReport, Worker,
    WorkerConfig, World,
};
use wayfarer::sim::{MemberId, Record, SimBroker, SimClock, SimInput, SimOutput, StoredRecord};
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

/// What a simulation is made of.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) inputs: usize,
    pub(crate) partitions: u32,
    pub(crate) idle: Option<Duration>,
    pub(crate) commit_interval: Duration,
    pub(crate) rules: Rules,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            inputs: 1,
            partitions: 1,
            idle: Some(Duration::from_secs(1)),
            commit_interval: Duration::from_millis(100),
            rules: Rules::ALL,
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

/// An observer that keeps the last report of each partition.
pub(crate) struct Watch(Standings);

impl Observer for Watch {
    fn assigned(&mut self, _: &[u32]) {}

    fn effects(&mut self, _: u32, _: &[Output], _: &[(&'static str, u64)]) {}

    fn committed(&mut self, _: &[(OutputTopic, u64)], _: Duration) {}

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

struct Member {
    id: MemberId,
    worker: Worker<SimInput, SimOutput, SimClock, Watch>,
}

/// A broker and its workers.
pub(crate) struct Pipeline {
    pub(crate) setup: Setup,
    pub(crate) maps: Arc<Maps>,
    pub(crate) clock: SimClock,
    pub(crate) broker: SimBroker,
    members: Vec<Member>,
    standings: Standings,
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
        Self {
            maps: Arc::new(maps::maps(setup.rules)),
            setup,
            clock,
            broker,
            members: Vec::new(),
            standings: Rc::default(),
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
            commit_interval: self.setup.commit_interval,
            kpi_interval: Duration::from_secs(5),
            idle: self.setup.idle,
            max_future_skew: Millis::from_minutes(1),
            dead_letter_percent: 50,
        }
    }

    /// One more worker.
    pub(crate) fn join(&mut self) {
        let topics = &INPUTS[..self.setup.inputs];
        let input = SimInput::join(&self.broker, GROUP, topics).unwrap();
        let id = input.id();
        let names = OutputTopic::ALL.map(|topic| (topic, name_of(topic)));
        let world = World {
            input,
            output: SimOutput::open(&self.broker, BTreeMap::from(names)),
            clock: self.clock.clone(),
        };
        let watch = Watch(Rc::clone(&self.standings));
        let worker = Worker::new(world, watch, Arc::clone(&self.maps), self.config());
        self.members.push(Member { id, worker });
    }

    /// A worker ends in order.
    pub(crate) fn stop(&mut self, place: usize) -> Result<(), Error> {
        self.members
            .remove(place)
            .worker
            .run(&AtomicBool::new(true))
    }

    /// A worker is gone from one moment to the next.
    pub(crate) fn kill(&mut self, place: usize) {
        drop(self.members.remove(place));
    }

    /// The group throws a worker out.
    pub(crate) fn expel(&self, place: usize) {
        self.broker.expel(GROUP, self.members[place].id);
    }

    pub(crate) fn workers(&self) -> usize {
        self.members.len()
    }

    /// The partitions that each worker has.
    pub(crate) fn shares(&self) -> Vec<usize> {
        let share = |member: &Member| self.broker.holdings(GROUP, member.id).len();
        self.members.iter().map(share).collect()
    }

    /// One turn of one worker.
    pub(crate) fn turn(&mut self, place: usize) -> Result<(), Error> {
        self.members[place].worker.turn()
    }

    /// Lets time pass in small steps, in each of which every worker has its turn.
    pub(crate) fn run_for(&mut self, span: Duration, step: Duration) -> Result<(), Error> {
        let until = self.clock.monotonic() + span;
        while self.clock.monotonic() < until {
            self.clock.advance(step);
            for place in 0..self.members.len() {
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

    /// What an output topic holds, partition after partition.
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

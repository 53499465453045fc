//! A script: a seed decides what happens to a pipeline, and the account is audited at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use wayfarer::domain::{EventTime, Millis, Rules};
use wayfarer::runtime::{Clock, Error, OutputTopic, Source};
use wayfarer::sim::{Call, Fate, MarkDelay, Trouble};

use crate::account::Account;
use crate::maps::{DISORDER, QUIET_AFTER};
use crate::pipeline::{CHANGELOG, GROUP, INPUTS, Mistake, Pipeline, Setup};
use crate::plain;
use crate::rng::Rng;
use crate::traffic::{Lateness, Traffic};

/// What scripts have shown: how often each thing happened.
#[derive(Clone, Default, Debug)]
pub(crate) struct Seen(BTreeMap<String, u64>);

/// What must happen at least once in a run of many seeds.
const WANTED: [&str; 14] = [
    "alerts",
    "transitions",
    "taken back",
    "dead letters",
    "idle steps",
    "outages",
    "joins",
    "expulsions",
    "departures",
    "sleeps",
    "compactions",
    "transactions",
    "aborted transactions",
    "restores",
];

impl Seen {
    fn add(&mut self, what: &str, count: impl TryInto<u64>) {
        let count = count.try_into().unwrap_or(u64::MAX);
        *self.0.entry(what.to_owned()).or_default() += count;
    }

    /// Fails if something that the scripts are for never happened.
    pub(crate) fn assert_everything_happened(&self) {
        let met = failpoints().map(|(call, trouble)| name(call, &trouble));
        let wanted = WANTED.into_iter().map(str::to_owned).chain(met);
        let never: Vec<_> = wanted
            .filter(|what| self.0.get(what).is_none_or(|count| *count == 0))
            .collect();
        assert!(never.is_empty(), "never: {never:?} in {self:?}");
    }
}

impl std::ops::AddAssign for Seen {
    fn add_assign(&mut self, other: Self) {
        for (what, count) in other.0 {
            self.add(&what, count);
        }
    }
}

/// What can go wrong with each call.
fn failpoints() -> impl Iterator<Item = (Call, Trouble)> {
    let crashes = Call::ALL
        .into_iter()
        .flat_map(|call| [(call, Trouble::CrashBefore), (call, Trouble::CrashAfter)]);
    let span = Duration::from_millis(1);
    let writes = [Call::SendOffsets, Call::Commit, Call::Abort].map(|call| {
        [
            (call, Trouble::Lost),
            (call, Trouble::ReplyLost),
            (call, Trouble::Slow(span)),
        ]
    });
    let late = [Call::Commit, Call::Abort].map(|call| (call, Trouble::Late(span)));
    let abort = Trouble::Refused(Error::Abort("refused".into()));
    let refused = [Call::Produce, Call::SendOffsets].map(|call| (call, abort.clone()));
    let retry = Trouble::Refused(Error::Retry("try again".into()));
    let again = [
        Call::Renew,
        Call::Poll,
        Call::Committed,
        Call::Bounds,
        Call::Restore,
    ]
    .map(|call| (call, retry.clone()));
    let renewals = [
        (Call::Renew, Trouble::Lost),
        (Call::Renew, Trouble::ReplyLost),
    ];
    crashes
        .chain(writes.into_iter().flatten())
        .chain(late)
        .chain(refused)
        .chain(again)
        .chain(renewals)
}

fn name(call: Call, trouble: &Trouble) -> String {
    let trouble = match trouble {
        Trouble::CrashBefore => "crash before",
        Trouble::CrashAfter => "crash after",
        Trouble::Refused(_) => "refused",
        Trouble::Lost => "lost",
        Trouble::ReplyLost => "reply lost",
        Trouble::Slow(_) => "slow",
        Trouble::Late(_) => "late",
    };
    format!("{call:?} {trouble}")
}

/// One seed's script.
struct Script {
    rng: Rng,
    pipeline: Pipeline,
    traffic: Traffic,
    seen: Seen,
    /// When the outage ends, if there is one.
    back: Option<EventTime>,
    /// Until when nothing new happens.
    quiet: EventTime,
    /// The worker that does not move, and until when.
    asleep: Option<(usize, EventTime)>,
}

/// Plays the script of a seed, to workers that obey these rules and may make a mistake.
///
/// # Errors
///
/// What is wrong with what was written.
pub(crate) fn play(seed: u64, rules: Rules, mistake: Option<Mistake>) -> Result<Seen, String> {
    let mut script = Script::new(seed, rules, mistake);
    let told = |error: Error| format!("a worker failed: {error}");
    for _ in 0..script.rng.within(60..=300) {
        script.step().map_err(told)?;
    }
    script.calm_down().map_err(told)?;
    script.audit()
}

impl Script {
    fn new(seed: u64, rules: Rules, mistake: Option<Mistake>) -> Self {
        let mut rng = Rng::new(seed);
        let idle = rng
            .percent(70)
            .then(|| Duration::from_millis(rng.within(200..=3_000)));
        let lateness = match idle {
            Some(_) => Lateness::Never,
            None => rng.one_of(&[Lateness::Never, Lateness::Sometimes]),
        };
        // Between inputs the order is anybody's: what comes late would depend on it.
        let inputs = if lateness == Lateness::Never {
            rng.one_of(&[1, 1, 2])
        } else {
            1
        };
        let setup = Setup {
            inputs,
            partitions: rng.one_of(&[1, 2, 3, 4]),
            idle,
            commit_interval: Duration::from_millis(rng.one_of(&[0, 50, 100, 100, 400])),
            rules,
            mistake,
        };
        let workers = rng.one_of(&[1, 1, 2, 3]);
        let pipeline = Pipeline::with_workers(setup, workers);
        let quiet = pipeline.clock.wall();
        Self {
            traffic: Traffic::new(lateness, rng.within(1..=8)),
            rng,
            pipeline,
            seen: Seen::default(),
            back: None,
            quiet,
            asleep: None,
        }
    }

    /// A moment passes: things happen, trouble begins and ends, workers move.
    fn step(&mut self) -> Result<(), Error> {
        let until = self.pipeline.clock.wall().plus(self.millis(10..=400));
        self.pass(until);
        let now = self.pipeline.clock.wall();
        if self.rng.percent(2) {
            self.quiet = now.plus(self.millis(2_000..=15_000));
        }
        if now >= self.quiet {
            for _ in 0..self.rng.one_of(&[0, 0, 1, 1, 2, 5]) {
                self.traffic.draw(&self.pipeline, &mut self.rng);
            }
        }
        self.traffic.arrive(&self.pipeline, &mut self.rng);
        self.trouble(now);
        self.rebalance()?;
        let mut order: Vec<usize> = (0..self.pipeline.workers()).collect();
        while !order.is_empty() {
            let place = order.swap_remove(self.rng.place(order.len()));
            let asleep = self
                .asleep
                .is_some_and(|(who, until)| who == place && now < until);
            // One that has crashed is gone, and those behind it moved up.
            if !asleep && place < self.pipeline.workers() {
                self.pipeline.turn(place)?;
            }
        }
        Ok(())
    }

    fn millis(&mut self, range: std::ops::RangeInclusive<u64>) -> Millis {
        Millis::new(i64::try_from(self.rng.within(range)).unwrap())
    }

    /// Moves the clock, and writes what is due on the way at its moment.
    fn pass(&mut self, until: EventTime) {
        loop {
            let now = self.pipeline.clock.wall();
            let next = self
                .traffic
                .due()
                .map_or(until, |due| due.min(until))
                .max(now);
            let millis = next.since(now).get().unsigned_abs();
            self.pipeline.clock.advance(Duration::from_millis(millis));
            self.traffic.arrive(&self.pipeline, &mut self.rng);
            if next >= until {
                return;
            }
        }
    }

    /// Calls go wrong, the broker goes and comes, polls bring little, a worker falls asleep.
    fn trouble(&mut self, now: EventTime) {
        let workers = self.pipeline.workers();
        if workers > 0 && self.rng.percent(8) {
            self.plan();
        }
        if workers > 0 && self.rng.percent(20) {
            self.pipeline.hear(self.rng.place(workers));
        }
        if self.rng.percent(5) {
            let pace = self.rng.one_of(&[None, None, Some(1), Some(4), Some(20)]);
            self.pipeline.broker.set_pace(pace);
        }
        if self.rng.percent(5) {
            let longest = self.rng.one_of(&[0, 0, 300, 2_000]);
            let topics = Duration::from_millis(self.rng.within(0..=longest));
            let offsets = Duration::from_millis(self.rng.within(0..=longest));
            let delay = MarkDelay { topics, offsets };
            self.pipeline.broker.set_mark_delay(delay);
        }
        if self.rng.percent(2) {
            let (partition, old) = (self.partition(), self.rng.percent(50));
            let broker = &self.pipeline.broker;
            broker.compact(CHANGELOG, partition, old).unwrap();
            self.seen.add("compactions", 1_u64);
        }
        if self.back.is_some_and(|back| now >= back) {
            self.back = None;
            self.pipeline.broker.set_away(false);
        } else if self.back.is_none() && self.rng.percent(1) {
            self.back = Some(now.plus(self.millis(300..=12_000)));
            self.pipeline.broker.set_away(true);
            self.seen.add("outages", 1_u64);
        }
        if self.rng.percent(5) {
            let limit = self.rng.one_of(&[None, None, Some(1), Some(3), Some(20)]);
            self.pipeline.broker.limit_polls(limit);
        }
        if workers > 0 && self.rng.percent(1) {
            let who = self.rng.place(workers);
            self.asleep = Some((who, now.plus(self.millis(500..=9_000))));
            self.pipeline.silence(who);
            self.seen.add("sleeps", 1_u64);
        }
        if self.rng.percent(6) {
            let topic = INPUTS[self.rng.place(self.pipeline.setup.inputs)];
            let partition = self.partition();
            // Mostly for a short time.
            let held = self.rng.percent(30);
            self.pipeline
                .broker
                .withhold(topic, partition, held)
                .unwrap();
        }
        if self.rng.percent(3) {
            let partition = self.partition();
            self.pipeline.broker.mark(INPUTS[0], partition).unwrap();
        }
    }

    /// Something will go wrong with one of the next calls of a worker.
    fn plan(&mut self) {
        let points: Vec<_> = failpoints().collect();
        let (call, trouble) = points[self.rng.place(points.len())].clone();
        let span = Duration::from_millis(self.rng.within(1..=6_000));
        let trouble = match trouble {
            Trouble::Slow(_) => Trouble::Slow(span),
            Trouble::Late(_) => Trouble::Late(span),
            other => other,
        };
        let ahead = match call {
            Call::Produce => self.rng.within(0..=12),
            Call::Restore => self.rng.within(0..=3),
            _ => 0,
        };
        let place = self.rng.place(self.pipeline.workers());
        self.pipeline.plan(place, call, ahead, trouble);
        // Some calls are made only after another went wrong.
        if call == Call::Abort {
            let abort = Trouble::Refused(Error::Abort("refused".into()));
            self.pipeline.plan(place, Call::SendOffsets, 0, abort);
        }
        if call == Call::Renew && self.rng.percent(50) {
            self.pipeline
                .plan(place, Call::Commit, 0, Trouble::ReplyLost);
        }
    }

    fn partition(&mut self) -> u32 {
        let partitions = usize::try_from(self.pipeline.setup.partitions).unwrap();
        u32::try_from(self.rng.place(partitions)).unwrap()
    }

    /// Workers come and go.
    fn rebalance(&mut self) -> Result<(), Error> {
        let workers = self.pipeline.workers();
        if workers == 0 && self.rng.percent(30) || workers < 3 && self.rng.percent(4) {
            self.pipeline.join();
            self.seen.add("joins", 1_u64);
        }
        if workers > 1 && self.rng.percent(1) {
            let place = self.rng.place(workers);
            if self.rng.percent(50) {
                self.pipeline.stop(place)?;
            } else {
                self.pipeline.kill(place);
            }
            self.seen.add("departures", 1_u64);
        } else if workers > 0 && self.rng.percent(1) {
            let place = self.rng.place(workers);
            self.pipeline.expel(place);
            if self.rng.percent(50) {
                // Its client knows before its worker is told, which sleeps until others have its
                // partitions.
                let retry = Trouble::Refused(Error::Retry("try again".into()));
                self.pipeline.plan(place, Call::Poll, 0, retry);
                self.pipeline.hear(place);
                let now = self.pipeline.clock.wall();
                self.asleep = Some((place, now.plus(self.millis(500..=3_000))));
            }
            self.seen.add("expulsions", 1_u64);
        }
        Ok(())
    }

    /// All trouble ends and everything is worked off; with idle steps, every deadline passes.
    fn calm_down(&mut self) -> Result<(), Error> {
        self.pipeline.broker.set_away(false);
        self.pipeline.broker.limit_polls(None);
        self.pipeline.broker.set_pace(None);
        self.pipeline.broker.set_mark_delay(MarkDelay::default());
        self.pipeline.call_off();
        if self.pipeline.workers() == 0 {
            self.pipeline.join();
        }
        for topic in &INPUTS[..self.pipeline.setup.inputs] {
            for partition in 0..self.pipeline.setup.partitions {
                self.pipeline
                    .broker
                    .withhold(topic, partition, false)
                    .unwrap();
            }
        }
        while let Some(due) = self.traffic.due() {
            self.pass(due);
        }
        let quiet = u64::try_from(QUIET_AFTER.get()).unwrap();
        let long = if self.rng.percent(10) { 400_000 } else { 0 };
        // A worker whose turns are further apart than its probes proves nothing.
        let longest = self
            .pipeline
            .setup
            .idle
            .map_or(700, |idle| idle.as_millis() / 6);
        let longest = u64::try_from(longest).unwrap();
        let step = Duration::from_millis(self.rng.within(longest / 4..=longest));
        let span = Duration::from_millis(quiet + long);
        self.pipeline.run_for(span, step)?;
        // Whoever comes next has nothing but what was committed.
        while self.pipeline.workers() > 0 {
            self.pipeline.stop(0)?;
        }
        self.pipeline.join();
        self.pipeline.run_for(Duration::from_secs(10), step)
    }

    fn audit(mut self) -> Result<Seen, String> {
        let (said, right) = (Account::of(&self.pipeline), plain::account(&self.pipeline));
        let mut wrong = said.missing(&right);
        wrong.extend(said.kpi_differences(&right));
        wrong.extend(said.doubled());
        // A live effect may come and go otherwise where the order of two inputs is another.
        if self.pipeline.setup.inputs == 1 {
            wrong.extend(said.said_otherwise(&right));
        }
        let topics = [
            OutputTopic::Alerts,
            OutputTopic::Conversions,
            OutputTopic::DeadLetters,
        ];
        wrong.extend(topics.iter().flat_map(|topic| said.stale(*topic, &right)));
        wrong.extend(
            topics
                .iter()
                .flat_map(|topic| said.never_true(*topic, &right)),
        );
        wrong.extend(self.unread());
        for partition in 0..self.pipeline.setup.partitions {
            let Some(standing) = self.pipeline.standing(partition) else {
                continue;
            };
            self.seen.add("idle steps", standing.idle_steps);
            if standing.stopped {
                wrong.push(format!("partition {partition} is stopped"));
            }
            wrong.extend(self.stuck(partition, standing.watermark));
        }
        self.count(&said);
        if !wrong.is_empty() {
            let setup = &self.pipeline.setup;
            return Err(format!("{setup:?} {:?}\n{}", self.seen, wrong.join("\n")));
        }
        Ok(self.seen)
    }

    fn count(&mut self, said: &Account) {
        self.seen.add("alerts", said.count(OutputTopic::Alerts));
        self.seen
            .add("transitions", said.count(OutputTopic::Transitions));
        self.seen.add("taken back", said.taken_back);
        self.seen.add("dead letters", said.dead_letters.len());
        self.seen.add("restores", self.pipeline.restores());
        for fault in self.pipeline.met() {
            self.seen.add(&name(fault.call, &fault.trouble), 1_u64);
        }
        let mut transactions = BTreeMap::new();
        for written in self.pipeline.broker.written(CHANGELOG).unwrap() {
            transactions.extend(written.writer.map(|writer| (writer, written.fate)));
        }
        let aborted = transactions.values().filter(|fate| **fate == Fate::Aborted);
        self.seen.add("aborted transactions", aborted.count());
        self.seen.add("transactions", transactions.len());
    }

    /// Partitions whose committed offset is not the one after their last record.
    fn unread(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (input, topic) in (0..).zip(&INPUTS[..self.pipeline.setup.inputs]) {
            for record in self.pipeline.broker.records(topic).unwrap() {
                let source = Source {
                    input,
                    partition: record.partition,
                };
                let next = self.pipeline.broker.committed(GROUP, source);
                if next.is_none_or(|next| next <= record.offset) {
                    found.push(format!(
                        "{source:?} {} was not read: {next:?}",
                        record.offset
                    ));
                }
            }
        }
        found
    }

    /// Whether a partition with touchpoints did not follow the clock in the silence at the end.
    fn stuck(&self, partition: u32, watermark: Option<EventTime>) -> Option<String> {
        self.pipeline.setup.idle?;
        let mut records = (0..self.pipeline.setup.inputs)
            .flat_map(|input| self.pipeline.broker.records(INPUTS[input]).unwrap());
        let touched = records.any(|record| {
            record.partition == partition && plain::read(&self.pipeline, &record).is_some()
        });
        let expected = self
            .pipeline
            .clock
            .wall()
            .minus(DISORDER)
            .minus(Millis::from_secs(4));
        let follows = watermark.is_some_and(|watermark| watermark >= expected);
        (touched && !follows)
            .then(|| format!("partition {partition} stands at {watermark:?}, not {expected:?}"))
    }
}

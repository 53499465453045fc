//! A script: a seed decides what happens to a pipeline, and the account is audited at the end.

use std::time::Duration;

use wayfarer::domain::{EventTime, Millis, Rules};
use wayfarer::runtime::{Clock, Error, OutputTopic, Source};

use crate::account::Account;
use crate::maps::{DISORDER, QUIET_AFTER};
use crate::pipeline::{GROUP, INPUTS, Pipeline, Setup};
use crate::plain;
use crate::rng::Rng;
use crate::traffic::{Lateness, Traffic};

/// What a script has shown, for telling that it was not empty.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Seen {
    pub(crate) alerts: usize,
    pub(crate) transitions: usize,
    pub(crate) taken_back: usize,
    pub(crate) repeated: usize,
    pub(crate) dead_letters: usize,
    pub(crate) idle_steps: u64,
    pub(crate) failed_flushes: usize,
    pub(crate) outages: usize,
    pub(crate) joins: usize,
    pub(crate) expulsions: usize,
    pub(crate) departures: usize,
}

impl Seen {
    /// Fails if something that the scripts are for never happened.
    pub(crate) fn assert_everything_happened(&self) {
        let counts = format!("{self:?}");
        assert!(
            !counts.contains(": 0,") && !counts.contains(": 0 }"),
            "never: {counts}"
        );
    }
}

impl std::ops::AddAssign for Seen {
    fn add_assign(&mut self, other: Self) {
        self.alerts += other.alerts;
        self.transitions += other.transitions;
        self.taken_back += other.taken_back;
        self.repeated += other.repeated;
        self.dead_letters += other.dead_letters;
        self.idle_steps += other.idle_steps;
        self.failed_flushes += other.failed_flushes;
        self.outages += other.outages;
        self.joins += other.joins;
        self.expulsions += other.expulsions;
        self.departures += other.departures;
    }
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

/// Plays the script of a seed, to workers that obey these rules.
///
/// # Errors
///
/// What is wrong with what was written.
pub(crate) fn play(seed: u64, rules: Rules) -> Result<Seen, String> {
    let mut script = Script::new(seed, rules);
    let told = |error: Error| format!("a worker failed: {error}");
    for _ in 0..script.rng.within(60..=300) {
        script.step().map_err(told)?;
    }
    script.calm_down().map_err(told)?;
    script.audit()
}

impl Script {
    fn new(seed: u64, rules: Rules) -> Self {
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
            if !asleep {
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

    /// Flushes fail, the broker goes and comes, polls bring little, a worker falls asleep.
    fn trouble(&mut self, now: EventTime) {
        if self.rng.percent(4) {
            self.pipeline.broker.fail_flush(self.rng.place(30));
            self.seen.failed_flushes += 1;
        }
        if self.back.is_some_and(|back| now >= back) {
            self.back = None;
            self.pipeline.broker.set_away(false);
        } else if self.back.is_none() && self.rng.percent(1) {
            self.back = Some(now.plus(self.millis(300..=12_000)));
            self.pipeline.broker.set_away(true);
            self.seen.outages += 1;
        }
        if self.rng.percent(5) {
            let limit = self.rng.one_of(&[None, None, Some(1), Some(3), Some(20)]);
            self.pipeline.broker.limit_polls(limit);
        }
        if self.rng.percent(1) {
            let who = self.rng.place(self.pipeline.workers());
            self.asleep = Some((who, now.plus(self.millis(500..=9_000))));
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

    fn partition(&mut self) -> u32 {
        let partitions = usize::try_from(self.pipeline.setup.partitions).unwrap();
        u32::try_from(self.rng.place(partitions)).unwrap()
    }

    /// Workers come and go.
    fn rebalance(&mut self) -> Result<(), Error> {
        let workers = self.pipeline.workers();
        if workers < 3 && self.rng.percent(2) {
            self.pipeline.join();
            self.seen.joins += 1;
        }
        if workers > 1 && self.rng.percent(1) {
            let place = self.rng.place(workers);
            if self.rng.percent(50) {
                self.pipeline.stop(place)?;
            } else {
                self.pipeline.kill(place);
            }
            self.seen.departures += 1;
        } else if self.rng.percent(1) {
            self.pipeline.expel(self.rng.place(workers));
            self.seen.expulsions += 1;
        }
        Ok(())
    }

    /// All trouble ends and everything is worked off; with idle steps, every deadline passes.
    fn calm_down(&mut self) -> Result<(), Error> {
        self.pipeline.broker.set_away(false);
        self.pipeline.broker.limit_polls(None);
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
        self.pipeline.run_for(span, step)
    }

    fn audit(mut self) -> Result<Seen, String> {
        let (said, right) = (Account::of(&self.pipeline), plain::account(&self.pipeline));
        let mut wrong = said.missing(&right);
        wrong.extend(said.kpi_differences(&right));
        let mut topics = vec![OutputTopic::Alerts, OutputTopic::Conversions];
        topics.push(OutputTopic::DeadLetters);
        // A live effect may come and go otherwise where the order of two inputs is another: whoever
        // reads them again need not know what to take back.
        if self.pipeline.setup.inputs == 1 {
            topics.push(OutputTopic::Transitions);
        }
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
            self.seen.idle_steps += standing.idle_steps;
            if standing.stopped {
                wrong.push(format!("partition {partition} is stopped"));
            }
            wrong.extend(self.stuck(partition, standing.watermark));
        }
        if !wrong.is_empty() {
            let setup = &self.pipeline.setup;
            return Err(format!("{setup:?} {:?}\n{}", self.seen, wrong.join("\n")));
        }
        self.seen.alerts = said.count(OutputTopic::Alerts);
        self.seen.transitions = said.count(OutputTopic::Transitions);
        self.seen.taken_back = said.taken_back;
        self.seen.repeated = said.records - right.records.min(said.records);
        self.seen.dead_letters = said.dead_letters.len();
        Ok(self.seen)
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

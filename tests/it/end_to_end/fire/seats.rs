//! The processes: who runs, who was killed, and who comes back when.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use super::{PARTITIONS, SESSION, SETTINGS, TRANSACTION};
use crate::end_to_end::stage::Stage;
use crate::on_kafka::{KafkaWorld, Onlooker};
use crate::rng::Rng;

/// How long anything may take on a machine that does ten other things.
const PATIENCE: Duration = Duration::from_secs(240);
/// A transaction that stands still for so long is open for want of somebody who ends it.
const STANDSTILL: Duration = Duration::from_millis(600);

/// Somebody's place.
struct Seat {
    name: Option<&'static str>,
    stage: Option<Stage>,
    /// When somebody takes it again.
    back: Instant,
}

/// All places.
pub(super) struct Seats<'a> {
    world: &'a KafkaWorld,
    onlooker: Onlooker,
    seats: Vec<Seat>,
    ended: Vec<Stage>,
    pub(super) killed: usize,
    /// How many kills left an open transaction behind.
    pub(super) left_open: usize,
    /// How many of the killed came back before the group missed them.
    at_once: usize,
}

impl<'a> Seats<'a> {
    /// A seat for each, with a name that outlives the process or without.
    pub(super) fn new(world: &'a KafkaWorld, names: &[Option<&'static str>]) -> Self {
        let mut seats = Self {
            world,
            onlooker: world.onlooker(),
            seats: Vec::new(),
            ended: Vec::new(),
            killed: 0,
            left_open: 0,
            at_once: 0,
        };
        names.iter().for_each(|name| seats.add(*name));
        seats
    }

    /// One more seat.
    pub(super) fn add(&mut self, name: Option<&'static str>) {
        self.seats.push(Seat {
            name,
            stage: None,
            back: Instant::now(),
        });
    }

    /// Tells the first to stop, and takes its seat away.
    pub(super) fn remove_first(&mut self) {
        let mut stage = self.seats.remove(0).stage.expect("somebody sits there");
        assert_eq!(stage.stop(), Some(0));
        self.ended.push(stage);
    }

    /// Stops one well; the seat is taken again at once.
    pub(super) fn restart(&mut self, place: usize) {
        let mut stage = self.seats[place].stage.take().expect("somebody sits there");
        assert_eq!(stage.stop(), Some(0));
        self.ended.push(stage);
    }

    /// What everybody has, seat by seat.
    pub(super) fn shares(&self) -> Vec<Vec<u32>> {
        self.running().map(Stage::owned).collect()
    }

    /// What everybody but one serves as metrics.
    pub(super) fn scrapes_of_others(&self, place: usize) -> Vec<String> {
        let others = self.seats.iter().enumerate();
        others
            .filter(|(seat, _)| *seat != place)
            .filter_map(|(_, seat)| Some(seat.stage.as_ref()?.scrape()))
            .collect()
    }

    /// Seats those whose time has come. Nobody may have left by itself.
    fn tick(&mut self) {
        for seat in &mut self.seats {
            match &mut seat.stage {
                Some(stage) => stage.assert_runs(),
                None if Instant::now() >= seat.back => {
                    seat.stage = Some(start(self.world, seat.name));
                }
                None => {}
            }
        }
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.tick();
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until something holds.
    pub(super) fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < PATIENCE, "waiting for {what}");
            self.pass(Duration::from_millis(100));
        }
    }

    fn running(&self) -> impl Iterator<Item = &Stage> {
        self.seats.iter().filter_map(|seat| seat.stage.as_ref())
    }

    /// Whether everybody is there, has a fair share, and every partition is somebody's.
    pub(super) fn is_shared(&self) -> bool {
        let shares = self.shares();
        let fair = PARTITIONS as usize / self.seats.len();
        let owned: Vec<u32> = shares.concat();
        let distinct: BTreeSet<_> = owned.iter().collect();
        shares.len() == self.seats.len()
            && shares.iter().all(|share| share.len() >= fair)
            && owned.len() == PARTITIONS as usize
            && distinct.len() == owned.len()
    }

    /// Whether every partition was proven silent.
    pub(super) fn are_silent(&self) -> bool {
        self.running().all(Stage::is_silent)
    }

    /// Kills somebody who has partitions: three times in four when a transaction is seen.
    pub(super) fn kill_one(&mut self, rng: &mut Rng) {
        let at_work = |seat: &Seat| {
            seat.stage
                .as_ref()
                .is_some_and(|stage| !stage.owned().is_empty())
        };
        self.until("somebody to be at work", |seats| {
            seats.seats.iter().any(at_work)
        });
        let places: Vec<usize> = (0..self.seats.len())
            .filter(|place| at_work(&self.seats[*place]))
            .collect();
        let place = rng.one_of(&places);
        let mut stage = self.seats[place].stage.take().unwrap();
        let owned = stage.owned();
        if rng.percent(75) {
            self.await_open(&owned);
        }
        stage.kill();
        self.killed += 1;
        self.left_open += usize::from(self.is_left_open(&owned));
        self.ended.push(stage);
        let at_once = rng.percent(50);
        self.at_once += usize::from(at_once);
        let later = SESSION + Duration::from_millis(rng.within(1_000..=3_000));
        self.seats[place].back = Instant::now() + if at_once { Duration::ZERO } else { later };
    }

    /// Waits a moment for a transaction on one of these partitions.
    fn await_open(&self, owned: &[u32]) {
        let began = Instant::now();
        let mut partitions = owned.iter().cycle();
        while began.elapsed() < Duration::from_secs(2) {
            if partitions
                .next()
                .is_some_and(|number| self.onlooker.open(*number).is_some())
            {
                return;
            }
        }
    }

    /// Whether a transaction on one of these partitions is open and stays so.
    fn is_left_open(&self, owned: &[u32]) -> bool {
        let open = || -> BTreeSet<(u32, i64)> {
            let open = owned.iter();
            open.filter_map(|number| Some((*number, self.onlooker.open(*number)?)))
                .collect()
        };
        let before = open();
        thread::sleep(STANDSTILL);
        before.intersection(&open()).next().is_some()
    }

    /// Puts one without a name to sleep in a transaction, for longer than group and brokers wait
    /// for it, and wakes it when others have taken its partitions over.
    pub(super) fn sleep_through_a_succession(&mut self) {
        let last = self.seats.len() - 1;
        let at_work = move |seats: &Self| {
            let stage = seats.seats[last].stage.as_ref();
            stage.is_some_and(|stage| !stage.owned().is_empty()) && seats.running().count() > 1
        };
        self.until("the sleeper to be at work", at_work);
        let sleeper = self.seats[last].stage.as_ref().unwrap();
        let (owned, losses) = (
            sleeper.owned(),
            sleeper.told("partitions lost; what was open is dropped"),
        );
        self.await_open(&owned);
        sleeper.pause();
        let fell_asleep = Instant::now();
        self.until("its partitions to be taken over", |seats| {
            let others = seats.seats[..last]
                .iter()
                .filter_map(|seat| seat.stage.as_ref());
            let taken: BTreeSet<u32> = others.flat_map(Stage::owned).collect();
            owned.iter().all(|number| taken.contains(number))
        });
        let wake = fell_asleep + SESSION.max(TRANSACTION) + Duration::from_secs(3);
        self.pass(wake.saturating_duration_since(Instant::now()));
        self.seats[last].stage.as_ref().unwrap().resume();
        self.until("the sleeper to hear of its loss", |seats| {
            let sleeper = seats.seats[last].stage.as_ref().unwrap();
            sleeper.told("partitions lost; what was open is dropped") > losses
        });
    }

    /// Tells everybody to stop, and says what has happened.
    pub(super) fn stop(&mut self) -> String {
        let mut running: Vec<Stage> = self
            .seats
            .iter_mut()
            .filter_map(|seat| seat.stage.take())
            .collect();
        running.iter().for_each(Stage::tell_to_stop);
        for stage in &mut running {
            assert_eq!(stage.exit_code(), Some(0));
        }
        self.ended.append(&mut running);
        let told = |message| {
            self.ended
                .iter()
                .map(|stage| stage.told(message))
                .sum::<usize>()
        };
        format!(
            "{} kills ({} left a transaction open, {} came back at once), {} assignments, \
             {} restores, {} losses, {} outcomes found out",
            self.killed,
            self.left_open,
            self.at_once,
            told("partitions assigned"),
            told("restored"),
            told("partitions lost; what was open is dropped"),
            told("what became of a transaction must be found out"),
        )
    }

    /// Everybody who ever ran, after the stop.
    pub(super) fn everybody(&self) -> Vec<&Stage> {
        self.ended.iter().collect()
    }
}

fn start(world: &KafkaWorld, name: Option<&str>) -> Stage {
    let name = name.map(|name| format!("kafka.instance_id={name}"));
    let session = format!("kafka.session_timeout={}s", SESSION.as_secs());
    let transaction = format!("kafka.transaction_timeout={}s", TRANSACTION.as_secs());
    let set: Vec<&str> = [&session, &transaction]
        .into_iter()
        .chain(&name)
        .map(String::as_str)
        .collect();
    Stage::start_with(world, SETTINGS, &set)
}

//! What the options mean.

use std::cell::Cell;
use std::time::Duration;

use clap::Parser;

use super::drive::Tally;
use super::plan::Plan;
use super::*;
use crate::domain::EventTime;
use crate::traffic::Arrival;

const NOW: EventTime = EventTime::from_millis(1_795_000_000_000);

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn plan(line: &str) -> Result<Plan, String> {
    let words = std::iter::once("generate").chain(line.split_whitespace());
    let parsed = Line::try_parse_from(words).map_err(|error| error.to_string())?;
    parsed.args.plan(NOW)
}

/// When the traffic of a command line begins and ends, in seconds from now.
fn bounds(line: &str) -> (i64, Option<i64>) {
    let plan = plan(line).unwrap();
    let seconds = |at: EventTime| at.since(NOW).get() / 1_000;
    (seconds(plan.config.start), plan.until.map(seconds))
}

#[test]
fn traffic_is_history_that_ends_now_unless_told_otherwise() {
    assert_eq!(bounds(""), (-600, Some(0)));
    assert_eq!(bounds("--for 1h"), (-3_600, Some(0)));
    assert_eq!(bounds("--for 1h --end now"), (-3_600, Some(0)));
    assert_eq!(bounds("--for 1h --end -30m"), (-5_400, Some(-1_800)));
    assert_eq!(bounds("--count 5000 --rate 50/s"), (-100, None));
    assert_eq!(bounds("--count 5000 --for 1m"), (-60, Some(0)));
    assert_eq!(bounds("--start -1h"), (-3_600, Some(-3_000)));
    assert_eq!(bounds("--start -1h --end now"), (-3_600, Some(0)));
    let plan = plan("--start 2026-11-01T00:00:00Z --for 7d").unwrap();
    assert_eq!(plan.config.start.as_millis(), 1_793_491_200_000);
    assert_eq!(
        plan.until,
        Some(plan.config.start.plus(Millis::from_days(7)))
    );
}

#[test]
fn in_real_time_traffic_begins_now_and_goes_on_for_ever() {
    assert_eq!(bounds("--real-time"), (0, None));
    assert_eq!(bounds("--real-time --for 1m"), (0, Some(60)));
    assert_eq!(bounds("--real-time --start -1h"), (-3_600, None));
    assert_eq!(
        bounds("--real-time --start -1h --for 2h"),
        (-3_600, Some(3_600))
    );
}

#[test]
fn a_day_at_the_pace_of_life_has_a_rhythm() {
    let rhythm = |line| plan(line).unwrap().config.rhythm;
    assert_eq!(rhythm("--for 1d"), Rhythm::Daily);
    assert_eq!(rhythm("--for 1d --pace 60x"), Rhythm::Steady);
    assert_eq!(rhythm("--for 1d --rhythm steady"), Rhythm::Steady);
    assert_eq!(rhythm("--for 1h"), Rhythm::Steady);
    assert_eq!(rhythm("--for 1h --rhythm daily"), Rhythm::Daily);
}

#[test]
fn a_wrong_option_is_refused_with_its_mend() {
    for (line, mend) in [
        ("--rate fast", "such as `100/s`"),
        ("--late 1", "such as `1%`"),
        ("--pace 0x", "such as 60x"),
        ("--for soon", "such as 30s"),
        ("--start yesterday", "such as 2026"),
        ("--start now --end -1h", "a later --end"),
        ("--kafka localhost:9092", "--topic"),
        ("--topic touchpoints", "--kafka"),
        ("--kafka x --topic y --out z", "cannot be used with"),
    ] {
        let refused = plan(line).unwrap_err();
        assert!(refused.contains(mend), "{line}: {refused}");
    }
}

/// A clock that moves when somebody sleeps.
struct Slept(Cell<EventTime>);

impl Slept {
    fn sleep(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap();
        self.0.set(self.0.get().plus(Millis::new(millis)));
    }
}

impl Clock for Slept {
    fn wall(&self) -> EventTime {
        self.0.get()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Sends what a command line plans to a sink that remembers it.
fn sent(line: &str) -> (Tally, Taken) {
    let clock = Slept(Cell::new(NOW));
    let mut taken = Taken::default();
    let mut sleep = |span| clock.sleep(span);
    let tally = drive(&plan(line).unwrap(), &clock, &mut sleep, &mut taken).unwrap();
    taken.slept = clock.wall().since(NOW);
    assert!(taken.finished);
    (tally, taken)
}

#[derive(Default)]
struct Taken {
    arrivals: Vec<Arrival>,
    rests: usize,
    finished: bool,
    slept: Millis,
}

impl Sink for Taken {
    fn send(&mut self, arrival: &Arrival) -> io::Result<()> {
        self.arrivals.push(arrival.clone());
        Ok(())
    }

    fn rest(&mut self) -> io::Result<()> {
        self.rests += 1;
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.finished = true;
        Ok(())
    }
}

#[test]
fn what_is_planned_is_sent_and_counted() {
    let (tally, taken) =
        sent("--for 20s --planted 2% --duplicates 5% --disorder 1s --late 2% --pace 600x");
    assert_eq!((taken.rests, taken.slept), (0, Millis::ZERO));
    let all = tally.on_time + tally.late + tally.again + tally.planted;
    assert_eq!(all, taken.arrivals.len() as u64);
    assert!(tally.on_time > 1_800 && tally.late > 10, "{tally}");
    assert!(tally.again > 50 && tally.planted > 20, "{tally}");
    assert!(taken.arrivals.iter().all(|arrival| arrival.arrives <= NOW));
}

#[test]
fn a_count_is_exact() {
    let (_, taken) = sent("--count 777");
    assert_eq!(taken.arrivals.len(), 777);
}

#[test]
fn in_real_time_history_goes_at_once_and_the_rest_in_its_time() {
    let (_, history) = sent("--real-time --start -1m --for 50s");
    assert_eq!((history.rests, history.slept), (0, Millis::ZERO));

    let (_, both) = sent("--real-time --start -1m --for 90s");
    let last = both.arrivals.last().unwrap().arrives;
    assert_eq!(both.slept, last.since(NOW));
    assert!(last.since(NOW) > Millis::from_secs(29));
    let ahead = both.arrivals.iter().filter(|arrival| arrival.arrives > NOW);
    assert!(both.rests > 1_500 && both.rests <= ahead.count());
}

//! Random cases: maps, touchpoints with their delays, duplicates, and the scripts that cut a log.

use std::collections::BTreeSet;
use std::fmt;

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, any};
use proptest::prop_oneof;
use proptest::sample::select;
use wayfarer::domain::{Currency, EventTime, Item, MapSpec, Millis, Touchpoint};

use crate::maps::{KINDS, map_specs};
use crate::run::name;

/// Customers `c0` to `c3`.
pub(crate) const CUSTOMERS: usize = 4;
/// Times are drawn below this, before the jump.
const SPAN: i64 = 250;
/// Times from here on are shifted by the jump.
const JUMP_FROM: i64 = 120;

/// One touchpoint and how it travels.
#[derive(Clone)]
pub(crate) struct Drawn {
    pub(crate) touchpoint: Touchpoint,
    /// How long after it happened it arrives.
    pub(crate) delay: i64,
    /// Whether it comes by the second input, if there is one.
    pub(crate) second: bool,
    /// The record's own timestamp, as an offset from the time it happened.
    pub(crate) logged: Option<i64>,
    /// A duplicate: how much its time is shifted, if at all, and how long after that it arrives.
    pub(crate) again: Option<(i64, i64)>,
}

/// How a stretch of the log ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// It is committed.
    Commit,
    /// It is aborted and read again.
    Abort,
    /// It is committed, and the process is restarted.
    CommitReopen,
    /// The process dies before the commit; the stretch is read again.
    Reopen,
}

/// How many entries of the log each transaction reads, and how it ends; repeated as needed.
pub(crate) type Script = Vec<(usize, Ending)>;

/// Everything that a law is tried on.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) specs: Vec<MapSpec>,
    pub(crate) disorder: i64,
    pub(crate) path: usize,
    pub(crate) touches: Vec<Drawn>,
    pub(crate) script: Script,
    pub(crate) other_script: Script,
    pub(crate) partitions: usize,
    pub(crate) inputs: usize,
    /// How much later the second input is read.
    pub(crate) lag: i64,
    /// Where in the log (in thousandths) the watermark is moved, and how far beyond the start.
    pub(crate) idles: Vec<(usize, i64)>,
    /// After which entry of a log which one before it is read again.
    pub(crate) nudges: Vec<(usize, usize)>,
    /// The last idle step, as a distance from the last moment that may be drawn.
    pub(crate) ending: Option<i64>,
    /// Whether every bound bites; only replays are tried so.
    pub(crate) tight: bool,
    pub(crate) base: i64,
    pub(crate) jump: i64,
}

impl Case {
    /// The moment `at` milliseconds into this case.
    pub(crate) fn moment(&self, at: i64) -> EventTime {
        let jump = if at >= JUMP_FROM { self.jump } else { 0 };
        EventTime::from_millis(self.base + jump + at)
    }

    /// Where the last idle step moves the watermark.
    pub(crate) fn end(&self) -> Option<EventTime> {
        let last = self.moment(SPAN);
        self.ending.map(|more| last.plus(Millis::new(more)))
    }
}

/// Cases of every kind; the laws take from each what they need.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let travel = (1usize..=4, select(vec![1usize, 1, 2]), 0i64..=80);
    let time = (base(), jump(), option::of(ending()));
    let idles = vec((0usize..=1000, 0..SPAN + 60), 0..3);
    let nudges = vec((0usize..1000, 0usize..1000), 0..6);
    let small = (
        select(vec![0i64, 5, 20, 20]),
        select(vec![2usize, 64]),
        weighted(0.3),
    );
    let touches = vec(touch(), 0..45);
    (
        map_specs(),
        small,
        touches,
        script(),
        script(),
        travel,
        (idles, nudges),
        time,
    )
        .prop_map(
            |(specs, small, touches, script, other_script, travel, (idles, nudges), time)| {
                let (disorder, path, tight) = small;
                let (partitions, inputs, lag) = travel;
                let (base, jump, ending) = time;
                let mut case = Case {
                    specs,
                    disorder,
                    path,
                    touches,
                    script,
                    other_script,
                    partitions,
                    inputs,
                    lag,
                    idles,
                    nudges,
                    ending,
                    tight,
                    base,
                    jump,
                };
                let mut seen = BTreeSet::new();
                case.touches
                    .retain(|drawn| seen.insert(drawn.touchpoint.id.clone()));
                let place = case.clone();
                for Drawn { touchpoint, .. } in &mut case.touches {
                    touchpoint.at = place.moment(touchpoint.at.as_millis());
                }
                case
            },
        )
}

/// A start shortly before the end of a day, an hour or a minute; also before the epoch.
fn base() -> impl Strategy<Value = i64> {
    let edges = vec![
        0,
        1_704_153_600_000,
        1_704_157_200_000,
        1_704_157_260_000,
        -86_400_000,
    ];
    (select(edges), 0..SPAN).prop_map(|(edge, before)| edge - before)
}

/// How much time passes in the middle: mostly none, else up to the lengths of the windows.
fn jump() -> impl Strategy<Value = i64> {
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 1_440 * MINUTE;
    select(vec![
        0,
        0,
        0,
        0,
        40,
        MINUTE,
        4 * MINUTE,
        5 * MINUTE,
        60 * MINUTE,
        DAY,
        7 * DAY,
        30 * DAY,
    ])
}

fn ending() -> impl Strategy<Value = i64> {
    let far = select(vec![1_000i64, 240_000, 3_600_000, 86_400_000, 700_000_000]);
    prop_oneof![-SPAN..100, far]
}

fn touch() -> impl Strategy<Value = Drawn> {
    let keys = (0usize..3, 0usize..4, 0usize..3);
    let money = (option::of(0i64..90), 0usize..4);
    let pieces = option::weighted(0.3, 0u32..3);
    let offset = option::weighted(0.2, -10i64..=30);
    let duplicate = option::weighted(0.2, (-20i64..=20, 0i64..=90));
    let travel = (0i64..=90, any::<bool>(), offset, duplicate, 0..100_000);
    (
        0..CUSTOMERS,
        0..SPAN,
        select(&KINDS[..]),
        0usize..5,
        keys,
        money,
        pieces,
        travel,
    )
        .prop_map(
            |(customer, at, kind, channel, keys, money, pieces, travel)| {
                let (delay, second, logged, again, id) = travel;
                let (id, at) = (format!("t{id}"), EventTime::from_millis(at));
                let mut touchpoint = Touchpoint::new(&id, &name(customer), kind, at);
                let pick = |names: &[&str], n: usize| names.get(n).map(|name| Box::from(*name));
                touchpoint.channel = pick(&["web", "app", "email", "pigeon"], channel);
                touchpoint.cart = pick(&["k1", "k2"], keys.0);
                touchpoint.order = pick(&["o1", "o2", "o3"], keys.1);
                touchpoint.request = pick(&["r1", "r2"], keys.2);
                touchpoint.value = money.0;
                touchpoint.currency = Currency::parse(["EUR", "EUR", "USD", "-"][money.1]);
                touchpoint.items = pieces
                    .map(|quantity| Item {
                        quantity,
                        ..Item::default()
                    })
                    .into_iter()
                    .collect();
                Drawn {
                    touchpoint,
                    delay,
                    second,
                    logged,
                    again,
                }
            },
        )
}

fn script() -> impl Strategy<Value = Script> {
    let endings = vec![
        Ending::Commit,
        Ending::Commit,
        Ending::Commit,
        Ending::Abort,
        Ending::CommitReopen,
        Ending::Reopen,
    ];
    vec((1usize..9, select(endings)), 1..20)
}

/// A touchpoint on one line, with what it carries and nothing else.
pub(crate) fn line(touchpoint: &Touchpoint) -> String {
    let mut line = format!(
        "{} {} {} {}",
        touchpoint.at.as_millis(),
        touchpoint.customer,
        touchpoint.kind,
        touchpoint.id
    );
    let named = [
        ("channel", touchpoint.channel.as_deref().map(str::to_owned)),
        ("cart", touchpoint.cart.as_deref().map(str::to_owned)),
        ("order", touchpoint.order.as_deref().map(str::to_owned)),
        ("request", touchpoint.request.as_deref().map(str::to_owned)),
        ("value", touchpoint.value.map(|value| value.to_string())),
        (
            "currency",
            touchpoint
                .currency
                .map(|currency| currency.as_str().to_owned()),
        ),
        ("pieces", Some(touchpoint.quantity().to_string())),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            line += &format!(" {name}={value}");
        }
    }
    line
}

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} delay={}", line(&self.touchpoint), self.delay)?;
        if self.second {
            write!(f, " second")?;
        }
        if let Some(logged) = self.logged {
            write!(f, " logged={logged}")?;
        }
        if let Some((shift, delay)) = self.again {
            write!(f, " again=({shift}, {delay})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for spec in &self.specs {
            writeln!(f, "{spec:?}")?;
        }
        for drawn in &self.touches {
            writeln!(f, "{drawn:?}")?;
        }
        writeln!(
            f,
            "idles {:?}, nudges {:?}, ending {:?}",
            self.idles, self.nudges, self.ending
        )?;
        writeln!(
            f,
            "disorder {}, path {}, tight {}",
            self.disorder, self.path, self.tight
        )?;
        writeln!(
            f,
            "partitions {}, inputs {}, lag {}",
            self.partitions, self.inputs, self.lag
        )?;
        writeln!(f, "base {}, jump {}", self.base, self.jump)?;
        writeln!(f, "script {:?}", self.script)?;
        writeln!(f, "other script {:?}", self.other_script)
    }
}

//! `wayfarer generate`: traffic of a made-up shop, to a file, a stream or a topic.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use crate::domain::{EventTime, Millis};
use crate::runtime::Clock;
use crate::traffic::{Load, Rate, Rhythm, Share, Traffic, TrafficConfig};

use super::sink::Sink;

/// How long traffic lasts when nothing says so.
const USUAL_SPAN: Millis = Millis::from_minutes(10);

/// Makes up the touchpoints of a shop, as load or as something to look at
///
/// Customers come through ads, searches, mails and the app, look around, fill carts and leave most
/// of them behind, buy, return, call, write reviews. Records arrive out of order, some late, some
/// twice. The same options make the same records.
///
/// Without --start, --end or --real-time the last touchpoint has just happened.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  wayfarer generate --for 1h > shop.jsonl                          the last hour
  wayfarer generate --count 1000000 --rate 2000/s --out shop.jsonl.gz
  wayfarer generate --start 2026-11-01T00:00:00Z --for 7d --rate 5/s
  wayfarer generate --kafka localhost:9092 --topic touchpoints --real-time
  wayfarer generate --kafka localhost:9092 --topic touchpoints --start=-1h --real-time --pace 60x
                                                                   an hour at once, then live")]
pub struct Args {
    /// What chance starts from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Touchpoints in a second (s), minute (m) or hour (h) of event time
    #[arg(long, value_name = "N/s", default_value_t = Rate::per_second(100))]
    rate: Rate,

    /// How much event time to fill; 10m unless --count or --real-time is given
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    span: Option<Millis>,

    /// Stops after so many records
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// When the traffic begins: RFC 3339, now, or a span before now such as -1h
    #[arg(long, value_name = "TIME", value_parser = moment, allow_hyphen_values = true)]
    start: Option<Moment>,

    /// When the traffic ends, in the same spelling; with --for it begins so much earlier
    #[arg(long, value_name = "TIME", value_parser = moment, allow_hyphen_values = true)]
    end: Option<Moment>,

    /// Sends nothing before its time; without --for, --count or --end it goes on for ever
    #[arg(long)]
    real_time: bool,

    /// Whether the rate follows the hour (UTC); daily for a day or more at the pace of life
    #[arg(long, value_name = "RHYTHM", value_parser = rhythm())]
    rhythm: Option<Rhythm>,

    /// How many times faster than in life people think, wait and come back
    #[arg(long, value_name = "Nx", default_value = "1x", value_parser = pace)]
    pace: u32,

    /// How many customers the shop knows
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    customers: u32,

    /// How many of the visitors nobody has seen before
    #[arg(long, value_name = "SHARE", default_value_t = Share::percent(30))]
    newcomers: Share,

    /// How long a record on time is under way at most
    #[arg(long, value_name = "SPAN", default_value = "10s", value_parser = span)]
    disorder: Millis,

    /// How many touchpoints arrive late
    #[arg(long, value_name = "SHARE", default_value_t = Share::percent(1))]
    late: Share,

    /// How many touchpoints arrive twice
    #[arg(long, value_name = "SHARE", default_value_t = Share::percent(1))]
    duplicates: Share,

    /// How many unreadable records are planted for each touchpoint
    #[arg(long, value_name = "SHARE", default_value_t = Share::NONE)]
    planted: Share,

    /// Writes lines to a file, compressed if its name ends in .gz, not to standard output
    #[arg(long, value_name = "FILE", conflicts_with = "kafka")]
    pub out: Option<PathBuf>,

    /// Sends to a topic of the Kafka cluster with these brokers
    #[arg(long, value_name = "HOST:PORT", requires = "topic")]
    pub kafka: Option<String>,

    /// Which topic
    #[arg(long, value_name = "TOPIC", requires = "kafka")]
    pub topic: Option<String>,

    /// Sets something of librdkafka, such as security.protocol=ssl; may be repeated
    #[arg(short = 'X', long, value_name = "KEY=VALUE", requires = "kafka", value_parser = setting)]
    pub librdkafka: Vec<(String, String)>,
}

/// A moment, perhaps by the clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Moment {
    At(EventTime),
    BeforeNow(Millis),
}

impl Moment {
    fn by(self, now: EventTime) -> EventTime {
        match self {
            Self::At(at) => at,
            Self::BeforeNow(span) => now.minus(span),
        }
    }
}

/// What to make, and when to stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The traffic.
    pub config: TrafficConfig,
    /// The last moment at which something may arrive.
    pub until: Option<EventTime>,
    /// How many records there may be.
    pub count: Option<u64>,
    /// Whether nothing is sent before its time.
    pub real_time: bool,
}

impl Args {
    /// What to make if it is `now`.
    ///
    /// # Errors
    ///
    /// If the end is not after the start.
    pub fn plan(&self, now: EventTime) -> Result<Plan, String> {
        let (start, end) = (
            self.start.map(|at| at.by(now)),
            self.end.map(|at| at.by(now)),
        );
        let endless = self.real_time && end.is_none() && self.count.is_none();
        let span = self.span.or(match self.count {
            Some(count) => Some(self.rate.span(count)),
            None => (!endless).then_some(USUAL_SPAN),
        });
        let length = span.unwrap_or(Millis::ZERO);
        let start = start.unwrap_or_else(|| match end {
            Some(end) => end.minus(length),
            None if self.real_time => now,
            None => now.minus(length),
        });
        // A count alone is kept exactly, though chance may make it take a little longer.
        let bounded = self.span.is_some() || self.count.is_none();
        let until = end.or_else(|| span.filter(|_| bounded).map(|span| start.plus(span)));
        if until.is_some_and(|until| until <= start) {
            return Err(
                "the end is not after the start: give a later --end or an earlier --start".into(),
            );
        }
        let lasts_a_day = until.is_some_and(|end| end.since(start) >= Millis::from_days(1));
        let natural = if lasts_a_day && self.pace == 1 {
            Rhythm::Daily
        } else {
            Rhythm::Steady
        };
        Ok(Plan {
            config: TrafficConfig {
                seed: self.seed,
                start,
                rate: self.rate,
                rhythm: self.rhythm.unwrap_or(natural),
                customers: self.customers,
                newcomers: self.newcomers,
                pace: self.pace,
                disorder_max: self.disorder,
                late: self.late,
                duplicates: self.duplicates,
                planted: self.planted,
            },
            until,
            count: self.count,
            real_time: self.real_time,
        })
    }
}

/// What was made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Touchpoints on time.
    pub on_time: u64,
    /// Touchpoints that were late.
    pub late: u64,
    /// Touchpoints that came again.
    pub again: u64,
    /// Records that cannot be read.
    pub planted: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            on_time,
            late,
            again,
            planted,
        } = self;
        let all = on_time + late + again + planted;
        write!(
            f,
            "{all} records: {on_time} on time, {late} late, {again} twice, {planted} unreadable"
        )
    }
}

/// Sends what is planned to `sink`, each record in its time if the plan says so.
///
/// # Errors
///
/// What the sink reports.
pub fn drive(plan: &Plan, clock: &dyn Clock, sink: &mut dyn Sink) -> io::Result<Tally> {
    let count = plan.count.and_then(|count| usize::try_from(count).ok());
    let arrivals = Traffic::new(&plan.config)
        .take(count.unwrap_or(usize::MAX))
        .take_while(|arrival| plan.until.is_none_or(|until| arrival.arrives <= until));
    let mut tally = Tally::default();
    for arrival in arrivals {
        if plan.real_time && arrival.arrives > clock.wall() {
            sink.rest()?;
            wait(arrival.arrives, clock);
        }
        sink.send(&arrival)?;
        *match arrival.load {
            Load::OnTime(_) => &mut tally.on_time,
            Load::Late(_) => &mut tally.late,
            Load::Again(_) => &mut tally.again,
            Load::Planted(_) => &mut tally.planted,
        } += 1;
    }
    sink.finish()?;
    Ok(tally)
}

/// Waits until it is `at`, in short sleeps because the clock may be set meanwhile.
fn wait(at: EventTime, clock: &dyn Clock) {
    loop {
        let left = at.since(clock.wall()).get();
        let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) else {
            return;
        };
        thread::sleep(Duration::from_millis(left.min(500)));
    }
}

fn span(text: &str) -> Result<Millis, String> {
    let wrong = |why: &dyn fmt::Display| format!("write a span such as 30s, 10m, 1h or 7d: {why}");
    let span: jiff::Span = text.parse().map_err(|error| wrong(&error))?;
    let whole = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours());
    let whole = whole.map_err(|error| wrong(&error))?;
    match i64::try_from(whole.as_millis()) {
        Ok(millis) if millis >= 0 => Ok(Millis::new(millis)),
        _ => Err(wrong(&"it may not be negative")),
    }
}

fn moment(text: &str) -> Result<Moment, String> {
    if text == "now" {
        return Ok(Moment::BeforeNow(Millis::ZERO));
    }
    if let Some(before) = text.strip_prefix('-') {
        return span(before).map(Moment::BeforeNow);
    }
    let at: jiff::Timestamp = text.parse().map_err(|error| {
        format!("write a time such as 2026-11-22T09:30:00Z, now, or -1h: {error}")
    })?;
    Ok(Moment::At(EventTime::from_millis(at.as_millisecond())))
}

fn pace(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('x').unwrap_or(text).parse().ok();
    number
        .filter(|pace| (1..=1_000_000).contains(pace))
        .ok_or_else(|| "write how many times faster, from 1x to 1000000x, such as 60x".into())
}

fn rhythm() -> impl clap::builder::TypedValueParser<Value = Rhythm> {
    PossibleValuesParser::new(["daily", "steady"]).map(|name| match name.as_str() {
        "daily" => Rhythm::Daily,
        _ => Rhythm::Steady,
    })
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("write a setting and its value, such as security.protocol=ssl")?;
    Ok((key.to_owned(), value.to_owned()))
}

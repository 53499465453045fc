//! `wayfarer generate`: traffic of a made-up shop, to a file, a stream or a topic.

mod drive;
mod plan;
mod spelling;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::thread;

pub(super) use drive::drive;
pub(super) use plan::Plan;
pub(super) use spelling::span;

use super::sink::{Lines, Sink, Topic};
use super::{Exit, World};
use crate::domain::Millis;
use crate::kafka::SystemClock;
use crate::runtime::Clock;
use crate::traffic::{Rate, Rhythm, Share};
use spelling::{Moment, moment, pace, rhythm, setting};

/// Makes up the touchpoints of a shop, as load or as something to look at
///
/// Customers come through ads, searches, mails and the app, look around, fill carts and leave most
/// of them behind, buy, return, call, write reviews. Records arrive out of order, some late, some
/// twice. The same options with the same --start make the same records.
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
pub(super) struct Args {
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
    out: Option<PathBuf>,

    /// Sends to a topic of the Kafka cluster with these brokers
    #[arg(long, value_name = "HOST:PORT", requires = "topic")]
    kafka: Option<String>,

    /// Which topic
    #[arg(long, value_name = "TOPIC", requires = "kafka")]
    topic: Option<String>,

    /// Sets something of librdkafka, such as security.protocol=ssl; may be repeated
    #[arg(short = 'X', long, value_name = "KEY=VALUE", requires = "kafka", value_parser = setting)]
    librdkafka: Vec<(String, String)>,
}

/// Runs the verb.
///
/// # Errors
///
/// If the console takes no more.
pub(super) fn run(args: &Args, world: &mut World<'_>) -> io::Result<Exit> {
    let clock = SystemClock::new();
    let plan = match args.plan(clock.wall()) {
        Ok(plan) => plan,
        Err(problem) => {
            world.console.note(problem)?;
            return Ok(Exit::Usage);
        }
    };
    let made = match args.sink() {
        Ok(Some(mut sink)) => drive(&plan, &clock, &mut thread::sleep, &mut *sink),
        Ok(None) => {
            let mut lines = Lines::plain(world.console.out());
            Ok(drive(&plan, &clock, &mut thread::sleep, &mut lines)?)
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(tally) => {
            world.console.note(tally.to_string())?;
            Ok(Exit::Ok)
        }
        Err(error) => {
            world.console.note(format!("{}: {error}", args.place()))?;
            Ok(Exit::Unavailable)
        }
    }
}

impl Args {
    /// Where to send to; none for standard output.
    fn sink(&self) -> io::Result<Option<Box<dyn Sink>>> {
        if let (Some(brokers), Some(topic)) = (&self.kafka, &self.topic) {
            let settings = self.librdkafka.iter().cloned().collect();
            return Ok(Some(Box::new(Topic::open(brokers, topic, settings)?)));
        }
        match &self.out {
            Some(file) => Ok(Some(Box::new(Lines::create(file)?))),
            None => Ok(None),
        }
    }

    /// What to call the place that does not take records.
    fn place(&self) -> String {
        match (&self.kafka, &self.out) {
            (Some(brokers), _) => format!("cannot send to Kafka at {brokers}"),
            (None, Some(file)) => format!("cannot write {}", file.display()),
            (None, None) => "cannot write".to_owned(),
        }
    }
}

//! `wayfarer demo`: everything in one process, with nothing installed.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::agreement::{self, Agreement, Recorder};
use super::{Board, BoardObserver, Mode, Now, Screen};
use crate::cli::generate::{Plan, drive};
use crate::cli::pipeline::{Pipeline, Shared};
use crate::cli::process::{self, Stopped};
use crate::cli::sink::{Sink, Topic};
use crate::cli::{Exit, World, connect, generate};
use crate::config::{self, Config};
use crate::domain::{EventTime, Millis, Touchpoint};
use crate::http::{Edge, Listener, Server};
use crate::kafka::{EmbeddedBroker, SystemClock};
use crate::runtime::Clock;
use crate::traffic::{Arrival, Rate, Share, TrafficConfig};

/// Partitions of every topic.
const PARTITIONS: NonZeroU32 = NonZeroU32::new(4).expect("four is not zero");
/// How many unreadable records are planted for each touchpoint.
const PLANTED: Share = Share::percent(1);
/// How often the table is drawn.
const FRAME: Duration = Duration::from_millis(500);
/// How long the pipeline may take to read what was sent last.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

/// Shows everything at work: a made-up shop, a broker, the pipeline, a live table
///
/// Nothing has to be installed: the broker is librdkafka's mock cluster inside this process, spoken
/// to over the loopback interface. It has no transactions, so delivery is at least once, and it
/// keeps nothing. So that something happens within seconds, people here shop a few hundred times
/// faster than in life and timers are short: a cart is abandoned after 4 seconds of silence.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  wayfarer demo                      until Ctrl-C
  wayfarer demo --for 30s --seed 1   ends by itself with a summary
  wayfarer demo --rate 2000/s --listen 127.0.0.1:9464

While it runs: http://127.0.0.1:9464/metrics and /livez, /readyz

Exit codes: 0 done, 1 if --check finds a difference, 69 if the address is taken, 70 if Wayfarer
itself went wrong.")]
pub(in crate::cli) struct Args {
    /// Ends by itself after so long; otherwise Ctrl-C does
    #[arg(long = "for", value_name = "SPAN", value_parser = generate::span)]
    span: Option<Millis>,

    /// What chance starts from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Touchpoints in a second
    #[arg(long, value_name = "N/s", default_value_t = Rate::per_second(200))]
    rate: Rate,

    /// How many touchpoints come too late, as from a phone that was offline
    #[arg(long, value_name = "SHARE", default_value_t = Share::percent(1))]
    late: Share,

    /// Where metrics and probes are served
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9464")]
    listen: SocketAddr,

    /// Sends nothing late, and compares what was written with a replay of the same touchpoints
    #[arg(long, requires = "span")]
    check: bool,
}

/// Runs the verb.
///
/// # Errors
///
/// If the console takes no more.
pub(in crate::cli) fn run(args: &Args, world: &mut World<'_>) -> io::Result<Exit> {
    match show(args, world)? {
        Ok(exit) => Ok(exit),
        Err(Stopped { exit, reason }) => {
            world.console.note(format!("wayfarer: {reason}"))?;
            Ok(exit)
        }
    }
}

/// The demo's config: short timers over an embedded broker.
fn config(broker: &EmbeddedBroker) -> Config {
    let mut config = Config::default();
    config.time.disorder = Millis::from_secs(3);
    config.time.idle = Some(Millis::from_secs(3));
    config.kafka.bootstrap_servers = broker.bootstrap_servers().to_owned();
    config.delivery = config::Delivery::AtLeastOnce;
    config.workers = 1;
    // Some duplicates come so late that the usual few ids would not tell them.
    config.limits.bounds.ring = 1_024;
    config
}

fn topics(config: &Config) -> Vec<(&str, u32)> {
    let outputs = &config.outputs;
    [
        &config.inputs[0].topic,
        &outputs.transitions.topic,
        &outputs.alerts.topic,
        &outputs.conversions.topic,
        &outputs.kpis.topic,
        &outputs.dlq,
        &config.state.changelog,
    ]
    .map(|topic| (topic.as_str(), PARTITIONS.get()))
    .to_vec()
}

fn show(args: &Args, world: &mut World<'_>) -> io::Result<Result<Exit, Stopped>> {
    let listener = match Listener::bind(args.listen, "--listen") {
        Ok(listener) => listener,
        Err(error) => return Ok(Err(Stopped::unavailable(error))),
    };
    let broker = match EmbeddedBroker::start(&topics(&Config::default())) {
        Ok(broker) => broker,
        Err(error) => return Ok(Err(error.into())),
    };
    let config = config(&broker);
    let loaded = match config::load_maps(&["builtin:demo".into()], &config) {
        Ok(loaded) => loaded,
        Err(problems) => return world.refuse(&problems).map(Ok),
    };
    let shared = Shared::new(loaded.maps);
    let edge = Edge {
        health: Arc::clone(&shared.health),
        registry: Arc::clone(&shared.registry),
    };
    let notes = vec![
        "timers are short: a cart is abandoned after 4 s; the embedded broker is at least once"
            .to_owned(),
        format!("metrics and probes at http://{}", listener.address()),
    ];
    let server = match Server::start(listener, edge) {
        Ok(server) => server,
        Err(error) => return Ok(Err(Stopped::unavailable(error))),
    };
    let ended = watch(args, world, (&config, &shared), notes);
    drop(broker);
    ended.map(|ended| {
        ended.and_then(|exit| server.stop().map(|()| exit).map_err(Stopped::unavailable))
    })
}

/// Starts the pipeline and the traffic, and draws the table until the end.
fn watch(
    args: &Args,
    world: &mut World<'_>,
    (config, shared): (&Config, &Shared),
    notes: Vec<String>,
) -> io::Result<Result<Exit, Stopped>> {
    let (board, recorder) = (Board::new(&shared.maps), Recorder::default());
    let observers = |number: u16| {
        let board = BoardObserver::new(&board, number.into());
        (shared.observer(number), (board, recorder.clone()))
    };
    let worker = connect::demo_worker(config);
    let kafka = |number| connect::kafka(config, number);
    let pipeline = match Pipeline::start(shared, &worker, kafka, observers, config.workers) {
        Ok(pipeline) => pipeline,
        Err(error) => return Ok(Err(error.into())),
    };
    if let Err(error) = process::stop_on_signal(&shared.stop) {
        return Ok(Err(Stopped::unavailable(error)));
    }
    let sent = send(args, config);
    let (begun, clock) = (Instant::now(), SystemClock::new());
    let color = world.env.get("NO_COLOR").is_none_or(String::is_empty);
    let mut screen = Screen::new(io::stdout(), Mode::of_stdout(color), &board, notes);
    let now = || Now {
        elapsed: begun.elapsed(),
        wall: clock.wall(),
    };
    let mut deadline = None;
    while !shared.stop.load(Ordering::Relaxed) {
        screen.draw(now())?;
        thread::sleep(FRAME);
        if sent.traffic.is_finished() {
            let deadline = deadline.get_or_insert_with(|| Instant::now() + DRAIN_LIMIT);
            if is_drained(&sent, &recorder) || Instant::now() > *deadline {
                shared.stop.store(true, Ordering::Relaxed);
            }
        }
    }
    shared.health.stop();
    if let Err(error) = pipeline.join() {
        return Ok(Err(error.into()));
    }
    screen.finish(now())?;
    if args.check {
        check(&sent, &recorder, shared, world).map(Ok)
    } else {
        Ok(Ok(Exit::Ok))
    }
}

/// What the traffic's thread has sent.
struct Sent {
    traffic: thread::JoinHandle<io::Result<()>>,
    until: Option<EventTime>,
    records: Arc<AtomicU64>,
    /// The touchpoints, if they are compared afterwards.
    kept: Arc<Mutex<Vec<Touchpoint>>>,
}

/// Sends the traffic from a thread of its own.
fn send(args: &Args, config: &Config) -> Sent {
    let start = SystemClock::new().wall();
    let plan = Plan {
        config: TrafficConfig {
            seed: args.seed,
            start,
            rate: args.rate,
            customers: 2_000,
            pace: 1_500,
            disorder_max: Millis::from_secs(1),
            late: if args.check { Share::NONE } else { args.late },
            duplicates: Share::percent(1),
            planted: PLANTED,
            ..TrafficConfig::default()
        },
        until: args.span.map(|span| start.plus(span)),
        count: None,
        real_time: true,
    };
    let (brokers, topic) = (
        config.kafka.bootstrap_servers.clone(),
        config.inputs[0].topic.clone(),
    );
    let (records, kept) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(Mutex::new(Vec::new())),
    );
    let (told, keep) = (Arc::clone(&records), args.check.then(|| Arc::clone(&kept)));
    let until = plan.until;
    let traffic = thread::spawn(move || {
        let topic = Topic::open(&brokers, &topic, BTreeMap::new())?;
        let mut sink = Told { topic, told, keep };
        drive(&plan, &SystemClock::new(), &mut thread::sleep, &mut sink).map(drop)
    });
    Sent {
        traffic,
        until,
        records,
        kept,
    }
}

/// A topic that tells what it was sent.
struct Told {
    topic: Topic,
    told: Arc<AtomicU64>,
    keep: Option<Arc<Mutex<Vec<Touchpoint>>>>,
}

impl Sink for Told {
    fn send(&mut self, arrival: &Arrival) -> io::Result<()> {
        if let (Some(kept), Some(touchpoint)) = (&self.keep, arrival.touchpoint()) {
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(touchpoint.clone());
        }
        self.told.fetch_add(1, Ordering::Relaxed);
        self.topic.send(arrival)
    }

    fn rest(&mut self) -> io::Result<()> {
        self.topic.rest()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.topic.finish()
    }
}

/// Whether everything that was sent is read, and every watermark has passed it.
fn is_drained(sent: &Sent, recorder: &Recorder) -> bool {
    recorder.look(|written| {
        written.records.values().sum::<u64>() >= sent.records.load(Ordering::Relaxed)
            && written
                .watermarks
                .values()
                .all(|watermark| Some(*watermark) >= sent.until)
    })
}

/// Compares what was written with a replay of the same touchpoints.
fn check(
    sent: &Sent,
    recorder: &Recorder,
    shared: &Shared,
    world: &mut World<'_>,
) -> io::Result<Exit> {
    let touchpoints = sent
        .kept
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let count = touchpoints.len();
    let found =
        recorder.look(|written| agreement::compare(written, touchpoints, &shared.maps, PARTITIONS));
    let Agreement {
        both,
        only_written,
        only_replayed,
    } = found;
    if only_written + only_replayed == 0 {
        let line = format!("a replay of the same {count} touchpoints agrees: {both} effects");
        world.console.say(line)?;
        return Ok(Exit::Ok);
    }
    world.console.say(format!(
        "a replay of the same {count} touchpoints differs: {both} effects agree, {only_written} \
         were only written, {only_replayed} only replayed"
    ))?;
    Ok(Exit::Failed)
}

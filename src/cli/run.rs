//! `wayfarer run`: the pipeline stage.

use std::io::{self, IsTerminal};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::pipeline::{Pipeline, Shared};
use super::{ConfigArgs, Exit, World, connect};
use crate::config::{Config, Log, LogFormat};
use crate::http::{Edge, Listener, Server};
use crate::kafka::Admin;
use crate::runtime::Error;

/// How long stopping may take before the process ends all the same.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(25);
/// How often the main thread looks whether the workers have stopped.
const WATCH: Duration = Duration::from_millis(50);

/// Runs the pipeline: touchpoints in, transitions, alerts and KPIs out
///
/// Joins the consumer group and works until SIGTERM or SIGINT, then commits what is open and
/// leaves; a second signal ends it at once. More workers and more processes share the partitions by
/// the consumer group. Topics are never created: see that those that the config names exist.
///
/// Delivery is at least once, and journeys live in memory: after a start the input is read from its
/// oldest record, and everything is written again under the same ids.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  wayfarer run -c wayfarer.yaml
  wayfarer run --set kafka.bootstrap_servers=kafka:9092 --set inputs[0].topic=clicks
  WAYFARER__KAFKA__BOOTSTRAP_SERVERS=kafka:9092 wayfarer run

Served at http.listen (port 9464): /metrics /livez /readyz /version

Exit codes: 0 after a signal, 64 for a wrong command line, 69 if Kafka or a topic is not there,
70 if Wayfarer itself went wrong, 78 if the config or a map is wrong.")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the verb.
///
/// # Errors
///
/// If the console takes no more.
pub(super) fn run(args: &Args, world: &mut World<'_>) -> io::Result<Exit> {
    let loaded = match args.config.load(&world.env) {
        Ok(loaded) => loaded,
        Err(problems) => return world.refuse(&problems),
    };
    start_log(&loaded.config.log);
    if loaded.warnings.warnings() > 0 {
        world.console.note(loaded.warnings.to_string())?;
    }
    match work(&loaded.config, &Shared::new(loaded.maps)) {
        Ok(()) => Ok(Exit::Ok),
        Err(Stopped { exit, reason }) => {
            tracing::error!(reason, "stopped");
            world.console.note(format!("wayfarer: {reason}"))?;
            Ok(exit)
        }
    }
}

/// Why the pipeline could not go on.
struct Stopped {
    exit: Exit,
    reason: String,
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self {
            exit: Exit::Software,
            reason: error.to_string(),
        }
    }
}

fn work(config: &Config, shared: &Shared) -> Result<(), Stopped> {
    let unavailable = |reason: String| Stopped {
        exit: Exit::Unavailable,
        reason,
    };
    let listener = Listener::bind(config.http.listen, "http.listen")
        .map_err(|error| unavailable(error.to_string()))?;
    check_topics(config).map_err(unavailable)?;
    let edge = Edge {
        health: Arc::clone(&shared.health),
        registry: Arc::clone(&shared.registry),
    };
    tracing::info!(address = %listener.address(), "serving probes and metrics");
    let server = Server::start(listener, edge).map_err(|error| unavailable(error.to_string()))?;
    stop_on_signal(&shared.stop).map_err(|error| unavailable(error.to_string()))?;
    let worker = connect::worker(config);
    let kafka = |number| connect::kafka(config, number);
    let watch = |number| shared.observer(number);
    let pipeline = Pipeline::start(shared, &worker, kafka, watch, config.workers)?;
    while !shared.stop.load(Ordering::Relaxed) {
        thread::sleep(WATCH);
    }
    shared.health.stop();
    end_within(SHUTDOWN_LIMIT);
    let ended = pipeline.join();
    let served = server.stop();
    ended?;
    served.map_err(|error| unavailable(error.to_string()))?;
    tracing::info!("stopped");
    Ok(())
}

/// Fails with one line that names what is missing.
fn check_topics(config: &Config) -> Result<(), String> {
    let kafka = connect::kafka(config, 0);
    let admin = Admin::open(&kafka).map_err(|error| error.to_string())?;
    let mut counts = Vec::new();
    for topic in &kafka.inputs {
        let count = admin
            .partition_count(topic)
            .map_err(|error| error.to_string())?;
        counts.push(count.ok_or_else(|| missing(topic))?);
    }
    if counts.windows(2).any(|pair| pair[0] != pair[1]) {
        let inputs = kafka.inputs.join(", ");
        return Err(format!(
            "the input topics {inputs} have {counts:?} partitions: give them the same number, \
             since a customer's touchpoints must lie in one partition"
        ));
    }
    for topic in kafka.outputs.values() {
        let count = admin
            .partition_count(topic)
            .map_err(|error| error.to_string())?;
        count.ok_or_else(|| missing(topic))?;
    }
    Ok(())
}

fn missing(topic: &str) -> String {
    format!("there is no topic {topic}: create it, or name another in the config")
}

/// Sets `stop` at the first SIGTERM or SIGINT, and ends the process at the second.
fn stop_on_signal(stop: &Arc<AtomicBool>) -> io::Result<()> {
    let stop = Arc::clone(stop);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let entered = runtime.enter();
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    drop(entered);
    let listen = move || {
        runtime.block_on(async {
            let mut one = async || {
                tokio::select! { _ = term.recv() => {}, _ = interrupt.recv() => {} }
            };
            one().await;
            tracing::info!("a signal came: committing and leaving; a second one ends at once");
            stop.store(true, Ordering::Relaxed);
            one().await;
            process::exit(Exit::Unavailable.code().into());
        });
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(listen)
        .map(drop)
}

/// Ends the process if it has not ended by itself within `limit`.
fn end_within(limit: Duration) {
    let watchdog = move || {
        thread::sleep(limit);
        tracing::error!(?limit, "stopping took too long: ending without a commit");
        process::exit(Exit::Software.code().into());
    };
    let spawned = thread::Builder::new()
        .name("watchdog".into())
        .spawn(watchdog);
    if let Err(error) = spawned {
        tracing::warn!(%error, "nobody watches how long stopping takes");
    }
}

/// Begins to log to standard error: as text on a terminal, else as JSON.
fn start_log(log: &Log) {
    let filter = EnvFilter::builder().parse_lossy(&log.level);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let text = match log.format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let started = if text {
        builder.try_init()
    } else {
        builder.json().try_init()
    };
    // Somebody who embeds the verb may log already.
    drop(started);
}

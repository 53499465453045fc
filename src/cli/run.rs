//! `wayfarer run`: the pipeline stage.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::pipeline::{Pipeline, Shared};
use super::process::{self, Stopped};
use super::{ConfigArgs, Exit, World, connect};
use crate::config::{Config, Log, LogFormat};
use crate::http::{Edge, Listener, Server};
use crate::kafka::Admin;

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
/// Outputs, journeys, KPIs and input offsets are one Kafka transaction, exactly once; read the
/// outputs with `isolation.level=read_committed`. Journeys are kept in the changelog topic, from
/// which a new owner of a partition restores them. With `delivery: at_least_once` there are no
/// transactions, and after a crash some outputs are written again, under the same ids.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  wayfarer run -c wayfarer.yaml
  wayfarer run --set kafka.bootstrap_servers=kafka:9092 --set inputs[0].topic=clicks
  WAYFARER__KAFKA__BOOTSTRAP_SERVERS=kafka:9092 wayfarer run

Served at http.listen (port 9464): /metrics /livez /readyz /version

Exit codes: 0 after a signal, 64 for a wrong command line, 69 if Kafka or a topic is not there,
70 if Wayfarer itself went wrong, 78 if the config or a map is wrong, or if the state and the
group's offsets do not agree.")]
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

fn work(config: &Config, shared: &Shared) -> Result<(), Stopped> {
    let listener =
        Listener::bind(config.http.listen, "http.listen").map_err(Stopped::unavailable)?;
    check_topics(config).map_err(Stopped::unavailable)?;
    let edge = Edge {
        health: Arc::clone(&shared.health),
        registry: Arc::clone(&shared.registry),
    };
    tracing::info!(address = %listener.address(), "serving probes and metrics");
    let server = Server::start(listener, edge).map_err(Stopped::unavailable)?;
    process::stop_on_signal(&shared.stop).map_err(Stopped::unavailable)?;
    let worker = connect::worker(config);
    let kafka = |number| connect::kafka(config, number);
    let watch = |number| shared.observer(number);
    let pipeline = Pipeline::start(shared, &worker, kafka, watch, config.workers)?;
    while !shared.stop.load(Ordering::Relaxed) {
        thread::sleep(WATCH);
    }
    shared.health.stop();
    process::end_within(SHUTDOWN_LIMIT);
    let ended = pipeline.join();
    let served = server.stop();
    ended?;
    served.map_err(Stopped::unavailable)?;
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
    let changelog = &config.state.changelog;
    let count = admin
        .partition_count(changelog)
        .map_err(|error| error.to_string())?;
    let count = count.ok_or_else(|| missing(changelog))?;
    if counts.first().is_some_and(|inputs| *inputs != count) {
        return Err(format!(
            "the changelog {changelog} has {count} partitions and the inputs {}: they must be the \
             same number, since a partition's state lies in the changelog's partition of its \
             number",
            counts[0]
        ));
    }
    Ok(())
}

fn missing(topic: &str) -> String {
    format!("there is no topic {topic}: create it, or name another in the config")
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

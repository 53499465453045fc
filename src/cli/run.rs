//! `wayfarer run`: the pipeline stage.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::pipeline::{Pipeline, Shared};
use super::process::{self, Stopped};
use super::{ConfigArgs, Exit, World, cluster, connect};
use crate::config::Config;
use crate::http::{Edge, Listener, Server};

/// How long stopping may take before the process ends all the same.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(25);
/// How often the main thread looks whether the workers have stopped.
const WATCH: Duration = Duration::from_millis(50);

/// Runs the pipeline: touchpoints in, transitions, alerts and KPIs out
///
/// Joins the consumer group and works until SIGTERM or SIGINT, then commits what is open and
/// leaves; a second signal ends it at once. More workers and more processes share the partitions by
/// the consumer group. Topics are never created: `wayfarer topics` does so, and `wayfarer validate
/// --connect` says what else a cluster lacks.
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
70 if Wayfarer itself went wrong, 78 if the config, a map or a topic is wrong, or if the state and
the group's offsets do not agree.")]
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
    process::start_log(&loaded.config.log);
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
    cluster::fit(config)?;
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

//! The process around a pipeline: why it stops, and how it is told to.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, IsTerminal};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::Exit;
use crate::config::{Log, LogFormat};
use crate::runtime::Error;

/// Why the pipeline could not go on.
pub(super) struct Stopped {
    /// How the process ends.
    pub(super) exit: Exit,
    /// One line for people.
    pub(super) reason: String,
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        let exit = match error {
            Error::Corrupted(_) => Exit::Config,
            Error::Retry(_)
            | Error::Abort(_)
            | Error::Unknown(_)
            | Error::TooLarge { .. }
            | Error::Fenced(_)
            | Error::Fatal(_) => Exit::Software,
        };
        Self {
            exit,
            reason: error.to_string(),
        }
    }
}

/// A number that nobody can foretell, another one at every call.
pub(super) fn draw() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A name for this process, for as long as it lives.
pub(super) fn name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| format!("{:016x}", draw()))
}

impl Stopped {
    /// Something outside is not there.
    pub(super) fn unavailable(reason: impl std::fmt::Display) -> Self {
        Self {
            exit: Exit::Unavailable,
            reason: reason.to_string(),
        }
    }
}

/// Sets `stop` at the first SIGTERM or SIGINT, and ends the process at the second.
pub(super) fn stop_on_signal(stop: &Arc<AtomicBool>) -> io::Result<()> {
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
pub(super) fn end_within(limit: Duration) {
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
pub(super) fn start_log(log: &Log) {
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

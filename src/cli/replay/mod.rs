//! `wayfarer replay`: the same journeys over files, without a broker.

mod read;
mod summary;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::{ConfigArgs, Exit, World, connect};
use crate::config::{self, Config};
use crate::domain::{EventTime, Maps, Touchpoint};
use crate::state::{Output, Partition};
use crate::wire::output::{Known, Message};

use read::{Reader, Source};
use summary::Summary;

/// Touchpoints between two commits: an open transaction holds what it touched in memory.
const COMMIT_EVERY: usize = 10_000;

/// Runs journeys over files of touchpoints and prints what comes of them
///
/// Reads JSON Lines or (with --mapping) CSV, plain or compressed with gzip; `-` is standard input.
/// Everything that would be written to topics is printed as JSON Lines, then the
/// KPIs as they stand at the end; a summary for people goes to standard error. Equal input gives
/// equal output.
///
/// The touchpoints are sorted by time first, as if all had come in order. With --as-is they are
/// taken in the order of the files, and those that come too late are treated as such. At the end of
/// the input the watermark is the time of the last touchpoint: whatever is still open then is open.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  wayfarer replay touchpoints.jsonl                       the built-in five stages
  wayfarer replay --map shop.yaml march.jsonl.gz
  wayfarer replay --map shop.yaml --mapping columns.yaml orders.csv
  wayfarer generate --for 1h | wayfarer replay - | jq 'select(.kind == \"abandoned\")'
  wayfarer replay --quiet --map new.yaml march.jsonl.gz   only the summary

Exit codes: 0 done (records that cannot be used are counted and named), 64 for a wrong command
line, 69 if a file cannot be read, 78 if the config, the map or the mapping is wrong.")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,

    /// A journey map instead of the config's; may be repeated
    #[arg(long = "map", value_name = "MAP")]
    maps: Vec<PathBuf>,

    /// Says which column or path of the files is which field
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,

    /// Takes the touchpoints in the order of the files, late ones as late
    #[arg(long)]
    as_is: bool,

    /// Prints only the summary
    #[arg(short, long)]
    quiet: bool,

    /// Files of touchpoints; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Runs the verb.
///
/// # Errors
///
/// If the console takes no more.
pub(super) fn run(args: &Args, world: &mut World<'_>) -> io::Result<Exit> {
    let (config, maps) = match load(args, world) {
        Ok(loaded) => loaded,
        Err(problems) => return world.refuse(&problems),
    };
    let mapping = match args
        .mapping
        .as_deref()
        .map(config::load_mapping)
        .transpose()
    {
        Ok(mapping) => mapping.as_ref().map(connect::mapping),
        Err(problems) => return world.refuse(&problems),
    };
    let mut reader = Reader::new(mapping, connect::decode(&config));
    let mut replay = Replay::new(Arc::new(maps), args.quiet);
    let mut held: Vec<Touchpoint> = Vec::new();
    for file in &args.files {
        let source = Source::open(file);
        let read = source.and_then(|source| {
            reader.each(source, &mut |touchpoint| {
                if args.as_is {
                    replay.take(&touchpoint, &mut world.console)
                } else {
                    held.push(touchpoint);
                    Ok(())
                }
            })
        });
        match read {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Err(error),
            Err(error) => {
                world.console.note(format!("{}: {error}", file.display()))?;
                return Ok(Exit::Unavailable);
            }
        }
    }
    // Stable, so that touchpoints of one moment keep their order in the files.
    held.sort_by_key(|touchpoint| touchpoint.at);
    for touchpoint in &held {
        replay.take(touchpoint, &mut world.console)?;
    }
    replay.end(&mut world.console)?;
    world.console.flush()?;
    let summary = Summary::of(&replay.partition, &replay.counts, reader.refused());
    world.console.note(summary.to_string())?;
    Ok(Exit::Ok)
}

fn load(args: &Args, world: &World<'_>) -> Result<(Config, Maps), config::Problems> {
    let loaded = args.config.load(&world.env)?;
    if args.maps.is_empty() {
        return Ok((loaded.config, loaded.maps));
    }
    let maps = config::load_maps(&args.maps, &loaded.config)?.maps;
    Ok((loaded.config, maps))
}

/// How many effects of each kind there were.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) transitions: u64,
    pub(super) retractions: u64,
    pub(super) abandoned: u64,
    pub(super) retracted: u64,
    pub(super) recovered: u64,
}

/// A partition that reads files.
#[derive(Debug)]
struct Replay {
    partition: Partition,
    maps: Arc<Maps>,
    last: Option<EventTime>,
    outputs: Vec<Output>,
    uncommitted: usize,
    counts: Counts,
    quiet: bool,
}

impl Replay {
    fn new(maps: Arc<Maps>, quiet: bool) -> Self {
        Self {
            partition: Partition::new(Arc::clone(&maps), 1),
            maps,
            last: None,
            outputs: Vec::new(),
            uncommitted: 0,
            counts: Counts::default(),
            quiet,
        }
    }

    fn take(
        &mut self,
        touchpoint: &Touchpoint,
        console: &mut super::Console<'_>,
    ) -> io::Result<()> {
        self.partition
            .observe(0, touchpoint, None, &mut self.outputs);
        self.last = self.last.max(Some(touchpoint.at));
        self.print(console)?;
        self.uncommitted += 1;
        if self.uncommitted == COMMIT_EVERY {
            self.partition.commit();
            self.uncommitted = 0;
        }
        Ok(())
    }

    /// The end of the input: the watermark is the last touchpoint's time.
    fn end(&mut self, console: &mut super::Console<'_>) -> io::Result<()> {
        let Some(last) = self.last else { return Ok(()) };
        self.partition.idle(last, &mut self.outputs);
        self.print(console)?;
        self.partition.commit();
        if !self.quiet {
            summary::print_kpis(&self.partition, last, console.out())?;
        }
        Ok(())
    }

    /// Prints what came about, as of the event time at which it did.
    fn print(&mut self, console: &mut super::Console<'_>) -> io::Result<()> {
        let known = Known {
            detected_at: self.partition.now(),
            watermark: self.partition.watermark(),
        };
        for Output { customer, effect } in self.outputs.drain(..) {
            summary::count(&mut self.counts, &effect);
            if self.quiet {
                continue;
            }
            if let Some(message) = Message::of(&customer, &effect, &self.maps, &known) {
                serde_json::to_writer(console.out(), &message)?;
                console.out().write_all(b"\n")?;
            }
        }
        Ok(())
    }
}

//! `wayfarer validate`: every mistake in a config and its maps, at once.

use std::io;
use std::path::PathBuf;

use super::{ConfigArgs, Exit, World};
use crate::config::{self, Config, Problems};
use crate::domain::JourneyMap;

/// Checks a config and journey maps, and reports every mistake at once
///
/// Each mistake comes with its file, line and column and with what would mend it. Nothing is
/// connected to. Warnings do not fail the check unless --deny-warnings is given.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  wayfarer validate -c wayfarer.yaml             the config and all maps that it names
  wayfarer validate shop.yaml                    a map alone, with default settings
  wayfarer validate -c wayfarer.yaml draft.yaml  both; the draft knows the config's types
  wayfarer validate builtin:five-stages          the map that is built in

Exit codes: 0 if nothing is wrong, 64 for a wrong command line, 78 if something is wrong.")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,

    /// Fails on warnings too
    #[arg(long)]
    deny_warnings: bool,

    /// Journey maps to check together
    #[arg(value_name = "MAP")]
    maps: Vec<PathBuf>,
}

/// Runs the verb.
///
/// # Errors
///
/// If the console takes no more.
pub(super) fn run(args: &Args, world: &mut World<'_>) -> io::Result<Exit> {
    let file = args.config.file(&world.env);
    let with_config = file.is_some() || !args.config.set.is_empty() || args.maps.is_empty();
    let mut config = Config::default();
    let mut exit = Exit::Ok;
    if with_config {
        match args.config.load(&world.env) {
            Ok(loaded) => {
                let name = file.map_or_else(|| "config".into(), |file| file.display().to_string());
                exit = report(args, world, &name, (&loaded.warnings, &loaded.maps.maps))?;
                config = loaded.config;
            }
            Err(problems) => exit = world.refuse(&problems)?,
        }
    }
    if !args.maps.is_empty() {
        match config::load_maps(&args.maps, &config) {
            Ok(loaded) => {
                let names = args.maps.iter().map(|map| map.display().to_string());
                let name = names.collect::<Vec<_>>().join(", ");
                let ended = report(args, world, &name, (&loaded.warnings, &loaded.maps.maps))?;
                exit = worse(exit, ended);
            }
            Err(problems) => exit = world.refuse(&problems)?,
        }
    }
    Ok(exit)
}

fn worse(one: Exit, other: Exit) -> Exit {
    if one == Exit::Ok { other } else { one }
}

/// Says what was checked and found in order, after its warnings.
fn report(
    args: &Args,
    world: &mut World<'_>,
    name: &str,
    (warnings, maps): (&Problems, &[JourneyMap]),
) -> io::Result<Exit> {
    if warnings.warnings() > 0 {
        world.console.note(warnings.to_string())?;
        if args.deny_warnings {
            world.console.note("warnings are denied")?;
            return Ok(Exit::Config);
        }
    }
    let maps = maps.iter().map(|map| {
        let rules = map.abandonments.len();
        let (stages, steps) = (map.stages.len(), map.steps.len());
        format!(
            "  map {} version {}: {}, {}, {}",
            map.id,
            map.version,
            count(stages, "stage"),
            count(steps, "step"),
            count(rules, "abandonment rule"),
        )
    });
    let lines: Vec<_> = std::iter::once(format!("{name}: in order"))
        .chain(maps)
        .collect();
    world.console.say(lines.join("\n"))?;
    Ok(Exit::Ok)
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

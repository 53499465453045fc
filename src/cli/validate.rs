//! `wayfarer validate`: every mistake in a config and its maps, at once.

use std::io;
use std::path::PathBuf;

use super::cluster::{self, Weight};
use super::{ConfigArgs, Exit, World};
use crate::config::{self, Config, Problems};
use crate::domain::JourneyMap;

/// Checks a config and journey maps, and reports every mistake at once
///
/// Each mistake comes with its file, line and column and with what would mend it. Warnings do not
/// fail the check unless --deny-warnings is given.
///
/// Nothing is connected to without --connect. With it, a config in order is held against its
/// cluster: whether the brokers answer and take transactions, whether every topic is there with the
/// partitions and settings that the results rest on, what this user may do, and whether the group
/// can read on where it stands. Nothing is written and no group joined, so it may be done beside a
/// running pipeline.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  wayfarer validate -c wayfarer.yaml             the config and all maps that it names
  wayfarer validate shop.yaml                    a map alone, with default settings
  wayfarer validate -c wayfarer.yaml draft.yaml  both; the draft knows the config's types
  wayfarer validate builtin:five-stages          the map that is built in
  wayfarer validate -c wayfarer.yaml --connect   the cluster, too

Exit codes: 0 if nothing is wrong, 64 for a wrong command line, 69 if Kafka or a topic is not there,
78 if something is wrong.")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,

    /// Fails on warnings too
    #[arg(long)]
    deny_warnings: bool,

    /// Looks at the cluster, too, if the config is in order
    #[arg(long)]
    connect: bool,

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
    let told = file.is_some() || !args.config.set.is_empty() || args.connect;
    let with_config = told || args.maps.is_empty();
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
    if args.connect && exit == Exit::Ok {
        exit = connect(args, world, &config)?;
    }
    Ok(exit)
}

/// Says everything that the cluster lacks.
fn connect(args: &Args, world: &mut World<'_>, config: &Config) -> io::Result<Exit> {
    let name = &config.kafka.bootstrap_servers;
    cluster::log_trouble(config);
    let survey = cluster::survey(config);
    for finding in &survey.findings {
        let warning = match finding.weight {
            Weight::Warning => "warning: ",
            Weight::Missing | Weight::Wrong => "",
        };
        world
            .console
            .note(format!("{name}: {warning}{}", finding.text))?;
    }
    let worst = survey.findings.iter().map(|finding| finding.weight).max();
    let exit = worst.map_or(Exit::Ok, Weight::exit);
    if exit != Exit::Ok {
        return Ok(exit);
    }
    if args.deny_warnings && worst.is_some() {
        world.console.note("warnings are denied")?;
        return Ok(Exit::Config);
    }
    let (brokers, topics) = (survey.brokers, survey.topics);
    world.console.say(format!(
        "{name}: in order\n  {}, {}",
        count(brokers, "broker"),
        count(topics, "topic")
    ))?;
    Ok(Exit::Ok)
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

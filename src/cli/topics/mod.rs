//! `wayfarer topics`: the topics that a pipeline needs, printed or created.

mod apply;
pub(super) mod catalogue;
mod print;

use std::io;

pub(super) use print::alteration;

use super::{ConfigArgs, Exit, World};
use crate::config::Config;
use catalogue::Topic;

/// Prints the topics that a pipeline needs, or creates them
///
/// Every topic with the settings that the results rest on; nothing is connected to without --apply.
/// The topics that are read belong to others, and are left out without --inputs.
///
/// The changelog must have as many partitions as the inputs, so their number must be known:
/// --apply reads it from the brokers, and printing takes it from --partitions.
///
/// --apply creates what is missing. It never changes or deletes: topics that are there with other
/// settings are named, each with the command that would mend it, and the exit code is 1.
#[derive(clap::Args, Debug)]
#[command(after_long_help = after_help())]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,

    /// How many partitions the inputs have; with --apply only needed if they do not exist
    #[arg(
        long,
        value_name = "N",
        required_unless_present = "apply",
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    partitions: Option<u32>,

    /// On how many brokers each partition is kept
    #[arg(
        long,
        value_name = "N",
        default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(1..=1_000)
    )]
    replication_factor: u32,

    /// The topics that are read, too
    #[arg(long)]
    inputs: bool,

    /// What is printed: commands of Kafka's tools, or resources for Strimzi from 0.49 on
    #[arg(long = "as", value_enum, value_name = "FORM", default_value_t = Form::Commands)]
    form: Form,

    /// The name of the Kafka resource that Strimzi runs
    #[arg(long, value_name = "NAME", default_value = "my-cluster")]
    strimzi_cluster: String,

    /// Creates what is missing instead of printing
    #[arg(long, conflicts_with_all = ["form", "strimzi_cluster"])]
    apply: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// A shell script of kafka-topics.sh
    Commands,
    /// YAML for kubectl apply
    Strimzi,
}

fn after_help() -> String {
    format!(
        "\
Examples:
  wayfarer topics -c wayfarer.yaml --partitions 12             a shell script
  wayfarer topics -c wayfarer.yaml --partitions 12 --as strimzi --strimzi-cluster shop
  wayfarer topics -c wayfarer.yaml --apply                     on the config's brokers
  wayfarer topics --apply --inputs --partitions 4 --replication-factor 1
                                                               all of them, on a single broker

Exit codes: 0 if everything is printed or in order, 1 if a topic that is there should be otherwise,
64 for a wrong command line, 69 if Kafka or an input is not there, 78 if the config is wrong or the
cluster refuses.

{}",
        catalogue::explained()
    )
}

impl Args {
    /// The topics to print or to create.
    fn topics(&self, config: &Config) -> Vec<Topic> {
        let inputs = self.inputs.then(|| catalogue::inputs(config));
        let mut topics = inputs.unwrap_or_default();
        topics.extend(catalogue::written(config));
        topics
    }
}

/// Runs the verb.
///
/// # Errors
///
/// If the console takes no more.
pub(super) fn run(args: &Args, world: &mut World<'_>) -> io::Result<Exit> {
    let config = match args.config.load(&world.env) {
        Ok(loaded) => loaded.config,
        Err(problems) => return world.refuse(&problems),
    };
    match args.partitions {
        Some(partitions) if !args.apply => print(args, &config, partitions, world),
        _ => apply::apply(args, &config, world),
    }
}

fn print(args: &Args, config: &Config, partitions: u32, world: &mut World<'_>) -> io::Result<Exit> {
    let brokers = &config.kafka.bootstrap_servers;
    if args.form == Form::Commands {
        world.console.say(
            "# Topics that exist are left as they are. Brokers that ask who is there need\n\
             # --command-config FILE in each command.",
        )?;
    }
    for topic in args.topics(config) {
        let spec = topic.spec(partitions, args.replication_factor);
        world.console.say(match args.form {
            Form::Commands => format!("\n{}", print::command(&topic, &spec, brokers)),
            Form::Strimzi => print::resource(&topic, &spec, &args.strimzi_cluster),
        })?;
    }
    Ok(Exit::Ok)
}

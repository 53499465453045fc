//! Creating the topics that are missing.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::Args;
use super::catalogue::{self, Topic};
use super::print::alteration;
use crate::cli::cluster::{self, Finding};
use crate::cli::process::Stopped;
use crate::cli::{Exit, World, connect};
use crate::config::Config;
use crate::kafka::{Admin, TopicShape};
use crate::runtime::Error;

/// How long a new topic may take until the brokers tell of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often they are asked meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// Creates what is missing and names what should be otherwise.
pub(super) fn apply(args: &Args, config: &Config, world: &mut World<'_>) -> io::Result<Exit> {
    cluster::log_trouble(config);
    let ended = Admin::open(&connect::kafka(config, 0))
        .map_err(|error| refused(&error))
        .and_then(|admin| {
            let partitions = input_partitions(args, config, &admin)?;
            Ok((admin, partitions))
        });
    let (admin, partitions) = match ended {
        Ok(known) => known,
        Err(stopped) => return tell(&stopped, world),
    };
    let mut exit = Exit::Ok;
    for topic in args.topics(config) {
        match settle(args, config, &topic, (&admin, partitions)) {
            Ok(Settled::Created(shape)) => {
                let TopicShape {
                    partitions,
                    replication,
                } = shape;
                world.console.say(format!(
                    "{}: created, partitions {partitions}, replication {replication}",
                    topic.name
                ))?;
            }
            Ok(Settled::There(wrong)) if wrong.is_empty() => {
                world.console.say(format!("{}: in order", topic.name))?;
            }
            Ok(Settled::There(wrong)) => {
                exit = Exit::Failed;
                for line in wrong {
                    world.console.note(line)?;
                }
            }
            Err(error) => return tell(&refused(&error), world),
        }
    }
    Ok(exit)
}

fn refused(error: &Error) -> Stopped {
    Finding::of(error).into()
}

fn tell(stopped: &Stopped, world: &mut World<'_>) -> io::Result<Exit> {
    world
        .console
        .note(format!("wayfarer: {}", stopped.reason))?;
    Ok(stopped.exit)
}

/// How many partitions the inputs have, or will have.
fn input_partitions(args: &Args, config: &Config, admin: &Admin) -> Result<u32, Stopped> {
    let mut counts = Vec::new();
    let mut missing = Vec::new();
    for Topic { name, .. } in catalogue::inputs(config) {
        match admin.partition_count(&name).map_err(|e| refused(&e))? {
            Some(count) => counts.push((name, count)),
            None => missing.push(name),
        }
    }
    if let Some(unequal) = cluster::unequal_inputs(&counts) {
        return Err(unequal.into());
    }
    let missing = missing.join(", ");
    match (counts.first(), args.partitions) {
        (Some((name, count)), Some(asked)) if *count != asked => Err(Stopped {
            exit: Exit::Config,
            reason: format!("{name} has {count} partitions, not {asked}: leave --partitions out"),
        }),
        _ if !missing.is_empty() && !args.inputs => Err(Stopped::unavailable(format!(
            "there is no topic {missing}, and its partitions decide those of the changelog: \
             create it first, or let --inputs --partitions N do so"
        ))),
        (Some((_, count)), _) => Ok(*count),
        (None, Some(asked)) => Ok(asked),
        (None, None) => Err(Stopped {
            exit: Exit::Usage,
            reason: format!("there is no topic {missing}: say with --partitions how many it gets"),
        }),
    }
}

enum Settled {
    Created(TopicShape),
    /// It was there; what should be otherwise, one line each.
    There(Vec<String>),
}

/// Creates a topic that is not there; looks at one that is.
fn settle(
    args: &Args,
    config: &Config,
    topic: &Topic,
    (admin, inputs): (&Admin, u32),
) -> Result<Settled, Error> {
    let Some(shape) = admin.shape(&topic.name)? else {
        let spec = topic.spec(inputs, args.replication_factor);
        admin.create_topics(&[spec])?;
        return Ok(Settled::Created(appear(admin, &topic.name)?));
    };
    let mut wrong = Vec::new();
    if topic.role == catalogue::Role::Changelog {
        let other = cluster::unequal_changelog(inputs, (&topic.name, shape.partitions));
        wrong.extend(other.map(|finding| finding.text));
    }
    let actual = admin.settings(&topic.name)?;
    let wanted = topic.role.settings(shape.replication);
    let differ = wanted.iter().filter_map(|setting| {
        let actual = actual.get(setting.name).map_or("not known", String::as_str);
        (actual != setting.value).then_some((setting, actual))
    });
    let differ: Vec<_> = differ.collect();
    if !differ.is_empty() {
        let said = differ.iter().map(|(setting, actual)| {
            let catalogue::Setting { name, value, .. } = setting;
            format!("{name} is {actual}, not {value}")
        });
        let said = said.collect::<Vec<_>>().join("; ");
        let settings = differ.iter().map(|(s, _)| (s.name, s.value));
        let brokers = &config.kafka.bootstrap_servers;
        let mend = alteration(&topic.name, &settings.collect::<Vec<_>>(), brokers);
        wrong.push(format!("{}: {said}: {mend}", topic.name));
    }
    Ok(Settled::There(wrong))
}

/// Waits until the brokers tell of a new topic, so that what is started next finds it.
fn appear(admin: &Admin, topic: &str) -> Result<TopicShape, Error> {
    let began = Instant::now();
    loop {
        if let Some(shape) = admin.shape(topic)? {
            return Ok(shape);
        }
        if began.elapsed() > PATIENCE {
            let text = format!("{topic} was created, and the brokers do not tell of it yet");
            return Err(Error::Retry(text));
        }
        thread::sleep(PAUSE);
    }
}

//! The command line: one file a verb.
//!
//! A verb is a struct of arguments that clap fills and a function that takes them with the
//! [`World`] and gives an [`Exit`]. To add one: write the file, add a variant to [`Verb`] and an
//! arm to its match.

mod cluster;
mod connect;
mod console;
pub mod demo;
mod echo;
mod exit;
mod generate;
mod given;
mod pipeline;
mod process;
mod replay;
mod run;
mod sink;
mod topics;
mod validate;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;

use clap::{Parser, Subcommand};

pub use console::Console;
pub use exit::Exit;
pub use given::ConfigArgs;

use crate::config::Problems;

/// What surrounds the process.
#[derive(Debug)]
pub struct World<'a> {
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// Where to write.
    pub console: Console<'a>,
}

impl World<'_> {
    /// Writes every problem and how many there are.
    ///
    /// # Errors
    ///
    /// If the console takes no more.
    pub fn refuse(&mut self, problems: &Problems) -> io::Result<Exit> {
        let (errors, warnings) = (problems.errors(), problems.warnings());
        let plural = |number: usize| if number == 1 { "" } else { "s" };
        self.console.note(problems.to_string())?;
        self.console.note(match warnings {
            0 => format!("{errors} error{}", plural(errors)),
            _ => format!(
                "{errors} error{}, {warnings} warning{}",
                plural(errors),
                plural(warnings)
            ),
        })?;
        Ok(Exit::Config)
    }
}

#[derive(Parser, Debug)]
#[command(
    name = "wayfarer",
    version,
    about = "Customer journeys from Kafka: stage transitions, abandonment alerts and rolling KPIs",
    long_about = "Wayfarer reads customer touchpoints from Kafka, follows every customer through \
                  journey maps, and writes stage transitions and abandonment alerts the moment \
                  they are true.",
    after_help = "Every verb explains itself: wayfarer VERB --help",
    after_long_help = EXIT_CODES,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const EXIT_CODES: &str = "\
Every verb explains itself: wayfarer VERB --help

Exit codes:
   0  done
   1  what was checked does not hold
  64  the command line is wrong
  69  something outside is not there: a broker, a topic
  70  Wayfarer itself went wrong
  78  the config, a map or a topic is wrong";

#[derive(Subcommand, Debug)]
enum Verb {
    Demo(demo::Args),
    Run(run::Args),
    Validate(validate::Args),
    Topics(topics::Args),
    Echo(echo::Args),
    Replay(replay::Args),
    Generate(generate::Args),
}

impl Verb {
    fn run(&self, world: &mut World<'_>) -> io::Result<Exit> {
        match self {
            Self::Demo(args) => demo::run(args, world),
            Self::Run(args) => run::run(args, world),
            Self::Validate(args) => validate::run(args, world),
            Self::Topics(args) => topics::run(args, world),
            Self::Echo(args) => echo::run(args, world),
            Self::Replay(args) => replay::run(args, world),
            Self::Generate(args) => generate::run(args, world),
        }
    }
}

/// Runs the verb that `args` (the program's name first) ask for. A reader that closes the pipe ends
/// it quietly.
pub fn run(args: impl IntoIterator<Item = OsString>, mut world: World<'_>) -> Exit {
    let ended = match Cli::try_parse_from(args) {
        Ok(cli) => cli.verb.run(&mut world),
        Err(error) => explain(&error, &mut world.console),
    };
    let ended = ended.and_then(|exit| world.console.flush().map(|()| exit));
    match ended {
        Ok(exit) => exit,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => {
            let told = world
                .console
                .note(format!("wayfarer: cannot write: {error}"));
            drop(told);
            Exit::Software
        }
    }
}

/// Writes the help that was asked for, or what is wrong with the command line.
fn explain(error: &clap::Error, console: &mut Console<'_>) -> io::Result<Exit> {
    let text = error.render().to_string();
    if error.use_stderr() {
        console.note(text.trim_end())?;
        Ok(Exit::Usage)
    } else {
        console.say(text.trim_end())?;
        Ok(Exit::Ok)
    }
}

#[cfg(test)]
mod tests;

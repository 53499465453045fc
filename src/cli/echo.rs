//! `wayfarer echo`: the settings that are in effect, and where each came from.

use std::io;

use super::{ConfigArgs, Exit, World};

/// Prints the effective config with the origin of every setting
///
/// The output is a complete config file: the defaults, the file, WAYFARER__ variables and --set,
/// each winning over those before it. Secrets are shown as ********.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  wayfarer echo                                  all settings with their defaults
  wayfarer echo -c wayfarer.yaml                 what this file makes of them
  wayfarer echo -c wayfarer.yaml --set workers=4
  WAYFARER__KAFKA__BOOTSTRAP_SERVERS=kafka:9092 wayfarer echo

In the file, a whole value may be ${NAME}, ${NAME:-default} or ${file:/run/secrets/name}.
Variables go a table deeper at each double underscore: WAYFARER__TIME__DISORDER=1m.")]
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
    match args.config.load(&world.env) {
        Ok(loaded) => {
            if loaded.warnings.warnings() > 0 {
                world.console.note(loaded.warnings.to_string())?;
            }
            world.console.say(loaded.effective.to_yaml().trim_end())?;
            Ok(Exit::Ok)
        }
        Err(problems) => world.refuse(&problems),
    }
}

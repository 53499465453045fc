//! The process: arguments and environment in, exit code out.

use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;

use wayfarer::cli::{self, Console, World};

fn main() -> ExitCode {
    let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let env: BTreeMap<String, String> = std::env::vars_os().filter_map(unicode).collect();
    let (mut out, mut err) = (io::BufWriter::new(io::stdout()), io::stderr());
    let console = Console::new(&mut out, &mut err);
    cli::run(std::env::args_os(), World { env, console }).into()
}

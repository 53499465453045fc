//! How a process ends: the exit codes of `sysexits.h`, each with one meaning.

use std::process::ExitCode;

/// How a verb ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    /// It did what was asked.
    Ok = 0,
    /// It worked, and what it was asked to check does not hold.
    Failed = 1,
    /// The command line is wrong.
    Usage = 64,
    /// Something outside is not there: a broker, a topic.
    Unavailable = 69,
    /// Wayfarer itself went wrong.
    Software = 70,
    /// The config or a map is wrong.
    Config = 78,
}

impl Exit {
    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

//! The demo's face: a live table on the terminal, fed by the workers' observers.
//!
//! A [`BoardObserver`] for each worker feeds a [`Board`]; a [`Screen`] draws it again and again and
//! ends with a [`summary()`]. What is drawn is a function of the board, the moment and the
//! [`Look`] of the terminal.

mod agreement;
mod board;
mod look;
mod screen;
mod summary;
mod table;
mod tally;
mod verb;

pub use board::{Board, BoardObserver};
pub use look::Look;
pub use screen::{Mode, Screen};
pub use summary::summary;
pub use table::{Now, line, table};
pub use tally::{MapTally, RuleTally, StepTally, Tally};
pub(super) use verb::{Args, run};

#[cfg(test)]
mod tests;

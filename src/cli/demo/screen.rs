//! Where the board is drawn: over and over in place, or line by line.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::board::{Board, lock};
use super::look::Look;
use super::summary::summary;
use super::table::{Now, line, table};

/// The shortest time between two lines.
const LINE_INTERVAL: Duration = Duration::from_secs(1);
/// The narrowest line that the table is drawn for.
const WIDTH_MIN: usize = 80;
/// Goes to the top left; to clear the rest of a line; to clear what is below.
const HOME: &str = "\x1b[H";
const REST_OF_LINE: &str = "\x1b[K";
const BELOW: &str = "\x1b[J";

/// How the board is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// As a table, drawn anew in the same place, of at most so many lines.
    Table {
        /// How it looks.
        look: Look,
        /// Lines of the terminal.
        height: usize,
    },
    /// As one plain line after the other.
    Lines,
}

impl Mode {
    /// The mode that standard output is fit for. `color` says whether colours are wanted, which
    /// they are not if the environment's `NO_COLOR` is more than an empty text.
    pub fn of_stdout(color: bool) -> Self {
        let size = terminal_size::terminal_size().filter(|_| io::stdout().is_terminal());
        let Some((width, height)) = size else {
            return Self::Lines;
        };
        let width = usize::from(width.0).max(WIDTH_MIN);
        Self::Table {
            look: Look { color, width },
            height: height.0.into(),
        }
    }

    const fn look(self) -> Look {
        match self {
            Self::Table { look, .. } => look,
            Self::Lines => Look::PLAIN,
        }
    }
}

/// A board on its way to a terminal or a file.
#[derive(Debug)]
pub struct Screen<W> {
    out: W,
    mode: Mode,
    board: Arc<Mutex<Board>>,
    notes: Vec<String>,
    /// When it was last drawn.
    drawn: Option<Duration>,
}

impl<W: Write> Screen<W> {
    /// A screen for the board; `notes` are shown once, or under the head of the table.
    pub fn new(out: W, mode: Mode, board: &Arc<Mutex<Board>>, notes: Vec<String>) -> Self {
        Self {
            out,
            mode,
            board: Arc::clone(board),
            notes,
            drawn: None,
        }
    }

    /// Draws the board as it stands. Call it as often as the table shall change; lines come once
    /// a second at most.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn draw(&mut self, now: Now) -> io::Result<()> {
        let due = self
            .drawn
            .is_none_or(|drawn| drawn + LINE_INTERVAL <= now.elapsed);
        if self.mode == Mode::Lines && !due {
            lock(&self.board).sample(now.elapsed);
            return Ok(());
        }
        self.draw_now(now)
    }

    fn draw_now(&mut self, now: Now) -> io::Result<()> {
        let mut board = lock(&self.board);
        board.sample(now.elapsed);
        let begun = self.drawn.is_some();
        let text = match self.mode {
            Mode::Lines => {
                let notes = if begun { &[] } else { &*self.notes };
                let lines = notes.iter().cloned().chain([line(&board, now)]);
                lines.map(|line| line + "\n").collect()
            }
            Mode::Table { look, height } => {
                let lines = table(&board, &self.notes, now, look);
                frame(&lines, height, begun)
            }
        };
        drop(board);
        self.drawn = Some(now.elapsed);
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Draws the board for the last time, and the summary below it.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn finish(mut self, now: Now) -> io::Result<()> {
        self.draw_now(now)?;
        let tally = lock(&self.board).tally();
        let text = summary(&tally, now.elapsed, self.mode.look());
        write!(self.out, "\n{text}")?;
        self.out.flush()
    }
}

/// The lines as one frame: over the one before, or on a screen that is cleared first.
fn frame(lines: &[String], height: usize, over: bool) -> String {
    let mut text = String::from(HOME);
    if !over {
        text.push_str(BELOW);
    }
    // The last line of a terminal stays free, or the frame would scroll.
    for line in lines.iter().take(height.saturating_sub(1).max(1)) {
        text.push_str(line);
        text.push_str(REST_OF_LINE);
        text.push('\n');
    }
    text + BELOW
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_fits_the_terminal_and_clears_what_was_there() {
        let lines = ["a", "b", "c"].map(String::from);
        assert_eq!(
            frame(&lines, 3, false),
            "\x1b[H\x1b[Ja\x1b[K\nb\x1b[K\n\x1b[J"
        );
        assert_eq!(
            frame(&lines, 9, true),
            "\x1b[Ha\x1b[K\nb\x1b[K\nc\x1b[K\n\x1b[J"
        );
    }
}

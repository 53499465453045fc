//! Where the verbs write: standard output for what was asked for, standard error for the rest.

use std::io::{self, Write};

/// The two streams of a verb.
pub struct Console<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl<'a> Console<'a> {
    /// A console over the two streams.
    pub fn new(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Self { out, err }
    }

    /// Writes a line of what was asked for.
    ///
    /// # Errors
    ///
    /// If the stream does not take it; a closed pipe is [`io::ErrorKind::BrokenPipe`].
    pub fn say(&mut self, line: impl AsRef<str>) -> io::Result<()> {
        writeln!(self.out, "{}", line.as_ref())
    }

    /// Writes a line of anything else: problems, progress.
    ///
    /// # Errors
    ///
    /// If the stream does not take it.
    pub fn note(&mut self, line: impl AsRef<str>) -> io::Result<()> {
        writeln!(self.err, "{}", line.as_ref())
    }

    /// The stream of what was asked for, for output that is written in bulk.
    pub fn out(&mut self) -> &mut dyn Write {
        &mut *self.out
    }

    /// Hands over what is still held back.
    ///
    /// # Errors
    ///
    /// If a stream does not take it.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.err.flush()
    }
}

impl std::fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Console")
    }
}

//! Errors, sorted by what the caller must do.

use super::ports::OutputTopic;

/// What went wrong between the runtime and the world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Passing trouble: call again.
    #[error("{0}")]
    Retry(String),
    /// What is open cannot be committed: drop it, go back to the last commit and go on.
    #[error("{0}")]
    Abort(String),
    /// What was to be committed is, or is not: nobody here can tell. Find out before going on.
    #[error("{0}")]
    Unknown(String),
    /// A record has more bytes than its topic takes, and nothing of what was to be committed is
    /// readable or ever will be: write it smaller.
    #[error("{reason}")]
    TooLarge {
        /// What was refused, and what a person can do.
        reason: String,
        /// The output that it was for; none is the changelog.
        topic: Option<OutputTopic>,
        /// How many bytes it had: key, value and headers.
        bytes: usize,
    },
    /// Somebody else has taken our place: give up what we own at once and commit nothing.
    #[error("{0}")]
    Fenced(String),
    /// The state and the logs do not tell the same: a person must decide which to trust.
    #[error("{0}")]
    Corrupted(String),
    /// Nothing here can go on: stop the process with this message.
    #[error("{0}")]
    Fatal(String),
}

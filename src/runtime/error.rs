//! Errors, sorted by what the caller must do.

/// What went wrong between the runtime and the world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Passing trouble: call again.
    #[error("{0}")]
    Retry(String),
    /// What is open cannot be committed: drop it, go back to the last commit and go on.
    #[error("{0}")]
    Abort(String),
    /// A record is larger than its topic takes, and was not queued: send a smaller one instead.
    #[error("{0}")]
    TooLarge(String),
    /// Somebody else has taken our place: give up what we own at once and commit nothing.
    #[error("{0}")]
    Fenced(String),
    /// The state and the log disagree: drop the state and restore it.
    #[error("{0}")]
    Corrupted(String),
    /// Nothing here can go on: stop the process with this message.
    #[error("{0}")]
    Fatal(String),
}

//! Ends that cannot hang: librdkafka's handles are destroyed on a thread of their own.

use std::ops::Deref;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a drop waits for librdkafka. Leaving a group takes some tens of milliseconds; a
/// coordinator that does not answer takes longer than anybody should wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// A handle whose destructor may block.
///
/// Dropping it waits up to ten seconds; after that the thread is left behind and ends with the
/// process, which is safe because a killed process is safe too.
pub(super) struct Reaped<T: Send + 'static> {
    handle: Option<T>,
    name: &'static str,
}

impl<T: Send + 'static> Reaped<T> {
    /// Takes care of a handle; `name` says in the log what did not end.
    pub(super) fn new(handle: T, name: &'static str) -> Self {
        Self {
            handle: Some(handle),
            name,
        }
    }
}

impl<T: Send + 'static> Deref for Reaped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.handle
            .as_ref()
            .expect("the handle is taken by drop alone")
    }
}

impl<T: Send + 'static> Drop for Reaped<T> {
    fn drop(&mut self) {
        let Some(handle) = self.handle.take() else {
            return;
        };
        let (done, ended) = mpsc::channel::<()>();
        let reaper = thread::Builder::new().name(format!("end-{}", self.name));
        let spawned = reaper.spawn(move || {
            drop(handle);
            drop(done);
        });
        let name = self.name;
        match spawned {
            // Nothing is ever sent: the channel closes when the handle is gone.
            Ok(_) => {
                if ended.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                    tracing::warn!(client = name, "does not end; left behind");
                }
            }
            Err(error) => tracing::warn!(client = name, %error, "no thread to end it on"),
        }
    }
}

/// A thread that is waited for when it is dropped.
pub(super) struct Joined(Option<JoinHandle<()>>);

impl Joined {
    pub(super) const fn new(thread: JoinHandle<()>) -> Self {
        Self(Some(thread))
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        if let Some(Err(_)) = self.0.take().map(JoinHandle::join) {
            tracing::warn!("a thread of a client has panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ends(mpsc::Sender<thread::ThreadId>);

    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.send(thread::current().id()).unwrap();
        }
    }

    #[test]
    fn a_handle_is_gone_when_its_drop_returns_and_ended_elsewhere() {
        let (tell, told) = mpsc::channel();
        drop(Reaped::new(Ends(tell), "test"));
        let thread = told.try_recv().unwrap();
        assert_ne!(thread, thread::current().id());
    }
}

//! What goes wrong with the calls of a process, as the test planned it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::clock::SimClock;
use crate::runtime::{Clock, Error};

/// A call that a client makes to the broker.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Call {
    /// A producer takes the place of earlier ones.
    Renew,
    /// A transaction is begun, which the broker does not hear of.
    Begin,
    /// One record of a transaction is written: so many calls as it has outputs and changes.
    Produce,
    /// A transaction's offsets are sent to the group.
    SendOffsets,
    /// A transaction is to be committed.
    Commit,
    /// A transaction is to be aborted.
    Abort,
    /// A member polls.
    Poll,
    /// A member takes up partitions.
    Start,
    /// A member gives partitions up.
    Release,
    /// A member asks what the group stored.
    Committed,
    /// A reader asks for the bounds of a partition of the changelog.
    Bounds,
    /// A reader polls the changelog.
    Restore,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Renew,
        Self::Begin,
        Self::Produce,
        Self::SendOffsets,
        Self::Commit,
        Self::Abort,
        Self::Poll,
        Self::Start,
        Self::Release,
        Self::Committed,
        Self::Bounds,
        Self::Restore,
    ];
}

/// What goes wrong with a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The process ends before the broker has the call.
    CrashBefore,
    /// The process ends after the broker has done it.
    CrashAfter,
    /// The broker does nothing and answers with this error.
    Refused(Error),
    /// The broker never has the call, and the client gives up on it.
    Lost,
    /// The broker does it, and the client never has the answer and gives up on it.
    ReplyLost,
    /// The broker does it, and the answer takes so long.
    Slow(Duration),
    /// The client gives up, and the broker does it so much later. As [`Lost`](Self::Lost) for calls
    /// other than [`Call::Commit`] and [`Call::Abort`].
    Late(Duration),
}

/// One thing that goes wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// With which call.
    pub call: Call,
    /// With the how manieth of these, from one on. A call that is made again counts again.
    pub nth: u64,
    /// What.
    pub trouble: Trouble,
}

/// What goes wrong with the calls of one process. All clients of that process have the same; clones
/// are the same. A process that has crashed makes no call any more: each fails as the one did that
/// it crashed in.
#[derive(Clone, Debug, Default)]
pub struct Faults(Rc<RefCell<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    coming: Vec<Fault>,
    met: Vec<Fault>,
    calls: BTreeMap<Call, u64>,
    crash: Option<Error>,
}

impl Faults {
    /// These things go wrong, and nothing else.
    pub fn plan(faults: impl IntoIterator<Item = Fault>) -> Self {
        let planned = Self::default();
        planned.0.borrow_mut().coming.extend(faults);
        planned
    }

    /// This goes wrong with the next call of its kind.
    pub fn next(&self, call: Call, trouble: Trouble) {
        let nth = self.calls(call) + 1;
        let fault = Fault { call, nth, trouble };
        self.0.borrow_mut().coming.push(fault);
    }

    /// This goes wrong too.
    pub fn add(&self, fault: Fault) {
        self.0.borrow_mut().coming.push(fault);
    }

    /// What was planned and did not happen yet will not.
    pub fn call_off(&self) {
        self.0.borrow_mut().coming.clear();
    }

    /// How many calls of a kind were made, whatever became of them.
    pub fn calls(&self, call: Call) -> u64 {
        self.0.borrow().calls.get(&call).copied().unwrap_or(0)
    }

    /// What went wrong, in its order.
    pub fn met(&self) -> Vec<Fault> {
        self.0.borrow().met.clone()
    }

    /// What was planned and did not happen yet.
    pub fn coming(&self) -> Vec<Fault> {
        self.0.borrow().coming.clone()
    }

    /// Whether the process has crashed.
    pub fn crashed(&self) -> bool {
        self.0.borrow().crash.is_some()
    }

    /// What goes wrong with the call that is being made now.
    pub(super) fn meet(&self, call: Call) -> Result<Option<Trouble>, Error> {
        self.alive()?;
        let mut plan = self.0.borrow_mut();
        let calls = plan.calls.entry(call).or_default();
        *calls += 1;
        let nth = *calls;
        let met = |fault: &Fault| fault.call == call && fault.nth == nth;
        let Some(at) = plan.coming.iter().position(met) else {
            return Ok(None);
        };
        let fault = plan.coming.remove(at);
        plan.met.push(fault.clone());
        let when = match fault.trouble {
            Trouble::CrashBefore => "before",
            Trouble::CrashAfter => "after",
            _ => return Ok(Some(fault.trouble)),
        };
        plan.crash = Some(Error::Fatal(format!("crash: {when} {call:?} {nth}")));
        Ok(Some(fault.trouble))
    }

    /// Fails once the process has crashed.
    pub(super) fn alive(&self) -> Result<(), Error> {
        match &self.0.borrow().crash {
            Some(crash) => Err(crash.clone()),
            None => Ok(()),
        }
    }

    /// Makes a call whose answer the caller waits for. A client that gives up on it says
    /// [`Error::Retry`].
    pub(super) fn around<T>(
        &self,
        call: Call,
        clock: &SimClock,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        match self.meet(call)? {
            None => work(),
            Some(Trouble::Slow(span)) => {
                let answer = work();
                clock.sleep(span);
                answer
            }
            Some(Trouble::CrashBefore) => Err(self.end()),
            Some(Trouble::CrashAfter) => work().and(Err(self.end())),
            Some(Trouble::Refused(error)) => Err(error),
            Some(Trouble::ReplyLost) => work().and(Err(given_up(call))),
            Some(Trouble::Lost | Trouble::Late(_)) => Err(given_up(call)),
        }
    }

    /// What a call says in which the process has crashed.
    pub(super) fn end(&self) -> Error {
        let crash = self.0.borrow().crash.clone();
        crash.expect("who asks for it has just met a crash")
    }
}

fn given_up(call: Call) -> Error {
    Error::Retry(format!("no answer to {call:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EventTime;

    fn call(faults: &Faults, done: &mut u64) -> Result<u64, Error> {
        let clock = SimClock::new(EventTime::from_millis(0));
        faults.around(Call::Bounds, &clock, || {
            *done += 1;
            Ok(clock.monotonic().as_secs())
        })
    }

    #[test]
    fn the_planned_call_goes_wrong_and_no_other() {
        let fatal = Error::Fatal("no".into());
        let troubles = [
            Trouble::Refused(fatal.clone()),
            Trouble::Lost,
            Trouble::ReplyLost,
        ];
        let fault = |(nth, trouble)| Fault {
            call: Call::Bounds,
            nth,
            trouble,
        };
        let faults = Faults::plan((2..).zip(troubles.clone()).map(fault));
        let mut done = 0;
        let mut answers = Vec::new();
        for _ in 0..5 {
            answers.push((call(&faults, &mut done).err(), done));
        }
        let given_up = Some(given_up(Call::Bounds));
        let expected = [
            (None, 1),
            (Some(fatal), 1),
            (given_up.clone(), 1),
            (given_up, 2),
            (None, 3),
        ];
        assert_eq!(answers, expected);
        let met = faults.met();
        assert!(met.iter().map(|fault| &fault.trouble).eq(&troubles));
        assert_eq!(faults.coming(), []);
        assert_eq!(
            (faults.calls(Call::Bounds), faults.calls(Call::Poll)),
            (5, 0)
        );
    }

    #[test]
    fn a_crashed_process_makes_no_call_any_more() {
        let faults = Faults::default();
        let mut done = 0;
        faults.next(Call::Bounds, Trouble::CrashAfter);
        let crash = Err(Error::Fatal("crash: after Bounds 1".into()));
        for _ in 0..2 {
            assert_eq!(call(&faults, &mut done), crash);
        }
        assert_eq!((done, faults.calls(Call::Bounds)), (1, 1));
        assert!(faults.crashed());
    }

    #[test]
    fn a_slow_answer_takes_its_time() {
        let clock = SimClock::new(EventTime::from_millis(0));
        let faults = Faults::default();
        faults.next(Call::Renew, Trouble::Slow(Duration::from_secs(3)));
        assert_eq!(faults.around(Call::Renew, &clock, || Ok(())), Ok(()));
        assert_eq!(clock.monotonic(), Duration::from_secs(3));
    }
}

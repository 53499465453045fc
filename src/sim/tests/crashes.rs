//! What a process leaves behind that ends from one moment to the next.

use std::time::Duration;

use super::*;
use crate::sim::{Call, Fault, MemberId, Trouble};

fn crash(call: Call, nth: u64, trouble: Trouble) -> Faults {
    Faults::plan([Fault { call, nth, trouble }])
}

/// A worker that submits a transaction and crashes in the course of it.
fn crashed(broker: &SimBroker, faults: &Faults) -> MemberId {
    let mut input = join(broker).with_faults(faults);
    take(&mut input);
    let mut committer = opened(broker, &input, "w0", faults);
    let renewed = committer.renew();
    if renewed.is_ok() {
        let outcome = write(&mut committer, transaction(7)).unwrap();
        assert!(matches!(outcome, Err(Error::Fatal(_))), "{outcome:?}");
    }
    assert!(faults.crashed());
    assert!(matches!(input.committed(&[]), Err(Error::Fatal(_))));
    assert!(matches!(committer.renew(), Err(Error::Fatal(_))));
    input.id()
}

#[test]
fn a_crash_leaves_the_transaction_as_it_was() {
    use Call::{Begin, Commit, Produce, SendOffsets};
    use Fate::{Aborted, Committed, Open};
    use Trouble::{CrashAfter, CrashBefore};
    let points = [
        (Call::Renew, 1, CrashAfter, None, false),
        (Begin, 1, CrashAfter, None, false),
        (Produce, 2, CrashBefore, None, false),
        (Produce, 2, CrashAfter, Some(Open), false),
        (SendOffsets, 1, CrashBefore, Some(Open), false),
        (SendOffsets, 1, CrashAfter, Some(Open), true),
        (Commit, 1, CrashBefore, Some(Open), true),
        (Commit, 1, CrashAfter, Some(Committed), false),
    ];
    for (call, nth, trouble, fate, pending) in points {
        for taken in [true, false] {
            let (broker, clock) = world(1);
            crashed(&broker, &crash(call, nth, trouble.clone()));
            let left: Vec<_> = fate.into_iter().collect();
            assert_eq!(fates(&broker), left, "{call:?} {trouble:?}");
            assert_eq!(!broker.pending(GROUP).is_empty(), pending);
            let other = join(&broker);
            match taken {
                true => drop(committer(&broker, &other, "w0", &Faults::default())),
                false => clock.advance(TIME_OUT),
            }
            let decided = |fate: &Fate| if *fate == Open { Aborted } else { *fate };
            assert_eq!(fates(&broker), left.iter().map(decided).collect::<Vec<_>>());
            assert_eq!(broker.pending(GROUP), []);
            let shown: &[u64] = if fate == Some(Committed) { &[7] } else { &[] };
            assert_eq!(readable(&broker), told(shown));
        }
    }
}

#[test]
fn a_crash_while_aborting_leaves_the_transaction_open_or_not() {
    for (trouble, fate) in [
        (Trouble::CrashBefore, Fate::Open),
        (Trouble::CrashAfter, Fate::Aborted),
    ] {
        let (broker, _) = world(1);
        let faults = crash(Call::Abort, 1, trouble);
        faults.next(Call::SendOffsets, Trouble::Lost);
        crashed(&broker, &faults);
        assert_eq!(fates(&broker), [fate]);
        assert_eq!(faults.met().len(), 2);
    }
}

#[test]
fn the_member_of_a_crashed_process_stays_until_its_time_is_out() {
    let (broker, clock) = world(1);
    let gone = crashed(&broker, &crash(Call::Begin, 1, Trouble::CrashBefore));
    let mut other = join(&broker);
    clock.advance(Duration::from_millis(9_999));
    assert_eq!(take(&mut other), []);
    assert_eq!(broker.holdings(GROUP, gone), [source(0)]);
    clock.advance(Duration::from_millis(1));
    assert_eq!(take(&mut other), [source(0)]);
    other.crash();
    broker.set_session_time_out(Duration::from_secs(60));
    let mut third = join(&broker);
    clock.advance(Duration::from_secs(59));
    assert_eq!(take(&mut third), []);
    clock.advance(Duration::from_secs(1));
    assert_eq!(take(&mut third), [source(0)]);
}

#[test]
fn a_member_that_stood_still_goes_on_or_learns_that_it_was_expelled() {
    for (secs, lost) in [(9, vec![]), (10, vec![source(0)])] {
        let (broker, clock) = world(1);
        let mut input = reader(&broker);
        broker.silence(GROUP, input.id());
        clock.advance(Duration::from_secs(secs));
        assert_eq!(poll(&mut input, 0).lost, lost);
    }
}

#[test]
fn a_crash_around_the_release_lets_go_or_not() {
    for (trouble, held) in [(Trouble::CrashBefore, 2), (Trouble::CrashAfter, 1)] {
        let (broker, clock) = world(2);
        let faults = crash(Call::Release, 1, trouble);
        let mut ada = join(&broker).with_faults(&faults);
        take(&mut ada);
        let mut bob = join(&broker);
        let revoked = poll(&mut ada, 0).revoked;
        assert!(matches!(ada.release(&revoked), Err(Error::Fatal(_))));
        assert_eq!(broker.holdings(GROUP, ada.id()).len(), held);
        drop(ada);
        assert_eq!(take(&mut bob).len(), 2 - held);
        clock.advance(Duration::from_secs(10));
        assert_eq!(take(&mut bob).len(), held);
    }
}

//! Who is kept out: producers whose name was taken, and members that are none any more.

use std::time::Duration;

use super::*;

/// Submits a transaction, looks at its outcome once, and tells whether that is an abort.
fn aborts(committer: &mut SimCommitter, transaction: Transaction) -> bool {
    is_abort(write(committer, transaction).as_ref())
}

fn is_abort(outcome: Option<&Result<(), Error>>) -> bool {
    matches!(outcome, Some(Err(Error::Abort(_))))
}

/// Two members, of which the second gets partition 0 of two as soon as the first lets it go.
fn pair(broker: &SimBroker) -> (SimInput, SimInput) {
    let mut ada = reader(broker);
    let bob = join(broker);
    let revoked = poll(&mut ada, 0).revoked;
    assert_eq!(revoked, [source(1)]);
    (ada, bob)
}

#[test]
fn an_older_producer_of_the_name_is_fenced_wherever_it_stands() {
    for calls in 1..=4 {
        let (broker, _) = world(1);
        let input = reader(&broker);
        let mut older = committer(&broker, &input, "w0", &Faults::default());
        broker.set_pace(Some(calls));
        assert_eq!(write(&mut older, transaction(7)), None);
        let mut newer = committer(&broker, &input, "w0", &Faults::default());
        assert_eq!(broker.pending(GROUP), [], "what was open is decided");
        let mut other = committer(&broker, &input, "w1", &Faults::default());
        broker.set_pace(None);
        let outcome = older.outcome(Duration::ZERO);
        assert!(
            matches!(outcome, Some(Err(Error::Unknown(_)))),
            "{outcome:?}"
        );
        assert_eq!(write(&mut newer, transaction(8)), Some(Ok(())));
        assert_eq!(write(&mut other, transaction(9)), Some(Ok(())));
        assert_eq!(readable(&broker), told(&[8, 9]), "after {calls} calls");
    }
}

#[test]
fn an_expelled_member_stores_nothing_whether_it_heard_of_it_or_not() {
    for heard in [false, true] {
        let (broker, _) = world(1);
        let mut input = reader(&broker);
        let mut committer = committer(&broker, &input, "w0", &Faults::default());
        broker.expel(GROUP, input.id());
        if heard {
            input.membership().hear();
        }
        assert!(aborts(&mut committer, transaction(7)));
        assert_eq!(fates(&broker), [Fate::Aborted]);
        let lost = poll(&mut input, 0).lost;
        assert!(aborts(&mut committer, transaction(7)), "it knows");
        input.release(&lost).unwrap();
        assert_eq!(take(&mut input), [], "it is a member again");
        assert_eq!(take(&mut input), lost);
        assert_eq!(write(&mut committer, transaction(8)), Some(Ok(())));
        assert_eq!(readable(&broker), told(&[8]));
    }
}

#[test]
fn without_the_guard_the_broker_believes_a_member_that_cannot_name_itself() {
    let (broker, _) = world(1);
    let input = reader(&broker);
    let mut unguarded = committer(&broker, &input, "w0", &Faults::default()).unguarded();
    broker.expel(GROUP, input.id());
    let mut successor = join(&broker);
    assert_eq!(take(&mut successor), [source(0)]);
    let mut theirs = committer(&broker, &successor, "w1", &Faults::default());
    assert_eq!(write(&mut theirs, transaction(7)), Some(Ok(())));
    assert!(aborts(&mut unguarded, transaction(5)), "it names itself");
    input.membership().hear();
    assert_eq!(write(&mut unguarded, transaction(5)), Some(Ok(())));
    assert_eq!(readable(&broker), told(&[7, 5]), "the group goes back");
}

#[test]
fn a_rebalance_after_the_submission_refuses_the_offsets_of_what_it_took_away() {
    for (partition, careless, stored) in [(0, false, true), (1, false, false), (1, true, true)] {
        let (broker, _) = world(2);
        let (mut ada, mut bob) = pair(&broker);
        let mut committer = committer(&broker, &ada, "w0", &Faults::default());
        if careless {
            committer = committer.unguarded();
        }
        broker.set_pace(Some(1));
        let mut whole = transaction(7);
        whole.progress[0].source = source(partition);
        assert_eq!(write(&mut committer, whole), None);
        broker.set_pace(None);
        ada.release(&[source(1)]).unwrap();
        assert_eq!(take(&mut bob), [source(1)]);
        poll(&mut ada, 0);
        let outcome = committer.outcome(Duration::ZERO);
        assert_eq!(is_abort(outcome.as_ref()), !stored);
        let found = broker.committed(GROUP, source(partition));
        assert_eq!(found, stored.then_some(7));
    }
}

#[test]
fn a_partition_that_went_and_came_back_must_be_claimed_again() {
    let (broker, _) = world(1);
    let mut input = reader(&broker);
    let mut committer = committer(&broker, &input, "w0", &Faults::default());
    broker.set_pace(Some(1));
    assert_eq!(write(&mut committer, transaction(7)), None);
    broker.set_pace(None);
    broker.expel(GROUP, input.id());
    let lost = poll(&mut input, 0).lost;
    input.release(&lost).unwrap();
    assert_eq!(take(&mut input), [], "it is a member again");
    assert_eq!(take(&mut input), lost);
    assert!(is_abort(committer.outcome(Duration::ZERO).as_ref()));
    assert_eq!(write(&mut committer, transaction(8)), Some(Ok(())));
    assert_eq!(readable(&broker), told(&[8]));
}

#[test]
fn a_member_that_did_not_hear_of_the_generation_is_refused_until_it_does() {
    let (broker, _) = world(2);
    let (mut ada, mut bob) = pair(&broker);
    let mut committer = committer(&broker, &ada, "w0", &Faults::default());
    ada.release(&[source(1)]).unwrap();
    assert_eq!(write(&mut committer, transaction(6)), Some(Ok(())));
    assert_eq!(take(&mut bob), [source(1)]);
    assert!(aborts(&mut committer, transaction(7)));
    ada.membership().hear();
    assert_eq!(write(&mut committer, transaction(8)), Some(Ok(())));
    assert_eq!(readable(&broker), told(&[6, 8]));
}

#[test]
fn a_member_that_was_told_nothing_yet_stores_nothing() {
    let (broker, _) = world(1);
    let input = join(&broker);
    let mut committer = committer(&broker, &input, "w0", &Faults::default());
    assert!(aborts(&mut committer, transaction(7)));
    broker.set_away(true);
    input.membership().hear();
    broker.set_away(false);
    assert!(aborts(&mut committer, transaction(7)));
    assert_eq!(readable(&broker), told(&[]));
}

#[test]
fn a_transaction_without_offsets_asks_the_group_nothing() {
    let (broker, _) = world(1);
    let input = reader(&broker);
    let mut committer = committer(&broker, &input, "w0", &Faults::default());
    broker.expel(GROUP, input.id());
    let silent = Transaction {
        progress: Vec::new(),
        ..transaction(7)
    };
    assert_eq!(write(&mut committer, silent), Some(Ok(())));
    assert_eq!(values(&broker), ["7"]);
}

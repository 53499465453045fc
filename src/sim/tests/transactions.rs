//! What becomes of a transaction.

use std::time::Duration;

use super::*;
use crate::runtime::Clock;
use crate::sim::{Call, MarkDelay, Trouble, Writer};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn all_of_a_transaction_shows_at_once() {
    let (broker, _) = world(1);
    let input = reader(&broker);
    let mut committer = committer(&broker, &input, "w0", &Faults::default());
    broker.set_pace(Some(1));
    committer.submit(transaction(7));
    let mut looks = 1;
    while committer.outcome(Duration::ZERO).is_none() {
        assert_eq!(readable(&broker), told(&[]), "after {looks} calls");
        looks += 1;
    }
    // To begin, an output, a change, the offsets, to commit.
    assert_eq!(looks, 5);
    assert_eq!(readable(&broker), told(&[7]));
    assert_eq!(committer.outcome(Duration::ZERO), None, "it is told once");
    let writer = broker.written(CHANGELOG).unwrap().remove(0).writer;
    let expected = Writer {
        transaction: 1,
        transactional_id: "w0".into(),
        epoch: 1,
    };
    assert_eq!(writer, Some(expected));
}

#[test]
fn an_undecided_offset_is_pending_and_holds_its_readers_up() {
    let (broker, _) = world(2);
    let mut input = reader(&broker);
    let mut committer = committer(&broker, &input, "w0", &Faults::default());
    broker.set_pace(Some(4));
    assert_eq!(write(&mut committer, transaction(7)), None);
    assert_eq!(broker.pending(GROUP), [(source(0), stored(7))]);
    let both = [source(0), source(1)];
    assert!(matches!(input.committed(&both), Err(Error::Retry(_))));
    assert_eq!(input.committed(&both[1..]), Ok(vec![None]));
    assert_eq!(committer.outcome(Duration::ZERO), Some(Ok(())));
    assert_eq!(broker.pending(GROUP), []);
    assert_eq!(input.committed(&both), Ok(vec![Some(stored(7)), None]));

    assert_eq!(write(&mut committer, transaction(9)), None);
    let mut careless = input.with_unstable_as_none();
    assert_eq!(careless.committed(&both[..1]), Ok(vec![None]));
}

#[test]
fn a_refused_call_drops_the_transaction() {
    for (call, written) in [(Call::Begin, 0), (Call::Produce, 0), (Call::SendOffsets, 1)] {
        let (broker, _) = world(1);
        let input = reader(&broker);
        let faults = Faults::default();
        let mut committer = committer(&broker, &input, "w0", &faults);
        let refused = Error::Abort("too large".into());
        faults.next(call, Trouble::Refused(refused.clone()));
        assert_eq!(write(&mut committer, transaction(7)), Some(Err(refused)));
        assert_eq!(fates(&broker), vec![Fate::Aborted; written]);
        assert_eq!(write(&mut committer, transaction(8)), Some(Ok(())));
        assert_eq!(readable(&broker), told(&[8]));
    }
}

#[test]
fn an_answer_that_is_lost_is_given_up_on() {
    for trouble in [Trouble::Lost, Trouble::ReplyLost] {
        for call in [Call::Produce, Call::SendOffsets] {
            let (broker, _) = world(1);
            let input = reader(&broker);
            let faults = Faults::default();
            let mut committer = committer(&broker, &input, "w0", &faults);
            faults.next(call, trouble.clone());
            let outcome = write(&mut committer, transaction(7));
            assert!(matches!(outcome, Some(Err(Error::Abort(_)))), "{outcome:?}");
            assert_eq!(readable(&broker), told(&[]));
            assert_eq!(broker.pending(GROUP), []);
        }
    }
}

#[test]
fn nobody_knows_what_became_of_a_commit_without_an_answer() {
    for (trouble, shown) in [(Trouble::Lost, vec![]), (Trouble::ReplyLost, vec![7])] {
        let (broker, _) = world(1);
        let mut input = reader(&broker);
        let faults = Faults::default();
        let mut committer = committer(&broker, &input, "w0", &faults);
        faults.next(Call::Commit, trouble);
        let outcome = write(&mut committer, transaction(7));
        assert!(
            matches!(outcome, Some(Err(Error::Unknown(_)))),
            "{outcome:?}"
        );
        assert_eq!(input.committed(&[source(0)]).is_err(), shown.is_empty());
        let used = write(&mut committer, transaction(8));
        assert!(
            matches!(used, Some(Err(Error::Fatal(_)))),
            "it is not renewed"
        );
        committer.renew().unwrap();
        assert_eq!(readable(&broker), told(&shown));
        let kept = shown.last().map(|next| stored(*next));
        assert_eq!(input.committed(&[source(0)]), Ok(vec![kept]));
    }
}

#[test]
fn nobody_knows_what_became_of_an_abort_without_an_answer() {
    let (broker, _) = world(1);
    let input = reader(&broker);
    let faults = Faults::default();
    let mut committer = committer(&broker, &input, "w0", &faults);
    faults.next(Call::SendOffsets, Trouble::Lost);
    faults.next(Call::Abort, Trouble::Lost);
    let outcome = write(&mut committer, transaction(7));
    assert!(
        matches!(outcome, Some(Err(Error::Unknown(_)))),
        "{outcome:?}"
    );
    assert_eq!(fates(&broker), [Fate::Open]);
    committer.renew().unwrap();
    assert_eq!(fates(&broker), [Fate::Aborted]);
}

#[test]
fn a_late_commit_decides_unless_the_name_was_taken() {
    for renewed in [false, true] {
        let (broker, clock) = world(1);
        let input = reader(&broker);
        let faults = Faults::default();
        let mut committer = committer(&broker, &input, "w0", &faults);
        faults.next(Call::Commit, Trouble::Late(3 * SECOND));
        let outcome = write(&mut committer, transaction(7));
        assert!(
            matches!(outcome, Some(Err(Error::Unknown(_)))),
            "{outcome:?}"
        );
        clock.advance(2 * SECOND);
        assert_eq!(fates(&broker), [Fate::Open]);
        if renewed {
            committer.renew().unwrap();
        }
        clock.advance(SECOND);
        assert_eq!(readable(&broker), told(if renewed { &[] } else { &[7] }));
    }
}

#[test]
fn a_late_commit_comes_too_late_for_a_transaction_that_is_out_of_time() {
    let (broker, clock) = world(1);
    let input = reader(&broker);
    let faults = Faults::default();
    let mut committer = committer(&broker, &input, "w0", &faults);
    faults.next(Call::Commit, Trouble::Late(TIME_OUT + SECOND));
    assert!(write(&mut committer, transaction(7)).unwrap().is_err());
    // Nobody looks before both are due: it is their order that counts.
    clock.advance(2 * TIME_OUT);
    assert_eq!(fates(&broker), [Fate::Aborted]);
}

#[test]
fn a_slow_answer_keeps_the_outcome_open() {
    let (broker, clock) = world(1);
    let input = reader(&broker);
    let faults = Faults::default();
    let mut committer = committer(&broker, &input, "w0", &faults);
    faults.next(Call::Commit, Trouble::Slow(3 * SECOND));
    assert_eq!(write(&mut committer, transaction(7)), None);
    assert_eq!(readable(&broker), told(&[7]), "the broker has done it");
    assert_eq!(committer.outcome(2 * SECOND), None);
    assert_eq!(clock.monotonic(), 2 * SECOND, "to wait takes time");
    clock.advance(SECOND);
    assert_eq!(committer.outcome(SECOND), Some(Ok(())));
    assert_eq!(clock.monotonic(), 3 * SECOND);
}

#[test]
fn marks_take_their_time_and_the_next_transaction_waits_for_them() {
    let (broker, clock) = world(1);
    let mut input = reader(&broker);
    let mut committer = committer(&broker, &input, "w0", &Faults::default());
    broker.set_mark_delay(MarkDelay {
        topics: 3 * SECOND,
        offsets: SECOND,
    });
    assert_eq!(write(&mut committer, transaction(7)), Some(Ok(())));
    assert!(matches!(
        input.committed(&[source(0)]),
        Err(Error::Retry(_))
    ));
    assert!(matches!(committer.renew(), Err(Error::Retry(_))));
    assert_eq!(write(&mut committer, transaction(8)), None);
    clock.advance(SECOND);
    assert_eq!(input.committed(&[source(0)]), Ok(vec![Some(stored(7))]));
    assert_eq!(
        (values(&broker), fates(&broker)),
        (vec![], vec![Fate::Open])
    );
    assert_eq!(committer.outcome(Duration::ZERO), None);
    clock.advance(2 * SECOND);
    assert_eq!(readable(&broker), told(&[7]));
    assert_eq!(committer.outcome(Duration::ZERO), Some(Ok(())));
    clock.advance(3 * SECOND);
    assert_eq!(readable(&broker), told(&[7, 8]));
}

#[test]
fn a_transaction_that_is_open_for_too_long_is_aborted_and_its_producer_fenced() {
    let (broker, clock) = world(1);
    let input = reader(&broker);
    let mut committer = committer(&broker, &input, "w0", &Faults::default());
    broker.set_pace(Some(1));
    committer.submit(transaction(7));
    for _ in 0..2 {
        assert_eq!(committer.outcome(Duration::ZERO), None);
        // The time runs from the first record on, which is what the second call writes.
        clock.advance(TIME_OUT - SECOND);
    }
    assert_eq!(committer.outcome(Duration::ZERO), None);
    assert_eq!(fates(&broker), [Fate::Open]);
    clock.advance(SECOND);
    assert_eq!(fates(&broker), [Fate::Aborted]);
    let outcome = committer.outcome(Duration::ZERO);
    assert!(
        matches!(outcome, Some(Err(Error::Unknown(_)))),
        "{outcome:?}"
    );
    committer.renew().unwrap();
    broker.set_pace(None);
    assert_eq!(write(&mut committer, transaction(8)), Some(Ok(())));
    assert_eq!(readable(&broker), told(&[8]));
}

#[test]
fn an_outage_is_waited_for() {
    let (broker, clock) = world(1);
    let input = reader(&broker);
    let mut committer = committer(&broker, &input, "w0", &Faults::default());
    broker.set_away(true);
    assert!(matches!(committer.renew(), Err(Error::Retry(_))));
    committer.submit(transaction(7));
    assert_eq!(committer.outcome(SECOND), None);
    assert_eq!(clock.monotonic(), SECOND);
    broker.set_away(false);
    assert_eq!(committer.outcome(SECOND), Some(Ok(())));
    assert_eq!(readable(&broker), told(&[7]));
}

#[test]
fn a_producer_must_be_renewed_before_it_is_used() {
    let (broker, _) = world(1);
    let input = reader(&broker);
    let faults = Faults::default();
    let mut committer = opened(&broker, &input, "w0", &faults);
    let outcome = write(&mut committer, transaction(7));
    assert!(matches!(outcome, Some(Err(Error::Fatal(_)))), "{outcome:?}");
    faults.next(Call::Renew, Trouble::ReplyLost);
    assert!(matches!(committer.renew(), Err(Error::Retry(_))));
    assert_eq!(committer.renew(), Ok(()));
    assert_eq!(write(&mut committer, transaction(7)), Some(Ok(())));
    let writer = broker.written(CHANGELOG).unwrap().remove(0).writer;
    assert_eq!(writer.map(|writer| writer.epoch), Some(2));
}

#[test]
#[should_panic(expected = "the last outcome was not heard")]
fn one_transaction_is_written_at_a_time() {
    let (broker, _) = world(1);
    let input = reader(&broker);
    let mut committer = committer(&broker, &input, "w0", &Faults::default());
    committer.submit(transaction(7));
    committer.submit(transaction(8));
}

#[test]
fn a_record_without_a_topic_cannot_be_written() {
    let (broker, _) = world(1);
    let input = reader(&broker);
    for wrong in [
        Transaction {
            outputs: vec![OutputRecord {
                topic: OutputTopic::Kpis,
                ..alert(None, "x")
            }],
            ..transaction(7)
        },
        Transaction {
            changes: vec![Change {
                partition: 9,
                ..transaction(7).changes.remove(0)
            }],
            ..transaction(7)
        },
    ] {
        let mut committer = committer(&broker, &input, "w0", &Faults::default());
        let outcome = write(&mut committer, wrong);
        assert!(matches!(outcome, Some(Err(Error::Fatal(_)))), "{outcome:?}");
        assert_eq!(readable(&broker), told(&[]));
    }
}

#[test]
fn outputs_are_placed_by_key_and_stamped() {
    let (broker, _) = world(2);
    let input = reader(&broker);
    let mut committer = committer(&broker, &input, "w0", &Faults::default());
    let dated = OutputRecord {
        timestamp: Some(EventTime::from_millis(5)),
        ..alert(Some("foobar"), "dated")
    };
    let outputs = vec![
        alert(Some("foobar"), "by key"),
        alert(None, "keyless 0"),
        alert(None, "keyless 1"),
        dated,
    ];
    let whole = Transaction {
        outputs,
        ..transaction(7)
    };
    assert_eq!(write(&mut committer, whole), Some(Ok(())));
    let seen: Vec<_> = broker
        .records("alerts")
        .unwrap()
        .into_iter()
        .map(|record| {
            (
                record.partition,
                record.timestamp.as_millis(),
                record.value.unwrap(),
            )
        })
        .collect();
    // murmur2 of "foobar" is -790332482, an even number once its sign is masked.
    let expected = [
        (0, 1_000, b"by key".to_vec()),
        (0, 1_000, b"keyless 0".to_vec()),
        (0, 5, b"dated".to_vec()),
        (1, 1_000, b"keyless 1".to_vec()),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_record_that_is_too_large_drops_the_transaction_and_is_told() {
    let (broker, _) = world(1);
    let input = reader(&broker);
    let mut committer = committer(&broker, &input, "w0", &Faults::default());
    let large = alert(Some("ada"), "too large");
    broker.limit_records(Some(large.bytes() - 1));
    let whole = Transaction {
        outputs: vec![alert(Some("ada"), "small"), large.clone()],
        ..transaction(7)
    };
    let outcome = write(&mut committer, whole);
    let Some(Err(Error::TooLarge { topic, bytes, .. })) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!((topic, bytes), (Some(OutputTopic::Alerts), large.bytes()));
    assert_eq!(write(&mut committer, transaction(8)), Some(Ok(())));
    assert_eq!(readable(&broker), told(&[8]));
}

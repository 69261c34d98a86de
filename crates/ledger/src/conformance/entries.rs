//! Entries and fences: appended entries are read in order, batches are atomic, and a writer that lost its lease is
//! refused.

use super::{Bench, fence, founded, lease, time};
use crate::{EntryRange, Ledger, LedgerError};
use evenkeel_model::EnvironmentName;

pub(super) fn check(make: &dyn Fn() -> Box<dyn Bench>) {
    for promise in [
        appended_entries_are_read,
        a_part_is_read_alone,
        an_old_fence_is_refused,
        a_batch_is_atomic,
        a_clock_set_back_breaks_nothing,
        concurrent_writers_leave_no_gap,
    ] {
        promise(&*founded(&*make()));
    }
}

fn appended_entries_are_read(ledger: &dyn Ledger) {
    let first = ledger.read(0).unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].kind, "founded");
    assert_eq!(
        ledger
            .append(
                time(1),
                &[lease("staging", 1), lease("production", 1)],
                None
            )
            .unwrap(),
        3
    );
    assert_eq!(
        ledger
            .append(time(2), &[lease("staging", 2)], None)
            .unwrap(),
        4
    );
    assert_eq!(ledger.append(time(2), &[], None).unwrap(), 4);
    let entries = ledger.read(0).unwrap();
    let numbers: Vec<u64> = entries.iter().map(|entry| entry.sequence).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    let later = ledger.read(3).unwrap();
    assert_eq!(later.len(), 1);
    assert_eq!(later[0].digest, entries[3].digest);
    assert!(ledger.read(4).unwrap().is_empty());
    assert!(matches!(
        ledger.read(5),
        Err(LedgerError::Broken { sequence: 5, .. })
    ));
}

fn a_part_is_read_alone(ledger: &dyn Ledger) {
    for second in 1..=5 {
        ledger
            .append(
                time(second),
                &[lease("staging", second.cast_unsigned())],
                None,
            )
            .unwrap();
    }
    let read = |after, through| {
        let mut numbers = Vec::new();
        ledger
            .each_within(EntryRange { after, through }, &mut |entry| {
                numbers.push(entry.sequence);
                Ok(())
            })
            .unwrap();
        numbers
    };
    assert_eq!(read(0, 2), [1, 2]);
    assert_eq!(read(2, 4), [3, 4]);
    assert_eq!(read(4, 100), [5, 6]);
    assert!(read(6, 6).is_empty());
}

fn an_old_fence_is_refused(ledger: &dyn Ledger) {
    let unleased = ledger.append(time(1), &[], Some(&fence("staging", 1)));
    assert!(matches!(
        unleased,
        Err(LedgerError::Fenced { newest: 0, .. })
    ));
    ledger
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    ledger
        .append(time(1), &[], Some(&fence("staging", 1)))
        .unwrap();
    ledger
        .append(time(2), &[lease("staging", 2)], None)
        .unwrap();
    ledger
        .append(time(2), &[lease("production", 9)], None)
        .unwrap();
    let old = ledger.append(
        time(3),
        &[lease("production", 10)],
        Some(&fence("staging", 1)),
    );
    assert!(matches!(
        old,
        Err(LedgerError::Fenced {
            held: 1,
            newest: 2,
            ..
        })
    ));
    assert_eq!(
        ledger
            .newest_token(&EnvironmentName::new("production"))
            .unwrap(),
        9
    );
    let again = ledger.append(time(3), &[lease("staging", 2)], None);
    assert!(matches!(
        again,
        Err(LedgerError::Fenced {
            held: 2,
            newest: 2,
            ..
        })
    ));
    assert_eq!(ledger.read(0).unwrap().len(), 4);
}

fn a_batch_is_atomic(ledger: &dyn Ledger) {
    let batch = [
        lease("staging", 1),
        lease("production", 1),
        lease("staging", 1),
    ];
    assert!(matches!(
        ledger.append(time(1), &batch, None),
        Err(LedgerError::Fenced { .. })
    ));
    assert_eq!(ledger.read(0).unwrap().len(), 1);
    assert_eq!(
        ledger
            .newest_token(&EnvironmentName::new("staging"))
            .unwrap(),
        0
    );
}

fn a_clock_set_back_breaks_nothing(ledger: &dyn Ledger) {
    ledger
        .append(time(100), &[lease("staging", 1)], None)
        .unwrap();
    ledger
        .append(time(-100), &[lease("staging", 2)], None)
        .unwrap();
    assert_eq!(ledger.read(0).unwrap()[2].time, time(-100));
}

fn concurrent_writers_leave_no_gap(ledger: &dyn Ledger) {
    std::thread::scope(|scope| {
        for writer in 0..8 {
            scope.spawn(move || {
                for token in 1..=10 {
                    let environment = format!("environment-{writer}");
                    ledger
                        .append(
                            time(token),
                            &[lease(&environment, token.cast_unsigned())],
                            None,
                        )
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(ledger.read(0).unwrap().len(), 81);
}

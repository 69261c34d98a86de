//! The head: it follows every append, may lag behind or be missing, and reveals a truncated ledger.

use super::{Bench, Fault, SYSTEM, founded, lease, time, with_entries};
use crate::{Checkpoint, Completeness, LedgerError};
use evenkeel_model::Digest;

pub(super) fn check(make: &dyn Fn() -> Box<dyn Bench>) {
    a_truncated_ledger_is_refused(&*make());
    a_lost_ledger_is_not_founded_again(&*make());
    a_head_that_lags_behind_is_no_finding(&*make());
    a_missing_or_unreadable_head_proves_nothing(&*make());
    a_head_of_another_ledger_is_refused(&*make());
}

/// Returns the end of the ledger.
fn end(bench: &dyn Bench) -> Checkpoint {
    bench.store().verify(&[]).unwrap().head.unwrap()
}

fn a_truncated_ledger_is_refused(bench: &dyn Bench) {
    with_entries(bench, 5);
    if !bench.suffer(Fault::Cut(3)) {
        return;
    }
    let store = bench.store();
    let refusals = [
        store.open(Some(SYSTEM)).err(),
        store.open_or_found(SYSTEM, time(9)).err(),
    ];
    for refused in refusals {
        assert!(matches!(
            refused,
            Some(LedgerError::Broken { sequence: 4, .. })
        ));
    }
    let verification = store.verify(&[]).unwrap();
    assert_eq!(verification.first_bad(), Some(4));
    assert_ne!(verification.complete, Completeness::Proven);
}

fn a_lost_ledger_is_not_founded_again(bench: &dyn Bench) {
    with_entries(bench, 3);
    if !bench.suffer(Fault::Gone) {
        return;
    }
    let store = bench.store();
    let refusals = [
        store.open(Some(SYSTEM)).err(),
        store.open_or_found(SYSTEM, time(9)).err(),
        store.verify(&[]).err(),
    ];
    for refused in refusals {
        assert!(matches!(refused, Some(LedgerError::Missing { .. })));
    }
    if bench.suffer(Fault::NoHead) {
        assert_eq!(founded(bench).read(0).unwrap().len(), 1);
        // A run that is killed while it founds a ledger leaves it without a head.
        bench.suffer(Fault::NoHead);
        let verification = bench.store().verify(&[]).unwrap();
        assert_eq!(verification.complete, Completeness::Proven);
    }
}

fn a_head_that_lags_behind_is_no_finding(bench: &dyn Bench) {
    with_entries(bench, 3);
    let earlier = end(bench);
    assert_eq!(earlier.sequence, 3);
    founded(bench)
        .append(time(5), &[lease("staging", 9)], None)
        .unwrap();
    if !bench.suffer(Fault::Head(&earlier)) {
        return;
    }
    let verification = bench.store().verify(&[]).unwrap();
    assert!(verification.is_whole());
    assert_eq!(verification.complete, Completeness::Proven);
    // The next append updates the head: truncating that entry is detected.
    founded(bench)
        .append(time(6), &[lease("staging", 10)], None)
        .unwrap();
    assert_eq!(end(bench).sequence, 5);
    bench.suffer(Fault::Cut(4));
    let cut = bench.store().open(Some(SYSTEM)).err();
    assert!(matches!(cut, Some(LedgerError::Broken { sequence: 5, .. })));
}

fn a_missing_or_unreadable_head_proves_nothing(bench: &dyn Bench) {
    with_entries(bench, 3);
    for fault in [Fault::NoHead, Fault::GarbledHead] {
        if !bench.suffer(fault) {
            continue;
        }
        let verification = bench.store().verify(&[]).unwrap();
        assert!(verification.is_whole());
        assert!(matches!(verification.complete, Completeness::NotProven(_)));
        assert!(bench.store().open(Some(SYSTEM)).unwrap().is_some());
        // A further entry does not hide that the end was not proven.
        founded(bench)
            .append(time(8), &[lease("staging", next_token(bench))], None)
            .unwrap();
        let verification = bench.store().verify(&[]).unwrap();
        assert!(matches!(verification.complete, Completeness::NotProven(_)));
        // An explicit restore does, and from then on the head follows again.
        bench.store().restore_head().unwrap();
        founded(bench)
            .append(time(9), &[lease("staging", next_token(bench))], None)
            .unwrap();
        let verification = bench.store().verify(&[]).unwrap();
        assert_eq!(verification.complete, Completeness::Proven);
    }
}

/// Returns a token above all that are taken.
fn next_token(bench: &dyn Bench) -> u64 {
    1_000 * end(bench).sequence
}

fn a_head_of_another_ledger_is_refused(bench: &dyn Bench) {
    with_entries(bench, 3);
    let own = end(bench);
    let ahead = Checkpoint {
        sequence: 7,
        ..own.clone()
    };
    let other_entry = Checkpoint {
        digest: Digest::of(b"another entry"),
        ..own.clone()
    };
    let other_ledger = Checkpoint {
        lineage: "another ledger".to_owned(),
        ..own.clone()
    };
    for (head, first_bad) in [(ahead, 4), (other_entry, 3), (other_ledger, 1)] {
        if !bench.suffer(Fault::Head(&head)) {
            return;
        }
        let refused = bench.store().open(Some(SYSTEM)).err();
        assert!(
            matches!(refused, Some(LedgerError::Broken { sequence, .. }) if sequence == first_bad)
        );
        let verification = bench.store().verify(&[]).unwrap();
        assert_eq!(verification.first_bad(), Some(first_bad));
    }
    bench.suffer(Fault::Head(&own));
    assert!(bench.store().open(Some(SYSTEM)).unwrap().is_some());
}

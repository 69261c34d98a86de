//! Verification: an intact ledger passes, damage is located at its entry, and checkpoints prove or refute.

use super::{Bench, Fault, SYSTEM, founded, lease, time, with_entries};
use crate::{Checkpoint, Completeness, Kept, LedgerError};
use evenkeel_model::Digest;

pub(super) fn check(make: &dyn Fn() -> Box<dyn Bench>) {
    an_intact_ledger_is_whole_and_complete(&*make());
    a_changed_line_is_found_at_its_entry(&*make());
    a_clock_that_was_set_back_is_reported(&*make());
    a_checkpoint_proves_its_entries(&*make());
    a_checkpoint_of_another_ledger_is_refuted(&*make());
    a_checkpoint_of_a_missing_ledger_is_a_finding(&*make());
}

fn kept(checkpoint: Checkpoint) -> Kept {
    Kept {
        name: "kept".to_owned(),
        checkpoint,
    }
}

fn end(bench: &dyn Bench) -> Checkpoint {
    bench.store().verify(&[]).unwrap().head.unwrap()
}

fn an_intact_ledger_is_whole_and_complete(bench: &dyn Bench) {
    with_entries(bench, 5);
    let verification = bench.store().verify(&[]).unwrap();
    assert!(verification.is_whole(), "{:?}", verification.findings);
    assert!(verification.advice.is_empty());
    assert_eq!(verification.entries, 5);
    assert_eq!(verification.time, Some(time(4)));
    assert_eq!(verification.complete, Completeness::Proven);
    assert_eq!(verification.founded.unwrap().system, SYSTEM);
    let last = founded(bench).read(4).unwrap();
    assert_eq!(verification.head.unwrap().digest, last[0].digest);
}

fn a_changed_line_is_found_at_its_entry(bench: &dyn Bench) {
    with_entries(bench, 5);
    let ledger = bench.store().open(Some(SYSTEM)).unwrap().unwrap();
    if !bench.suffer(Fault::Line(3, "{}")) {
        return;
    }
    assert!(matches!(
        ledger.read(0),
        Err(LedgerError::Broken { sequence: 3, .. })
    ));
    let verification = bench.store().verify(&[]).unwrap();
    assert_eq!(verification.first_bad(), Some(3));
    // Verification continues after it and reports it once.
    assert_eq!((verification.findings.len(), verification.entries), (1, 5));
    assert_ne!(verification.complete, Completeness::Proven);
}

fn a_clock_that_was_set_back_is_reported(bench: &dyn Bench) {
    with_entries(bench, 3);
    founded(bench)
        .append(time(-5), &[lease("staging", 99)], None)
        .unwrap();
    let verification = bench.store().verify(&[]).unwrap();
    assert!(verification.is_whole());
    assert_eq!(verification.advice.len(), 1);
    assert_eq!(verification.advice[0].sequence, Some(4));
}

fn a_checkpoint_proves_its_entries(bench: &dyn Bench) {
    with_entries(bench, 3);
    let kept = kept(end(bench));
    founded(bench)
        .append(time(9), &[lease("staging", 99)], None)
        .unwrap();
    // A checkpoint proves the end without a head.
    bench.suffer(Fault::NoHead);
    let store = bench.store();
    let verification = store.verify(std::slice::from_ref(&kept)).unwrap();
    assert!(verification.is_whole());
    assert_eq!(verification.complete, Completeness::Proven);
    assert_eq!(verification.proofs[0].kept, kept);
    assert_eq!(verification.proofs[0].proven, Some(time(2)));
    assert_eq!(verification.proofs[0].refuted, None);
    // After a broken entry, nothing is proven.
    if bench.suffer(Fault::Line(2, "{}")) {
        let verification = store.verify(std::slice::from_ref(&kept)).unwrap();
        assert_eq!(verification.proofs[0].proven, None);
        assert_eq!(verification.proofs[0].refuted, None);
        assert!(!verification.is_only_refuted());
    }
}

fn a_checkpoint_of_another_ledger_is_refuted(bench: &dyn Bench) {
    with_entries(bench, 3);
    let own = end(bench);
    let others = [
        Checkpoint {
            sequence: 9,
            ..own.clone()
        },
        Checkpoint {
            digest: Digest::of(b"another entry"),
            ..own.clone()
        },
        Checkpoint {
            lineage: "another ledger".to_owned(),
            ..own.clone()
        },
    ];
    for other in others {
        let all = [kept(own.clone()), kept(other)];
        let verification = bench.store().verify(&all).unwrap();
        assert!(verification.is_only_refuted());
        assert!(verification.proofs[0].refuted.is_none());
        assert!(verification.proofs[0].proven.is_some());
        let refuted = verification.proofs[1].refuted.as_ref().unwrap();
        assert!(refuted.contains("truncated or replaced"), "{refuted}");
    }
}

fn a_checkpoint_of_a_missing_ledger_is_a_finding(bench: &dyn Bench) {
    with_entries(bench, 3);
    let kept = kept(end(bench));
    if !bench.suffer(Fault::Gone) {
        return;
    }
    let store = bench.store();
    let verification = store.verify(std::slice::from_ref(&kept)).unwrap();
    assert!(!verification.is_whole());
    assert_eq!(verification.proofs[0].proven, None);
    assert_eq!(verification.entries, 0);
}

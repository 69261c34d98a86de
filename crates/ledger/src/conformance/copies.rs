//! Copies: a filled store has the same entries, byte for byte, and goes on where the other stopped.

use super::{Bench, SYSTEM, fence, founded, lease, time, with_entries};
use crate::memory::MemoryStore;
use crate::{Completeness, LedgerError, Store};

pub(super) fn check(make: &dyn Fn() -> Box<dyn Bench>) {
    a_copy_is_the_same_ledger(&*make());
    a_store_with_a_ledger_is_not_filled(&*make());
}

/// Returns a store with a long ledger.
fn source() -> MemoryStore {
    let source = MemoryStore::default();
    let ledger = source.open_or_found(SYSTEM, time(0)).unwrap();
    // All in one append: the store in memory reads everything before each.
    let records: Vec<_> = (1..2_500)
        .map(|token| lease(&format!("environment-{}", token % 3), token))
        .collect();
    ledger.append(time(1), &records, None).unwrap();
    source
}

fn a_copy_is_the_same_ledger(bench: &dyn Bench) {
    let (store, source) = (bench.store(), source());
    let original = source.open(Some(SYSTEM)).unwrap().unwrap();
    let key = store.make_key().unwrap();
    let object = store.objects().put(b"evidence").unwrap();
    let link = store.fill(&*original, Some(&key)).unwrap();
    assert_eq!(store.objects().get(&object).unwrap().unwrap(), b"evidence");
    assert_eq!(
        store.key().unwrap().unwrap().fingerprint(),
        key.fingerprint()
    );
    let copy = store.open(Some(SYSTEM)).unwrap().unwrap();
    let digests = |entries: Vec<crate::Entry>| -> Vec<_> {
        entries.into_iter().map(|entry| entry.digest).collect()
    };
    assert_eq!(
        digests(copy.read(0).unwrap()),
        digests(original.read(0).unwrap())
    );
    let verification = store.verify(&[]).unwrap();
    assert!(verification.is_whole(), "{:?}", verification.findings);
    assert_eq!(verification.complete, Completeness::Proven);
    let head = verification.head.unwrap();
    assert_eq!((head.sequence, head.digest), (2_500, link.digest));
    // It goes on with its fences.
    let writer = founded(bench);
    let old = writer.append(
        time(9),
        &[lease("other", 1)],
        Some(&fence("environment-0", 2_400)),
    );
    assert!(matches!(
        old,
        Err(LedgerError::Fenced { newest: 2_499, .. })
    ));
    writer
        .append(
            time(9),
            &[lease("other", 1)],
            Some(&fence("environment-0", 2_499)),
        )
        .unwrap();
    assert_eq!(store.verify(&[]).unwrap().entries, 2_501);
}

fn a_store_with_a_ledger_is_not_filled(bench: &dyn Bench) {
    with_entries(bench, 3);
    let source = source();
    let original = source.open(None).unwrap().unwrap();
    let refused = bench.store().fill(&*original, None).unwrap_err();
    assert!(matches!(refused, LedgerError::Unusable { .. }), "{refused}");
    assert_eq!(bench.store().verify(&[]).unwrap().entries, 3);
}

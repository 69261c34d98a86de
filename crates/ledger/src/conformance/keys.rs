//! The key: created once, and the same for concurrent processes.

use super::Bench;

pub(super) fn check(make: &dyn Fn() -> Box<dyn Bench>) {
    concurrent_creators_get_the_same_key(&*make());
}

fn concurrent_creators_get_the_same_key(bench: &dyn Bench) {
    let store = bench.store();
    assert!(store.key().unwrap().is_none());
    let seals: std::collections::BTreeSet<_> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| store.make_key().unwrap().seal(b"secret")))
            .collect();
        makers
            .into_iter()
            .map(|maker| maker.join().unwrap())
            .collect()
    });
    assert_eq!(seals.len(), 1);
    let kept = store.key().unwrap().unwrap();
    assert!(seals.contains(&kept.seal(b"secret")));
    // A key needs no ledger.
    assert!(store.open(None).unwrap().is_none());
}

//! The key: created once or supplied from outside, and the same for concurrent processes.

use super::Bench;

pub(super) fn check(make: &dyn Fn() -> Box<dyn Bench>) {
    concurrent_creators_get_the_same_key(&*make());
}

fn concurrent_creators_get_the_same_key(bench: &dyn Bench) {
    let store = bench.store();
    // A store whose key comes from outside has it from the beginning.
    let before = store.key().unwrap();
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
    assert!(before.is_none_or(|before| before.fingerprint() == kept.fingerprint()));
    // A key needs no ledger.
    assert!(store.open(None).unwrap().is_none());
}

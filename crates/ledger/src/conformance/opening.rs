//! Opening: reading founds nothing, a ledger is founded once, and another system's ledger is refused.

use super::{Bench, SYSTEM, founded, lease, time};
use crate::{LedgerError, State};

pub(super) fn check(make: &dyn Fn() -> Box<dyn Bench>) {
    reading_founds_nothing(&*make());
    a_ledger_is_founded_once(&*make());
    a_ledger_opened_for_reading_refuses_appends(&*make());
    another_system_is_refused(&*make());
}

fn reading_founds_nothing(bench: &dyn Bench) {
    let store = bench.store();
    assert!(store.open(Some(SYSTEM)).unwrap().is_none());
    assert!(store.open(None).unwrap().is_none());
    assert!(store.verify(&[]).is_err());
    assert!(!store.place().is_empty());
}

fn a_ledger_is_founded_once(bench: &dyn Bench) {
    let store = bench.store();
    let lineages: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
        let founders: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let ledger = store.open_or_found(SYSTEM, time(0)).unwrap();
                    State::of(&*ledger).unwrap().founded.unwrap().lineage
                })
            })
            .collect();
        founders
            .into_iter()
            .map(|founder| founder.join().unwrap())
            .collect()
    });
    assert_eq!(lineages.len(), 1);
    assert_eq!(founded(bench).read(0).unwrap().len(), 1);
}

fn a_ledger_opened_for_reading_refuses_appends(bench: &dyn Bench) {
    let writer = founded(bench);
    let reader = bench.store().open(Some(SYSTEM)).unwrap().unwrap();
    writer
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    // Entries that another handle appended are visible.
    assert_eq!(reader.read(0).unwrap().len(), 2);
    let refused = reader.append(time(2), &[lease("staging", 2)], None);
    assert!(matches!(refused, Err(LedgerError::Storage { .. })));
    assert_eq!(writer.read(0).unwrap().len(), 2);
}

fn another_system_is_refused(bench: &dyn Bench) {
    drop(founded(bench));
    let store = bench.store();
    let foreign = |error: LedgerError| matches!(error, LedgerError::Foreign { .. });
    assert!(foreign(store.open(Some("webshop")).err().unwrap()));
    assert!(foreign(
        store.open_or_found("webshop", time(1)).err().unwrap()
    ));
    let unasked = store.open(None).unwrap().unwrap();
    assert!(foreign(unasked.belongs_to("webshop").unwrap_err()));
    unasked.belongs_to(SYSTEM).unwrap();
}

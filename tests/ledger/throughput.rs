//! How fast a writer appends: printed, and only bounded where it would be useless.

use std::time::{Duration, Instant};

use evenkeel::ledger::Ledger;
use evenkeel::model::Clock;
use evenkeel::model::moment::SystemClock;

use crate::writer::{open, record};

#[test]
fn appending_is_quick_and_a_batch_shares_one_sync() {
    let world = tempfile::tempdir().unwrap();
    let ledger = open(&world.path().join("ledger"));
    let begun = Instant::now();
    for token in 1..=200 {
        ledger
            .append(SystemClock.now(), &[record(1, token)], None)
            .unwrap();
    }
    let singly = begun.elapsed();
    let batch: Vec<_> = (201..=10_200).map(|token| record(1, token)).collect();
    let begun = Instant::now();
    ledger.append(SystemClock.now(), &batch, None).unwrap();
    let together = begun.elapsed();
    let begun = Instant::now();
    assert_eq!(ledger.read(0).unwrap().len(), 10_201);
    println!(
        "200 appends {singly:?} ({:.0}/s); 10,000 entries in one append {together:?}; read back in {:?}",
        200.0 / singly.as_secs_f64(),
        begun.elapsed()
    );
    assert!(singly < Duration::from_secs(20));
}

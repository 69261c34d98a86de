//! The cost of an append, measured in syncs, which dominate the time, instead of by the clock.

use crate::disk::{calls, tracer_is_available};

const SYNCS: &str = "fsync,fdatasync,sync_file_range,msync";

#[test]
fn a_batch_of_ten_thousand_shares_the_syncs_of_one_entry() {
    if !tracer_is_available() {
        return;
    }
    let syncs = |role: &str, count: u64| calls(SYNCS, role, count);
    let (one, batch) = (syncs("batch", 1), syncs("batch", 10_000));
    // A long log is moved into the ledger, with a sync of each.
    assert!(batch <= one + 8, "{one} for one entry, {batch} for 10,000");
    let five = syncs("five", 1);
    assert!(
        five >= one + 4,
        "each single append is synced: {one} for one, {five} for five"
    );
    println!("syncs: {one} for one entry, {five} for five, {batch} for 10,000 at once");
}

//! Power cuts: unsynced data is partly present, torn or missing. Acknowledged entries stay.

use std::fs;
use std::path::Path;
use std::process::Command;

use evenkeel_ledger::Ledger;
use evenkeel_model::Clock;
use evenkeel_model::moment::SystemClock;

use crate::writer::{open, record, verify};

/// The size that a disk writes atomically.
const SECTOR: usize = 512;

/// Copies a file in another process: opening it in this one would drop SQLite's locks.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp")
        .arg("-r")
        .args([from, to])
        .status()
        .unwrap();
    assert!(copied.success());
}

/// Checks a state of the folder that may result from a power cut.
fn check(world: &Path, synced: &Path, log: &[u8], least: usize) {
    let lost = world.join("lost");
    fs::create_dir(&lost).unwrap();
    // The shared memory is lost in the power cut; the head is that of the last acknowledged entry.
    for name in ["ledger.db", "head"] {
        fs::copy(synced.join(name), lost.join(name)).unwrap();
    }
    fs::write(lost.join("ledger.db-wal"), log).unwrap();
    let ledger = open(&lost);
    let entries = ledger.read(0).unwrap().len();
    assert!(
        (least..=least + 3).contains(&entries),
        "{entries} of {least}"
    );
    drop(ledger);
    let verification = verify(&lost).unwrap();
    assert!(verification.is_whole(), "{:?}", verification.findings);
    fs::remove_dir_all(&lost).unwrap();
}

#[test]
fn a_torn_or_missing_tail_of_the_log_loses_no_acknowledged_entry() {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    let (synced, unsynced) = (world.path().join("synced"), world.path().join("unsynced"));
    let ledger = open(&folder);
    for token in 1..=10 {
        ledger
            .append(SystemClock.now(), &[record(1, token)], None)
            .unwrap();
    }
    copy(&folder, &synced);
    let batch: Vec<_> = (11..=13).map(|token| record(1, token)).collect();
    ledger.append(SystemClock.now(), &batch, None).unwrap();
    copy(&folder, &unsynced);
    let old = fs::read(synced.join("ledger.db-wal")).unwrap();
    let new = fs::read(unsynced.join("ledger.db-wal")).unwrap();
    assert!(new.len() > old.len() && new.starts_with(&old));
    let mut losses = 0;
    for sector in (old.len()..=new.len()).step_by(SECTOR) {
        check(world.path(), &synced, &new[..sector], 11);
        let mut torn = new.clone();
        let end = (sector + SECTOR).min(new.len());
        torn[sector..end].fill(0);
        check(world.path(), &synced, &torn, 11);
        let mut only = old.clone();
        only.resize(new.len(), 0);
        only[sector..end].copy_from_slice(&new[sector..end]);
        check(world.path(), &synced, &only, 11);
        losses += 3;
    }
    println!("{losses} power cuts, no acknowledged entry was lost");
}

#[test]
fn a_head_emptied_by_a_power_cut_is_no_finding() {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    drop(open(&folder));
    fs::write(folder.join("head"), "").unwrap();
    let verification = verify(&folder).unwrap();
    assert!(verification.is_whole());
    assert_ne!(verification.complete, evenkeel_ledger::Completeness::Proven);
    open(&folder)
        .append(SystemClock.now(), &[record(1, 1)], None)
        .unwrap();
    let verification = verify(&folder).unwrap();
    assert_eq!(verification.complete, evenkeel_ledger::Completeness::Proven);
}

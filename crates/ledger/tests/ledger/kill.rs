//! Writers that are killed at any moment, and concurrent writers: no acknowledged entry is lost or torn.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use evenkeel_ledger::{Ledger, Record};

use crate::writer::{acknowledged, command, open, verify};

/// The number of kills.
const KILLS: u64 = 30;

/// The tokens of a ledger's writers, by entry number.
fn entries(folder: &Path) -> BTreeMap<u64, (String, u64)> {
    let ledger = open(folder);
    let mut tokens = BTreeMap::new();
    for entry in ledger.read(0).unwrap() {
        if let Some(Record::LeaseTaken(taken)) = Record::decode(&entry.kind, &entry.body).unwrap() {
            tokens.insert(entry.sequence, (taken.environment.to_string(), taken.token));
        }
    }
    tokens
}

#[test]
fn acknowledged_entries_survive_a_kill() {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    let mut promised = 0;
    for round in 0..KILLS {
        // The first rounds are killed while the ledger is founded or opened.
        let pause = Duration::from_micros(500 + (round * 7_919) % 60_000);
        let mut writer = command(&[], "endless", &folder, 1).spawn().unwrap();
        std::thread::sleep(pause);
        writer.kill().unwrap();
        let mut output = String::new();
        writer
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut output)
            .unwrap();
        writer.wait().unwrap();
        if !folder.join("ledger.db").exists() {
            assert_eq!(acknowledged(&output), []);
            continue;
        }
        // Verify the file as the killed writer left it, before another opening repairs it.
        let verification = verify(&folder).unwrap();
        assert!(
            verification.is_whole(),
            "round {round}: {:?}",
            verification.findings
        );
        let kept = entries(&folder);
        for (sequence, token) in acknowledged(&output) {
            let expected = ("environment-1".to_owned(), token);
            assert_eq!(kept.get(&sequence), Some(&expected), "round {round}");
            promised += 1;
        }
    }
    println!("{KILLS} kills, {promised} acknowledged entries, all present");
    assert!(promised > 0);
}

#[test]
fn eight_concurrent_writers_leave_no_gap_and_no_fork() {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    let writers: Vec<_> = (0..8)
        .map(|writer| command(&[], "hundred", &folder, writer).spawn().unwrap())
        .collect();
    let mut promised = BTreeMap::new();
    for (number, writer) in writers.into_iter().enumerate() {
        let output = writer.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        for (sequence, token) in acknowledged(&String::from_utf8_lossy(&output.stdout)) {
            let before = promised.insert(sequence, (format!("environment-{number}"), token));
            assert_eq!(before, None, "entry {sequence} was acknowledged twice");
        }
    }
    assert_eq!(promised.len(), 800);
    assert_eq!(entries(&folder), promised);
    let verification = verify(&folder).unwrap();
    assert!(verification.is_whole(), "{:?}", verification.findings);
    assert_eq!(verification.entries, 801);
}

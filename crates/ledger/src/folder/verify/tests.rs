//! Every change to a ledger's file is detected, and the first bad entry is named.

use super::{head, verify_against};
use crate::conformance::{lease, time};
use crate::folder::SqliteLedger;
use crate::walk::Walk;
use crate::{Completeness, Irregularity, Kept, Ledger, LedgerError, Link, Verification};
use evenkeel_model::Digest;
use rusqlite::{Connection, params};
use std::fs;
use std::path::{Path, PathBuf};

fn verify(folder: &Path) -> Result<Verification, LedgerError> {
    verify_against(folder, &[], &mut |_, _| {})
}

/// The number of entries in the ledger of these tests.
const ENTRIES: u64 = 40;

struct Fixture {
    _folder: tempfile::TempDir,
    folder: PathBuf,
}

/// Creates a closed ledger with rising times.
fn world(lineage: &str) -> Fixture {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("ledger");
    let ledger = SqliteLedger::open_or_found(&folder, "guestbook", time(0), lineage).unwrap();
    for token in 1..ENTRIES {
        let environment = if token % 2 == 0 {
            "staging"
        } else {
            "production"
        };
        ledger
            .append(
                time(token.cast_signed()),
                &[lease(environment, token)],
                None,
            )
            .unwrap();
    }
    Fixture {
        _folder: temporary,
        folder,
    }
}

impl Fixture {
    fn path(&self) -> PathBuf {
        self.folder.join("ledger.db")
    }

    /// Opens the file as an attacker with write access would: without its triggers.
    fn tamper(&self) -> Connection {
        let connection = Connection::open(self.path()).unwrap();
        connection
            .execute_batch(
                "PRAGMA synchronous = OFF; DROP TRIGGER entry_is_never_changed; \
                 DROP TRIGGER entry_is_never_removed; DROP TRIGGER entry_comes_last;",
            )
            .unwrap();
        connection
    }

    /// Returns what verification reports about a change, which is undone afterwards.
    fn after(&self, connection: &mut Connection, change: impl Fn(&Connection)) -> Verification {
        let transaction = connection.transaction().unwrap();
        change(&transaction);
        let verification = self.examine(&transaction);
        transaction.rollback().unwrap();
        verification
    }

    fn examine(&self, connection: &Connection) -> Verification {
        super::examine(connection, &self.folder, &self.path(), &[], &mut |_, _| {}).unwrap()
    }
}

type Row = (u64, Vec<u8>, Vec<u8>);

fn rows(connection: &Connection) -> Vec<Row> {
    connection
        .prepare("SELECT sequence, CAST(line AS BLOB), digest FROM entry ORDER BY sequence")
        .unwrap()
        .query_map([], |row| {
            Ok((
                row.get::<_, i64>(0)?.cast_unsigned(),
                row.get(1)?,
                row.get(2)?,
            ))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn put(connection: &Connection, (sequence, line, digest): &Row) {
    connection
        .execute(
            "INSERT OR REPLACE INTO entry VALUES (?1, CAST(?2 AS TEXT), ?3)",
            params![sequence.cast_signed(), line, digest],
        )
        .unwrap();
}

fn remove(connection: &Connection, sequence: u64) {
    connection
        .execute(
            "DELETE FROM entry WHERE sequence = ?1",
            [sequence.cast_signed()],
        )
        .unwrap();
}

#[test]
fn an_intact_ledger_is_whole_and_complete() {
    let world = world("one");
    let verification = verify(&world.folder).unwrap();
    assert!(verification.is_whole(), "{:?}", verification.findings);
    assert!(verification.advice.is_empty());
    assert_eq!(verification.entries, ENTRIES);
    assert_eq!(verification.complete, Completeness::Proven);
    let checkpoint = verification.head.unwrap();
    fs::remove_file(world.folder.join("head")).unwrap();
    let verification = verify(&world.folder).unwrap();
    assert!(matches!(verification.complete, Completeness::NotProven(_)));
    let kept = Kept {
        name: "kept".to_owned(),
        checkpoint,
    };
    let verification =
        verify_against(&world.folder, std::slice::from_ref(&kept), &mut |_, _| {}).unwrap();
    assert_eq!(verification.complete, Completeness::Proven);
    assert_eq!(verification.proofs[0].kept, kept);
    assert_eq!(verification.proofs[0].proven, verification.time);
    assert!(verification.time.is_some());
}

#[test]
fn a_clock_that_was_set_back_is_reported() {
    let world = world("one");
    let ledger = SqliteLedger::open_or_found(&world.folder, "guestbook", time(0), "").unwrap();
    ledger
        .append(time(-5), &[lease("staging", 99)], None)
        .unwrap();
    let verification = verify(&world.folder).unwrap();
    assert!(verification.is_whole());
    assert_eq!(verification.advice.len(), 1);
    assert_eq!(verification.advice[0].sequence, Some(ENTRIES + 1));
}

/// Verifies from the entry before the flip, since verifying the whole ledger for every byte would take a minute; one
/// flip in 41 goes through the file and the whole verification.
#[test]
fn every_flipped_byte_is_located_at_its_entry() {
    let world = world("one");
    let mut connection = world.tamper();
    let own = rows(&connection);
    let mut flips = 0;
    let mut before = Walk::default();
    for (index, row) in own.iter().enumerate() {
        for position in 0..row.1.len() + row.2.len() {
            let mut changed = row.clone();
            let bit = 1 << (position % 8);
            if position < row.1.len() {
                changed.1[position] ^= bit;
            } else {
                changed.2[position - row.1.len()] ^= bit;
            }
            let mut verification = Verification::default();
            let mut walk = before.clone();
            for (sequence, line, digest) in std::iter::once(&changed).chain(own.get(index + 1)) {
                walk.step(*sequence, line, digest, &mut verification);
            }
            let first = (verification.first_bad(), verification.findings.len());
            assert_eq!(
                first,
                (Some(row.0), 1),
                "byte {position} of entry {}",
                row.0
            );
            if flips % 41 == 0 {
                let verification =
                    world.after(&mut connection, |connection| put(connection, &changed));
                assert_eq!(verification.first_bad(), Some(row.0));
            }
            flips += 1;
        }
        before.step(row.0, &row.1, &row.2, &mut Verification::default());
    }
    println!("{flips} flipped bytes, all detected");
    assert!(flips > 10_000);
}

#[test]
fn a_flipped_byte_with_a_recomputed_digest_is_located_at_the_next_entry() {
    let world = world("one");
    let mut connection = world.tamper();
    for row in rows(&connection) {
        for position in (0..row.1.len()).step_by(7) {
            let mut changed = row.clone();
            changed.1[position] ^= 1;
            changed.2 = Digest::of(&changed.1).as_bytes().to_vec();
            let verification = world.after(&mut connection, |connection| put(connection, &changed));
            let first = verification.first_bad().unwrap();
            assert!(
                first == row.0 || first == row.0 + 1,
                "{:?}",
                verification.findings
            );
        }
    }
}

#[test]
fn every_deletion_is_located_at_its_entry() {
    let world = world("one");
    let mut connection = world.tamper();
    for sequence in 1..=ENTRIES {
        let verification = world.after(&mut connection, |connection| remove(connection, sequence));
        assert_eq!(
            verification.first_bad(),
            Some(sequence),
            "{:?}",
            verification.findings
        );
        // Closing the gap does not hide it.
        if sequence < ENTRIES {
            let verification = world.after(&mut connection, |connection| {
                remove(connection, sequence);
                connection
                    .execute(
                        "UPDATE entry SET sequence = -sequence WHERE sequence > ?1",
                        [sequence.cast_signed()],
                    )
                    .unwrap();
                connection
                    .execute(
                        "UPDATE entry SET sequence = -sequence - 1 WHERE sequence < 0",
                        [],
                    )
                    .unwrap();
            });
            assert_eq!(verification.first_bad(), Some(sequence));
        }
    }
}

#[test]
fn every_swap_duplicate_and_splice_is_located_at_its_first_entry() {
    let world = world("one");
    let other = self::world("two");
    let strangers = rows(&other.tamper());
    let mut connection = world.tamper();
    let own = rows(&connection);
    let mut changes = 0;
    for one in &own {
        for two in own.iter().filter(|two| two.0 > one.0) {
            let verification = world.after(&mut connection, |connection| {
                put(connection, &(one.0, two.1.clone(), two.2.clone()));
                put(connection, &(two.0, one.1.clone(), one.2.clone()));
            });
            assert_eq!(verification.first_bad(), Some(one.0));
            changes += 1;
        }
        let duplicate = (ENTRIES + 1, one.1.clone(), one.2.clone());
        let verification = world.after(&mut connection, |connection| put(connection, &duplicate));
        assert_eq!(verification.first_bad(), Some(ENTRIES + 1));
        for stranger in &strangers {
            let splice = (one.0, stranger.1.clone(), stranger.2.clone());
            let verification = world.after(&mut connection, |connection| put(connection, &splice));
            assert_eq!(verification.first_bad(), Some(one.0), "{}", stranger.0);
            changes += 2;
        }
    }
    println!("{changes} swaps, duplicates and splices, all detected");
}

#[test]
fn a_rewritten_ledger_is_detected_by_head_and_checkpoints() {
    let world = world("one");
    let mut connection = world.tamper();
    let own = rows(&connection);
    for from in [2, 20, ENTRIES] {
        let verification = world.after(&mut connection, |connection| {
            let before = &own[usize::try_from(from).unwrap() - 2];
            let mut link = Link {
                sequence: before.0,
                digest: Digest::of(&before.1),
            };
            for row in own.iter().filter(|row| row.0 >= from) {
                let entry = crate::entry::read(std::str::from_utf8(&row.1).unwrap()).unwrap();
                let written = link.extend(time(777), &entry.kind, &entry.body).unwrap();
                put(
                    connection,
                    &(
                        row.0,
                        written.line.clone().into_bytes(),
                        written.digest.as_bytes().to_vec(),
                    ),
                );
                link = Link::from(&written);
            }
        });
        assert_eq!(
            verification.first_bad(),
            Some(ENTRIES),
            "{:?}",
            verification.findings
        );
        let refuted = |finding: &Irregularity| finding.what.contains("truncated or replaced");
        assert!(verification.findings.iter().any(refuted));
    }
}

#[test]
fn every_truncation_is_detected_with_the_head_and_unproven_without_it() {
    let world = world("one");
    let mut connection = world.tamper();
    let own = rows(&connection);
    for last in 0..ENTRIES {
        let cut = |connection: &Connection| {
            connection
                .execute(
                    "DELETE FROM entry WHERE sequence > ?1",
                    [last.cast_signed()],
                )
                .unwrap();
        };
        let verification = world.after(&mut connection, cut);
        assert_eq!(verification.first_bad(), Some(last + 1));
        assert_ne!(verification.complete, Completeness::Proven);
    }
    let head_file = head::path(&world.folder);
    fs::remove_file(head_file).unwrap();
    let verification = world.after(&mut connection, |connection| remove(connection, ENTRIES));
    assert!(matches!(verification.complete, Completeness::NotProven(_)));
    drop(own);
}

#[test]
fn a_changed_schema_or_token_table_is_detected() {
    let world = world("one");
    let changes = [
        "DROP TRIGGER entry_is_never_changed",
        "DROP TRIGGER entry_comes_last",
        "CREATE TABLE other(a)",
        "UPDATE lease SET token = token - 1 WHERE environment = 'staging'",
        "DELETE FROM lease",
        "INSERT INTO lease VALUES ('other', 3)",
    ];
    let mut connection = Connection::open(world.path()).unwrap();
    for change in changes {
        let verification = world.after(&mut connection, |connection| {
            connection.execute_batch(change).unwrap();
        });
        assert!(!verification.is_whole(), "{change}");
    }
    for change in [
        "UPDATE entry SET digest = x'00'",
        "DELETE FROM entry",
        "INSERT INTO entry VALUES (77, '', x'')",
        "INSERT OR REPLACE INTO entry VALUES (3, '', x'')",
    ] {
        assert!(connection.execute_batch(change).is_err(), "{change}");
    }
    assert!(world.examine(&connection).is_whole());
}

/// Reads every entry the way commands do.
fn read(folder: &Path) -> Result<Vec<Digest>, LedgerError> {
    let ledger = SqliteLedger::open_existing(folder, Some("guestbook"))?;
    let entries = ledger.map_or_else(|| Ok(Vec::new()), |ledger| ledger.read(0))?;
    Ok(entries.iter().map(|entry| entry.digest).collect())
}

/// Either the damage is detected, or every entry reads the same: the byte carries nothing, such as unused space in a
/// page or a header counter that readers skip.
#[test]
fn damage_is_detected_or_harmless_and_never_panics() {
    let world = world("one");
    let whole = read(&world.folder).unwrap();
    let bytes = fs::read(world.path()).unwrap();
    let (mut found, mut harmless) = (0, 0);
    let header = 0..100;
    let rest = (100..bytes.len()).step_by(61);
    for position in header.chain(rest) {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1 << (position % 8);
        fs::write(world.path(), &damaged).unwrap();
        match verify(&world.folder) {
            Ok(verification) if verification.is_whole() => {
                harmless += 1;
                assert_eq!(read(&world.folder).unwrap(), whole, "byte {position}");
            }
            _ => found += 1,
        }
        if let Ok(read) = read(&world.folder) {
            assert_eq!(read, whole, "byte {position} changed an entry undetected");
        }
    }
    println!("{found} damages found, {harmless} harmless");
    assert!(found > harmless / 4);
    for length in (0..bytes.len()).step_by(509) {
        fs::write(world.path(), &bytes[..length]).unwrap();
        match verify(&world.folder) {
            Ok(verification) => assert!(!verification.is_whole(), "cut to {length}"),
            Err(error) => panic!("cut to {length}: {error}"),
        }
        assert!(read(&world.folder).is_err(), "cut to {length}");
    }
}

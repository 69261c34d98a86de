//! Properties of a ledger in a file beyond the common ones: it is private, and rejects foreign files.

use super::{LedgerError, SqliteLedger};
use crate::conformance::{lease, time};
use crate::{Ledger, State};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn open(folder: &Path) -> Result<SqliteLedger, LedgerError> {
    SqliteLedger::open_or_found(folder, "guestbook", time(0), "lineage")
}

/// Returns every file below a folder with its bytes.
fn picture(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn reading_creates_and_changes_nothing_even_on_a_read_only_medium() {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    assert!(
        SqliteLedger::open_existing(&folder, Some("guestbook"))
            .unwrap()
            .is_none()
    );
    assert!(!folder.exists());
    let writer = open(&folder).unwrap();
    writer
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    // While a writer has it open, its latest entry is visible.
    let reader = SqliteLedger::open_existing(&folder, Some("guestbook"))
        .unwrap()
        .unwrap();
    assert_eq!(reader.read(0).unwrap().len(), 2);
    drop(writer);
    let before = picture(&folder);
    // The ledger, its head, and what keeps both out of version control.
    assert_eq!(before.len(), 3, "{before:?}");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    let reader = SqliteLedger::open_existing(&folder, Some("guestbook"))
        .unwrap()
        .unwrap();
    assert_eq!(reader.read(0).unwrap().len(), 2);
    assert!(matches!(
        reader.append(time(2), &[lease("staging", 2)], None),
        Err(LedgerError::Storage { .. })
    ));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(picture(&folder), before);
}

#[test]
fn files_are_private() {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    let writer = open(&folder).unwrap();
    writer
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    for file in fs::read_dir(&folder).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
    }
}

#[test]
fn a_newer_or_foreign_file_is_refused_unchanged() {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    drop(open(&folder).unwrap());
    let other = SqliteLedger::open_or_found(&folder, "webshop", time(0), "lineage");
    assert!(matches!(other, Err(LedgerError::Foreign { .. })));
    let path = folder.join("ledger.db");
    let alter = |statement: &str| {
        rusqlite::Connection::open(&path)
            .unwrap()
            .execute_batch(statement)
            .unwrap();
    };
    alter("PRAGMA user_version = 2");
    let before = picture(&folder);
    assert!(matches!(
        open(&folder),
        Err(LedgerError::Newer {
            found: 2,
            known: 1,
            ..
        })
    ));
    assert_eq!(picture(&folder), before);
    alter("PRAGMA user_version = 0");
    assert!(matches!(open(&folder), Err(LedgerError::NotALedger { .. })));
    alter("PRAGMA user_version = 1; PRAGMA application_id = 5");
    assert!(matches!(open(&folder), Err(LedgerError::NotALedger { .. })));
    for content in [&b""[..], b"not a database, and long enough to tell from the header of one ............................................."] {
        fs::write(&path, content).unwrap();
        let before = picture(&folder);
        assert!(matches!(open(&folder), Err(LedgerError::NotALedger { .. })));
        assert_eq!(picture(&folder), before);
    }
}

#[test]
fn a_lost_or_truncated_ledger_is_never_founded_again() {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    let path = folder.join("ledger.db");
    drop(open(&folder).unwrap());
    let old = fs::read(&path).unwrap();
    open(&folder)
        .unwrap()
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    fs::write(&path, &old).unwrap();
    let refused = open(&folder).err().unwrap();
    assert!(
        matches!(refused, LedgerError::Broken { sequence: 2, .. }),
        "{refused}"
    );
    fs::remove_file(&path).unwrap();
    for refused in [
        open(&folder).err().unwrap(),
        SqliteLedger::open_existing(&folder, Some("guestbook"))
            .err()
            .unwrap(),
    ] {
        assert!(matches!(refused, LedgerError::Missing { .. }), "{refused}");
    }
    fs::remove_file(folder.join("head")).unwrap();
    open(&folder).unwrap();
}

#[test]
fn concurrent_founders_found_one_ledger() {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    let lineages: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
        let founders: Vec<_> = (0..8)
            .map(|founder| {
                let folder = &folder;
                scope.spawn(move || {
                    let lineage = format!("lineage-{founder}");
                    let ledger =
                        SqliteLedger::open_or_found(folder, "guestbook", time(0), &lineage)
                            .unwrap();
                    ledger.append(time(1), &[lease(&lineage, 1)], None).unwrap();
                    State::of(&ledger).unwrap().founded.unwrap().lineage
                })
            })
            .collect();
        founders
            .into_iter()
            .map(|founder| founder.join().unwrap())
            .collect()
    });
    assert_eq!(lineages.len(), 1);
    let entries = open(&folder).unwrap().read(0).unwrap();
    assert_eq!(entries.len(), 9);
}

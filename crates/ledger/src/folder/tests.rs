//! The store in a folder passes the conformance suite.

use super::{FolderStore, database, head};
use crate::conformance::{self, Bench, Fault};
use crate::{Checkpoint, Store};
use std::fs;
use std::path::Path;

struct Folder {
    home: tempfile::TempDir,
    store: FolderStore,
}

impl Folder {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let store = FolderStore::new(&home.path().join("ledger"));
        Self { home, store }
    }

    fn folder(&self) -> &Path {
        &self.store.folder
    }

    /// Changes the file as an attacker with write access would: drops the triggers and restores them.
    fn change(&self, statement: &str, parameters: impl rusqlite::Params) {
        let connection = rusqlite::Connection::open(database::path(self.folder())).unwrap();
        let triggers = || {
            database::SCHEMA
                .iter()
                .filter(|(_, made)| made.contains("TRIGGER"))
        };
        for (name, _) in triggers() {
            connection
                .execute_batch(&format!("DROP TRIGGER {name}"))
                .unwrap();
        }
        connection.execute(statement, parameters).unwrap();
        for (_, made) in triggers() {
            connection.execute_batch(made).unwrap();
        }
    }

    fn write_head(&self, text: &str) {
        fs::write(head::path(self.folder()), text).unwrap();
    }
}

impl Bench for Folder {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn suffer(&self, fault: Fault<'_>) -> bool {
        match fault {
            Fault::Line(sequence, line) => self.change(
                "UPDATE entry SET line = ?2 WHERE sequence = ?1",
                rusqlite::params![sequence.cast_signed(), line],
            ),
            Fault::Cut(last) => self.change(
                "DELETE FROM entry WHERE sequence > ?1",
                [last.cast_signed()],
            ),
            Fault::Gone => fs::remove_file(database::path(self.folder())).unwrap(),
            Fault::NoHead => fs::remove_file(head::path(self.folder())).unwrap(),
            Fault::GarbledHead => self.write_head("{"),
            Fault::Head(checkpoint) => self.write_head(&text(checkpoint)),
            Fault::Object(digest) => {
                let (drawer, name) = self.store.objects.place(digest);
                fs::write(drawer.join(name), "other bytes").unwrap();
            }
            // The holder of a lock file dies with its process: `tests/ledger/lease.rs` kills some.
            Fault::HolderDies(_) => return false,
        }
        true
    }
}

fn text(checkpoint: &Checkpoint) -> String {
    serde_json::to_string(checkpoint).unwrap()
}

#[test]
fn the_folder_store_passes_the_conformance_suite() {
    conformance::check(&|| Box::new(Folder::new()));
}

#[test]
fn reading_creates_nothing() {
    let world = Folder::new();
    let store = &world.store;
    assert!(store.open(None).unwrap().is_none());
    assert!(store.key().unwrap().is_none());
    assert!(store.objects().list().unwrap().is_empty());
    let staging = evenkeel_model::EnvironmentName::new("staging");
    assert_eq!(
        store.observe_lock(&staging).unwrap(),
        crate::lease::Lock::Free
    );
    assert!(store.verify(&[]).is_err());
    assert_eq!(fs::read_dir(world.home.path()).unwrap().count(), 0);
    assert_eq!(store.place(), "ledger");
}

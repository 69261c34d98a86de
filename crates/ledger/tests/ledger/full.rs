//! Full disks at the other side of a shared ledger, and at this one: what was acknowledged stays, the message names the
//! reason, and the same store goes on when there is space again.
//!
//! The disks are small file systems in memory. `disk` fails single calls of the store in a folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use evenkeel_ledger::conformance::time;
use evenkeel_ledger::{LedgerError, Store};

use super::git::{Git, Remote, store as git_store};
use super::postgres::store as postgres_store;
use super::server::Server;
use super::writer::record;

/// A small disk, until it is dropped.
struct Disk {
    at: tempfile::TempDir,
}

impl Disk {
    /// Mounts one; `None` with a note where that is not permitted.
    fn new(size: &str) -> Option<Self> {
        let at = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("mode=755,size={size}"),
                "tmpfs",
            ])
            .arg(at.path())
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            println!("SKIPPED: mounting a tmpfs is not permitted here; no full disk was tested");
        }
        mounted.then_some(Self { at })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.at.path().join(name)
    }

    /// Gives it more space.
    fn grow(&self, size: &str) {
        let grown = Command::new("mount")
            .args(["-o", &format!("remount,size={size}")])
            .arg(self.at.path())
            .status();
        assert!(grown.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.at.path())
            .status();
    }
}

/// Appends entries, each with an object, until the disk is full; returns the acknowledged numbers and the error.
fn fill(store: &dyn Store, size: usize) -> (Vec<u64>, LedgerError) {
    let ledger = store.open_or_found("guestbook", time(0)).unwrap();
    let mut acknowledged = Vec::new();
    for token in 1..500 {
        // Without a pattern, so that no one makes it smaller.
        let mut bytes: Vec<u8> = Vec::with_capacity(size + 32);
        let mut next = blake(token);
        while bytes.len() < size {
            bytes.extend_from_slice(next.as_bytes());
            next = evenkeel_model::Digest::of(next.as_bytes());
        }
        let appended = store
            .objects()
            .put(&bytes)
            .and_then(|_| ledger.append(time(1), &[record(1, token)], None));
        match appended {
            Ok(sequence) => acknowledged.push(sequence),
            Err(error) => return (acknowledged, error),
        }
    }
    panic!("the disk did not fill up");
}

fn blake(token: u64) -> evenkeel_model::Digest {
    evenkeel_model::Digest::of(&token.to_le_bytes())
}

/// Checks that everything acknowledged is there, and that the store goes on.
fn goes_on(store: &dyn Store, writer: u64, acknowledged: &[u64]) {
    let ledger = store.open_or_found("guestbook", time(2)).unwrap();
    let before = ledger.read(0).unwrap();
    for sequence in acknowledged {
        assert!(
            before.iter().any(|entry| entry.sequence == *sequence),
            "entry {sequence} is lost"
        );
    }
    let last = ledger.append(time(3), &[record(writer, 1)], None).unwrap();
    assert_eq!(last, before.len() as u64 + 1);
    let verification = store.verify(&[]).unwrap();
    assert!(verification.is_whole(), "{:?}", verification.findings);
    assert_eq!(verification.entries, last);
}

/// Checks that an error is of the disk.
fn is_of_the_disk(error: &LedgerError) {
    let text = whole(error);
    assert!(text.contains("no space left on device"), "{text}");
}

/// Returns an error of storage with its cause, in small letters.
fn whole(error: &LedgerError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    let text = format!("{error}: {}", source.unwrap_or_default());
    assert!(matches!(error, LedgerError::Storage { .. }), "{text}");
    text.to_lowercase()
}

#[test]
fn a_full_disk_of_a_database_refuses_entries_and_loses_none() {
    let Some(disk) = Disk::new("64m") else {
        return;
    };
    let Some(server) = Server::start_at(Some(&disk.path("data")), None) else {
        return;
    };
    let store = postgres_store(&server, "postgres", "evenkeel");
    let (acknowledged, error) = fill(&store, 500_000);
    is_of_the_disk(&error);
    // It can be read as before.
    assert!(store.verify(&[]).unwrap().is_whole());
    disk.grow("96m");
    goes_on(&store, 2, &acknowledged);
}

/// A server that cannot write its log stops at once, whatever it was doing.
#[test]
fn a_full_disk_of_a_databases_log_refuses_entries_and_loses_none() {
    let Some(disk) = Disk::new("8m") else {
        return;
    };
    let Some(mut server) = Server::start_at(None, Some(&disk.path("log"))) else {
        return;
    };
    let store = postgres_store(&server, "postgres", "evenkeel");
    let (acknowledged, error) = fill(&store, 200_000);
    // It says the reason to the session that it ends; another session finds it gone.
    let text = whole(&error);
    let reasons = ["no space left on device", "connection refused"];
    assert!(reasons.iter().any(|reason| text.contains(reason)), "{text}");
    disk.grow("64m");
    server.kill();
    server.run();
    goes_on(&store, 2, &acknowledged);
}

/// Makes a bare remote and a clone of it, each at its place.
fn remote_and_clone(remote: &Path, clone: &Path) -> Git {
    let copied = Command::new("cp")
        .arg("-R")
        .arg(Remote::new().path())
        .arg(remote)
        .status();
    assert!(copied.unwrap().success());
    let url = format!("file://{}", remote.display());
    Git::new(remote).ask(&["clone", "-q", &url, clone.to_str().unwrap()]);
    Git::new(clone)
}

#[test]
fn a_full_disk_of_a_git_remote_refuses_entries_and_loses_none() {
    let Some(disk) = Disk::new("4m") else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let git = remote_and_clone(&disk.path("remote.git"), &home.path().join("clone"));
    let store = git_store(&git);
    let (acknowledged, error) = fill(&store, 200_000);
    is_of_the_disk(&error);
    // Another clone sees what was acknowledged, and no more.
    let other = home.path().join("other");
    let url = format!("file://{}", disk.path("remote.git").display());
    git.ask(&["clone", "-q", &url, other.to_str().unwrap()]);
    let other = git_store(&Git::new(&other));
    let read = other.open(Some("guestbook")).unwrap().unwrap();
    assert_eq!(read.read(0).unwrap().len(), acknowledged.len() + 1);
    disk.grow("32m");
    goes_on(&store, 2, &acknowledged);
    goes_on(&other, 3, &acknowledged);
}

#[test]
fn a_full_disk_of_a_clone_refuses_entries_and_loses_none() {
    let Some(disk) = Disk::new("4m") else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let remote = home.path().join("remote.git");
    let git = remote_and_clone(&remote, &disk.path("clone"));
    let store = git_store(&git);
    let (acknowledged, error) = fill(&store, 200_000);
    is_of_the_disk(&error);
    disk.grow("32m");
    goes_on(&store, 2, &acknowledged);
}

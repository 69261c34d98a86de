//! Failing disks: for every k, the k-th write or sync fails, and no acknowledged entry is lost.

use std::path::Path;
use std::process::Command;

use evenkeel_ledger::Ledger;
use evenkeel_model::Clock;
use evenkeel_model::moment::SystemClock;

use crate::writer::{acknowledged, command, open, record, verify};

/// Returns whether system calls can be made to fail here; prints a message when not.
pub fn tracer_is_available() -> bool {
    let works = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "true"])
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        println!(
            "SKIPPED: strace is missing or not permitted to trace; no disk failure was tested"
        );
    }
    works
}

/// Counts these calls of a role on a new ledger.
pub fn calls(calls: &str, role: &str, number: u64) -> usize {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    drop(open(&folder));
    let log = world.path().join("calls");
    let filter = format!("trace={calls}");
    let around = [
        "strace",
        "-f",
        "-qq",
        "-o",
        log.to_str().unwrap(),
        "-e",
        &filter,
    ];
    let output = command(&around, role, &folder, number).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = std::fs::read_to_string(&log).unwrap();
    lines.lines().filter(|call| call.ends_with("= 0")).count()
}

/// Runs a writer of five entries whose k-th call fails; returns whether it succeeded, and its output.
fn run(folder: &Path, calls: &str, fault: &str, k: u64) -> (bool, String) {
    let inject = format!("inject={calls}:error={fault}:when={k}");
    let around = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
    let output = command(&around, "five", folder, 1).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

/// Fails each k-th call until no call is left to fail; `founding` includes the founding.
fn fail_each(calls: &str, fault: &str, founding: bool) {
    if !tracer_is_available() {
        return;
    }
    let (mut failures, mut k) = (0, 0);
    let mut unharmed = 0;
    // A failing call of a checkpoint or of the head file may be harmless; several successes in a row at the end mean
    // that no call was left to fail.
    while unharmed < 12 && k < 80 {
        k += 1;
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("ledger");
        let before = if founding {
            0
        } else {
            open(&folder).read(0).unwrap().len()
        };
        let (succeeded, said) = run(&folder, calls, fault, k);
        let promised = acknowledged(&said);
        if succeeded {
            unharmed += 1;
            assert_eq!(promised.len(), 5, "{said}");
        } else {
            unharmed = 0;
            failures += 1;
            assert!(promised.len() < 5, "{said}");
            assert!(
                said.contains("cannot ") || said.contains("Storage"),
                "{said}"
            );
            assert!(said.contains("ledger"), "names no file: {said}");
        }
        if !folder.join("ledger.db").exists() {
            assert_eq!(promised, [], "{said}");
            continue;
        }
        let verification = verify(&folder).unwrap();
        assert!(
            verification.is_whole(),
            "{fault} at {k}: {:?}",
            verification.findings
        );
        let kept = open(&folder).read(0).unwrap();
        let last = promised.last().map_or(0, |(sequence, _)| *sequence);
        assert!(kept.len() as u64 >= last, "{fault} at {k}: {said}");
        assert!(
            kept.len() >= before,
            "{fault} at {k}: prior entries are lost"
        );
    }
    println!("{calls} {fault}: {failures} of {k} runs refused, no acknowledged entry was lost");
    assert!(failures > 0, "no call was made to fail");
}

#[test]
fn a_failing_sync_acknowledges_nothing() {
    fail_each("fsync,fdatasync", "EIO", false);
}

#[test]
fn a_failing_sync_founds_a_complete_ledger_or_none() {
    fail_each("fsync,fdatasync", "EIO", true);
}

#[test]
fn a_full_disk_acknowledges_nothing() {
    fail_each("pwrite64", "ENOSPC", false);
}

#[test]
fn a_failing_write_acknowledges_nothing() {
    fail_each("pwrite64", "EIO", false);
}

/// A failed sync is not retried on the same handle: a later success would prove nothing.
#[test]
fn after_a_failed_sync_the_handle_refuses_appends() {
    if !tracer_is_available() {
        return;
    }
    let mut refusals = 0;
    for k in 1..=6 {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("ledger");
        drop(open(&folder));
        let inject = format!("inject=fsync,fdatasync:error=EIO:when={k}");
        let around = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
        let output = command(&around, "stubborn", &folder, 1).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let after: Vec<&str> = said
            .lines()
            .skip_while(|line| !line.starts_with("refused"))
            .collect();
        assert!(acknowledged(&after.join("\n")).is_empty(), "{said}");
        refusals += usize::from(!after.is_empty());
        assert!(verify(&folder).unwrap().is_whole());
    }
    assert!(refusals > 2, "{refusals}");
}

/// Death at the start of every call that changes something: the founding, the appends, the checkpoints.
#[test]
fn death_at_any_call_loses_no_acknowledged_entry() {
    if !tracer_is_available() {
        return;
    }
    let calls = "fsync,fdatasync,pwrite64,write,linkat,link,rename,renameat2,ftruncate,unlink,unlinkat,mkdir";
    let mut deaths = 0;
    for k in 1..=200 {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("ledger");
        let inject = format!("inject={calls}:signal=SIGKILL:when={k}");
        let around = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
        let output = command(&around, "five", &folder, 1).output().unwrap();
        if output.status.success() {
            break;
        }
        deaths += 1;
        let promised = acknowledged(&String::from_utf8_lossy(&output.stdout));
        if folder.join("ledger.db").exists() {
            let verification = verify(&folder).unwrap();
            assert!(verification.is_whole(), "{k}: {:?}", verification.findings);
        } else {
            assert_eq!(promised, []);
        }
        // The next process finds everything and continues.
        let next = open(&folder);
        let kept = next.read(0).unwrap().len() as u64;
        let last = promised.last().map_or(1, |(sequence, _)| *sequence);
        assert!(kept >= last, "{k}: {kept} of {last}");
        next.append(SystemClock.now(), &[record(2, 1)], None)
            .unwrap();
    }
    println!("{deaths} deaths at {deaths} calls, no acknowledged entry was lost");
    assert!(deaths > 30, "{deaths}");
}

/// Reading opens nothing for writing and creates nothing, as seen in the system calls.
#[test]
fn reading_makes_only_read_calls() {
    if !tracer_is_available() {
        return;
    }
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    drop(open(&folder));
    let log = world.path().join("calls");
    let log = log.to_str().unwrap();
    let filter =
        "trace=openat,open,creat,rename,renameat2,unlink,mkdir,link,linkat,ftruncate,pwrite64";
    let around = ["strace", "-f", "-qq", "-o", log, "-e", filter];
    let output = command(&around, "reader", &folder, 0).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let calls = std::fs::read_to_string(log).unwrap();
    let ours: Vec<&str> = calls
        .lines()
        .filter(|call| call.contains(folder.to_str().unwrap()))
        .collect();
    assert!(
        ours.iter().any(|call| call.contains("ledger.db")),
        "{calls}"
    );
    for call in ours {
        assert!(
            call.contains("O_RDONLY") && !call.contains("O_CREAT"),
            "{call}"
        );
    }
}

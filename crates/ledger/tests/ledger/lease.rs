//! Leases between processes: a living holder is named, the lease of a dead one is free.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::lease::break_open;
use evenkeel_ledger::record::LeaseTaken;
use evenkeel_ledger::{Lease, Ledger, LedgerError, Record};
use evenkeel_model::EnvironmentName;
use evenkeel_model::moment::SystemClock;

use rustix::process::{Pid, Signal, kill_process};

use crate::writer::{actor, command, open};

#[test]
fn the_lease_of_a_killed_holder_is_free_and_a_living_holder_is_named() {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    let (ledger, store) = (open(&folder), FolderStore::new(&folder));
    let take = |environment: &str| {
        let name = EnvironmentName::new(environment);
        Lease::take(
            &store,
            &ledger,
            &SystemClock,
            &name,
            &actor(),
            "apply",
            None,
        )
    };
    for round in 1..=3 {
        let mut holder = command(&[], "holder", &folder, 0).spawn().unwrap();
        let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
        let token = lines
            .find_map(|line| line.unwrap().strip_prefix("held ").map(str::to_owned))
            .unwrap();
        assert_eq!(token, (2 * round - 1).to_string());
        let refused = take("staging").err().unwrap();
        assert!(matches!(refused, LedgerError::Held { .. }));
        let who = format!("ada on engine (process {})", holder.id());
        assert!(refused.to_string().contains(&who), "{refused}");
        // Another environment is not affected.
        drop(take("production").unwrap());
        holder.kill().unwrap();
        holder.wait().unwrap();
        // It does not wait: it succeeds or is refused at once.
        let lease = take("staging").unwrap();
        assert_eq!(lease.fence().token, 2 * round);
    }
}

/// The number of holders that are suspended and superseded.
const STOPS: u64 = 10;

#[test]
fn a_suspended_holder_writes_nothing_after_it_was_superseded() {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    let (ledger, store) = (open(&folder), FolderStore::new(&folder));
    let staging = EnvironmentName::new("staging");
    let mut refused = 0;
    for round in 0..STOPS {
        let mut holder = command(&[], "holder", &folder, 0).spawn().unwrap();
        let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
        let token: u64 = lines
            .find_map(|line| line.unwrap().strip_prefix("held ")?.parse().ok())
            .unwrap();
        // Sometimes before its first append, sometimes during one.
        std::thread::sleep(Duration::from_micros(round * 1_700));
        let process = Pid::from_child(&holder);
        kill_process(process, Signal::STOP).unwrap();
        // A holder suspended within a transaction blocks all writers, which is safe; so it is continued.
        std::thread::sleep(Duration::from_millis(20));
        let overtaken = std::thread::scope(|scope| {
            let breaking = scope.spawn(|| {
                let held = LeaseTaken {
                    environment: staging.clone(),
                    token,
                    by: actor(),
                    purpose: "apply".to_owned(),
                };
                let reason = "it does not respond";
                break_open(&store, &ledger, &SystemClock, &held, &actor(), reason).unwrap();
                Lease::take(
                    &store,
                    &ledger,
                    &SystemClock,
                    &staging,
                    &actor(),
                    "repair",
                    None,
                )
                .unwrap()
            });
            std::thread::sleep(Duration::from_millis(100));
            kill_process(process, Signal::CONT).unwrap();
            breaking.join().unwrap()
        });
        let said = lines
            .map(Result::unwrap)
            .find(|line| line.starts_with("refused "));
        assert!(said.unwrap().contains("lost the lease on staging"));
        refused += 1;
        drop(overtaken);
        holder.wait().unwrap();
    }
    // In the ledger, no entry of an old holder follows the breaking of its lease.
    let mut newest = 0;
    for entry in ledger.read(0).unwrap() {
        if let Some(Record::LeaseTaken(taken)) = Record::decode(&entry.kind, &entry.body).unwrap() {
            if taken.environment == staging {
                newest = taken.token;
            } else {
                // The holders of these rounds have the tokens 1, 4, 7, …: the tokens between belong to the breaking and
                // the repair.
                assert_eq!(
                    newest % 3,
                    1,
                    "entry {} was written after the lease was broken",
                    entry.sequence
                );
            }
        }
    }
    println!("{STOPS} holders suspended and superseded, {refused} refused, none wrote");
}

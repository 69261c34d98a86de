//! Leases within one process: who gets one, who hears whose it is, and who is shut out.

use super::{Holder, Lease, Lock, break_open, lock};
use crate::conformance::{lease as taken, time};
use crate::record::{Actor, LeaseTaken};
use crate::{Ledger, LedgerError, MemoryLedger};
use evenkeel_model::EnvironmentName;
use evenkeel_model::moment::FixedClock;
use std::time::Duration;

fn ada() -> Actor {
    Actor {
        name: "ada".to_owned(),
        host: "engine".to_owned(),
        process: 7,
    }
}

fn kinds(ledger: &MemoryLedger) -> Vec<String> {
    let entries = ledger.read(0).unwrap();
    entries.into_iter().map(|entry| entry.kind).collect()
}

#[test]
fn one_writer_holds_an_environment_and_others_hear_who() {
    let world = tempfile::tempdir().unwrap();
    let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
    let clock = FixedClock(time(5));
    let take = |environment: &str, wait| {
        let environment = EnvironmentName::new(environment);
        Lease::take(
            &ledger,
            &clock,
            world.path(),
            &environment,
            &ada(),
            "apply",
            wait,
        )
    };
    let first = take("staging", None).unwrap();
    assert_eq!(first.fence().token, 1);
    let refused = take("staging", Some(Duration::from_millis(60)))
        .err()
        .unwrap();
    let said = format!("ada on engine (process 7) since {}, for `apply`", time(5));
    assert_eq!(refused.to_string(), format!("staging is held by {said}"));
    let staging = EnvironmentName::new("staging");
    let holder = Holder {
        by: ada(),
        since: time(5),
        purpose: "apply".to_owned(),
    };
    assert_eq!(holder.to_string(), said);
    assert_eq!(
        lock(world.path(), &staging).unwrap(),
        Lock::Held(Some(holder))
    );
    drop(take("production", None).unwrap());
    drop(first);
    assert_eq!(lock(world.path(), &staging).unwrap(), Lock::Free);
    let second = take("staging", None).unwrap();
    assert_eq!(second.fence().token, 2);
    drop(second);
    assert_eq!(
        kinds(&ledger),
        [
            "founded",
            "lease-taken",
            "lease-taken",
            "lease-returned",
            "lease-returned",
            "lease-taken",
            "lease-returned"
        ]
    );
}

#[test]
fn waiting_ends_when_the_holder_leaves() {
    let world = tempfile::tempdir().unwrap();
    let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
    let clock = FixedClock(time(5));
    let staging = EnvironmentName::new("staging");
    let first = Lease::take(
        &ledger,
        &clock,
        world.path(),
        &staging,
        &ada(),
        "apply",
        None,
    )
    .unwrap();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| {
            let patience = Some(Duration::from_secs(30));
            Lease::take(
                &ledger,
                &clock,
                world.path(),
                &staging,
                &ada(),
                "apply",
                patience,
            )
            .unwrap()
            .fence()
            .token
        });
        std::thread::sleep(Duration::from_millis(100));
        drop(first);
        assert_eq!(second.join().unwrap(), 2);
    });
}

#[test]
fn a_holder_who_was_overtaken_can_write_nothing() {
    let world = tempfile::tempdir().unwrap();
    let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
    let clock = FixedClock(time(5));
    let staging = EnvironmentName::new("staging");
    let mut old = Lease::take(
        &ledger,
        &clock,
        world.path(),
        &staging,
        &ada(),
        "apply",
        None,
    )
    .unwrap();
    let held = |token| LeaseTaken {
        environment: staging.clone(),
        token,
        by: ada(),
        purpose: "apply".to_owned(),
    };
    let wrong = break_open(&ledger, &clock, world.path(), &held(7), &ada(), "it hangs");
    assert!(matches!(wrong, Err(LedgerError::Fenced { .. })));
    let token = break_open(&ledger, &clock, world.path(), &held(1), &ada(), "it hangs").unwrap();
    assert_eq!(token, 2);
    assert_eq!(
        kinds(&ledger)[2..],
        ["lease-broken", "lease-taken", "lease-returned"]
    );
    assert_eq!(lock(world.path(), &staging).unwrap(), Lock::Free);
    let new = Lease::take(
        &ledger,
        &clock,
        world.path(),
        &staging,
        &ada(),
        "apply",
        None,
    )
    .unwrap();
    let refused = ledger.append(time(6), &[taken("production", 1)], Some(old.fence()));
    assert!(matches!(
        refused,
        Err(LedgerError::Fenced {
            held: 1,
            newest: 3,
            ..
        })
    ));
    assert!(matches!(old.release(), Err(LedgerError::Fenced { .. })));
    ledger
        .append(time(6), &[taken("production", 1)], Some(new.fence()))
        .unwrap();
}

#[test]
fn an_environment_cannot_name_a_file_elsewhere() {
    let world = tempfile::tempdir().unwrap();
    let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
    let clock = FixedClock(time(5));
    let outside = EnvironmentName::new("../outside");
    let refused = Lease::take(
        &ledger,
        &clock,
        world.path(),
        &outside,
        &ada(),
        "apply",
        None,
    );
    assert!(matches!(refused, Err(LedgerError::Unusable { .. })));
}

//! Leases: one writer at a time, named in errors, waited for, broken, and succeeded after its death.

use std::sync::LazyLock;
use std::time::Duration;

use super::{Bench, Fault, actor, fence, founded, lease, time};
use crate::lease::{Holder, Lock, break_open};
use crate::record::LeaseTaken;
use crate::{Lease, Ledger, LedgerError, Record, State, Store};
use evenkeel_model::EnvironmentName;
use evenkeel_model::moment::FixedClock;

pub(super) fn check(make: &dyn Fn() -> Box<dyn Bench>) {
    one_writer_holds_an_environment_and_others_see_its_name(&*make());
    waiting_ends_when_the_holder_leaves(&*make());
    a_superseded_holder_cannot_write(&*make());
    a_broken_lease_is_recorded_with_actor_and_reason(&*make());
    a_lease_of_a_dead_holder_is_taken_at_once(&*make());
    an_environment_name_cannot_be_a_path(&*make());
}

static CLOCK: LazyLock<FixedClock> = LazyLock::new(|| FixedClock(time(5)));

fn take<'l>(
    store: &dyn Store,
    ledger: &'l dyn Ledger,
    environment: &str,
    wait: Option<Duration>,
) -> Result<Lease<'l>, LedgerError> {
    let environment = EnvironmentName::new(environment);
    Lease::take(
        store,
        ledger,
        &*CLOCK,
        &environment,
        &actor("ada"),
        "apply",
        wait,
    )
}

fn held(token: u64) -> LeaseTaken {
    match lease("staging", token) {
        Record::LeaseTaken(held) => held,
        other => panic!("{} is not a lease", other.kind()),
    }
}

fn kinds(ledger: &dyn Ledger) -> Vec<String> {
    let entries = ledger.read(0).unwrap();
    entries.into_iter().map(|entry| entry.kind).collect()
}

fn one_writer_holds_an_environment_and_others_see_its_name(bench: &dyn Bench) {
    let (store, ledger) = (bench.store(), founded(bench));
    let staging = EnvironmentName::new("staging");
    assert_eq!(store.observe_lock(&staging).unwrap(), Lock::Free);
    let first = take(store, &*ledger, "staging", None).unwrap();
    assert_eq!(first.fence(), &fence("staging", 1));
    let refused = take(store, &*ledger, "staging", Some(Duration::from_millis(60)));
    let holder_words = format!("ada on engine (process 7) since {}, for `apply`", time(5));
    assert_eq!(
        refused.err().unwrap().to_string(),
        format!("staging is locked by {holder_words}")
    );
    let holder = Holder {
        by: actor("ada"),
        since: time(5),
        purpose: "apply".to_owned(),
    };
    assert_eq!(holder.to_string(), holder_words);
    assert_eq!(
        store.observe_lock(&staging).unwrap(),
        Lock::Held(Some(holder))
    );
    drop(take(store, &*ledger, "production", None).unwrap());
    drop(first);
    assert_eq!(store.observe_lock(&staging).unwrap(), Lock::Free);
    let second = take(store, &*ledger, "staging", None).unwrap();
    assert_eq!(second.fence().token, 2);
    drop(second);
    assert_eq!(
        kinds(&*ledger),
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

fn waiting_ends_when_the_holder_leaves(bench: &dyn Bench) {
    let (store, ledger) = (bench.store(), founded(bench));
    let first = take(store, &*ledger, "staging", None).unwrap();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| {
            let lease = take(store, &*ledger, "staging", Some(Duration::from_secs(30)));
            lease.unwrap().fence().token
        });
        std::thread::sleep(Duration::from_millis(100));
        drop(first);
        assert_eq!(second.join().unwrap(), 2);
    });
}

fn a_superseded_holder_cannot_write(bench: &dyn Bench) {
    let (store, ledger) = (bench.store(), founded(bench));
    let staging = EnvironmentName::new("staging");
    let old = take(store, &*ledger, "staging", None).unwrap();
    let broken = |token| {
        break_open(
            store,
            &*ledger,
            &*CLOCK,
            &held(token),
            &actor("bob"),
            "it hangs",
        )
    };
    assert!(matches!(broken(7), Err(LedgerError::Fenced { .. })));
    assert!(matches!(
        store.observe_lock(&staging).unwrap(),
        Lock::Held(_)
    ));
    assert_eq!(broken(1).unwrap(), 2);
    assert_eq!(
        kinds(&*ledger)[2..],
        ["lease-broken", "lease-taken", "lease-returned"]
    );
    assert_eq!(store.observe_lock(&staging).unwrap(), Lock::Free);
    let new = take(store, &*ledger, "staging", None).unwrap();
    let refused = ledger.append(time(6), &[lease("production", 1)], Some(old.fence()));
    assert!(matches!(
        refused,
        Err(LedgerError::Fenced {
            held: 1,
            newest: 3,
            ..
        })
    ));
    // It does not release the lock of its successor either.
    drop(old);
    assert!(matches!(
        store.observe_lock(&staging).unwrap(),
        Lock::Held(_)
    ));
    assert_eq!(kinds(&*ledger).len(), 6);
    ledger
        .append(time(6), &[lease("production", 1)], Some(new.fence()))
        .unwrap();
}

fn a_broken_lease_is_recorded_with_actor_and_reason(bench: &dyn Bench) {
    let (store, ledger) = (bench.store(), founded(bench));
    ledger
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    let (held, by) = (held(1), actor("bob"));
    let broken = break_open(store, &*ledger, &*CLOCK, &held, &by, "it hangs");
    assert_eq!(broken.unwrap(), 2);
    // A broken lease cannot be broken again.
    let again = break_open(store, &*ledger, &*CLOCK, &held, &by, "it hangs");
    assert!(matches!(again, Err(LedgerError::Fenced { newest: 2, .. })));
    let state = State::of(&*ledger).unwrap();
    assert_eq!(state.sequence, 5);
    let standing = state.environment(&EnvironmentName::new("staging")).unwrap();
    assert!(standing.lease.is_none());
    let kept = &standing.broken.as_ref().unwrap().record;
    assert_eq!((kept.token, &*kept.reason), (1, "it hangs"));
    assert_eq!((&kept.held_by, &kept.by), (&held.by, &by));
}

fn a_lease_of_a_dead_holder_is_taken_at_once(bench: &dyn Bench) {
    let (store, ledger) = (bench.store(), founded(bench));
    let staging = EnvironmentName::new("staging");
    let dead = take(store, &*ledger, "staging", None).unwrap();
    if bench.suffer(Fault::HolderDies(&staging)) {
        let next = take(store, &*ledger, "staging", None).unwrap();
        assert_eq!(next.fence().token, 2);
    }
    drop(dead);
}

fn an_environment_name_cannot_be_a_path(bench: &dyn Bench) {
    let (store, ledger) = (bench.store(), founded(bench));
    let refused = take(store, &*ledger, "../outside", None);
    assert!(matches!(refused, Err(LedgerError::Unusable { .. })));
    assert_eq!(ledger.read(0).unwrap().len(), 1);
}

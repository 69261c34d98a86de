//! The conformance suite: what every backend of the ledger must do, run over each.
//!
//! Only for tests. A new backend calls [`check`] with a way to found an empty ledger.

use super::lease::break_open;
use super::record::{Actor, LeaseTaken};
use super::{Fence, Ledger, LedgerError, Record, State};
use evenkeel_model::moment::FixedClock;
use evenkeel_model::{EnvironmentName, Moment};

/// A moment.
pub fn time(second: i64) -> Moment {
    Moment::from_millisecond(1_800_000_000_000 + second * 1000)
}

/// The record of a lease.
pub fn lease(environment: &str, token: u64) -> Record {
    Record::LeaseTaken(LeaseTaken {
        environment: EnvironmentName::new(environment),
        token,
        by: Actor {
            name: "ada".to_owned(),
            host: "engine".to_owned(),
            process: 7,
        },
        purpose: "apply".to_owned(),
    })
}

/// A fence.
pub fn fence(environment: &str, token: u64) -> Fence {
    Fence {
        environment: EnvironmentName::new(environment),
        token,
    }
}

/// Everything that is asked of a backend; `found` founds an empty ledger each time.
pub fn check(found: impl Fn() -> Box<dyn Ledger>) {
    what_is_appended_is_read(&*found());
    an_old_fence_is_refused(&*found());
    a_batch_is_written_whole_or_not_at_all(&*found());
    a_clock_set_back_breaks_nothing(&*found());
    writers_at_once_leave_no_gap(&*found());
    a_broken_lease_shuts_its_holder_out_and_says_why(&*found());
}

fn what_is_appended_is_read(ledger: &dyn Ledger) {
    let first = ledger.read(0).unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].kind, "founded");
    assert_eq!(
        ledger
            .append(
                time(1),
                &[lease("staging", 1), lease("production", 1)],
                None
            )
            .unwrap(),
        3
    );
    assert_eq!(
        ledger
            .append(time(2), &[lease("staging", 2)], None)
            .unwrap(),
        4
    );
    assert_eq!(ledger.append(time(2), &[], None).unwrap(), 4);
    let entries = ledger.read(0).unwrap();
    let numbers: Vec<u64> = entries.iter().map(|entry| entry.sequence).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    let later = ledger.read(3).unwrap();
    assert_eq!(later.len(), 1);
    assert_eq!(later[0].digest, entries[3].digest);
    assert!(ledger.read(4).unwrap().is_empty());
    assert!(matches!(
        ledger.read(5),
        Err(LedgerError::Broken { sequence: 5, .. })
    ));
}

fn an_old_fence_is_refused(ledger: &dyn Ledger) {
    let nobody = ledger.append(time(1), &[], Some(&fence("staging", 1)));
    assert!(matches!(nobody, Err(LedgerError::Fenced { newest: 0, .. })));
    ledger
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    ledger
        .append(time(1), &[], Some(&fence("staging", 1)))
        .unwrap();
    ledger
        .append(time(2), &[lease("staging", 2)], None)
        .unwrap();
    ledger
        .append(time(2), &[lease("production", 9)], None)
        .unwrap();
    let old = ledger.append(
        time(3),
        &[lease("production", 10)],
        Some(&fence("staging", 1)),
    );
    assert!(matches!(
        old,
        Err(LedgerError::Fenced {
            held: 1,
            newest: 2,
            ..
        })
    ));
    assert_eq!(
        ledger
            .newest_token(&EnvironmentName::new("production"))
            .unwrap(),
        9
    );
    let again = ledger.append(time(3), &[lease("staging", 2)], None);
    assert!(matches!(
        again,
        Err(LedgerError::Fenced {
            held: 2,
            newest: 2,
            ..
        })
    ));
    assert_eq!(ledger.read(0).unwrap().len(), 4);
}

fn a_batch_is_written_whole_or_not_at_all(ledger: &dyn Ledger) {
    let batch = [
        lease("staging", 1),
        lease("production", 1),
        lease("staging", 1),
    ];
    assert!(matches!(
        ledger.append(time(1), &batch, None),
        Err(LedgerError::Fenced { .. })
    ));
    assert_eq!(ledger.read(0).unwrap().len(), 1);
    assert_eq!(
        ledger
            .newest_token(&EnvironmentName::new("staging"))
            .unwrap(),
        0
    );
}

fn a_clock_set_back_breaks_nothing(ledger: &dyn Ledger) {
    ledger
        .append(time(100), &[lease("staging", 1)], None)
        .unwrap();
    ledger
        .append(time(-100), &[lease("staging", 2)], None)
        .unwrap();
    assert_eq!(ledger.read(0).unwrap()[2].time, time(-100));
}

fn a_broken_lease_shuts_its_holder_out_and_says_why(ledger: &dyn Ledger) {
    let folder = tempfile::tempdir().unwrap();
    ledger
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    let Record::LeaseTaken(held) = lease("staging", 1) else {
        unreachable!("it is one");
    };
    let clock = FixedClock(time(2));
    let by = Actor {
        name: "bob".to_owned(),
        ..held.by.clone()
    };
    let broken = break_open(ledger, &clock, folder.path(), &held, &by, "it hangs");
    assert_eq!(broken.unwrap(), 2);
    // Nobody can break what is broken.
    let again = break_open(ledger, &clock, folder.path(), &held, &by, "it hangs");
    assert!(matches!(again, Err(LedgerError::Fenced { newest: 2, .. })));
    let refused = ledger.append(
        time(3),
        &[lease("production", 1)],
        Some(&fence("staging", 1)),
    );
    assert!(matches!(refused, Err(LedgerError::Fenced { .. })));
    let state = State::of(ledger).unwrap();
    assert_eq!(state.sequence, 5);
    let standing = state.environment(&EnvironmentName::new("staging")).unwrap();
    assert!(standing.lease.is_none());
    let kept = &standing.broken.as_ref().unwrap().record;
    assert_eq!((kept.token, &*kept.reason), (1, "it hangs"));
    assert_eq!((&kept.held_by, &kept.by), (&held.by, &by));
}

fn writers_at_once_leave_no_gap(ledger: &dyn Ledger) {
    std::thread::scope(|scope| {
        for writer in 0..8 {
            scope.spawn(move || {
                for token in 1..=10 {
                    let environment = format!("environment-{writer}");
                    ledger
                        .append(
                            time(token),
                            &[lease(&environment, token.cast_unsigned())],
                            None,
                        )
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(ledger.read(0).unwrap().len(), 81);
}

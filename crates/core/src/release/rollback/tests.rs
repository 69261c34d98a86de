//! Selection of the release to restore, from histories of releases.

use super::{NoRollback, in_effect, rollback_target, rolled_back_by};
use evenkeel_ledger::record::{
    Actor, ApplyOutcome, ReleaseEnded, ReleaseStarted, Rollback, RollbackCause,
};
use evenkeel_ledger::{Entry, Record, State};
use evenkeel_model::{Digest, EnvironmentName, Moment};

fn name() -> EnvironmentName {
    EnvironmentName::new("production")
}

/// History of releases: `(number, what it restores and undoes, outcome, smoke)`.
type Past = (u64, Option<(u64, u64)>, Option<ApplyOutcome>, Option<bool>);

fn state(past: &[Past]) -> State {
    let mut state = State::default();
    let id = |number: u64| format!("r-{number}");
    for (number, rollback, outcome, smoke) in past {
        let mut records: Vec<Record> = vec![
            ReleaseStarted {
                release: id(*number),
                environment: name(),
                plan: Digest::of(b"plan"),
                recipe: Digest::of(id(*number).as_bytes()),
                dossier: Digest::of(b"dossier"),
                by: Actor {
                    name: "ada".into(),
                    host: "here".into(),
                    process: 1,
                },
                binding: None,
                definitions: None,
                origin: None,
                rollback: rollback.map(|(restores, undoes)| Rollback {
                    restores: id(restores),
                    undoes: id(undoes),
                    cause: RollbackCause::Request,
                    reason: None,
                }),
            }
            .into(),
        ];
        records.extend(outcome.map(|outcome| {
            ReleaseEnded {
                release: id(*number),
                environment: name(),
                recipe: Digest::of(id(*number).as_bytes()),
                commit: None,
                outcome,
                smoke: *smoke,
            }
            .into()
        }));
        for record in records {
            let entry = Entry {
                sequence: state.sequence + 1,
                time: Moment::from_millisecond(0),
                kind: record.kind().to_owned(),
                body: record.encode().unwrap().into(),
                previous: Digest::of(b""),
                digest: Digest::of(b""),
            };
            state.absorb(&entry).unwrap();
        }
    }
    state
}

/// Returns the numbers of the restored and of the undone release.
fn target(past: &[Past], wanted: Option<&str>) -> Result<(String, String), NoRollback> {
    let state = state(past);
    let found = rollback_target(&state, &name(), wanted)?;
    let id = |release: &evenkeel_ledger::state::Release| release.started.record.release.clone();
    Ok((id(found.restores), id(found.undoes)))
}

fn pair(restores: &str, undoes: &str) -> (String, String) {
    (restores.to_owned(), undoes.to_owned())
}

const DONE: Option<ApplyOutcome> = Some(ApplyOutcome::Done);

#[test]
fn the_newest_successful_release_before_the_current_one_is_restored() {
    let good = |number| (number, None, DONE, Some(true));
    assert_eq!(target(&[], None), Err(NoRollback::NeverReleased));
    let current = "r-1".to_owned();
    assert_eq!(
        target(&[good(1)], None),
        Err(NoRollback::NoEarlier { current })
    );
    assert_eq!(target(&[good(1), good(2)], None), Ok(pair("r-1", "r-2")));
    // Failed, interrupted, unknown and unfinished releases, and those whose smoke suites failed, are passed over.
    for (outcome, smoke) in [
        (Some(ApplyOutcome::Failed), None),
        (Some(ApplyOutcome::Interrupted), None),
        (Some(ApplyOutcome::Unknown), None),
        (None, None),
        (DONE, Some(false)),
    ] {
        let past = [good(1), (2, None, outcome, smoke), good(3)];
        assert_eq!(target(&past, None), Ok(pair("r-1", "r-3")));
        assert!(matches!(
            target(&past, Some("r-2")),
            Err(NoRollback::Unsuccessful { .. })
        ));
        // The current one need not have succeeded.
        assert_eq!(target(&past[..2], None), Ok(pair("r-1", "r-2")));
    }
}

#[test]
fn a_repeated_rollback_restores_the_same_release() {
    let good = |number| (number, None, DONE, Some(true));
    for outcome in [DONE, None, Some(ApplyOutcome::Failed)] {
        let past = [good(1), good(2), good(3), (4, Some((2, 3)), outcome, None)];
        assert_eq!(target(&past, None), Ok(pair("r-2", "r-3")));
        assert_eq!(target(&past, Some("r-2")), Ok(pair("r-2", "r-3")));
        // A person may go on to an earlier one.
        let undoes = if outcome == DONE { "r-2" } else { "r-3" };
        assert_eq!(target(&past, Some("r-1")), Ok(pair("r-1", undoes)));
    }
    // A later release is rolled back to the restored one, not to the one that was rolled back.
    let past = [good(1), good(2), (3, Some((1, 2)), DONE, None), good(4)];
    assert_eq!(target(&past, None), Ok(pair("r-1", "r-4")));
    assert_eq!(target(&past, Some("r-2")), Ok(pair("r-2", "r-4")));
    assert_eq!(target(&past, Some("r-3")), Ok(pair("r-1", "r-4")));
}

#[test]
fn newer_unknown_and_foreign_releases_are_refused() {
    let good = |number| (number, None, DONE, Some(true));
    let past = [good(1), good(2), (3, Some((1, 2)), DONE, None)];
    let current = "r-1".to_owned();
    assert_eq!(
        target(&past, Some("r-2")),
        Err(NoRollback::Newer { current })
    );
    let near = Some("r-3".to_owned());
    assert!(matches!(
        target(&past, Some("r-33")),
        Err(NoRollback::Unknown { near: found }) if found == near
    ));
}

#[test]
fn the_restored_release_is_in_effect() {
    let good = |number| (number, None, DONE, Some(true));
    let past = [good(1), good(2), (3, Some((1, 2)), DONE, None)];
    let state = state(&past);
    let effective = in_effect(&state, &name()).unwrap();
    assert_eq!(effective.started.record.release, "r-1");
    let by = rolled_back_by(&state, &state.releases[1]).unwrap();
    assert_eq!(by.started.record.release, "r-3");
    assert!(rolled_back_by(&state, &state.releases[0]).is_none());
}

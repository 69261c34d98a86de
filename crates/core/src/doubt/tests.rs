//! Which decisions a later drift puts in doubt, and which not.

use std::collections::BTreeMap;

use super::{Decision, Doubt, Doubts, ShownBy};
use evenkeel_ledger::Record;
use evenkeel_ledger::record::{
    Actor, ApplyEnded, ApplyOutcome, ApplyStarted, Approved, DriftChecked, EvidenceBinding, Origin,
    ReleaseStarted, StepsIntended, SuiteEnded, Verb, VerdictGiven,
};
use evenkeel_model::{Address, Digest, EnvironmentName, Instance, Moment};

fn name(text: &str) -> EnvironmentName {
    EnvironmentName::new(text)
}

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn ada() -> Actor {
    Actor {
        name: "ada".into(),
        host: "here".into(),
        process: 1,
    }
}

fn origin() -> Origin {
    Origin {
        commit: None,
        dirty: false,
        definitions: digest("definitions"),
    }
}

/// An apply that changes something, with its outcome.
fn apply(environment: &str, purpose: &str, outcome: ApplyOutcome) -> Vec<Record> {
    let apply = format!("a-{environment}");
    vec![
        ApplyStarted {
            apply: apply.clone(),
            environment: name(environment),
            plan: digest("plan"),
            recipe: digest("recipe"),
            origin: origin(),
            steps: 1,
            by: ada(),
            purpose: purpose.into(),
            from_file: false,
        }
        .into(),
        StepsIntended {
            apply: apply.clone(),
            environment: name(environment),
            steps: vec![(Instance::from(Address::new("file", "a")), Verb::Update)],
        }
        .into(),
        ApplyEnded {
            apply,
            environment: name(environment),
            outcome,
            done: 1,
            failed: 0,
            not_started: 0,
            observation: Some(digest("applied")),
        }
        .into(),
    ]
}

fn done(environment: &str) -> Vec<Record> {
    apply(environment, "deliver", ApplyOutcome::Done)
}

fn pass(undisturbed: bool) -> Vec<Record> {
    let at = Moment::from_millisecond(0);
    vec![
        SuiteEnded {
            suite: "smoke".into(),
            kind: "smoke".into(),
            environment: name("staging"),
            passed: true,
            summary: String::new(),
            cases: (1, 0),
            started: at,
            ended: at,
            bound: EvidenceBinding {
                recipe: digest("recipe"),
                plan: None,
                artifacts: BTreeMap::new(),
                observation: digest("observation"),
                suite: digest("suite"),
            },
            output: None,
            undisturbed,
        }
        .into(),
    ]
}

fn approval() -> Vec<Record> {
    vec![
        Approved {
            environment: name("production"),
            plan: digest("plan"),
            evidence: digest("evidence"),
            by: ada(),
            reason: String::new(),
            signed: None,
        }
        .into(),
    ]
}

fn verdict(shut_by: &[&str]) -> Vec<Record> {
    vec![
        VerdictGiven {
            environment: name("production"),
            plan: digest("plan"),
            recipe: digest("recipe"),
            open: shut_by.is_empty(),
            shut_by: shut_by.iter().map(|&code| code.to_owned()).collect(),
            dossier: digest("dossier"),
        }
        .into(),
    ]
}

fn release() -> Vec<Record> {
    vec![
        ReleaseStarted {
            release: "r-1".into(),
            environment: name("production"),
            plan: digest("plan"),
            recipe: digest("recipe"),
            dossier: digest("dossier"),
            by: ada(),
            binding: None,
            definitions: None,
            origin: None,
            rollback: None,
        }
        .into(),
    ]
}

fn check(environment: &str, findings: &[&str], pending: &[&str], complete: bool) -> Vec<Record> {
    let all = findings.iter().chain(pending).map(|text| digest(text));
    vec![
        DriftChecked {
            environments: [(name(environment), all.collect())].into(),
            parity: None,
            pending: pending.iter().map(|text| digest(text)).collect(),
            facts: Vec::new(),
            described: Vec::new(),
            unknown: None,
            complete,
            origin: origin(),
            by: ada(),
        }
        .into(),
    ]
}

fn drift(environment: &str) -> Vec<Record> {
    check(environment, &["finding"], &[], true)
}

fn in_sync(environment: &str) -> Vec<Record> {
    check(environment, &[], &[], true)
}

/// Returns the doubts of these entries, numbered from 1.
fn doubts(entries: &[Vec<Record>]) -> Vec<Doubt> {
    let mut doubts = Doubts::along(&[name("staging"), name("production")]);
    for (record, number) in entries.iter().flatten().zip(1..) {
        let at = Moment::from_millisecond(1000 * i64::try_from(number).unwrap());
        doubts.take(number, at, record);
    }
    doubts.found()
}

/// Returns the entry of each doubt, the last in sync, and the first with drift.
fn places(doubts: &[Doubt]) -> Vec<(u64, Option<u64>, u64)> {
    doubts
        .iter()
        .map(|doubt| {
            let in_sync = doubt.in_sync.map(|seen| seen.entry);
            (doubt.made.entry, in_sync, doubt.drifted.entry)
        })
        .collect()
}

#[test]
fn every_decision_between_in_sync_and_drift_is_in_doubt() {
    let found = doubts(&[
        done("staging"),
        pass(true),
        verdict(&["gate/not-approved"]),
        approval(),
        verdict(&[]),
        release(),
        drift("staging"),
    ]);
    assert_eq!(
        places(&found),
        [
            (4, Some(3), 9),
            (5, Some(3), 9),
            (6, Some(3), 9),
            (7, Some(3), 9),
            (8, Some(3), 9),
        ]
    );
    let observed: Vec<bool> = found.iter().map(|doubt| doubt.observed).collect();
    assert_eq!(observed, [false, true, false, true, false]);
    for doubt in &found {
        assert_eq!(doubt.environment, name("staging"));
        assert_eq!(doubt.shown_by, ShownBy::Check(vec![digest("finding")]));
    }
    assert_eq!(
        found[4].decision,
        Decision::Release {
            release: "r-1".into()
        }
    );
}

#[test]
fn an_observation_in_sync_ends_the_interval() {
    // A recorded check, or an apply that ran to its end.
    for end in [in_sync("staging"), done("staging")] {
        let found = doubts(&[done("staging"), pass(true), end, drift("staging")]);
        assert_eq!(found, []);
    }
    // A check of another environment, an incomplete one and one with pending changes show nothing.
    for none in [
        in_sync("production"),
        check("staging", &[], &[], false),
        check("staging", &["finding"], &[], false),
        check("staging", &[], &["pending"], true),
    ] {
        let found = doubts(&[done("staging"), pass(true), none, drift("staging")]);
        assert_eq!(places(&found), [(4, Some(3), 6)]);
    }
}

#[test]
fn only_the_first_drift_counts_until_the_environment_is_seen_in_sync() {
    let found = doubts(&[
        done("staging"),
        pass(true),
        drift("staging"),
        // Made in known drift: the gate judges it.
        pass(true),
        approval(),
        drift("staging"),
    ]);
    assert_eq!(places(&found), [(4, Some(3), 5)]);
    // A verdict that sees it in sync starts another interval.
    let found = doubts(&[
        done("staging"),
        drift("staging"),
        verdict(&["gate/not-approved"]),
        approval(),
        drift("staging"),
    ]);
    assert_eq!(places(&found), [(5, Some(5), 7), (6, Some(5), 7)]);
}

#[test]
fn a_release_relies_on_every_environment_before_it() {
    let before = [done("staging"), done("production"), approval()];
    for (environment, in_sync) in [("staging", 3), ("production", 6)] {
        let found = doubts(&[&before[..], &[drift(environment)]].concat());
        assert_eq!(places(&found), [(7, Some(in_sync), 8)]);
        assert_eq!(found[0].environment, name(environment));
    }
    // A pass relies on its own environment only.
    let found = doubts(&[done("staging"), pass(true), drift("production")]);
    assert_eq!(found, []);
}

#[test]
fn a_suite_that_left_another_environment_shows_drift() {
    let found = doubts(&[done("staging"), approval(), pass(false)]);
    assert_eq!(places(&found), [(4, Some(3), 5), (5, Some(3), 5)]);
    assert_eq!(found[1].shown_by, ShownBy::Suite("smoke".into()));
    assert!(!found[1].observed);
}

#[test]
fn a_repair_shows_drift_and_another_apply_hides_it() {
    let repair = apply("production", "repair", ApplyOutcome::Done);
    let found = doubts(&[done("production"), approval(), repair.clone()]);
    assert_eq!(places(&found), [(4, Some(3), 6)]);
    assert_eq!(found[0].shown_by, ShownBy::Repair("a-production".into()));
    // It finishes an apply that failed.
    let failed = apply("production", "release", ApplyOutcome::Failed);
    let found = doubts(&[failed, approval(), repair]);
    assert_eq!(found, []);
    // From its first step on, evenkeel changes the environment.
    let failed = apply("staging", "deliver", ApplyOutcome::Failed);
    let found = doubts(&[done("staging"), approval(), failed, drift("staging")]);
    assert_eq!(found, []);
}

#[test]
fn without_an_observation_in_sync_everything_before_the_drift_is_in_doubt() {
    let found = doubts(&[approval(), drift("staging")]);
    assert_eq!(places(&found), [(1, None, 2)]);
    // An environment that is no longer on the path counts alone.
    let mut doubts = Doubts::along(&[name("staging")]);
    for (record, number) in [approval(), drift("staging"), drift("production")]
        .iter()
        .flatten()
        .zip(1..)
    {
        doubts.take(number, Moment::from_millisecond(0), record);
    }
    assert_eq!(places(&doubts.found()), [(1, None, 3)]);
}

//! A forged snapshot of the ledger's state opens no gate, passes no check of production, and verification finds it.

use std::fs;

use evenkeel::report::Report;
use evenkeel_ledger::environment_state::Noted;
use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::record::{Actor, Approved, Refused};
use evenkeel_ledger::{Record, State, Store as _};
use evenkeel_model::{Digest, EnvironmentName, Moment};

use super::inside::{Inside, expect, newest_dossier, refused, words};
use super::world::{SYSTEM, TestWorld};

/// Bytes of the file's identity, after the first line.
const IDENTITY: usize = 56;

/// Returns a delivered project that waits for an approval, with a ledger that is long enough for a snapshot.
fn waiting() -> Inside {
    let system = SYSTEM.replace("uncommitted = true\n", "approvals = 1\n");
    let inside = Inside::new(TestWorld::with(&system));
    inside.world.commit();
    expect(0, inside.deliver());
    let padding = Record::from(Refused {
        what: "release".into(),
        code: "refused".into(),
        environment: None,
        plan: None,
        by: actor("kim"),
        reason: "long ".repeat(200),
    });
    let store = FolderStore::new(&inside.world.path(".evenkeel"));
    let ledger = store.open_or_found("small", now()).unwrap();
    let padding = vec![padding; 400];
    ledger.append(now(), &padding, None).unwrap();
    inside
}

fn now() -> Moment {
    "2026-11-23T10:00:00Z".parse().map(Moment::new).unwrap()
}

fn actor(name: &str) -> Actor {
    Actor {
        name: name.into(),
        host: "here".into(),
        process: 1,
    }
}

/// Changes the state in the snapshot, and makes the file consistent again.
fn forge(inside: &Inside, change: impl FnOnce(&mut State)) {
    let path = inside.world.path(".evenkeel/snapshot");
    let bytes = fs::read(&path).unwrap();
    let start = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1 + IDENTITY;
    let mut state = State::decode(&bytes[start + 32..]).unwrap();
    change(&mut state);
    let mut body = Vec::new();
    state.encode(&mut body).unwrap();
    let mut forged = bytes[..start].to_vec();
    forged.extend(Digest::of(&body).as_bytes());
    forged.extend(body);
    fs::write(&path, forged).unwrap();
}

/// Adds an approval of the plan that waits for one.
fn approve(state: &mut State, plan: Digest, evidence: Digest) {
    let production = EnvironmentName::new("production");
    let standing = state.environments.entry(production.clone()).or_default();
    standing.approvals.push(Noted {
        sequence: state.sequence,
        at: now(),
        record: Approved {
            environment: production,
            plan,
            evidence,
            by: actor("kim"),
            reason: "forged".into(),
            signed: None,
        },
    });
}

#[test]
fn a_forged_approval_opens_no_gate_and_is_found() {
    let inside = waiting();
    let dossier = newest_dossier(&inside, "small");
    let (plan, evidence) = (
        dossier.dossier.release.plan,
        dossier.dossier.evidence_digest,
    );
    forge(&inside, |state| approve(state, plan, evidence));
    // Commands that only read use it, until anything checks it.
    expect(0, inside.status());
    refused_audit(&inside);
    let report = expect(3, inside.release());
    assert_eq!(shut_by(report), ["gate/ledger-broken", "gate/not-approved"]);
    // The entry of that verdict was appended to the forged state: it is found until it is removed.
    refused_audit(&inside);
    fs::remove_file(inside.world.path(".evenkeel/snapshot")).unwrap();
    expect(0, inside.audit());
    let report = expect(3, inside.release());
    assert_eq!(shut_by(report), ["gate/not-approved"]);
}

/// Returns the codes of the rules that shut the gate.
fn shut_by(report: Report) -> Vec<String> {
    let rules = report.verdict.unwrap().rules.into_iter();
    let shut = rules.filter(|rule| !rule.holds);
    shut.map(|rule| rule.code.into_owned()).collect()
}

fn refused_audit(inside: &Inside) {
    let report = expect(7, inside.audit());
    let text = words(&Ok(report));
    assert!(text.contains("snapshot does not match"), "{text}");
}

#[test]
fn forged_releases_restore_nothing_in_production() {
    let inside = waiting();
    forge(&inside, |state| {
        state.releases.clear();
        let staging = EnvironmentName::new("staging");
        let production = EnvironmentName::new("production");
        let applied = state.environments[&staging].clone();
        state.environments.insert(production, applied);
    });
    refused(3, "release", &inside.apply("production"));
    assert_eq!(inside.asked("production"), 0);
}

//! Table of the gate: an open dossier, and every change that must shut it.

use std::collections::BTreeMap;

use super::*;
use crate::environment::Policy;
use crate::environment::policy::Freeze;
use evenkeel_ledger::record::{ApplyOutcome, EvidenceBinding, Origin, Verb};
use evenkeel_model::{Address, Digest, EnvironmentName, Moment};

pub(super) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub(super) fn name(text: &str) -> EnvironmentName {
    EnvironmentName::new(text)
}

fn facts(observation: &str) -> EnvironmentFacts {
    EnvironmentFacts {
        recipe: digest("recipe"),
        artifacts: BTreeMap::from([("app".into(), digest("app"))]),
        drift: Vec::new(),
        steps: 0,
        declared: 10,
        observed: 10,
        observation: Some(digest(observation)),
    }
}

pub(super) fn finding(corner: evenkeel_model::defect::Corner, repaired: bool) -> DefectFact {
    DefectFact {
        fingerprint: digest("finding"),
        code: "file/mode-differs".into(),
        message: "the mode of file.config differs".into(),
        corner: Some(corner),
        repaired,
    }
}

/// Returns a dossier with which the gate is open.
pub(super) fn open() -> Dossier {
    let at = Moment::from_millisecond(1_000_000_000);
    Dossier {
        at,
        system: "guestbook".into(),
        path: vec![name("staging"), name("production")],
        production: name("production"),
        policy: Policy::default(),
        origin: Origin {
            commit: Some("abc".into()),
            dirty: false,
            definitions: digest("definitions"),
        },
        parity: Vec::new(),
        environments: BTreeMap::from([
            (name("staging"), facts("staging")),
            (name("production"), facts("production")),
        ]),
        release: ReleasePlan {
            plan: digest("plan"),
            recipe: digest("recipe"),
            steps: vec![(Address::new("file", "config").into(), Verb::Create, true)],
            already: false,
        },
        proofs: BTreeMap::from([(
            name("staging"),
            ProofFacts {
                recipe: Some(digest("recipe")),
                last: Some(ApplyOutcome::Done),
                open: 0,
            },
        )]),
        suites: BTreeMap::from([(
            name("staging"),
            vec![SuiteFact {
                name: "smoke".into(),
                kind: "smoke".into(),
                digest: digest("suite"),
            }],
        )]),
        evidence: vec![EvidenceFact {
            suite: "smoke".into(),
            environment: name("staging"),
            passed: true,
            cases: (1, 0),
            ended: Moment::from_millisecond(999_000_000),
            bound: EvidenceBinding {
                recipe: digest("recipe"),
                plan: Some(digest("staging plan")),
                artifacts: BTreeMap::from([("app".into(), digest("app"))]),
                observation: digest("staging"),
                suite: digest("suite"),
            },
            undisturbed: true,
            summary: "1 passed".into(),
        }],
        evidence_digest: digest("evidence"),
        approvals: vec![ApprovalFact {
            by: "alice".into(),
            plan: digest("plan"),
            evidence: digest("evidence"),
            at,
            reason: "looks right".into(),
            sequence: None,
            signed: None,
        }],
        ledger: LedgerFacts {
            entries: Some(12),
            broken: None,
            unproven: None,
        },
        place: None,
        severities: None,
        differences: None,
        approvers: None,
        decisions: Vec::new(),
        involved: None,
        exceptions: Vec::new(),
        released: None,
        drill: None,
        rollback: None,
        rehearsal: None,
    }
}

/// Returns [`open`] after a release with the same requirements, and with a policy without approvals.
pub(super) fn released() -> Dossier {
    let mut dossier = open();
    dossier.policy.approvals = 0;
    dossier.policy.freeze = vec![Freeze {
        from: Moment::from_millisecond(2_000_000_000),
        until: Moment::from_millisecond(3_000_000_000),
        reason: "holidays".into(),
    }];
    dossier.approvals.clear();
    dossier.place = Some("environments".into());
    dossier.severities = Some(BTreeMap::new());
    dossier.differences = Some(BTreeMap::new());
    dossier.released = Some(ReleasedFacts {
        release: "r-1".into(),
        environments: [name("production")].into(),
        commit: Some("abc".into()),
        is_older: false,
        demands: Some(dossier.demands()),
    });
    dossier
}

#[test]
fn a_whole_dossier_opens_it() {
    let verdict = judge(&released());
    assert!(verdict.open, "{:?}", verdict.reasons);
    let verdict = judge(&open());
    assert!(verdict.open, "{:?}", verdict.reasons);
    assert!(verdict.remedies.is_empty());
}

type Spoil = fn(&mut Dossier);

/// Changes that must shut the gate, with the expected code.
const SHUTS: &[(&str, &str, Spoil)] = &[
    ("gate/ledger-broken", "broken", |it| {
        it.ledger.broken = Some("broken at 3".into());
    }),
    ("gate/ledger-broken", "not verified", |it| {
        it.ledger.entries = None;
    }),
    ("gate/ledger-broken", "empty", |it| {
        it.ledger.entries = Some(0);
    }),
    ("gate/ledger-broken", "its end not proven", |it| {
        it.ledger.unproven = Some("head is not there".into());
    }),
    ("gate/not-committed", "no commit", |it| {
        it.origin.commit = None;
    }),
    ("gate/not-committed", "dirty", |it| it.origin.dirty = true),
    ("gate/parity", "a finding", |it| {
        it.parity = vec![finding(evenkeel_model::defect::Corner::Pending, false)];
    }),
    ("gate/parity", "one environment", |it| {
        it.path = vec![name("production")];
    }),
    ("gate/rejected", "a rejection", |it| {
        it.decisions = vec![DecisionFact {
            withdraws: false,
            by: "bob".into(),
            plan: digest("plan"),
            at: it.at,
            reason: "slow".into(),
            sequence: 7,
            signed: None,
        }];
    }),
    ("gate/not-observed", "not observed", |it| {
        it.environments.remove(&name("production"));
    }),
    ("gate/not-observed", "nothing declared", |it| {
        spoil(it, "staging", |facts| facts.declared = 0);
    }),
    ("gate/not-observed", "one attribute unseen", |it| {
        spoil(it, "production", |facts| facts.observed = 9);
    }),
    ("gate/not-observed", "more seen than declared", |it| {
        spoil(it, "production", |facts| facts.observed = 11);
    }),
    ("gate/not-observed", "a share that is no number", |it| {
        it.policy.observed = f64::NAN;
    }),
    ("gate/not-observed", "a rest unseen", |it| {
        spoil(it, "production", |facts| facts.observation = None);
    }),
    ("gate/staging-drift", "outside edit", |it| {
        spoil(it, "staging", |facts| {
            facts.drift = vec![finding(
                evenkeel_model::defect::Corner::ChangedOutside,
                false,
            )];
        });
    }),
    ("gate/staging-drift", "steps left", |it| {
        spoil(it, "staging", |facts| facts.steps = 1);
    }),
    ("gate/production-drift", "unmanaged", |it| {
        spoil(it, "production", |facts| {
            facts.drift = vec![finding(evenkeel_model::defect::Corner::Unmanaged, false)];
        });
    }),
    (
        "gate/production-drift",
        "changed outside with nothing to release",
        |it| {
            it.release.already = true;
            spoil(it, "production", |facts| {
                facts.drift = vec![finding(
                    evenkeel_model::defect::Corner::ChangedOutside,
                    true,
                )];
            });
        },
    ),
    ("gate/recipe-not-proven", "never applied", |it| {
        it.proofs.clear();
    }),
    ("gate/recipe-not-proven", "another recipe", |it| {
        proof(it, |proof| proof.recipe = Some(digest("other")));
    }),
    ("gate/recipe-not-proven", "no recipe", |it| {
        proof(it, |proof| proof.recipe = None);
    }),
    ("gate/recipe-not-proven", "failed", |it| {
        proof(it, |proof| proof.last = Some(ApplyOutcome::Failed));
    }),
    ("gate/recipe-not-proven", "never ended", |it| {
        proof(it, |proof| proof.last = None);
    }),
    ("gate/recipe-not-proven", "unknown", |it| {
        proof(it, |proof| proof.last = Some(ApplyOutcome::Unknown));
    }),
    ("gate/recipe-not-proven", "open steps", |it| {
        proof(it, |proof| proof.open = 1);
    }),
    ("gate/recipe-not-proven", "recipes differ", |it| {
        spoil(it, "staging", |facts| facts.recipe = digest("other"));
    }),
    ("gate/suite-not-passed", "no evidence", |it| {
        it.evidence.clear();
    }),
    ("gate/suite-not-passed", "no suite of that kind", |it| {
        it.suites.clear();
    }),
    ("gate/suite-not-passed", "another kind required", |it| {
        it.policy.require = vec!["e2e".into()];
    }),
    ("gate/suite-not-passed", "failed", |it| {
        evidence(it, |each| each.passed = false);
    }),
    ("gate/suite-not-passed", "zero cases", |it| {
        evidence(it, |each| each.cases = (0, 0));
    }),
    ("gate/suite-not-passed", "a failed case", |it| {
        evidence(it, |each| each.cases = (3, 1));
    }),
    ("gate/suite-not-passed", "another recipe", |it| {
        evidence(it, |each| each.bound.recipe = digest("other"));
    }),
    ("gate/suite-not-passed", "another artifact", |it| {
        evidence(it, |each| each.bound.artifacts.clear());
    }),
    ("gate/suite-not-passed", "another suite", |it| {
        evidence(it, |each| each.bound.suite = digest("other"));
    }),
    ("gate/suite-not-passed", "in production", |it| {
        evidence(it, |each| each.environment = name("production"));
    }),
    ("gate/evidence-stale", "too old", |it| {
        evidence(it, |each| each.ended = Moment::from_millisecond(1));
    }),
    ("gate/evidence-stale", "age of zero", |it| {
        it.policy.evidence_max_age = 0;
    }),
    ("gate/evidence-stale", "in the future", |it| {
        evidence(it, |each| {
            each.ended = Moment::from_millisecond(2_000_000_000);
        });
    }),
    ("gate/evidence-stale", "disturbed", |it| {
        evidence(it, |each| each.undisturbed = false);
    }),
    ("gate/evidence-stale", "staging touched", |it| {
        spoil(it, "staging", |facts| {
            facts.observation = Some(digest("touched"));
        });
    }),
    ("gate/not-rehearsed", "not rehearsed", |it| {
        it.release.steps = vec![(Address::new("file", "config").into(), Verb::Create, false)];
    }),
    ("gate/not-rehearsed", "a share that is no number", |it| {
        it.policy.rehearsal = f64::NAN;
    }),
    ("gate/rollback-not-rehearsed", "no rehearsal", |it| {
        it.policy.rehearse_rollback = true;
    }),
    ("gate/freeze", "frozen", |it| {
        it.policy.freeze = vec![Freeze {
            from: Moment::from_millisecond(0),
            until: Moment::from_millisecond(2_000_000_000),
            reason: "holidays".into(),
        }];
    }),
    ("gate/not-drilled", "never", |it| it.policy.drill = Some(60)),
    ("gate/not-drilled", "failed", |it| {
        drilled(it, |it| it.passed = false);
    }),
    ("gate/not-drilled", "other rules", |it| {
        drilled(it, |it| it.rules -= 1);
    }),
    ("gate/not-drilled", "in the future", |it| {
        drilled(it, |it| it.at = Moment::from_millisecond(2_000_000_000));
    }),
    ("gate/not-drilled", "too old", |it| {
        drilled(it, |it| {
            it.at = Moment::from_millisecond(1_000_000_000 - 61_000);
        });
    }),
    ("gate/not-approved", "no one", |it| it.approvals.clear()),
    ("gate/not-approved", "another plan", |it| {
        it.approvals[0].plan = digest("other");
    }),
    ("gate/not-approved", "other evidence", |it| {
        it.approvals[0].evidence = digest("other");
    }),
    ("gate/not-approved", "a nameless person", |it| {
        it.approvals[0].by.clear();
    }),
    ("gate/not-approved", "in the future", |it| {
        it.approvals[0].at = Moment::from_millisecond(2_000_000_000);
    }),
    ("gate/not-approved", "one person twice", |it| {
        it.policy.approvals = 2;
        it.approvals.push(it.approvals[0].clone());
    }),
];

/// Changes of the definitions, the path or the command that must not pass the gate after a release.
const AFTER_A_RELEASE: &[(&str, &str, Spoil)] = &[
    ("gate/weakened", "approvals given up", |it| {
        if let Some(demands) = demands(it) {
            demands.policy.approvals = 1;
        }
    }),
    ("gate/weakened", "a kind not required", |it| {
        if let Some(demands) = demands(it) {
            demands.policy.require.push("e2e".into());
        }
    }),
    ("gate/weakened", "older evidence", |it| {
        it.policy.evidence_max_age += 1;
    }),
    ("gate/weakened", "less rehearsed", |it| {
        it.policy.rehearsal = 0.5;
    }),
    ("gate/weakened", "less observed", |it| {
        it.policy.observed = 0.5;
    }),
    ("gate/weakened", "uncommitted allowed", |it| {
        it.policy.uncommitted = true;
    }),
    ("gate/weakened", "a freeze dropped", |it| {
        it.policy.freeze.clear();
    }),
    ("gate/weakened", "deployment", |it| {
        it.policy.delivery = false;
    }),
    ("gate/weakened", "a severity lowered", |it| {
        let severity = evenkeel_model::defect::Severity::Advice;
        it.severities = Some([("parity/flag-differs".to_owned(), severity)].into());
    }),
    ("gate/weakened", "an environment dropped", |it| {
        if let Some(demands) = demands(it) {
            demands.path.insert(0, name("dev"));
        }
    }),
    ("gate/weakened", "environments reordered", |it| {
        it.path.insert(0, name("dev"));
        it.environments.insert(name("dev"), facts("dev"));
        let proof = it.proofs.get(&name("staging")).cloned();
        it.proofs.extend(proof.map(|proof| (name("dev"), proof)));
        if let Some(demands) = demands(it) {
            demands.path = vec![name("staging"), name("dev"), name("production")];
        }
    }),
    ("gate/weakened", "an unreadable dossier", |it| {
        if let Some(released) = &mut it.released {
            released.demands = None;
        }
    }),
    ("gate/path-changed", "path reversed", |it| {
        it.path.reverse();
        it.production = name("staging");
    }),
    ("gate/path-changed", "an environment added behind", |it| {
        it.path.push(name("zzz"));
        it.production = name("zzz");
    }),
    ("gate/path-changed", "production dropped", |it| {
        it.path = vec![name("dev"), name("staging")];
        it.production = name("staging");
    }),
    ("gate/definitions-elsewhere", "--environments", |it| {
        it.place = Some("others".into());
    }),
    ("gate/definitions-elsewhere", "an unknown place", |it| {
        it.place = None;
    }),
    ("gate/older-commit", "--at", |it| {
        if let Some(released) = &mut it.released {
            released.is_older = true;
        }
    }),
    ("gate/not-committed", "in no commit any more", |it| {
        it.policy.uncommitted = true;
        it.origin.commit = None;
        if let Some(demands) = demands(it) {
            demands.policy.uncommitted = true;
        }
    }),
];

/// Requires a drill within a minute, and adds one that is not quite right.
fn drilled(dossier: &mut Dossier, spoil: fn(&mut DrillFact)) {
    let mut drill = DrillFact {
        at: dossier.at,
        passed: true,
        rules: stored::RULES,
    };
    dossier.policy.drill = Some(60);
    spoil(&mut drill);
    dossier.drill = Some(drill);
}

#[test]
fn a_drill_of_exactly_the_maximum_age_counts() {
    let mut dossier = open();
    drilled(&mut dossier, |it| {
        it.at = Moment::from_millisecond(1_000_000_000 - 60_000);
    });
    assert!(judge(&dossier).open);
}

fn demands(dossier: &mut Dossier) -> Option<&mut Demands> {
    dossier.released.as_mut()?.demands.as_mut()
}

fn spoil(dossier: &mut Dossier, environment: &str, change: fn(&mut EnvironmentFacts)) {
    change(dossier.environments.get_mut(&name(environment)).unwrap());
}

fn proof(dossier: &mut Dossier, change: fn(&mut ProofFacts)) {
    change(dossier.proofs.get_mut(&name("staging")).unwrap());
}

fn evidence(dossier: &mut Dossier, change: fn(&mut EvidenceFact)) {
    change(&mut dossier.evidence[0]);
}

#[test]
fn every_problem_shuts_it() {
    let before = SHUTS.iter().map(|row| (row, open()));
    let after = AFTER_A_RELEASE.iter().map(|row| (row, released()));
    for ((code, what, spoil), mut dossier) in before.chain(after) {
        spoil(&mut dossier);
        let verdict = judge(&dossier);
        assert!(!verdict.open, "{code}: {what}");
        assert!(
            verdict.reasons.iter().any(|reason| reason.code == *code),
            "{code}: {what}: {:?}",
            verdict.reasons
        );
        assert!(!verdict.remedies.is_empty(), "{code}: {what}");
    }
}

#[test]
fn every_rule_is_shut_by_something() {
    for code in CODES {
        assert!(
            SHUTS
                .iter()
                .chain(AFTER_A_RELEASE)
                .any(|(shut, _, _)| *shut == code.name),
            "{}",
            code.name
        );
    }
}

#[test]
fn production_drift_that_the_release_repairs_does_not_shut_it() {
    let mut dossier = open();
    spoil(&mut dossier, "production", |facts| {
        facts.drift = vec![finding(
            evenkeel_model::defect::Corner::ChangedOutside,
            true,
        )];
    });
    assert!(judge(&dossier).open);
}

#[test]
fn delivering_includes_verifying() {
    let mut dossier = open();
    dossier.evidence.clear();
    dossier.policy.evidence_max_age = 0;
    dossier.approvals.clear();
    let remedies = judge(&dossier).remedies;
    assert_eq!(remedies.len(), 2, "{remedies:?}");
    assert_eq!(remedies[0], "evenkeel deliver");
    assert!(remedies[1].starts_with("evenkeel approve"));
}

/// Evidence counts up to its maximum age, and not a second longer.
#[test]
fn evidence_of_exactly_the_maximum_age_counts() {
    let mut dossier = open();
    let age = dossier.at.since(dossier.evidence[0].ended).as_secs();
    dossier.policy.evidence_max_age = age;
    assert!(judge(&dossier).open);
    dossier.policy.evidence_max_age = age - 1;
    assert!(!judge(&dossier).open);
}

/// If production already runs the recipe, drift and failed suites count, and requirements of a release do not.
#[test]
fn without_a_release_only_drift_and_failures_count() {
    let reason = |code: &str| {
        let mut reasons = judge(&Dossier {
            evidence: Vec::new(),
            ..open()
        })
        .reasons;
        let mut reason = reasons.remove(0);
        reason.code = code.to_owned();
        reason
    };
    let passed = open();
    let mut failed = open();
    evidence(&mut failed, |each| each.passed = false);
    for (code, dossier, delivered, counts) in [
        (OF_A_RELEASE[0], &passed, true, false),
        ("gate/evidence-stale", &passed, true, true),
        ("gate/evidence-stale", &passed, false, false),
        ("gate/staging-drift", &passed, false, false),
        ("gate/suite-not-passed", &passed, true, true),
        ("gate/suite-not-passed", &passed, false, false),
        ("gate/suite-not-passed", &failed, false, true),
        ("gate/environments-differ", &passed, false, true),
    ] {
        assert_eq!(
            counts_without_release(&reason(code), dossier, delivered),
            counts,
            "{code} {delivered}"
        );
    }
}

#[test]
fn new_evidence_requires_a_new_approval() {
    let mut dossier = open();
    dossier.policy.evidence_max_age = 1;
    let remedies = judge(&dossier).remedies;
    assert_eq!(remedies.len(), 2, "{remedies:?}");
    assert_eq!(remedies[0], "evenkeel verify staging");
    assert!(remedies[1].starts_with("evenkeel approve"));
    dossier.policy.approvals = 0;
    assert_eq!(judge(&dossier).remedies, ["evenkeel verify staging"]);
}

#[test]
fn an_outdated_plan_is_not_the_one_to_approve() {
    let mut dossier = open();
    dossier.parity = vec![finding(evenkeel_model::defect::Corner::Pending, false)];
    dossier.approvals.clear();
    let remedies = judge(&dossier).remedies;
    assert_eq!(remedies.len(), 4, "{remedies:?}");
    // Only a drift command with secrets detects shared secrets.
    assert!(
        remedies[0].starts_with("run `evenkeel drift` and "),
        "{remedies:?}"
    );
    assert!(remedies[1].starts_with("commit "), "{remedies:?}");
    assert_eq!(remedies[2], "evenkeel deliver");
    assert!(
        remedies[3].starts_with("approve the plan that `evenkeel deliver` "),
        "{remedies:?}"
    );
}

#[test]
fn a_freeze_that_outlasts_the_evidence_requires_new_evidence() {
    let mut dossier = open();
    let freeze = |hours: i64| Freeze {
        from: Moment::from_millisecond(0),
        until: Moment::from_millisecond(1_000_000_000 + hours * 3_600_000),
        reason: "holiday trading".into(),
    };
    dossier.policy.evidence_max_age = 24 * 3_600;
    dossier.policy.freeze = vec![freeze(1)];
    let remedies = judge(&dossier).remedies;
    assert_eq!(remedies.len(), 1, "{remedies:?}");
    dossier.policy.freeze = vec![freeze(48)];
    let remedies = judge(&dossier).remedies;
    assert_eq!(remedies.len(), 3, "{remedies:?}");
    assert!(remedies[0].starts_with("wait until"), "{remedies:?}");
    assert_eq!(remedies[1], "evenkeel verify staging");
    assert!(remedies[2].starts_with("evenkeel approve"), "{remedies:?}");
}

#[test]
fn a_plan_before_a_repair_is_not_to_be_approved() {
    let mut dossier = open();
    dossier.release.already = true;
    dossier.release.steps[0].2 = false;
    dossier.approvals.clear();
    spoil(&mut dossier, "production", |facts| {
        facts.drift = vec![finding(
            evenkeel_model::defect::Corner::ChangedOutside,
            true,
        )];
    });
    assert_eq!(judge(&dossier).remedies, ["evenkeel apply production"]);
}

#[test]
fn a_stored_dossier_is_read_back() {
    let mut dossier = open();
    dossier.approvals.clear();
    let verdict = judge(&dossier);
    let stored = StoredDossier::new(dossier.clone(), &verdict);
    let kept = serde_json::to_string(&stored).unwrap();
    let again = StoredDossier::read(kept.as_bytes()).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), kept);
    assert_eq!(judge(&again.dossier).reasons, verdict.reasons);
    // It contains every rule with its result.
    let said = again.verdict.unwrap();
    assert!(!said.open);
    assert_eq!(said.rules.len(), CODES.len());
    let shut: Vec<_> = said.rules.iter().filter(|rule| !rule.holds).collect();
    assert_eq!(shut[0].code, "gate/not-approved");
    assert_eq!(shut[0].reasons[0].message, verdict.reasons[0].message);
    assert!(shut[0].reasons[0].remedy.starts_with("evenkeel approve "));
}

#[test]
fn a_dossier_of_the_first_format_is_read_and_one_of_a_later_is_refused() {
    let dossier = open();
    let first = serde_json::to_vec(&dossier).unwrap();
    let read = StoredDossier::read(&first).unwrap();
    assert_eq!((read.format, read.verdict), (1, None));
    assert!(judge(&read.dossier).open);
    let newer = StoredDossier::read(br#"{"format":3,"what":"ever"}"#);
    assert!(matches!(newer, Err(StoredDossierError::Newer { found: 3 })));
    assert!(StoredDossier::read(b"{}").is_err());
    assert!(StoredDossier::read(b"").is_err());
}

/// A change of these lines changes the form of every ledger: increase the format, and keep reading the old one.
#[test]
fn the_stored_form_is_exactly_this() {
    let mut dossier = open();
    dossier.policy.freeze = vec![Freeze {
        from: dossier.at,
        until: dossier.at,
        reason: "why".into(),
    }];
    dossier.parity = vec![finding(
        evenkeel_model::defect::Corner::ChangedOutsideInBoth,
        true,
    )];
    let stored = StoredDossier::new(dossier.clone(), &judge(&dossier));
    let text = evenkeel_model::canonical::to_string(&stored).unwrap();
    let kept = include_str!("../../../../fixtures/stored/dossier-2-rules-5.json");
    assert_eq!(kept, format!("{text}\n"));
}

#[test]
fn a_dossier_of_earlier_rules_is_read_and_judged() {
    for (rules, kept) in [
        (
            2,
            include_str!("../../../../fixtures/stored/dossier-2.json"),
        ),
        (
            3,
            include_str!("../../../../fixtures/stored/dossier-2-rules-3.json"),
        ),
        (
            4,
            include_str!("../../../../fixtures/stored/dossier-2-rules-4.json"),
        ),
    ] {
        let stored = StoredDossier::read(kept.as_bytes()).unwrap();
        assert_eq!((stored.format, stored.rules), (2, rules));
        assert!(stored.dossier.rollback.is_none() && stored.dossier.rehearsal.is_none());
        let then = stored.verdict.clone().unwrap();
        let now = judge(&stored.dossier);
        assert_eq!(now.open, then.open);
        let failed = then.rules.iter().filter(|rule| !rule.holds);
        let failed: Vec<&str> = failed.map(|rule| rule.code.as_str()).collect();
        let reasons: Vec<&str> = now.reasons.iter().map(|it| it.code.as_str()).collect();
        assert_eq!(reasons, failed);
        // These rules computed other remedies, which decide nothing.
        assert_ne!(now.remedies, then.remedies);
        let replayed = replay::replay(&stored, None);
        assert!(replayed.differences.is_empty(), "{replayed:?}");
    }
}

/// Returns a dossier of a rollback with which the gate is open, although nothing about staging fits any more.
fn rollback() -> Dossier {
    let mut dossier = released();
    dossier.policy.approvals = 3;
    dossier.policy.freeze[0].from = Moment::from_millisecond(0);
    dossier.policy.require.push("another".into());
    dossier.policy.rehearse_rollback = true;
    dossier.release.steps[0].2 = false;
    dossier.release.already = true;
    dossier.place = Some("elsewhere".into());
    dossier.evidence[0].ended = Moment::from_millisecond(1);
    spoil(&mut dossier, "staging", |facts| {
        facts.drift = vec![finding(evenkeel_model::defect::Corner::Pending, false)];
        facts.recipe = digest("newer");
        facts.observed = 0;
    });
    spoil(&mut dossier, "production", |facts| {
        let outside = evenkeel_model::defect::Corner::ChangedOutside;
        facts.drift = vec![finding(outside, true)];
    });
    let demands = dossier.demands();
    let released = dossier.released.as_mut().unwrap();
    released.is_older = true;
    released.demands = Some(demands);
    dossier.rollback = Some(RollbackFacts {
        undoes: "r-2".into(),
        cause: evenkeel_ledger::record::RollbackCause::Request,
        restores: "r-1".into(),
        dossier: digest("dossier"),
        recipe: digest("recipe"),
        open: Some(true),
    });
    dossier
}

#[test]
fn a_rollback_needs_a_release_that_passed_and_passes_a_freeze() {
    let verdict = judge(&rollback());
    assert!(verdict.open, "{:?}", verdict.reasons);
    let waived: Vec<&str> = verdict.waived.iter().map(|(code, _)| *code).collect();
    assert_eq!(waived, ["gate/older-commit", "gate/freeze"]);
    // Its verdict is stored with that, and replayed.
    let stored = StoredDossier::new(rollback(), &verdict);
    let text = serde_json::to_vec(&stored).unwrap();
    let again = StoredDossier::read(&text).unwrap();
    assert!(replay::replay(&again, None).differences.is_empty());
    // The same facts without a rollback shut it many times.
    let mut forward = rollback();
    forward.rollback = None;
    let verdict = judge(&forward);
    assert!(verdict.waived.is_empty());
    for code in [
        "gate/older-commit",
        "gate/not-observed",
        "gate/staging-drift",
        "gate/production-drift",
        "gate/recipe-not-proven",
        "gate/suite-not-passed",
        "gate/evidence-stale",
        "gate/freeze",
        "gate/not-approved",
    ] {
        assert!(
            verdict.reasons.iter().any(|reason| reason.code == code),
            "{code}"
        );
    }
}

/// Changes that must shut the gate for a rollback, with the expected code.
const SHUTS_A_ROLLBACK: &[(&str, Spoil)] = &[
    ("gate/ledger-broken", |it| it.ledger.entries = None),
    ("gate/not-committed", |it| it.origin.dirty = true),
    ("gate/path-changed", |it| {
        it.production = name("staging");
    }),
    ("gate/not-observed", |it| {
        spoil(it, "production", |facts| facts.observed = 9);
    }),
    ("gate/not-observed", |it| {
        it.environments.remove(&name("production"));
    }),
    ("gate/production-drift", |it| {
        spoil(it, "production", |facts| {
            facts.drift = vec![finding(evenkeel_model::defect::Corner::Unmanaged, false)];
        });
    }),
    ("gate/recipe-not-proven", |it| {
        it.release.recipe = digest("other");
    }),
    ("gate/recipe-not-proven", |it| {
        it.rollback.as_mut().unwrap().open = Some(false);
    }),
    ("gate/recipe-not-proven", |it| {
        it.rollback.as_mut().unwrap().open = None;
    }),
    ("gate/not-approved", |it| {
        it.policy.rollback_approvals = 1;
    }),
    ("gate/rejected", |it| {
        it.decisions = vec![DecisionFact {
            withdraws: false,
            by: "bob".into(),
            plan: digest("plan"),
            at: it.at,
            reason: "slow".into(),
            sequence: 7,
            signed: None,
        }];
    }),
    ("gate/weakened", |it| {
        it.released.as_mut().unwrap().demands = None;
    }),
];

#[test]
fn each_condition_of_a_rollback_shuts_it() {
    for (number, (code, change)) in SHUTS_A_ROLLBACK.iter().enumerate() {
        let mut dossier = rollback();
        change(&mut dossier);
        let verdict = judge(&dossier);
        assert!(!verdict.open, "{number}: {code}");
        let found: Vec<&str> = verdict.reasons.iter().map(|it| &*it.code).collect();
        assert!(found.contains(code), "{number}: {code} and not {found:?}");
    }
}

#[test]
fn a_required_rehearsal_of_the_rollback_shuts_it_until_it_passed() {
    let mut dossier = open();
    dossier.policy.rehearse_rollback = true;
    let shut = |dossier: &Dossier| {
        let reasons = judge(dossier).reasons.into_iter();
        let own = reasons.filter(|reason| reason.code == "gate/rollback-not-rehearsed");
        own.map(|reason| reason.message).collect::<Vec<_>>()
    };
    assert_eq!(
        shut(&dossier),
        ["staging: the release to roll back to is unknown"]
    );
    dossier.rehearsal = Some(RehearsalFacts {
        restores: None,
        digest: digest("nothing"),
    });
    assert!(shut(&dossier).is_empty());
    dossier.rehearsal = Some(RehearsalFacts {
        restores: Some("r-1".into()),
        digest: digest("rollback to r-1"),
    });
    assert_eq!(
        shut(&dossier),
        ["staging: the rollback to r-1 was not rehearsed"]
    );
    let mut rehearsed = dossier.evidence[0].clone();
    rehearsed.suite = REHEARSAL.into();
    rehearsed.bound.suite = digest("rollback to r-1");
    dossier.evidence.push(rehearsed);
    assert!(judge(&dossier).open, "{:?}", judge(&dossier).reasons);
    type Change = fn(&mut EvidenceFact);
    let changes: &[Change] = &[
        |it| it.passed = false,
        |it| it.environment = name("production"),
        |it| it.bound.suite = digest("rollback to r-0"),
        |it| it.bound.recipe = digest("other"),
        |it| it.bound.observation = digest("other"),
        |it| it.ended = Moment::from_millisecond(1),
        |it| it.ended = Moment::from_millisecond(2_000_000_000),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut changed = dossier.clone();
        change(&mut changed.evidence[1]);
        assert_eq!(shut(&changed).len(), 1, "{number}");
    }
    dossier.environments.remove(&name("staging"));
    assert_eq!(shut(&dossier).len(), 1);
}

/// Fault of one value of a dossier, with its name.
type Fault = (
    &'static str,
    fn(&serde_json::Value) -> Option<serde_json::Value>,
);

const FAULTS: &[Fault] = &[
    ("null", |_| Some(serde_json::Value::Null)),
    ("empty", |value| match value {
        serde_json::Value::String(_) => Some("".into()),
        serde_json::Value::Array(_) => Some(serde_json::json!([])),
        serde_json::Value::Object(_) => Some(serde_json::json!({})),
        _ => None,
    }),
    ("zero", |value| value.is_number().then(|| 0.into())),
    ("negative", |value| value.is_number().then(|| (-1).into())),
    ("malformed", |value| match value {
        serde_json::Value::String(_) => Some(7.into()),
        _ => Some("\u{0}garbage".into()),
    }),
    ("another digest", |value| {
        let text = value.as_str()?.strip_prefix("blake3:")?;
        let last = if text.ends_with('0') { '1' } else { '0' };
        Some(format!("blake3:{}{last}", text.get(..63)?).into())
    }),
    ("inverted", |value| Some((!value.as_bool()?).into())),
    ("in the future", |value| {
        let text = value.as_str()?;
        text.starts_with("1970-")
            .then(|| text.replacen("1970-", "2970-", 1).into())
    }),
    ("an unknown name", |value| {
        let text = value.as_str()?;
        let is_name = !text.starts_with("blake3:") && !text.starts_with("1970-");
        is_name.then(|| "zzz".into())
    }),
];

/// Collects every place in a document, as pointers.
fn places(value: &serde_json::Value, here: &str, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                let place = format!("{here}/{}", key.replace('~', "~0").replace('/', "~1"));
                found.push(place.clone());
                places(value, &place, found);
            }
        }
        serde_json::Value::Array(list) => {
            for (number, value) in list.iter().enumerate() {
                let place = format!("{here}/{number}");
                found.push(place.clone());
                places(value, &place, found);
            }
        }
        _ => {}
    }
}

/// Values without effect on the verdict, or that only make the gate stricter.
const DECIDES_NOTHING: &[&str] = &[
    // Names and messages.
    "/system",
    "/origin/definitions",
    "/origin/commit: an unknown name",
    "/evidence/0/summary",
    "/policy/freeze/0/reason",
    "/released/release",
    // Bindings of approvals, where none is required.
    "/release/plan",
    "/evidence-digest",
    // Values that are compared for staging only, or never.
    "/environments/production/artifacts",
    "/environments/production/observation: another digest",
    "/environments/production/recipe",
    "/evidence/0/bound/plan",
    // A release without changes, and one without steps.
    "/release/already",
    "/release/steps",
    // A longer freeze.
    "/policy/freeze/0/until",
    // No damage.
    "/ledger/broken: absent",
    // Declared differences are reported.
    "/differences",
    // An earlier release with fewer known requirements.
    "/released",
];

/// P23: every value of a dossier with every fault: the gate is shut, or the dossier is rejected, unless the value has
/// no effect.
#[test]
fn every_fault_of_every_value_shuts_it() {
    let whole = serde_json::to_value(released()).unwrap();
    let mut all = Vec::new();
    places(&whole, "", &mut all);
    let (mut rows, mut open) = (SHUTS.len() + AFTER_A_RELEASE.len(), Vec::new());
    let mut judged = |what: String, spoilt: serde_json::Value| {
        let verdict = serde_json::from_value::<Dossier>(spoilt).map(|it| judge(&it));
        match verdict {
            Ok(verdict) if verdict.open => {
                if !DECIDES_NOTHING.iter().any(|known| what.starts_with(known)) {
                    open.push(what);
                }
            }
            Ok(_) | Err(_) => rows += 1,
        }
    };
    for place in &all {
        for (fault, change) in FAULTS {
            let mut spoilt = whole.clone();
            let value = spoilt.pointer_mut(place).unwrap();
            let Some(changed) = change(value).filter(|changed| changed != value) else {
                continue;
            };
            *value = changed;
            judged(format!("{place}: {fault}"), spoilt);
        }
        let (parent, key) = place.rsplit_once('/').unwrap();
        let mut spoilt = whole.clone();
        match spoilt.pointer_mut(parent).unwrap() {
            serde_json::Value::Object(map) => drop(map.remove(key)),
            serde_json::Value::Array(list) => drop(list.remove(key.parse().unwrap())),
            _ => unreachable!(),
        }
        judged(format!("{place}: absent"), spoilt);
    }
    println!("{rows} rows of the gate's table, each of them shut");
    assert!(open.is_empty(), "{open:#?}");
    assert!(rows >= 135, "{rows}");
}

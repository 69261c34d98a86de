//! The gate's table: an open dossier, and everything that must shut it.

use std::collections::BTreeMap;

use super::*;
use crate::environment::Policy;
use crate::environment::policy::Freeze;
use evenkeel_ledger::record::{ApplyOutcome, EvidenceBinding, Origin, Verb};
use evenkeel_model::{Address, Digest, EnvironmentName, Moment};

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn name(text: &str) -> EnvironmentName {
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

fn finding(corner: evenkeel_model::defect::Corner, repaired: bool) -> DefectFact {
    DefectFact {
        fingerprint: digest("finding"),
        code: "file/mode-differs".into(),
        message: "the mode of file.config differs".into(),
        corner: Some(corner),
        repaired,
    }
}

/// A dossier with which the gate is open.
fn open() -> Dossier {
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
        }],
        ledger: LedgerFacts {
            entries: Some(12),
            broken: None,
            unproven: None,
        },
    }
}

#[test]
fn a_whole_dossier_opens_it() {
    let verdict = judge(&open());
    assert!(verdict.open, "{:?}", verdict.reasons);
    assert!(verdict.remedies.is_empty());
}

type Spoil = fn(&mut Dossier);

/// Everything that must shut the gate, and the code that must say so.
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
    ("gate/not-observed", "not looked at", |it| {
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
    ("gate/staging-drift", "by hand", |it| {
        spoil(it, "staging", |facts| {
            facts.drift = vec![finding(evenkeel_model::defect::Corner::HandMade, false)];
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
        "by hand with nothing to release",
        |it| {
            it.release.already = true;
            spoil(it, "production", |facts| {
                facts.drift = vec![finding(evenkeel_model::defect::Corner::HandMade, true)];
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
    ("gate/freeze", "frozen", |it| {
        it.policy.freeze = vec![Freeze {
            from: Moment::from_millisecond(0),
            until: Moment::from_millisecond(2_000_000_000),
            reason: "holidays".into(),
        }];
    }),
    ("gate/not-approved", "nobody", |it| it.approvals.clear()),
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
fn everything_that_is_wrong_shuts_it() {
    for (code, what, spoil) in SHUTS {
        let mut dossier = open();
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
            SHUTS.iter().any(|(shut, _, _)| *shut == code.name),
            "{}",
            code.name
        );
    }
}

#[test]
fn production_drift_that_the_release_repairs_does_not_shut_it() {
    let mut dossier = open();
    spoil(&mut dossier, "production", |facts| {
        facts.drift = vec![finding(evenkeel_model::defect::Corner::HandMade, true)];
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

#[test]
fn new_evidence_asks_for_a_new_approval_though_the_old_evidence_was_approved() {
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
fn what_will_be_another_plan_is_not_named_as_the_one_to_approve() {
    let mut dossier = open();
    dossier.parity = vec![finding(evenkeel_model::defect::Corner::Pending, false)];
    dossier.approvals.clear();
    let remedies = judge(&dossier).remedies;
    assert_eq!(remedies.len(), 2, "{remedies:?}");
    // Secrets that are shared are seen only by a drift that asks for them.
    assert!(remedies[0].starts_with("evenkeel drift, "), "{remedies:?}");
    assert!(
        remedies[1].starts_with("evenkeel approve PLAN"),
        "{remedies:?}"
    );
}

#[test]
fn a_freeze_that_outlasts_the_evidence_asks_for_new_evidence_after_it() {
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
fn what_is_to_be_repaired_is_not_to_be_approved() {
    let mut dossier = open();
    dossier.release.already = true;
    dossier.release.steps[0].2 = false;
    dossier.approvals.clear();
    spoil(&mut dossier, "production", |facts| {
        facts.drift = vec![finding(evenkeel_model::defect::Corner::HandMade, true)];
    });
    assert_eq!(judge(&dossier).remedies, ["evenkeel apply production"]);
}

#[test]
fn a_dossier_survives_being_kept() {
    let mut dossier = open();
    dossier.approvals.clear();
    let verdict = judge(&dossier);
    let stored = StoredDossier::new(dossier.clone(), &verdict);
    let kept = serde_json::to_string(&stored).unwrap();
    let again = StoredDossier::read(kept.as_bytes()).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), kept);
    assert_eq!(judge(&again.dossier).reasons, verdict.reasons);
    // Every rule is in it, with what it said.
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

/// Who changes a line of these changes what is in every ledger: raise the format, and go on reading the old one.
#[test]
fn the_stored_form_is_exactly_this() {
    let mut dossier = open();
    dossier.policy.freeze = vec![Freeze {
        from: dossier.at,
        until: dossier.at,
        reason: "why".into(),
    }];
    dossier.parity = vec![finding(
        evenkeel_model::defect::Corner::HandMadeInBoth,
        true,
    )];
    let stored = StoredDossier::new(dossier.clone(), &judge(&dossier));
    let text = evenkeel_model::canonical::to_string(&stored).unwrap();
    let kept = include_str!("../../../../fixtures/stored/dossier-2.json");
    assert_eq!(kept, format!("{text}\n"));
}

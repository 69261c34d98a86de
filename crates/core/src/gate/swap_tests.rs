//! Evidence, proofs and approvals of five releases in two environments, each put into every other place: none counts.

use std::collections::BTreeMap;

use super::tests::{digest, name, open};
use super::{Dossier, EvidenceFact, judge};

const RELEASES: usize = 5;
const ENVIRONMENTS: [&str; 2] = ["qa", "staging"];

/// Returns the evidence of a release in an environment.
fn evidence(release: usize, environment: &str) -> EvidenceFact {
    let mut fact = open().evidence.remove(0);
    fact.environment = name(environment);
    fact.bound.recipe = digest(&format!("recipe {release}"));
    fact.bound.artifacts = BTreeMap::from([("app".into(), digest(&format!("app {release}")))]);
    fact.bound.observation = digest(&format!("{environment} with {release}"));
    fact
}

/// Returns the dossier of a release, with which the gate is open.
fn dossier(release: usize) -> Dossier {
    let mut dossier = open();
    dossier.path.insert(0, name("qa"));
    dossier.release.plan = digest(&format!("plan {release}"));
    dossier.release.recipe = digest(&format!("recipe {release}"));
    dossier.evidence_digest = digest(&format!("evidence {release}"));
    let suites = dossier.suites[&name("staging")].clone();
    dossier.suites.insert(name("qa"), suites);
    let template = dossier.environments[&name("staging")].clone();
    dossier.environments.insert(name("qa"), template);
    for (environment, facts) in &mut dossier.environments {
        facts.recipe = digest(&format!("recipe {release}"));
        facts.artifacts = BTreeMap::from([("app".into(), digest(&format!("app {release}")))]);
        facts.observation = Some(digest(&format!("{environment} with {release}")));
    }
    let mut proof = dossier.proofs[&name("staging")].clone();
    proof.recipe = Some(digest(&format!("recipe {release}")));
    dossier.proofs = ENVIRONMENTS.map(|each| (name(each), proof.clone())).into();
    dossier.evidence = ENVIRONMENTS.map(|each| evidence(release, each)).into();
    dossier.approvals[0].plan = dossier.release.plan;
    dossier.approvals[0].evidence = dossier.evidence_digest;
    dossier
}

#[test]
fn no_evidence_of_another_release_or_environment_counts() {
    let mut tried = 0;
    for release in 0..RELEASES {
        assert!(
            judge(&dossier(release)).open,
            "{:?}",
            judge(&dossier(release)).reasons
        );
        for other in 0..RELEASES {
            for environment in ENVIRONMENTS {
                if (other, environment) == (release, "staging") {
                    continue;
                }
                // As it is, and with the name of the environment where it does not belong.
                for label in [environment, "staging"] {
                    let mut swapped = dossier(release);
                    swapped.evidence[1] = evidence(other, environment);
                    swapped.evidence[1].environment = name(label);
                    let verdict = judge(&swapped);
                    assert!(
                        !verdict.open,
                        "{release}: {other} in {environment} as {label}"
                    );
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, RELEASES * (2 * RELEASES - 1) * 2);
}

#[test]
fn no_proof_or_approval_of_another_release_counts() {
    for release in 0..RELEASES {
        for other in (0..RELEASES).filter(|other| *other != release) {
            let earlier = dossier(other);
            for environment in ENVIRONMENTS {
                let mut swapped = dossier(release);
                let proof = earlier.proofs[&name(environment)].clone();
                swapped.proofs.insert(name(environment), proof);
                assert!(
                    !judge(&swapped).open,
                    "{release}: {environment} proves {other}"
                );
            }
            for part in ["plan", "evidence", "both"] {
                let mut swapped = dossier(release);
                if part != "evidence" {
                    swapped.approvals[0].plan = earlier.release.plan;
                }
                if part != "plan" {
                    swapped.approvals[0].evidence = earlier.evidence_digest;
                }
                assert!(
                    !judge(&swapped).open,
                    "{release}: approval of {other}, {part}"
                );
            }
        }
    }
}

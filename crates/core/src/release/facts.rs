//! Facts for the gate, from the state of the ledger and the resolved environments.

use std::collections::{BTreeMap, BTreeSet};

use crate::environment::{Definition, Resolved};
use crate::gate::{
    ApprovalFact, DecisionFact, DefectFact, DrillFact, EvidenceFact, ProofFacts, SignedFact,
    SuiteFact,
};
use crate::plan::Plan;
use evenkeel_ledger::State;
use evenkeel_ledger::environment_state::Apply;
use evenkeel_ledger::record::Signed;
use evenkeel_model::defect::{Corner, Defect, Severity};
use evenkeel_model::{Digest, EnvironmentName, Instance};

/// Returns the artifacts of an environment, by name.
#[must_use]
pub fn artifacts(resolved: &Resolved) -> BTreeMap<String, Digest> {
    resolved
        .artifacts
        .iter()
        .map(|(name, digest)| (name.to_string(), *digest))
        .collect()
}

/// Returns the live drift that counts. For production, changes of this release are excluded.
#[must_use]
pub fn live_drift(defects: &[Defect], release: Option<&Plan>) -> Vec<DefectFact> {
    let relevant = defects.iter().filter(|defect| {
        defect.severity >= Severity::Error
            && !(release.is_some()
                && matches!(defect.corner, Some(Corner::Pending | Corner::HalfPromoted)))
    });
    findings(relevant, release)
}

/// Returns defects as facts, and whether the release repairs each of them.
pub fn findings<'d>(
    defects: impl Iterator<Item = &'d Defect>,
    release: Option<&Plan>,
) -> Vec<DefectFact> {
    defects
        .map(|defect| DefectFact {
            fingerprint: defect.fingerprint(),
            code: defect.code.name.to_owned(),
            message: defect.message.clone(),
            corner: defect.corner,
            repaired: defect.corner != Some(Corner::Unmanaged)
                && release.is_some_and(|plan| {
                    Instance::parse(&defect.subject).is_some_and(|instance| {
                        plan.steps
                            .iter()
                            .any(|step| step.instance == instance && !step.actions.is_empty())
                    })
                }),
        })
        .collect()
}

/// Returns the last applied recipe of each environment.
#[must_use]
pub fn proofs(definition: &Definition, state: &State) -> BTreeMap<EnvironmentName, ProofFacts> {
    definition
        .path
        .iter()
        .filter_map(|name| {
            let standing = state.environment(name)?;
            Some((
                name.clone(),
                ProofFacts {
                    recipe: standing.settled.as_ref().map(|settled| settled.recipe),
                    last: standing.last_apply.as_ref().and_then(Apply::outcome),
                    open: standing.open.len() + standing.uncertain.len(),
                },
            ))
        })
        .collect()
}

/// Returns the declared suites of each environment.
#[must_use]
pub fn suites(
    definition: &Definition,
    resolved: &BTreeMap<EnvironmentName, Resolved>,
) -> BTreeMap<EnvironmentName, Vec<SuiteFact>> {
    definition
        .path
        .iter()
        .filter_map(|name| {
            let resolved = resolved.get(name)?;
            let suites = resolved
                .suites
                .iter()
                .map(|suite| SuiteFact {
                    name: suite.name.clone(),
                    kind: suite.kind.clone(),
                    digest: suite.digest,
                })
                .collect();
            Some((name.clone(), suites))
        })
        .collect()
}

/// Returns the newest evidence of each suite in each environment before production.
#[must_use]
pub fn evidence(definition: &Definition, state: &State) -> Vec<EvidenceFact> {
    let mut facts = Vec::new();
    let before = definition.path.len().saturating_sub(1);
    for name in definition.path.iter().take(before) {
        let Some(standing) = state.environment(name) else {
            continue;
        };
        let mut newest: BTreeMap<&str, EvidenceFact> = BTreeMap::new();
        for noted in &standing.evidence {
            let record = &noted.record;
            newest.insert(
                &record.suite,
                EvidenceFact {
                    suite: record.suite.clone(),
                    environment: name.clone(),
                    passed: record.passed,
                    cases: record.cases,
                    ended: record.ended,
                    bound: record.bound.clone(),
                    undisturbed: record.undisturbed,
                    summary: record.summary.clone(),
                },
            );
        }
        facts.extend(newest.into_values());
    }
    facts
}

/// Returns the approvals of releases to production.
#[must_use]
pub fn approvals(state: &State, production: &EnvironmentName) -> Vec<ApprovalFact> {
    let Some(standing) = state.environment(production) else {
        return Vec::new();
    };
    standing
        .approvals
        .iter()
        .map(|noted| ApprovalFact {
            by: noted.record.by.name.clone(),
            plan: noted.record.plan,
            evidence: noted.record.evidence,
            at: noted.at,
            reason: noted.record.reason.clone(),
            sequence: Some(noted.sequence),
            signed: noted.record.signed.as_ref().map(signed),
        })
        .collect()
}

/// Returns the last drill of the gate to production.
#[must_use]
pub fn drill(state: &State, production: &EnvironmentName) -> Option<DrillFact> {
    let drilled = state.environment(production)?.drilled.as_ref()?;
    Some(DrillFact {
        at: drilled.at,
        passed: drilled.record.passed,
        rules: drilled.record.rules,
    })
}

/// Returns the rejections and withdrawals of releases to production, oldest first.
#[must_use]
pub fn decisions(state: &State, production: &EnvironmentName) -> Vec<DecisionFact> {
    let Some(standing) = state.environment(production) else {
        return Vec::new();
    };
    let rejections = standing.rejections.iter().map(|noted| DecisionFact {
        withdraws: false,
        by: noted.record.by.name.clone(),
        plan: noted.record.plan,
        at: noted.at,
        reason: noted.record.reason.clone(),
        sequence: noted.sequence,
        signed: noted.record.signed.as_ref().map(signed),
    });
    let withdrawals = standing.withdrawals.iter().map(|noted| DecisionFact {
        withdraws: true,
        by: noted.record.by.name.clone(),
        plan: noted.record.plan,
        at: noted.at,
        reason: noted.record.reason.clone(),
        sequence: noted.sequence,
        signed: noted.record.signed.as_ref().map(signed),
    });
    let mut all: Vec<DecisionFact> = rejections.chain(withdrawals).collect();
    all.sort_by_key(|fact| fact.sequence);
    all
}

fn signed(signed: &Signed) -> SignedFact {
    SignedFact {
        statement: signed.statement.clone(),
        signature: signed.signature.clone(),
    }
}

/// Returns the accounts that last applied to each environment before production.
#[must_use]
pub fn deliverers(definition: &Definition, state: &State) -> BTreeSet<String> {
    let before = definition.path.len().saturating_sub(1);
    let names = definition.path.iter().take(before);
    names
        .filter_map(|name| {
            let apply = state.environment(name)?.last_apply.as_ref()?;
            Some(apply.started.record.by.name.clone())
        })
        .collect()
}

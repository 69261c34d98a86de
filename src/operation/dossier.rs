//! Dossier of a release, and its judgement by the gate.

use std::collections::BTreeMap;

use super::picture::Resolution;
use super::{Failure, Project, earlier, surveyed};
use crate::report::{Report, VerdictDocument};
use evenkeel_core::drift::compare_along_path;
use evenkeel_core::gate::demands::{differences, exceptions, severities};
use evenkeel_core::gate::{
    self, Demands, Dossier, EnvironmentFacts, LedgerFacts, RehearsalFacts, ReleasePlan,
    StoredDossier, Verdict,
};
use evenkeel_core::plan::Plan;
use evenkeel_core::release::{
    already, approvals, artifacts, decisions, drill, evidence, findings, live_drift, next_rollback,
    proofs, rehearsal_digest, rehearsed, restored, suites,
};
use evenkeel_ledger::record::{Origin, VerdictGiven};
use evenkeel_ledger::{Completeness, Fence, Ledger, LedgerError, State, Verification};
use evenkeel_model::defect::Defect;
use evenkeel_model::{Digest, EnvironmentName};

/// Dossier, production's plan, and the verdict of the gate.
pub(super) struct GateReview {
    pub(super) dossier: Dossier,
    pub(super) plan: Plan,
    pub(super) verdict: Verdict,
    pub(super) rehearsed: Option<Vec<bool>>,
}

impl GateReview {
    /// Returns the command that releases or rolls back, once the gate is open.
    pub(super) fn press(&self) -> String {
        let name = &self.dossier.production;
        let mut command = match &self.dossier.rollback {
            None => "evenkeel release".to_owned(),
            Some(rollback) => format!("evenkeel rollback {name} --to {}", rollback.restores),
        };
        if self.plan.removals() > 0 {
            command.push_str(&format!(" --confirm={name}"));
        }
        command
    }

    /// Observes every environment and judges.
    pub(super) fn now(
        project: &Project<'_>,
        resolution: &Resolution,
        ledger: &dyn Ledger,
        state: &mut State,
    ) -> Result<Self, Failure> {
        let proven = prove(project, ledger, state)?;
        let production = project.production()?;
        let mut facts = BTreeMap::new();
        let mut lives: Vec<Vec<Defect>> = Vec::new();
        let mut plans: BTreeMap<EnvironmentName, Plan> = BTreeMap::new();
        let mut restores = Vec::new();
        for name in &project.definition.path {
            let targets = resolution.targets(project, name)?;
            let situation = resolution.look_with_things(project, name, state, &targets)?;
            let plan = resolution.plan(project, &situation, state)?;
            let (declared, observed) = situation.coverage();
            facts.insert(
                name.clone(),
                EnvironmentFacts {
                    recipe: plan.recipe,
                    artifacts: artifacts(situation.resolved),
                    drift: Vec::new(),
                    steps: plan.steps.len(),
                    declared,
                    observed,
                    observation: situation.untouched_digest(),
                },
            );
            lives.push(resolution.live(&situation));
            if *name == production {
                restores = restored(&situation, &plan);
            }
            plans.insert(name.clone(), plan);
        }
        compare_along_path(&project.definition, &project.definition.path, &mut lives);
        let plan = plans
            .remove(&production)
            .ok_or_else(|| Failure::other("production was not planned"))?;
        for (name, defects) in project.definition.path.iter().zip(&lives) {
            if let Some(facts) = facts.get_mut(name) {
                facts.drift = live_drift(defects, (*name == production).then_some(&plan));
            }
        }
        let coming = surveyed::coming(resolution, project.definition.path.iter().zip(&lives))?;
        let surveyed = surveyed::of_all(project, resolution, &coming)?;
        let mut known = of_definitions(project, resolution, state)?;
        let counted = surveyed
            .findings
            .defects
            .iter()
            .filter(|defect| defect.counts() && defect.corner.is_none());
        known.parity.extend(findings(counted, None));
        let rehearsed = rehearsed(&project.definition, state, &plan, &restores);
        let evidence = evidence(&project.definition, state);
        let dossier = Dossier {
            environments: facts,
            release: ReleasePlan {
                plan: plan.digest(),
                recipe: plan.recipe,
                steps: plan
                    .steps
                    .iter()
                    .enumerate()
                    .map(|(number, step)| {
                        let done = rehearsed
                            .as_ref()
                            .and_then(|list| list.get(number))
                            .copied();
                        (step.instance.clone(), step.verb, done.unwrap_or(false))
                    })
                    .collect(),
                already: already(state, &production, plan.recipe),
            },
            proofs: proofs(&project.definition, state),
            suites: suites(&project.definition, &resolution.resolved),
            evidence_digest: Digest::of_record("evenkeel evidence 1", &evidence),
            evidence,
            approvals: approvals(state, &production),
            decisions: decisions(state, &production),
            drill: drill(state, &production),
            ledger: proven,
            rehearsal: project
                .policy(&resolution.origin)
                .rehearse_rollback
                .then(|| rehearsal(state, &production, plan.recipe)),
            ..known
        };
        let verdict = gate::judge(&dossier);
        Ok(Self {
            dossier,
            plan,
            verdict,
            rehearsed,
        })
    }

    /// Judges again after a new record, such as an approval, on the earlier observation: this command changed nothing
    /// since. Changes by others are in the ledger, or are detected by the release, which observes again under its
    /// lease.
    pub(super) fn reconsider(&mut self, project: &Project<'_>, state: &State) {
        let dossier = &mut self.dossier;
        dossier.at = project.world.clock.now();
        // A rollback has the evidence of the restored release.
        if dossier.rollback.is_none() {
            dossier.proofs = proofs(&project.definition, state);
            dossier.evidence = evidence(&project.definition, state);
            dossier.evidence_digest = Digest::of_record("evenkeel evidence 1", &dossier.evidence);
        }
        dossier.approvals = approvals(state, &dossier.production);
        dossier.decisions = decisions(state, &dossier.production);
        self.verdict = gate::judge(dossier);
    }

    /// Returns the codes of the rules by which the definitions alone shut the gate, before anything is applied or observed.
    pub(super) fn shut_by_definitions(
        project: &Project<'_>,
        resolution: &Resolution,
        state: &State,
    ) -> Result<Vec<String>, Failure> {
        let dossier = of_definitions(project, resolution, state)?;
        Ok(gate::shut_by_definitions(&dossier))
    }

    /// Whether nothing is left to do: production runs this recipe and needs no repair.
    pub(super) fn is_nothing_to_release(&self) -> bool {
        self.dossier.release.already && self.plan.steps.is_empty()
    }

    /// Whether the gate is shut by drift, by a failing test, or by unknown facts, without anything to release. With
    /// `delivered`, the suites just ran.
    pub(super) fn is_shut_without_release(&self, delivered: bool) -> bool {
        self.verdict
            .reasons
            .iter()
            .any(|reason| gate::counts_without_release(reason, &self.dossier, delivered))
    }

    /// Stores the dossier with its verdict. Returns its digest.
    pub(super) fn keep(&self, project: &Project<'_>) -> Result<Digest, Failure> {
        let stored = StoredDossier::new(self.dossier.clone(), &self.verdict);
        let text = evenkeel_model::canonical::to_string(&stored)
            .map_err(|error| Failure::other(error.to_string()))?;
        Ok(project.store.objects().put(text.as_bytes())?)
    }

    /// Stores the dossier and records the verdict. Returns the dossier's digest.
    pub(super) fn record(
        &self,
        project: &Project<'_>,
        ledger: &dyn Ledger,
        fence: Option<&Fence>,
    ) -> Result<Digest, Failure> {
        let kept = self.keep(project)?;
        let given = VerdictGiven {
            environment: self.dossier.production.clone(),
            plan: self.dossier.release.plan,
            recipe: self.dossier.release.recipe,
            open: self.verdict.open,
            shut_by: self
                .verdict
                .reasons
                .iter()
                .map(|reason| reason.code.clone())
                .collect(),
            dossier: kept,
        };
        ledger.append(project.world.clock.now(), &[given.into()], fence)?;
        Ok(kept)
    }

    /// Reports weakened requirements since the last release.
    pub(super) fn tell_of_policy(&self, report: &mut Report) {
        earlier::tell(&self.dossier, report);
    }

    pub(super) fn document(&self) -> VerdictDocument {
        VerdictDocument::new(&self.dossier, &self.plan, &self.verdict)
    }
}

/// Returns the part of a dossier that follows from definitions and earlier releases, without observations.
fn of_definitions(
    project: &Project<'_>,
    resolution: &Resolution,
    state: &State,
) -> Result<Dossier, Failure> {
    let production = project.production()?;
    let origin = resolution.origin.clone();
    let nothing = Digest::of(b"");
    let policy = project.policy(&origin);
    let approvers = project.approvers(&origin)?;
    let released = earlier::released(project, state, origin.commit.as_deref())?;
    let involved = earlier::involved(project, state, &origin, &policy, released.as_ref())?;
    Ok(Dossier {
        at: project.world.clock.now(),
        system: project.definition.system.clone(),
        path: project.definition.path.clone(),
        policy,
        released,
        origin,
        parity: findings(
            resolution.parity.iter().filter(|defect| defect.counts()),
            None,
        ),
        environments: BTreeMap::new(),
        release: ReleasePlan {
            plan: nothing,
            recipe: nothing,
            steps: Vec::new(),
            already: false,
        },
        proofs: BTreeMap::new(),
        suites: BTreeMap::new(),
        evidence: Vec::new(),
        evidence_digest: nothing,
        approvals: Vec::new(),
        ledger: LedgerFacts {
            entries: None,
            broken: None,
            unproven: None,
        },
        production,
        place: project.place(),
        severities: Some(severities(&project.definition)),
        differences: Some(differences(&project.definition)),
        exceptions: exceptions(&project.definition),
        decisions: Vec::new(),
        approvers,
        involved,
        drill: None,
        rollback: None,
        rehearsal: None,
    })
}

/// Returns the requirements of a release, without observations and a ledger.
fn demands_of_definitions(
    project: &Project<'_>,
    origin: &Origin,
    approvers: Option<String>,
) -> Demands {
    Demands {
        policy: project.policy(origin),
        path: project.definition.path.clone(),
        place: project.place(),
        severities: Some(severities(&project.definition)),
        differences: Some(differences(&project.definition)),
        approvers,
    }
}

/// Returns the digest of the requirements that a signed approval is bound to.
pub(super) fn policy_of_definitions(
    project: &Project<'_>,
    origin: &Origin,
) -> Result<Digest, Failure> {
    let approvers = project.approvers(origin)?;
    Ok(demands_of_definitions(project, origin, approvers).digest())
}

/// Returns the digest of the requirements that a plan is bound to. A change of the approvers makes no other plan: the gate
/// gives it as the reason why an approval is void.
pub(super) fn requirements_of_plan(project: &Project<'_>, origin: &Origin) -> Digest {
    demands_of_definitions(project, origin, None).digest()
}

/// Returns the rollback that must have been rehearsed. A release of the same recipe has nothing to roll back.
fn rehearsal(state: &State, production: &EnvironmentName, recipe: Digest) -> RehearsalFacts {
    let release = next_rollback(state, production);
    let release = release.filter(|release| release.started.record.recipe != recipe);
    RehearsalFacts {
        restores: release.map(|release| release.started.record.release.clone()),
        digest: rehearsal_digest(release),
    }
}

/// Verifies every entry, and brings the state up to date: from here on it is the fold of the verified entries, whatever a
/// snapshot contained.
pub(super) fn prove(
    project: &Project<'_>,
    ledger: &dyn Ledger,
    state: &mut State,
) -> Result<LedgerFacts, Failure> {
    let mut verified = project.store.verify(&[]);
    let proven = verified.as_mut().ok().and_then(|it| it.state.take());
    let mut facts = ledger_facts(verified);
    state.catch_up(ledger)?;
    if let Some(mut proven) = proven {
        proven.catch_up(ledger)?;
        // Another run may have appended in between; the next command compares them again.
        if proven.sequence == state.sequence && !proven.is_same(state) {
            facts.entries = None;
            facts.broken =
                Some("the snapshot of the ledger does not match its entries; remove it".to_owned());
        }
        *state = *proven;
    }
    Ok(facts)
}

/// Returns the facts of a verification.
pub(super) fn ledger_facts(verified: Result<Verification, LedgerError>) -> LedgerFacts {
    match verified {
        Ok(verification) => {
            let first = verification.findings.first();
            LedgerFacts {
                entries: first.is_none().then_some(verification.entries),
                broken: first.map(|finding| match finding.sequence {
                    Some(sequence) => format!("entry {sequence} of the ledger: {}", finding.what),
                    None => format!("the ledger: {}", finding.what),
                }),
                unproven: match verification.complete {
                    Completeness::Proven => None,
                    Completeness::NotProven(reason) => Some(reason),
                },
            }
        }
        Err(error) => LedgerFacts {
            entries: None,
            broken: Some(error.to_string()),
            unproven: None,
        },
    }
}

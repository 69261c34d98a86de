//! Dossier of a rollback: the facts of the restored release, and the present state of the environment.

use std::collections::BTreeMap;

use super::super::dossier::{GateReview, prove};
use super::super::picture::Resolution;
use super::super::project::RestoredInputs;
use super::super::{Failure, Project, earlier};
use super::{NEEDS, Order, artifacts, refusal};
use evenkeel_core::environment::{AUTHOR, DELIVERER};
use evenkeel_core::gate::demands::{differences, severities};
use evenkeel_core::gate::{
    self, Demands, Dossier, EnvironmentFacts, InvolvedFacts, LedgerFacts, ReleasePlan,
    RollbackFacts, StoredDossier,
};
use evenkeel_core::plan::Plan;
use evenkeel_core::release::{
    already, approvals, artifacts as artifacts_of, decisions, drill, live_drift, rehearsed,
    rollback_target,
};
use evenkeel_ledger::record::{Origin, ReleaseStarted, Rollback};
use evenkeel_ledger::state::Release;
use evenkeel_ledger::{Ledger, State};
use evenkeel_model::{Digest, EnvironmentName};

/// Release that a rollback restores: its definitions and its dossier.
pub(in crate::operation) struct Restored<'w> {
    /// Project as of that release.
    pub(in crate::operation) project: Project<'w>,
    /// What the ledger records about the rollback.
    pub(in crate::operation) record: Rollback,
    pub(super) started: ReleaseStarted,
    pub(super) stored: StoredDossier,
}

impl<'w> Restored<'w> {
    /// Selects the release and reads its definitions.
    pub(in crate::operation) fn prepare(
        today: &Project<'w>,
        state: &State,
        name: &EnvironmentName,
        order: &Order<'_>,
    ) -> Result<Self, Failure> {
        let target =
            rollback_target(state, name, order.to).map_err(|why| refusal(name, order.to, why))?;
        let record = Rollback {
            restores: target.restores.started.record.release.clone(),
            undoes: target.undoes.started.record.release.clone(),
            cause: order.cause,
            reason: order.reason.clone(),
        };
        Self::of(today, target.restores, name, record)
    }

    /// Reads the definitions of a release, with the artifacts that it had in one environment.
    pub(super) fn of(
        today: &Project<'w>,
        restores: &Release,
        name: &EnvironmentName,
        record: Rollback,
    ) -> Result<Self, Failure> {
        let started = restores.started.record.clone();
        let release = started.release.clone();
        let ended = restores.ended.as_ref();
        let commit = match &started.origin {
            Some(Origin {
                commit: Some(commit),
                dirty: false,
                ..
            }) => Some(commit.clone()),
            Some(_) => None,
            // Earlier versions recorded it with the end.
            None => ended.and_then(|ended| ended.record.commit.clone()),
        };
        let Some(commit) = commit else {
            return Err(Failure::Refused {
                reason: format!(
                    "{release} was released from uncommitted definitions, so no commit contains them"
                ),
                help: "revert the changes in a new commit and deliver it".into(),
            });
        };
        let bytes = today.store.objects().get(&started.dossier)?;
        let stored = bytes.and_then(|bytes| StoredDossier::read(&bytes).ok());
        let Some(stored) = stored else {
            return Err(Failure::Other {
                reason: format!(
                    "the dossier of {release} is missing or unreadable, and it names the artifacts of the release"
                ),
                help: Some("run `evenkeel audit verify`".into()),
            });
        };
        let facts = stored.dossier.environments.get(name);
        let inputs = RestoredInputs {
            release,
            place: stored.dossier.place.clone(),
            artifacts: facts
                .map(|facts| facts.artifacts.clone())
                .unwrap_or_default(),
            at: stored.dossier.at,
        };
        Ok(Self {
            project: today.as_of_release(&commit, inputs)?,
            record,
            started,
            stored,
        })
    }

    /// Resolves the environment as of the release. Declared differences that concern secrets of other environments can only
    /// be recognised with those.
    pub(in crate::operation) fn resolve(
        &self,
        name: &EnvironmentName,
    ) -> Result<Resolution, Failure> {
        let project = &self.project;
        project.environment(name.as_str()).map_err(|_| {
            Failure::other(format!(
                "{name} is not on the path of the definitions of {}",
                self.record.restores
            ))
        })?;
        let one = std::slice::from_ref(name);
        let resolution = Resolution::of(project, one, project.sealer()?, NEEDS)?;
        if resolution.recipe(project, name)?.digest == self.started.recipe {
            return Ok(resolution);
        }
        let path = project.definition.path.clone();
        match Resolution::of(project, &path, project.sealer()?, NEEDS) {
            Ok(all) if all.recipe(project, name)?.digest == self.started.recipe => Ok(all),
            // The gate reports that the recipe is another one.
            _ => Ok(resolution),
        }
    }

    /// Observes the environment, makes the plan, finds its artifacts, and judges.
    pub(in crate::operation) fn review(
        &self,
        resolution: &Resolution,
        today: &Project<'_>,
        ledger: &dyn Ledger,
        state: &mut State,
    ) -> Result<GateReview, Failure> {
        let project = &self.project;
        let proven = prove(project, ledger, state)?;
        let name = &self.started.environment;
        let targets = resolution.targets(project, name)?;
        let situation = resolution.look(project, name, state, &targets)?;
        let plan = resolution.plan(project, &situation, state)?;
        artifacts::place(
            today,
            project,
            &self.record.restores,
            &situation,
            &plan,
            state,
        )?;
        let (declared, observed) = situation.coverage();
        let facts = EnvironmentFacts {
            recipe: plan.recipe,
            artifacts: artifacts_of(situation.resolved),
            drift: live_drift(&resolution.live_resources(&situation), Some(&plan)),
            steps: plan.steps.len(),
            declared,
            observed,
            observation: situation.untouched_digest(),
        };
        // Each step restores what production had, so it counts whenever it was rehearsed.
        let restores = vec![true; plan.steps.len()];
        let rehearsed = rehearsed(&project.definition, state, &plan, &restores);
        let dossier = Dossier {
            ledger: proven,
            ..self.dossier(resolution, state, &plan, facts, rehearsed.as_deref())?
        };
        let verdict = gate::judge(&dossier);
        Ok(GateReview {
            dossier,
            plan,
            verdict,
            rehearsed,
        })
    }

    /// Returns the dossier. The requirements are those in force, of the newest release: an older commit has older ones.
    fn dossier(
        &self,
        resolution: &Resolution,
        state: &State,
        plan: &Plan,
        facts: EnvironmentFacts,
        rehearsed: Option<&[bool]>,
    ) -> Result<Dossier, Failure> {
        let project = &self.project;
        let name = &self.started.environment;
        let origin = resolution.origin.clone();
        let released = earlier::released(project, state, origin.commit.as_deref())?;
        let in_force = released.as_ref().and_then(|it| it.demands.clone());
        let Demands {
            policy,
            path,
            place,
            severities,
            differences,
            approvers,
        } = match in_force {
            Some(demands) => demands,
            // Unreadable: the gate requires an approval.
            None => Demands {
                policy: project.policy(&origin),
                path: project.definition.path.clone(),
                place: project.place(),
                severities: Some(severities(&project.definition)),
                differences: Some(differences(&project.definition)),
                approvers: project.approvers(&origin)?,
            },
        };
        let is_excluded = |whom: &str| policy.approvals_exclude.iter().any(|each| each == whom);
        // A rollback brings no change that a person could have made.
        let involved = (is_excluded(AUTHOR) || is_excluded(DELIVERER)).then(|| InvolvedFacts {
            authors: Some([].into()),
            deliverers: [].into(),
        });
        let earlier = &self.stored.dossier;
        let mut environments: BTreeMap<EnvironmentName, EnvironmentFacts> =
            earlier.environments.clone();
        environments.insert(name.clone(), facts);
        let steps = plan.steps.iter().enumerate().map(|(number, step)| {
            let done = rehearsed.and_then(|list| list.get(number)).copied();
            (step.instance.clone(), step.verb, done.unwrap_or(false))
        });
        Ok(Dossier {
            at: project.world.clock.now(),
            system: project.definition.system.clone(),
            path,
            production: name.clone(),
            policy,
            origin,
            parity: earlier.parity.clone(),
            environments,
            release: ReleasePlan {
                plan: plan.digest(),
                recipe: plan.recipe,
                steps: steps.collect(),
                already: already(state, name, plan.recipe),
            },
            proofs: earlier.proofs.clone(),
            suites: earlier.suites.clone(),
            evidence: earlier.evidence.clone(),
            evidence_digest: Digest::of_record("evenkeel evidence 1", &earlier.evidence),
            approvals: approvals(state, name),
            ledger: LedgerFacts {
                entries: None,
                broken: None,
                unproven: None,
            },
            place,
            severities,
            differences,
            approvers,
            decisions: decisions(state, name),
            involved,
            released,
            rollback: Some(RollbackFacts {
                undoes: self.record.undoes.clone(),
                cause: self.record.cause,
                restores: self.record.restores.clone(),
                dossier: self.started.dossier,
                recipe: self.started.recipe,
                open: Some(match &self.stored.verdict {
                    Some(verdict) => verdict.open,
                    // The first format has no verdict.
                    None => gate::judge(earlier).open,
                }),
            }),
            rehearsal: None,
            drill: drill(state, name),
            exceptions: earlier.exceptions.clone(),
        })
    }
}

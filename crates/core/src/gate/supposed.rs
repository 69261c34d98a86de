//! Supposed facts: a dossier after a remedy was followed and succeeded.
//!
//! The effect of each remedy is here, next to what it needs: `evenkeel deliver` changes nothing while the definitions
//! shut the gate, for example. Choosing remedies is left to `unblocking`.
//!
//! Where an effect depends on what a person writes, the weakest result is supposed: other definitions make another
//! recipe and another plan, so they have to be delivered and approved.

use std::collections::BTreeMap;

use super::people::Decided;
use super::stored::RULES;
use super::{
    Case, DEFINITIONS, DefectFact, Dossier, DrillFact, EnvironmentFacts, EvidenceFact, PEOPLE,
    People, REHEARSAL, Reason, RehearsalFacts, ReleasePlan, Remedy, SuiteFact,
    counts_without_release, reasons,
};
use evenkeel_ledger::record::{ApplyOutcome, EvidenceBinding, Verb};
use evenkeel_model::defect::Corner;
use evenkeel_model::{Address, Digest, EnvironmentName};

/// Facts after some remedies. Compact: of facts that the rules treat alike it has one, so a copy is cheap.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Supposed {
    pub(super) dossier: Dossier,
    pub(super) people: People,
}

/// What has to be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// A release is not blocked: the gate is open, or nothing is left to release.
    Release,
    /// The same just after the suites ran.
    Delivery,
    /// Every rule holds.
    Open,
}

impl Supposed {
    /// Returns the facts of a dossier before any remedy.
    pub(super) fn new(dossier: &Dossier, mut people: People) -> Self {
        for decisions in people.lists() {
            decisions.void.clear();
        }
        Self {
            dossier: compact(dossier),
            people,
        }
    }

    /// Returns the reasons that keep a goal from being reached.
    pub(super) fn blocking(&self, goal: Goal) -> Vec<Reason> {
        let mut reasons = reasons(&Case {
            dossier: &self.dossier,
            people: &self.people,
        });
        let release = &self.dossier.release;
        if goal != Goal::Open && release.already && release.steps.is_empty() {
            let delivered = goal == Goal::Delivery;
            reasons.retain(|reason| counts_without_release(reason, &self.dossier, delivered));
        }
        reasons
    }

    /// Returns the facts after a remedy; `None` if it changes nothing, or cannot be followed yet.
    pub(super) fn apply(&self, remedy: &Remedy) -> Option<Self> {
        let is_needed = self.allows(remedy);
        is_needed.then(|| {
            let mut after = self.clone();
            after.follow(remedy);
            after
        })
    }

    fn has(&self, test: impl Fn(&Reason) -> bool) -> bool {
        self.blocking(Goal::Open).iter().any(test)
    }

    /// Whether a rule names this remedy.
    fn names(&self, remedy: &Remedy) -> bool {
        self.has(|reason| reason.remedy == *remedy)
    }

    /// Whether a remedy has an effect.
    fn allows(&self, remedy: &Remedy) -> bool {
        let dossier = &self.dossier;
        // Every command refuses a broken ledger.
        let is_whole = dossier.ledger.broken.is_none() && dossier.ledger.entries > Some(0);
        match remedy {
            Remedy::RestoreLedger
            | Remedy::ProveLedger
            | Remedy::UseDirectory(_)
            | Remedy::Revert
            | Remedy::RevertInstead
            | Remedy::WriteLast(_)
            | Remedy::AddEnvironment
            | Remedy::DeclareResource(_)
            | Remedy::DeclareSuite(_)
            | Remedy::FixDifferences
            | Remedy::CommitFirst
            | Remedy::Commit
            | Remedy::SettleByHand(_)
            | Remedy::Wait(_) => self.names(remedy),
            Remedy::MakeReadable(name) => {
                self.names(remedy) || (*name != dossier.production && self.is_unreadable(name))
            }
            Remedy::Repair(..) | Remedy::Drill => is_whole && self.names(remedy),
            Remedy::UndoSteps(name) => {
                self.has(|reason| reason.code == "gate/not-rehearsed") && !self.has_work(name)
            }
            // A plan with an unread attribute is refused, whatever share the policy requires.
            Remedy::Deliver => {
                is_whole
                    && dossier.path.len() > 1
                    && !dossier
                        .before_production()
                        .any(|name| self.is_unreadable(name))
                    && !self.has(|reason| DEFINITIONS.contains(&&*reason.code))
            }
            Remedy::Verify(name) => {
                is_whole
                    && *name != dossier.production
                    && dossier.path.contains(name)
                    && !self.is_unreadable(name)
            }
            Remedy::Withdraw { by, .. } => {
                let decisions = [Some(&self.people.now), self.people.as_released.as_ref()];
                is_whole
                    && decisions
                        .into_iter()
                        .flatten()
                        .any(|list| list.people.get(by).is_some_and(|own| !own.approves))
            }
            // Refused while anything else than people is missing.
            Remedy::Approve { .. } => {
                is_whole
                    && self.has(|_| true)
                    && !self.has(|reason| !PEOPLE.contains(&&*reason.code))
            }
        }
    }

    fn follow(&mut self, remedy: &Remedy) {
        match remedy {
            Remedy::RestoreLedger => {
                let ledger = &mut self.dossier.ledger;
                ledger.broken = None;
                ledger.unproven = None;
                ledger.entries = ledger.entries.max(Some(1));
            }
            Remedy::ProveLedger => self.dossier.ledger.unproven = None,
            Remedy::UseDirectory(then) => {
                self.dossier.place = Some(then.clone());
                self.rewrite();
            }
            Remedy::Revert => {
                if let Some(released) = &mut self.dossier.released {
                    released.is_older = false;
                }
                self.rewrite();
            }
            Remedy::RevertInstead => {
                if let Some(rollback) = &mut self.dossier.rollback {
                    rollback.open = Some(true);
                    rollback.recipe = self.dossier.release.recipe;
                }
            }
            Remedy::WriteLast(name) => {
                self.dossier.path.retain(|each| each != name);
                self.dossier.path.push(name.clone());
                self.dossier.production = name.clone();
                self.declare(name);
                self.write();
            }
            Remedy::AddEnvironment => {
                let name = EnvironmentName::new("added");
                self.dossier.path.insert(0, name.clone());
                self.declare(&name);
                for kind in self.dossier.policy.require.clone() {
                    self.declare_suite(&kind);
                }
                self.write();
            }
            Remedy::DeclareResource(name) => {
                self.declare(name);
                self.write();
            }
            Remedy::DeclareSuite(kind) => {
                self.declare_suite(kind);
                self.write();
            }
            Remedy::FixDifferences => {
                self.dossier.parity.clear();
                for facts in self.dossier.environments.values_mut() {
                    facts.recipe = self.dossier.release.recipe;
                }
                self.write();
            }
            Remedy::CommitFirst | Remedy::Commit => self.commit(),
            Remedy::MakeReadable(name) => {
                if let Some(facts) = self.dossier.environments.get_mut(name) {
                    facts.drift.retain(|finding| !finding.is_unreadable());
                    facts.observed = facts.declared;
                    facts.observation.get_or_insert(digest("observation"));
                } else {
                    self.declare(name);
                }
                self.touch(name);
            }
            Remedy::SettleByHand(name) => {
                let is_production = *name == self.dossier.production;
                if let Some(facts) = self.dossier.environments.get_mut(name) {
                    facts.drift.retain(|finding| {
                        finding.is_unreadable()
                            || if is_production {
                                finding.repaired
                            } else {
                                finding.corner != Some(Corner::Unmanaged)
                            }
                    });
                }
                self.touch(name);
            }
            Remedy::Repair(name, _) => {
                if let Some(facts) = self.dossier.environments.get_mut(name) {
                    facts.drift.retain(|finding| !finding.repaired);
                    facts.steps = 0;
                }
                self.dossier.release.steps.clear();
                self.touch(name);
            }
            Remedy::UndoSteps(name) => {
                if let Some(facts) = self.dossier.environments.get_mut(name) {
                    facts.steps = 1;
                }
                self.touch(name);
            }
            Remedy::Wait(until) => self.dossier.at = *until,
            Remedy::Drill => {
                self.dossier.drill = Some(DrillFact {
                    at: self.dossier.at,
                    passed: true,
                    rules: RULES,
                });
            }
            Remedy::Deliver => self.deliver(),
            Remedy::Verify(name) => self.verify(name),
            Remedy::Withdraw { by, .. } => {
                for decisions in self.people.lists() {
                    decisions.people.remove(by);
                }
            }
            Remedy::Approve { number, .. } => {
                let at = self.dossier.at;
                for decisions in self.people.lists() {
                    decisions.people.insert(
                        // No person has this name, so it is another one.
                        format!("\0{number}"),
                        Decided {
                            approves: true,
                            key: None,
                            reason: String::new(),
                            at,
                        },
                    );
                }
            }
        }
    }

    /// Whether an environment cannot be read completely, so that no plan for it is applied and no suite runs there.
    fn is_unreadable(&self, name: &EnvironmentName) -> bool {
        let facts = self.dossier.environments.get(name);
        facts.is_none_or(|facts| {
            facts.observation.is_none()
                || facts.observed != facts.declared
                || facts.drift.iter().any(DefectFact::is_unreadable)
        })
    }

    /// Whether a delivery runs steps in an environment.
    fn has_work(&self, name: &EnvironmentName) -> bool {
        let facts = self.dossier.environments.get(name);
        let proof = self.dossier.proofs.get(name);
        let is_proven = proof.is_some_and(|proof| {
            proof.open == 0
                && proof.last == Some(ApplyOutcome::Done)
                && proof.recipe == facts.map(|facts| facts.recipe)
        });
        let is_in_sync = facts.is_some_and(|facts| {
            let mut drift = facts.drift.iter();
            facts.steps == 0 && !drift.any(is_delivered)
        });
        !is_proven || !is_in_sync
    }

    /// An edit of the definitions.
    fn write(&mut self) {
        let origin = &mut self.dossier.origin;
        origin.dirty |= origin.commit.is_some();
        self.rewrite();
    }

    /// Other definitions: another recipe and plan, which ran nowhere yet.
    fn rewrite(&mut self) {
        let dossier = &mut self.dossier;
        let recipe = digest("recipe");
        for facts in dossier.environments.values_mut() {
            // A difference between environments is still there.
            facts.recipe = if facts.recipe == dossier.release.recipe {
                recipe
            } else {
                digest("other recipe")
            };
        }
        for proof in dossier.proofs.values_mut() {
            proof.recipe = None;
        }
        dossier.evidence.clear();
        dossier.release = ReleasePlan {
            plan: dossier.release.plan,
            recipe,
            steps: vec![step(false)],
            already: false,
        };
        self.replan();
    }

    fn commit(&mut self) {
        self.dossier.origin.commit = Some("supposed".to_owned());
        self.dossier.origin.dirty = false;
    }

    /// Another plan: decisions about the former one do not count.
    fn replan(&mut self) {
        self.dossier.release.plan = digest("plan");
        for decisions in self.people.lists() {
            decisions.people.clear();
        }
    }

    /// Other evidence: approvals on the former evidence do not count.
    fn reprove(&mut self) {
        for decisions in self.people.lists() {
            decisions.people.retain(|_, decided| !decided.approves);
        }
    }

    /// Another live state: evidence of the former one does not count, and neither does production's plan.
    fn touch(&mut self, name: &EnvironmentName) {
        let facts = self.dossier.environments.get_mut(name);
        if let Some(observation) = facts.and_then(|facts| facts.observation.as_mut()) {
            *observation = digest("observation");
        }
        for evidence in &mut self.dossier.evidence {
            if evidence.environment == *name {
                evidence.undisturbed = false;
            }
        }
        if *name == self.dossier.production {
            self.replan();
        }
    }

    /// Makes an environment one that declares something, all of it readable.
    fn declare(&mut self, name: &EnvironmentName) {
        let recipe = self.dossier.release.recipe;
        let facts = self.dossier.environments.entry(name.clone());
        let facts = facts.or_insert_with(|| EnvironmentFacts {
            recipe,
            artifacts: BTreeMap::new(),
            drift: Vec::new(),
            steps: 0,
            declared: 0,
            observed: 0,
            observation: Some(digest("observation")),
        });
        facts.declared = facts.declared.max(1);
        facts.observed = facts.declared;
    }

    fn declare_suite(&mut self, kind: &str) {
        let Some(name) = self.dossier.before_production().last().cloned() else {
            return;
        };
        self.dossier
            .suites
            .entry(name)
            .or_default()
            .push(SuiteFact {
                name: format!("\0{kind}"),
                kind: kind.to_owned(),
                digest: digest("suite"),
            });
    }

    /// Applies to every environment before production and runs the required suites there.
    fn deliver(&mut self) {
        let before: Vec<EnvironmentName> = self.dossier.before_production().cloned().collect();
        if before.last().is_some_and(|last| self.has_work(last)) {
            for step in &mut self.dossier.release.steps {
                step.2 = true;
            }
        }
        for name in before {
            if self.has_work(&name) {
                self.touch(&name);
            }
            if let Some(facts) = self.dossier.environments.get_mut(&name) {
                facts.drift.retain(|finding| !is_delivered(finding));
                facts.steps = 0;
                let proof = super::ProofFacts {
                    recipe: Some(facts.recipe),
                    last: Some(ApplyOutcome::Done),
                    open: 0,
                };
                self.dossier.proofs.insert(name.clone(), proof);
            }
            self.verify(&name);
        }
        self.rehearse();
    }

    /// Rehearses the rollback of the release, as a delivery does where the policy requires it.
    fn rehearse(&mut self) {
        let dossier = &mut self.dossier;
        let Some(name) = dossier.before_production().last().cloned() else {
            return;
        };
        if !dossier.policy.rehearse_rollback {
            return;
        }
        let unknown = || RehearsalFacts {
            restores: None,
            digest: digest("rehearsal"),
        };
        let rehearsed = dossier.rehearsal.get_or_insert_with(unknown).digest;
        let Some(facts) = dossier.environments.get(&name) else {
            return;
        };
        let fact = EvidenceFact {
            suite: REHEARSAL.to_owned(),
            environment: name,
            passed: true,
            cases: (1, 0),
            ended: dossier.at,
            bound: EvidenceBinding {
                recipe: facts.recipe,
                plan: None,
                artifacts: facts.artifacts.clone(),
                observation: facts.observation.unwrap_or(digest("observation")),
                suite: rehearsed,
            },
            undisturbed: true,
            summary: String::new(),
        };
        dossier
            .evidence
            .retain(|evidence| evidence.suite != REHEARSAL);
        dossier.evidence.push(fact);
    }

    /// Runs the suites of an environment: all pass, and their evidence is bound to the recipe that was last applied.
    fn verify(&mut self, name: &EnvironmentName) {
        let dossier = &mut self.dossier;
        let Some(facts) = dossier.environments.get(name) else {
            return;
        };
        let proof = dossier.proofs.get(name);
        let bound = EvidenceBinding {
            recipe: proof.and_then(|proof| proof.recipe).unwrap_or(facts.recipe),
            plan: None,
            artifacts: facts.artifacts.clone(),
            observation: facts.observation.unwrap_or(digest("observation")),
            suite: digest("suite"),
        };
        dossier
            .evidence
            .retain(|evidence| evidence.environment != *name || evidence.suite == REHEARSAL);
        let suites = dossier.suites.get(name).into_iter().flatten();
        for suite in suites.filter(|suite| dossier.policy.require.contains(&suite.kind)) {
            dossier.evidence.push(EvidenceFact {
                suite: suite.name.clone(),
                environment: name.clone(),
                passed: true,
                cases: (1, 0),
                ended: dossier.at,
                bound: EvidenceBinding {
                    suite: suite.digest,
                    ..bound.clone()
                },
                undisturbed: true,
                summary: String::new(),
            });
        }
        self.reprove();
    }
}

/// Whether a delivery repairs drift of an environment before production.
fn is_delivered(finding: &DefectFact) -> bool {
    finding.corner != Some(Corner::Unmanaged) && !finding.is_unreadable()
}

fn digest(what: &str) -> Digest {
    Digest::of_record("evenkeel supposed 1", &what)
}

fn step(is_rehearsed: bool) -> (evenkeel_model::Instance, Verb, bool) {
    let address = Address::new("supposed", "step");
    (address.into(), Verb::Update, is_rehearsed)
}

/// Returns a dossier on which every rule gives the same result, without facts that are alike or not read.
fn compact(dossier: &Dossier) -> Dossier {
    let environments = dossier.environments.iter().map(|(name, facts)| {
        let compact = EnvironmentFacts {
            recipe: facts.recipe,
            artifacts: facts.artifacts.clone(),
            drift: alike(&facts.drift),
            steps: facts.steps,
            declared: facts.declared,
            observed: facts.observed,
            observation: facts.observation,
        };
        (name.clone(), compact)
    });
    let is_rehearsed = super::steps_are_rehearsed::is_enough(dossier);
    let has_steps = !dossier.release.steps.is_empty();
    Dossier {
        at: dossier.at,
        system: dossier.system.clone(),
        path: dossier.path.clone(),
        production: dossier.production.clone(),
        policy: dossier.policy.clone(),
        origin: dossier.origin.clone(),
        parity: dossier.parity.iter().take(1).cloned().collect(),
        environments: environments.collect(),
        release: ReleasePlan {
            plan: dossier.release.plan,
            recipe: dossier.release.recipe,
            steps: Vec::from_iter(has_steps.then(|| step(is_rehearsed))),
            already: dossier.release.already,
        },
        proofs: dossier.proofs.clone(),
        suites: dossier.suites.clone(),
        evidence: dossier.evidence.clone(),
        evidence_digest: dossier.evidence_digest,
        approvals: Vec::new(),
        ledger: dossier.ledger.clone(),
        place: dossier.place.clone(),
        severities: dossier.severities.clone(),
        differences: None,
        approvers: dossier.approvers.clone(),
        decisions: Vec::new(),
        involved: None,
        // No rule reads them.
        exceptions: Vec::new(),
        released: dossier.released.clone(),
        drill: dossier.drill,
        rollback: dossier.rollback.clone(),
        rehearsal: dossier.rehearsal.clone(),
    }
}

/// Returns one finding of each sort that the rules distinguish.
fn alike(findings: &[DefectFact]) -> Vec<DefectFact> {
    let mut kept: Vec<DefectFact> = Vec::new();
    for finding in findings {
        let is_alike = |other: &DefectFact| {
            other.repaired == finding.repaired
                && other.corner == finding.corner
                && other.is_unreadable() == finding.is_unreadable()
        };
        if !kept.iter().any(is_alike) {
            kept.push(finding.clone());
        }
    }
    kept
}

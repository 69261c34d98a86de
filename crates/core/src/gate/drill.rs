//! Drill: faults that must shut the gate, injected into a copy of the facts of a release.
//!
//! First the copy is made sound: the smallest unblocking set is supposed to be followed, so the gate is open and each
//! fault is the only one. Then each fault is injected into a fresh copy, and the rules judge it. Faults of the ledger
//! are made in copied entries and found by verification, which is left to the caller.

use std::collections::BTreeSet;

use super::supposed::{Goal, Supposed};
use super::unblocking::{follow, smallest_for};
use super::{
    ApprovalFact, CODES, DecisionFact, DefectFact, Dossier, EvidenceFact, LedgerFacts, People,
    REHEARSAL, RehearsalFacts, ReleasedFacts, SignedFact, people,
};
use crate::environment::policy::Freeze;
use evenkeel_ledger::record::{ApplyOutcome, Verb};
use evenkeel_model::defect::{Corner, Severity};
use evenkeel_model::{Address, Digest, EnvironmentName, Moment};

/// Kind of fault.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Its name, which stays the same across versions.
    pub name: &'static str,
    /// What is injected.
    pub what: &'static str,
    /// Code of the rule that must shut the gate.
    pub code: &'static str,
}

/// Result of one fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Name of the fault.
    pub name: String,
    /// What was injected.
    pub what: String,
    /// Code that must shut the gate.
    pub expected: String,
    /// Codes that shut it, each once, in the order of the rules; none if it stayed open.
    pub shut_by: Vec<String>,
    /// First reason of the expected rule.
    pub reason: Option<String>,
}

/// Whether the gate shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialResult {
    /// Shut, for the right reason.
    Shut,
    /// Shut, for other reasons only.
    OtherReason,
    /// Open: the gate has a defect.
    Open,
}

impl Trial {
    /// Returns the result.
    #[must_use]
    pub fn result(&self) -> TrialResult {
        if self.shut_by.contains(&self.expected) {
            TrialResult::Shut
        } else if self.shut_by.is_empty() {
            TrialResult::Open
        } else {
            TrialResult::OtherReason
        }
    }
}

/// Sound copy of the facts of a release.
#[derive(Clone, Debug)]
pub struct Drill {
    sound: Supposed,
}

impl Drill {
    /// Makes a sound copy; `None` if no remedy opens the gate.
    #[must_use]
    pub fn of(dossier: &Dossier) -> Option<Self> {
        let start = Supposed::new(dossier, People::of(dossier));
        let remedies = smallest_for(&start, Goal::Open)?;
        let mut sound = follow(&start, &remedies);
        complete(&mut sound);
        sound
            .blocking(Goal::Open)
            .is_empty()
            .then_some(Self { sound })
    }

    /// Injects each fault of the facts, and judges.
    pub fn trials(&self) -> impl Iterator<Item = Trial> {
        FAULTS.iter().map(|(fault, inject)| {
            let mut copy = self.sound.clone();
            inject(&mut copy);
            trial(fault, &copy)
        })
    }

    /// Judges with the facts of an altered copy of the ledger.
    #[must_use]
    pub fn with_ledger(&self, fault: &Fault, ledger: LedgerFacts) -> Trial {
        let mut copy = self.sound.clone();
        copy.dossier.ledger = ledger;
        trial(fault, &copy)
    }

    /// Returns the codes of rules that no fault is about.
    pub fn without_fault<'f>(
        faults: impl Iterator<Item = &'f str>,
    ) -> impl Iterator<Item = &'static str> {
        let covered: BTreeSet<&str> = faults.collect();
        CODES
            .iter()
            .map(|code| code.name)
            .filter(move |name| !covered.contains(name))
    }
}

fn trial(fault: &Fault, copy: &Supposed) -> Trial {
    let reasons = copy.blocking(Goal::Open);
    let mut shut_by: Vec<String> = reasons.iter().map(|reason| reason.code.clone()).collect();
    shut_by.dedup();
    Trial {
        name: fault.name.to_owned(),
        what: fault.what.to_owned(),
        expected: fault.code.to_owned(),
        reason: reasons
            .into_iter()
            .find(|reason| reason.code == fault.code)
            .map(|reason| reason.message),
        shut_by,
    }
}

/// Adds facts that a fault needs to be visible: a step, a required suite that passed, an approval, an earlier release.
/// The policy only becomes stricter.
fn complete(sound: &mut Supposed) {
    let dossier = &mut sound.dossier;
    dossier.policy.uncommitted = false;
    dossier.origin.commit.get_or_insert("0000000".to_owned());
    dossier.origin.dirty = false;
    dossier.release.already = false;
    dossier.release.steps = vec![step(true)];
    dossier.policy.approvals = dossier.policy.approvals.max(1);
    dossier.place.get_or_insert("environments".to_owned());
    dossier.severities.get_or_insert_default();
    let last = dossier.before_production().last().cloned();
    if let Some(name) = last {
        let suites = dossier.suites.entry(name).or_default();
        let require = &mut dossier.policy.require;
        if !suites.iter().any(|suite| require.contains(&suite.kind)) {
            let kind = "smoke".to_owned();
            suites.push(super::SuiteFact {
                name: "drill".to_owned(),
                kind: kind.clone(),
                digest: other(),
            });
            if !require.contains(&kind) {
                require.push(kind);
            }
        }
    }
    let demands = dossier.demands();
    let production = dossier.production.clone();
    let commit = dossier.origin.commit.clone();
    dossier.released = Some(ReleasedFacts {
        release: "r-0".to_owned(),
        environments: [production].into(),
        commit,
        is_older: false,
        demands: Some(demands),
    });
    sound.people = People::default();
    if let Some(remedies) = smallest_for(sound, Goal::Open) {
        *sound = follow(sound, &remedies);
    }
}

fn other() -> Digest {
    Digest::of_record("evenkeel drill 1", &"other")
}

fn step(is_rehearsed: bool) -> (evenkeel_model::Instance, Verb, bool) {
    (
        Address::new("drill", "step").into(),
        Verb::Update,
        is_rehearsed,
    )
}

fn later(moment: Moment, seconds: i64) -> Moment {
    Moment::from_millisecond(moment.as_millisecond().saturating_add(seconds * 1000))
}

fn change(corner: Corner, repaired: bool) -> DefectFact {
    DefectFact {
        fingerprint: other(),
        code: "drill/change".to_owned(),
        message: "a change that the drill injected".to_owned(),
        corner: Some(corner),
        repaired,
    }
}

/// Returns the last environment before production.
fn staging(copy: &Supposed) -> Option<EnvironmentName> {
    copy.dossier.before_production().last().cloned()
}

fn in_staging(copy: &mut Supposed, inject: impl FnOnce(&mut super::EnvironmentFacts)) {
    if let Some(name) = staging(copy)
        && let Some(facts) = copy.dossier.environments.get_mut(&name)
    {
        inject(facts);
    }
}

fn in_production(copy: &mut Supposed, inject: impl FnOnce(&mut super::EnvironmentFacts)) {
    let name = copy.dossier.production.clone();
    if let Some(facts) = copy.dossier.environments.get_mut(&name) {
        inject(facts);
    }
}

fn proof(copy: &mut Supposed, inject: impl FnOnce(&mut super::ProofFacts)) {
    if let Some(name) = staging(copy)
        && let Some(proof) = copy.dossier.proofs.get_mut(&name)
    {
        inject(proof);
    }
}

fn evidence(copy: &mut Supposed, inject: impl Fn(&mut EvidenceFact)) {
    copy.dossier.evidence.iter_mut().for_each(inject);
}

fn released(copy: &mut Supposed, inject: impl FnOnce(&mut ReleasedFacts)) {
    if let Some(released) = &mut copy.dossier.released {
        inject(released);
    }
}

/// Replaces all approvals by the given ones, and verifies them as always.
fn approved(copy: &mut Supposed, approvals: Vec<ApprovalFact>) {
    copy.dossier.approvals = approvals;
    copy.people = People::of(&copy.dossier);
}

/// Returns an approval that counts where accounts approve.
fn approval(copy: &Supposed, by: &str) -> ApprovalFact {
    ApprovalFact {
        by: by.to_owned(),
        plan: copy.dossier.release.plan,
        evidence: copy.dossier.evidence_digest,
        at: copy.dossier.at,
        reason: "drill".to_owned(),
        sequence: Some(1),
        signed: None,
    }
}

/// Lets accounts approve, in the copy and at its last release.
fn by_accounts(copy: &mut Supposed) {
    copy.dossier.approvers = None;
    released(copy, |it| {
        if let Some(demands) = &mut it.demands {
            demands.approvers = None;
        }
    });
}

type Inject = fn(&mut Supposed);

macro_rules! faults {
    ($( $code:literal { $( $name:literal, $what:literal, $inject:expr; )* } )*) => {
        /// The kinds of fault in the facts.
        const FAULTS: &[(Fault, Inject)] = &[ $( $( (
            Fault { name: $name, what: $what, code: concat!("gate/", $code) },
            $inject,
        ), )* )* ];
    };
}

faults! {
    "ledger-broken" {
        "ledger-unverified", "the ledger was not verified", |it| it.dossier.ledger.entries = None;
        "ledger-empty", "the ledger has no entries", |it| it.dossier.ledger.entries = Some(0);
    }
    "not-committed" {
        "edit-uncommitted", "an edit of the definitions is not committed", |it| it.dossier.origin.dirty = true;
        "commit-missing", "the definitions are in no commit", |it| it.dossier.origin.commit = None;
    }
    "older-commit" {
        "commit-older", "the commit is older than the released one", |it| released(it, |released| released.is_older = true);
    }
    "definitions-elsewhere" {
        "directory-other", "the definitions are in another directory", |it| {
            it.dossier.place = Some("elsewhere".to_owned());
        };
    }
    "path-changed" {
        "production-other", "the path ends in another environment than the released one", |it| {
            released(it, |released| released.environments = [EnvironmentName::new("elsewhere")].into());
        };
    }
    "parity" {
        "difference-undeclared", "a value of production differs without a declaration", |it| {
            it.dossier.parity.push(change(Corner::Pending, false));
        };
        "environment-missing", "the path has no environment before production", |it| {
            let production = it.dossier.production.clone();
            it.dossier.path.retain(|name| *name == production);
        };
    }
    "not-observed" {
        "attribute-unreadable", "no attribute of production can be read", |it| {
            in_production(it, |facts| (facts.observed, facts.observation) = (0, None));
        };
        "target-unreachable", "the environment before production was not observed", |it| {
            if let Some(name) = staging(it) {
                it.dossier.environments.remove(&name);
            }
        };
        "nothing-declared", "production declares nothing", |it| {
            in_production(it, |facts| (facts.declared, facts.observed) = (0, 0));
        };
    }
    "staging-drift" {
        "staging-changed", "the environment before production was changed outside evenkeel", |it| {
            in_staging(it, |facts| facts.drift.push(change(Corner::ChangedOutside, false)));
        };
        "staging-unmanaged", "an unmanaged resource is in the environment before production", |it| {
            in_staging(it, |facts| facts.drift.push(change(Corner::Unmanaged, false)));
        };
        "staging-pending", "a step is pending in the environment before production", |it| {
            in_staging(it, |facts| facts.steps = 1);
        };
    }
    "production-drift" {
        "production-changed", "production was changed where the release does not repair it", |it| {
            in_production(it, |facts| facts.drift.push(change(Corner::Unmanaged, false)));
        };
        "production-changed-after", "production was changed outside evenkeel after the release", |it| {
            it.dossier.release.already = true;
            in_production(it, |facts| facts.drift.push(change(Corner::ChangedOutside, true)));
        };
    }
    "recipe-not-proven" {
        "recipe-not-applied", "the recipe was never applied before production", |it| it.dossier.proofs.clear();
        "recipe-other", "another recipe was applied before production", |it| proof(it, |proof| proof.recipe = Some(other()));
        "apply-failed", "the last apply before production failed", |it| {
            proof(it, |proof| proof.last = Some(ApplyOutcome::Failed));
        };
        "step-open", "a step has no recorded outcome", |it| proof(it, |proof| proof.open = 1);
    }
    "suite-not-passed" {
        "suite-not-run", "a required suite has not run", |it| it.dossier.evidence.clear();
        "suite-failed", "a required suite failed", |it| evidence(it, |each| each.passed = false);
        "suite-without-case", "a required suite passed without a test case", |it| evidence(it, |each| each.cases = (0, 0));
        "suite-missing", "no suite of a required kind is declared", |it| it.dossier.suites.clear();
        "evidence-of-other-recipe", "the evidence is of another recipe", |it| evidence(it, |each| each.bound.recipe = other());
        "evidence-of-other-artifact", "the evidence is of another artifact", |it| {
            evidence(it, |each| {
                each.bound.artifacts.insert("drill".to_owned(), other());
            });
        };
        "evidence-of-other-suite", "the suite changed after it passed", |it| evidence(it, |each| each.bound.suite = other());
    }
    "evidence-stale" {
        "evidence-old", "the evidence is older than the policy permits", |it| {
            let most = i64::try_from(it.dossier.policy.evidence_max_age).unwrap_or(i64::MAX / 4000);
            let ended = later(it.dossier.at, -1 - most.min(i64::MAX / 4000));
            evidence(it, |each| each.ended = ended);
        };
        "clock-set-back", "the evidence is dated in the future", |it| {
            let ended = later(it.dossier.at, 60);
            evidence(it, |each| each.ended = ended);
        };
        "staging-changed-during-suite", "the environment changed while a suite ran", |it| {
            evidence(it, |each| each.undisturbed = false);
        };
        "staging-changed-after-suite", "the environment changed after a suite passed, and back", |it| {
            in_staging(it, |facts| facts.observation = Some(other()));
        };
    }
    "not-rehearsed" {
        "step-not-rehearsed", "a step of the release was not rehearsed", |it| {
            it.dossier.policy.rehearsal = 1.0;
            it.dossier.release.steps = vec![step(true), step(false)];
        };
    }
    "rollback-not-rehearsed" {
        "rollback-not-rehearsed", "the rollback of the release was not rehearsed", |it| {
            it.dossier.policy.rehearse_rollback = true;
            it.dossier.rehearsal = Some(RehearsalFacts {
                restores: Some("r-0".to_owned()),
                digest: other(),
            });
            it.dossier.evidence.retain(|each| each.suite != REHEARSAL);
        };
    }
    "freeze" {
        "freeze-in-force", "a freeze is in force", |it| {
            let at = it.dossier.at;
            it.dossier.policy.freeze.push(Freeze {
                from: at,
                until: later(at, 60),
                reason: "drill".to_owned(),
            });
        };
    }
    "not-drilled" {
        "drill-missing", "the policy requires a drill, and there was none", |it| {
            it.dossier.policy.drill = Some(86_400);
            it.dossier.drill = None;
        };
        "drill-old", "the last drill is older than the policy permits", |it| {
            let at = later(it.dossier.at, -86_401);
            it.dossier.policy.drill = Some(86_400);
            it.dossier.drill = Some(super::DrillFact { at, passed: true, rules: super::stored::RULES });
        };
    }
    "rejected" {
        "plan-rejected", "a person rejected the plan", |it| {
            by_accounts(it);
            it.dossier.decisions.push(DecisionFact {
                withdraws: false,
                by: "drill".to_owned(),
                plan: it.dossier.release.plan,
                at: it.dossier.at,
                reason: "drill".to_owned(),
                sequence: 2,
                signed: None,
            });
            let approvals = vec![approval(it, "another")];
            approved(it, approvals);
        };
    }
    "not-approved" {
        "approval-missing", "no person approved", |it| it.people = People::default();
        "approval-of-other-plan", "the approval is of another plan", |it| {
            by_accounts(it);
            let plan = other();
            let approvals = vec![ApprovalFact { plan, ..approval(it, "drill") }];
            approved(it, approvals);
        };
        "approval-on-other-evidence", "the approval is on other evidence", |it| {
            by_accounts(it);
            let evidence = other();
            let approvals = vec![ApprovalFact { evidence, ..approval(it, "drill") }];
            approved(it, approvals);
        };
        "approval-forged", "the signature of the approval is forged", |it| {
            let signed = Some(SignedFact {
                statement: "{}".to_owned(),
                signature: "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n".to_owned(),
            });
            let approvals = vec![ApprovalFact { signed, ..approval(it, "drill") }];
            approved(it, approvals);
        };
        "approval-unsigned", "the approval is not signed, and approvers are listed", |it| {
            it.dossier.approvers.get_or_insert_default();
            let approvals = vec![approval(it, "drill")];
            approved(it, approvals);
        };
        "approval-by-ci", "a CI runner approved", |it| {
            by_accounts(it);
            let by = format!("{}drill", people::CI);
            let approvals = vec![approval(it, &by)];
            approved(it, approvals);
        };
        "approval-twice", "one person approved twice, and two people must", |it| {
            by_accounts(it);
            it.dossier.policy.approvals = it.dossier.policy.approvals.max(2);
            let approvals = vec![approval(it, "drill"), approval(it, "drill")];
            approved(it, approvals);
        };
        "approval-from-the-future", "the approval is dated in the future", |it| {
            by_accounts(it);
            let at = later(it.dossier.at, 60);
            let approvals = vec![ApprovalFact { at, ..approval(it, "drill") }];
            approved(it, approvals);
        };
    }
    "weakened" {
        "policy-weakened", "the policy requires less than at the last release", |it| {
            it.people = People::default();
            released(it, |released| {
                if let Some(demands) = &mut released.demands {
                    demands.policy.require.push("drill".to_owned());
                }
            });
        };
        "severity-lowered", "a severity is lower than at the last release", |it| {
            it.people = People::default();
            it.dossier
                .severities
                .get_or_insert_default()
                .insert("parity/flag-differs".to_owned(), Severity::Advice);
        };
        "requirements-unreadable", "the requirements of the last release cannot be read", |it| {
            it.people = People::default();
            released(it, |released| released.demands = None);
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::open;
    use super::super::{CODES, judge};
    use super::{Drill, FAULTS, TrialResult};

    #[test]
    fn every_fault_shuts_the_gate_for_the_right_reason() {
        let mut shut = open();
        shut.approvals.clear();
        shut.evidence.clear();
        shut.origin.dirty = true;
        for dossier in [open(), shut] {
            let drill = Drill::of(&dossier).unwrap();
            let trials: Vec<_> = drill.trials().collect();
            assert!(trials.len() >= 25, "{}", trials.len());
            for trial in trials {
                assert_eq!(trial.result(), TrialResult::Shut, "{trial:?}");
            }
            assert_eq!(judge(&dossier).open, judge(&dossier).reasons.is_empty());
        }
    }

    #[test]
    fn every_rule_has_a_fault_with_its_own_name() {
        let codes = FAULTS.iter().map(|(fault, _)| fault.code);
        let left: Vec<&str> = Drill::without_fault(codes).collect();
        assert!(left.is_empty(), "{left:?}");
        for (fault, _) in FAULTS {
            assert!(
                CODES.iter().any(|code| code.name == fault.code),
                "{fault:?}"
            );
        }
        let mut names: Vec<&str> = FAULTS.iter().map(|(fault, _)| fault.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FAULTS.len());
    }
}

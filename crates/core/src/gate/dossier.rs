//! Dossier: all facts of the gate, stored whole in the ledger's objects with each verdict, see `stored`.
//!
//! These types are stored types: fields are only added, as optional ones. Live types among them are converted in
//! `stored`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{ReleasedFacts, stored};
use crate::drift::codes::CANNOT_TELL;
use crate::environment::Policy;
use evenkeel_ledger::record::{ApplyOutcome, EvidenceBinding, Origin, RollbackCause, Verb};
use evenkeel_model::defect::{Corner, Severity};
use evenkeel_model::{Digest, EnvironmentName, Instance, Moment};

/// Facts of the gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Dossier {
    /// When it was gathered.
    pub at: Moment,
    /// The system.
    pub system: String,
    /// The environments in the order of promotion.
    pub path: Vec<EnvironmentName>,
    /// Environment to release to.
    pub production: EnvironmentName,
    /// The policy.
    #[serde(with = "stored::policy")]
    pub policy: Policy,
    /// Origin of the definitions.
    pub origin: Origin,
    /// Undeclared parity defects, and defects of declared differences.
    pub parity: Vec<DefectFact>,
    /// State of each environment.
    pub environments: BTreeMap<EnvironmentName, EnvironmentFacts>,
    /// Planned release.
    pub release: ReleasePlan,
    /// Last applied recipe of each environment before production.
    pub proofs: BTreeMap<EnvironmentName, ProofFacts>,
    /// Declared suites of each environment before production.
    pub suites: BTreeMap<EnvironmentName, Vec<SuiteFact>>,
    /// The newest evidence of each suite.
    pub evidence: Vec<EvidenceFact>,
    /// Digest of all evidence: an approval is bound to it and to the plan.
    pub evidence_digest: Digest,
    /// Approvals of releases to production.
    pub approvals: Vec<ApprovalFact>,
    /// The ledger.
    pub ledger: LedgerFacts,
    /// Directory of the definitions, relative to the project. `None` in dossiers of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Configured severities, by code. `None` in dossiers of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severities: Option<BTreeMap<String, Severity>>,
    /// Declared differences by place, each with the digest of its bounds. `None` in dossiers of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differences: Option<BTreeMap<String, Digest>>,
    /// Text of the file of approvers, of the commit; `None` without one, and then accounts approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvers: Option<String>,
    /// Rejections and withdrawals of releases to production, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<DecisionFact>,
    /// People whose approval may not count; `None` if the policy has no exclusion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub involved: Option<InvolvedFacts>,
    /// Declared differences, in the order of the definitions. For auditors: no rule reads them. Empty in dossiers of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionFact>,
    /// Facts of earlier releases; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<ReleasedFacts>,
    /// Last drill of the gate; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<DrillFact>,
    /// Facts of a rollback; `None` for a release of new definitions. The facts about environments before production, the
    /// suites and their evidence are then those of the restored release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackFacts>,
    /// Rollback that must have been rehearsed; `None` if the policy requires none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<RehearsalFacts>,
}

/// Drill of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DrillFact {
    /// When it ended.
    pub at: Moment,
    /// Whether the gate shut each time, for the right reason.
    pub passed: bool,
    /// Version of the drilled rules.
    pub rules: u32,
}

/// Facts of a rollback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RollbackFacts {
    /// Release that is rolled back.
    pub undoes: String,
    /// Trigger.
    pub cause: RollbackCause,
    /// Restored release.
    pub restores: String,
    /// Dossier of the restored release.
    pub dossier: Digest,
    /// Recipe of the restored release, as recorded.
    pub recipe: Digest,
    /// Whether the gate was open for it; `None` if its dossier is unreadable.
    pub open: Option<bool>,
}

/// Rollback that must have been rehearsed in the environment before production.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RehearsalFacts {
    /// Release that production runs; `None` if there is nothing to roll back to.
    pub restores: Option<String>,
    /// Digest that the evidence of a rehearsal of this rollback is bound to.
    pub digest: Digest,
}

/// Facts about a defect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DefectFact {
    /// Its fingerprint.
    pub fingerprint: Digest,
    /// Its code.
    pub code: String,
    /// Message.
    pub message: String,
    /// Its corner.
    #[serde(with = "stored::corner", default)]
    pub corner: Option<Corner>,
    /// Whether the release's own plan repairs it.
    pub repaired: bool,
}

/// State of an environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnvironmentFacts {
    /// Current recipe.
    pub recipe: Digest,
    /// Current artifacts.
    pub artifacts: BTreeMap<String, Digest>,
    /// Live drift.
    pub drift: Vec<DefectFact>,
    /// Number of steps that a plan for it has.
    pub steps: usize,
    /// Number of declared attributes.
    pub declared: usize,
    /// Number of observed attributes.
    pub observed: usize,
    /// Digest of the observation; `None` if it is incomplete.
    pub observation: Option<Digest>,
}

/// Planned release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReleasePlan {
    /// The plan.
    pub plan: Digest,
    /// Its recipe.
    pub recipe: Digest,
    /// Steps, and whether the environment before production did one of the same shape since production's last release.
    pub steps: Vec<(Instance, Verb, bool)>,
    /// Whether production already runs this recipe.
    pub already: bool,
}

/// Last applied recipe of an environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProofFacts {
    /// Recipe of the last apply with every step done.
    pub recipe: Option<Digest>,
    /// Outcome of the last apply; `None` if none was recorded.
    pub last: Option<ApplyOutcome>,
    /// Number of steps with an intent and no outcome.
    pub open: usize,
}

/// Facts about a declared suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SuiteFact {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its digest.
    pub digest: Digest,
}

/// The newest evidence of a suite in an environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EvidenceFact {
    /// The suite.
    pub suite: String,
    /// Environment.
    pub environment: EnvironmentName,
    /// Whether it passed.
    pub passed: bool,
    /// Numbers of passed and other cases.
    pub cases: (usize, usize),
    /// When it ended.
    pub ended: Moment,
    /// Binding.
    pub bound: EvidenceBinding,
    /// Whether the environment was the same before and after it.
    pub undisturbed: bool,
    /// Summary.
    pub summary: String,
}

/// An approval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ApprovalFact {
    /// Approver.
    pub by: String,
    /// Plan.
    pub plan: Digest,
    /// Evidence.
    pub evidence: Digest,
    /// Time.
    pub at: Moment,
    /// Reason.
    pub reason: String,
    /// Number of its entry, which orders decisions. `None` in dossiers of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Signed statement. `None` for an approval of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<SignedFact>,
}

/// A rejection or a withdrawal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DecisionFact {
    /// Whether it withdraws an earlier decision; otherwise it rejects the plan.
    pub withdraws: bool,
    /// Account that recorded it.
    pub by: String,
    /// Plan.
    pub plan: Digest,
    /// Time.
    pub at: Moment,
    /// Reason.
    pub reason: String,
    /// Number of its entry.
    pub sequence: u64,
    /// Signed statement. `None` for a decision of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<SignedFact>,
}

/// A statement of a person with its signature. Rules verify it with the file of approvers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SignedFact {
    /// Signed bytes.
    pub statement: String,
    /// Armored SSH signature.
    pub signature: String,
}

/// People who made the change, by the names that commits and the ledger have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct InvolvedFacts {
    /// E-mail addresses of the authors of commits since the last release; `None` if unknown.
    pub authors: Option<BTreeSet<String>>,
    /// Accounts that last applied to an environment before production.
    pub deliverers: BTreeSet<String>,
}

/// A declared difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExceptionFact {
    /// Its place, as written.
    pub at: String,
    /// The reason.
    pub reason: String,
    /// The owner.
    pub owner: String,
    /// The expiry.
    pub expires: Moment,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// Facts about the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LedgerFacts {
    /// Number of entries, if all of them were verified.
    pub entries: Option<u64>,
    /// Damage.
    pub broken: Option<String>,
    /// Reason why the completeness of its end is not proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven: Option<String>,
}

impl DefectFact {
    /// Whether something could not be read, so that a difference is unknown.
    pub(super) fn is_unreadable(&self) -> bool {
        self.code == CANNOT_TELL.name
    }
}

impl Dossier {
    /// Returns the environments that a release must be proven in: all before production, in order.
    pub fn before_production(&self) -> impl Iterator<Item = &EnvironmentName> {
        self.path.iter().filter(|name| **name != self.production)
    }

    /// Returns the number of people who must approve.
    #[must_use]
    pub fn approvals_needed(&self) -> usize {
        match &self.rollback {
            Some(_) => self.policy.rollback_approvals,
            None => self.policy.approvals,
        }
    }
}

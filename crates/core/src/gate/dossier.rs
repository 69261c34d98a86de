//! The dossier: everything the gate looks at. Kept whole in the ledger's objects with each verdict, see `stored`.
//!
//! These types are stored types: fields are only ever added, as optional ones. Live types among them go through a door
//! of `stored`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ReleasedFacts, stored};
use crate::environment::Policy;
use evenkeel_ledger::record::{ApplyOutcome, EvidenceBinding, Origin, Verb};
use evenkeel_model::defect::{Corner, Severity};
use evenkeel_model::{Digest, EnvironmentName, Instance, Moment};

/// Everything the gate looks at.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Dossier {
    /// When it was gathered.
    pub at: Moment,
    /// The system.
    pub system: String,
    /// The environments in the order of promotion.
    pub path: Vec<EnvironmentName>,
    /// Where a release would go.
    pub production: EnvironmentName,
    /// The policy.
    #[serde(with = "stored::policy")]
    pub policy: Policy,
    /// Where the definitions came from.
    pub origin: Origin,
    /// Parity defects, and defects of declared differences, that nobody declared.
    pub parity: Vec<DefectFact>,
    /// Each environment as it was found.
    pub environments: BTreeMap<EnvironmentName, EnvironmentFacts>,
    /// What a release would do.
    pub release: ReleasePlan,
    /// What each environment before production is known to have run.
    pub proofs: BTreeMap<EnvironmentName, ProofFacts>,
    /// The suites as they are declared, for each environment before production.
    pub suites: BTreeMap<EnvironmentName, Vec<SuiteFact>>,
    /// The newest evidence of each suite.
    pub evidence: Vec<EvidenceFact>,
    /// The digest of all of it: what an approval is bound to, besides the plan.
    pub evidence_digest: Digest,
    /// Approvals of releases to production.
    pub approvals: Vec<ApprovalFact>,
    /// The ledger.
    pub ledger: LedgerFacts,
    /// The directory of the definitions, as the project names it. `None` in dossiers of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The severities that the system sets, by code. `None` in dossiers of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severities: Option<BTreeMap<String, Severity>>,
    /// The declared differences by their places, each with the digest of what it permits. `None` in dossiers of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differences: Option<BTreeMap<String, Digest>>,
    /// What the ledger knows of earlier releases; `None` when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<ReleasedFacts>,
}

/// A defect, as far as the gate needs it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DefectFact {
    /// Its fingerprint.
    pub fingerprint: Digest,
    /// Its code.
    pub code: String,
    /// Its sentence.
    pub message: String,
    /// Its corner.
    #[serde(with = "stored::corner", default)]
    pub corner: Option<Corner>,
    /// Whether the release's own plan would repair it.
    pub repaired: bool,
}

/// An environment as it was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnvironmentFacts {
    /// Its recipe as defined now.
    pub recipe: Digest,
    /// Its artifacts as they are now.
    pub artifacts: BTreeMap<String, Digest>,
    /// Live drift.
    pub drift: Vec<DefectFact>,
    /// Steps a plan for it would have.
    pub steps: usize,
    /// Declared attributes.
    pub declared: usize,
    /// Those that were observed.
    pub observed: usize,
    /// What was observed; `None` when not everything could be.
    pub observation: Option<Digest>,
}

/// What a release would do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReleasePlan {
    /// The plan.
    pub plan: Digest,
    /// Its recipe.
    pub recipe: Digest,
    /// Its steps, and whether the environment before production did one of the same shape since production's last
    /// release.
    pub steps: Vec<(Instance, Verb, bool)>,
    /// Whether there is nothing to release: production runs this recipe already.
    pub already: bool,
}

/// What an environment is known to have run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProofFacts {
    /// The recipe of the last apply that ended with every step done.
    pub recipe: Option<Digest>,
    /// How the last apply ended; `None` when it never said.
    pub last: Option<ApplyOutcome>,
    /// Steps that were begun and never said how they ended.
    pub open: usize,
}

/// A suite as it is declared.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EvidenceFact {
    /// The suite.
    pub suite: String,
    /// The environment it ran in.
    pub environment: EnvironmentName,
    /// Whether it passed.
    pub passed: bool,
    /// Cases that passed, and that did not.
    pub cases: (usize, usize),
    /// When it ended.
    pub ended: Moment,
    /// What it is bound to.
    pub bound: EvidenceBinding,
    /// Whether the environment was the same after it as before it.
    pub undisturbed: bool,
    /// What it showed.
    pub summary: String,
}

/// An approval.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ApprovalFact {
    /// Who.
    pub by: String,
    /// Of which plan.
    pub plan: Digest,
    /// On which evidence.
    pub evidence: Digest,
    /// When.
    pub at: Moment,
    /// Why.
    pub reason: String,
}

/// The ledger.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LedgerFacts {
    /// Its entries, if all of them were verified.
    pub entries: Option<u64>,
    /// What is wrong with it.
    pub broken: Option<String>,
    /// Why it is not proven that no entry is missing at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven: Option<String>,
}

impl Dossier {
    /// The environments a release must have been proven in: all before production, in order.
    pub fn before_production(&self) -> impl Iterator<Item = &EnvironmentName> {
        self.path.iter().filter(|name| **name != self.production)
    }
}

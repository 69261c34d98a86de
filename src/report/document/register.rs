//! Register of a period, for auditors: every change, decision, exception, denied attempt and override.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_model::Moment;
use evenkeel_model::text::count;

/// Command that exports a register with its evidence.
pub const EXPORT_COMMAND: &str = "audit export";

/// Register of a period.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RegisterDocument {
    /// Start of the period; absent for the founding of the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub from: Option<Moment>,
    /// End of the period, which is not part of it; absent for the newest entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub to: Option<Moment>,
    /// First entry of the period.
    pub first: u64,
    /// Last entry of the period.
    pub last: u64,
    /// Releases that started in the period, oldest first.
    pub releases: Vec<ReleasedDocument>,
    /// Declared differences of these releases, by place.
    pub exceptions: Vec<ExceptionDocument>,
    /// Denied and refused attempts, oldest first.
    pub denied: Vec<AttemptDocument>,
    /// Overrides of a lock, an owner, or a requirement, oldest first.
    pub overrides: Vec<AttemptDocument>,
    /// Entries of the period except locks and steps, oldest first.
    pub rows: Vec<RegisterRow>,
}

/// Release with the people and the evidence behind it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReleasedDocument {
    /// Name: `r-3`.
    pub release: String,
    /// Number of the entry of its start.
    pub entry: u64,
    /// Time of its start.
    #[schemars(with = "String")]
    pub time: Moment,
    /// Environment.
    pub environment: String,
    /// Outcome; absent if no end was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Plan.
    pub plan: String,
    /// Recipe.
    pub recipe: String,
    /// Commit of the definitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Subject of that commit, from the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Authors of the commits since the release before it; absent if unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authors: Option<Vec<String>>,
    /// Ticket that the subject names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Account that released.
    pub by: String,
    /// Number of approvals that the policy required.
    pub required: usize,
    /// Approvals that counted.
    pub approvals: Vec<ApprovalDocument>,
    /// Suites of the evidence.
    pub suites: Vec<EvidenceDocument>,
    /// Duties that one person had together, or that cannot be compared; empty if all are separate.
    pub shared_duties: Vec<String>,
    /// Dossier with all facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dossier: Option<String>,
}

/// Approval that counted for a release.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ApprovalDocument {
    /// Person, or the account without a file of approvers.
    pub by: String,
    /// Fingerprint of the key; absent for an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Time of its entry.
    #[schemars(with = "String")]
    pub time: Moment,
    /// Reason.
    pub reason: String,
}

/// Result of a suite.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EvidenceDocument {
    /// Suite.
    pub suite: String,
    /// Environment.
    pub environment: String,
    /// Whether it passed.
    pub passed: bool,
    /// Result in one line.
    pub summary: String,
    /// When it ended.
    #[schemars(with = "String")]
    pub ended: Moment,
}

/// Declared difference that releases of the period relied on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ExceptionDocument {
    /// Place.
    pub at: String,
    /// Reason; absent in dossiers of earlier versions, like the next fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Expiry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires: Option<Moment>,
    /// Ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// First release of the ledger with it.
    pub first_used: String,
    /// Number of the entry of that release.
    pub entry: u64,
    /// Time of that release.
    #[schemars(with = "String")]
    pub time: Moment,
}

/// Denied attempt, or an override.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AttemptDocument {
    /// Number of its entry.
    pub entry: u64,
    /// Time.
    #[schemars(with = "String")]
    pub time: Moment,
    /// Attempt: `release`, `lock break`.
    pub what: String,
    /// Environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Account; absent if the entry has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Reason.
    pub reason: String,
}

/// Entry in the register.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RegisterRow {
    /// Number.
    pub entry: u64,
    /// Time.
    #[schemars(with = "String")]
    pub time: Moment,
    /// Kind.
    pub kind: String,
    /// Environment; absent for several or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Release, apply or suite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Result in one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Person of a signed decision, otherwise the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Account and host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Fingerprint of the key that signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Reason that the person gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Entry in words.
    pub words: String,
    /// Digest of the entry.
    pub digest: String,
}

impl RegisterDocument {
    /// Returns the content in one line: `2 releases, 3 denied attempts, …`.
    #[must_use]
    pub fn words(&self) -> String {
        let decisions = self.rows.iter().filter(|row| row.is_decision()).count();
        [
            count(self.releases.len(), "release"),
            count(decisions, "decision"),
            count(self.denied.len(), "denied attempt"),
            count(self.exceptions.len(), "exception"),
            count(self.overrides.len(), "override"),
        ]
        .join(", ")
    }
}

impl RegisterRow {
    /// Whether it is a decision of a person about a release.
    #[must_use]
    pub fn is_decision(&self) -> bool {
        matches!(&*self.kind, "approved" | "rejected" | "withdrawn")
    }
}

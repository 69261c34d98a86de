//! Decisions in doubt: drift was found after them, and nothing shows when it began.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_core::doubt::{Decision, Doubt, ShownBy, Sighting};
use evenkeel_model::Moment;
use evenkeel_model::text::count;

/// Command that lists decisions in doubt.
pub const DOUBTS_COMMAND: &str = "audit doubts";

/// Decision in doubt.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DoubtDocument {
    /// Decision.
    pub decision: DecisionKind,
    /// Suite, plan or release of the decision.
    pub subject: String,
    /// Number of its ledger entry.
    pub entry: u64,
    /// Time of that entry.
    #[schemars(with = "String")]
    pub time: Moment,
    /// Environment that drifted.
    pub environment: String,
    /// Last observation of that environment in sync; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_sync: Option<SightingDocument>,
    /// First observation with drift.
    pub drifted: SightingDocument,
    /// Record that shows the drift: `a drift check`, `suite e2e`, `repair a-4`.
    pub shown_by: String,
    /// Fingerprints of the findings of the drift check.
    pub findings: Vec<String>,
    /// Whether the decision is a verdict that observed the environment in sync itself: then the drift began after it, or was
    /// not visible to it.
    pub observed: bool,
}

/// Decision that relies on the state of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionKind {
    /// A suite passed.
    Pass,
    /// A plan was approved.
    Approval,
    /// The gate was open.
    OpenVerdict,
    /// The gate was shut.
    ShutVerdict,
    /// A release started.
    Release,
}

/// Ledger entry that shows the state of an environment.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SightingDocument {
    /// Number of the entry.
    pub entry: u64,
    /// Its time.
    #[schemars(with = "String")]
    pub time: Moment,
}

impl DecisionKind {
    /// Returns its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Approval => "approval",
            Self::OpenVerdict => "open-verdict",
            Self::ShutVerdict => "shut-verdict",
            Self::Release => "release",
        }
    }
}

impl From<Sighting> for SightingDocument {
    fn from(sighting: Sighting) -> Self {
        Self {
            entry: sighting.entry,
            time: sighting.at,
        }
    }
}

impl From<Doubt> for DoubtDocument {
    fn from(doubt: Doubt) -> Self {
        let (decision, subject) = match doubt.decision {
            Decision::Pass { suite, .. } => (DecisionKind::Pass, suite),
            Decision::Approval { plan, .. } => (DecisionKind::Approval, plan.to_string()),
            Decision::Verdict { plan, open: true } => (DecisionKind::OpenVerdict, plan.to_string()),
            Decision::Verdict { plan, open: false } => {
                (DecisionKind::ShutVerdict, plan.to_string())
            }
            Decision::Release { release } => (DecisionKind::Release, release),
        };
        let (shown_by, findings) = match doubt.shown_by {
            ShownBy::Check(findings) => ("a drift check".to_owned(), findings),
            ShownBy::Suite(suite) => (format!("suite {suite}"), Vec::new()),
            ShownBy::Repair(apply) => (format!("repair {apply}"), Vec::new()),
        };
        Self {
            decision,
            subject,
            entry: doubt.made.entry,
            time: doubt.made.at,
            environment: doubt.environment.to_string(),
            in_sync: doubt.in_sync.map(Into::into),
            drifted: doubt.drifted.into(),
            shown_by,
            findings: findings.iter().map(ToString::to_string).collect(),
            observed: doubt.observed,
        }
    }
}

impl DoubtDocument {
    /// Returns the decision in words: `pass of suite smoke`, `approval of plan 6c7072683c97`.
    #[must_use]
    pub fn name(&self) -> String {
        let subject = &self.subject;
        let plan = || {
            let digits = subject.trim_start_matches("blake3:");
            digits.chars().take(12).collect::<String>()
        };
        match self.decision {
            DecisionKind::Pass => format!("pass of suite {subject}"),
            DecisionKind::Approval => format!("approval of plan {}", plan()),
            DecisionKind::OpenVerdict => format!("open verdict on plan {}", plan()),
            DecisionKind::ShutVerdict => format!("shut verdict on plan {}", plan()),
            DecisionKind::Release => format!("release {subject}"),
        }
    }

    /// Returns the doubt in one sentence.
    #[must_use]
    pub fn words(&self) -> String {
        let environment = &self.environment;
        let in_sync = match &self.in_sync {
            Some(seen) => format!(
                "{environment} was last seen in sync at {} (entry {})",
                seen.time.for_people(),
                seen.entry
            ),
            None => format!("{environment} was never seen in sync before"),
        };
        let findings = match &*self.findings {
            [] => String::new(),
            [first, rest @ ..] => {
                let digits = first.trim_start_matches("blake3:");
                let id: String = digits.chars().take(12).collect();
                match rest.len() {
                    0 => format!(", finding {id}"),
                    more => format!(", finding {id} and {more} more"),
                }
            }
        };
        let observed = if self.observed {
            "; the verdict itself observed it in sync"
        } else {
            ""
        };
        format!(
            "{} at {} is in doubt: {in_sync} and first seen drifted at {} by {} (entry {}{findings}){observed}",
            self.name(),
            self.time.for_people(),
            self.drifted.time.for_people(),
            self.shown_by,
            self.drifted.entry
        )
    }
}

/// Returns what was examined, in one line.
#[must_use]
pub fn examined(decisions: usize, checks: usize) -> String {
    format!(
        "{} and {} examined",
        count(decisions, "decision"),
        count(checks, "complete drift check")
    )
}

//! Verdicts that were judged again from their dossiers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_model::Moment;
use evenkeel_model::text::count;

/// Command that judges recorded verdicts again.
pub const REPLAY_COMMAND: &str = "audit replay";

/// Verdict that was judged again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReplayDocument {
    /// Number of the ledger entry with the verdict; absent for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// Time of that entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub time: Option<Moment>,
    /// File of the dossier, if it is from no ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Release that the verdict allowed: `r-3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Digest of the dossier: that in the entry, or that of the file.
    pub dossier: String,
    /// Environment of the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Time at which the verdict was judged, in the dossier.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub at: Option<Moment>,
    /// Version of the rules that judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<u32>,
    /// Result of the comparison.
    pub result: ReplayResult,
    /// Whether the gate is open by the replay; absent if the dossier was not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// Codes that shut the gate by the replay, one for each reason.
    pub shut_by: Vec<String>,
    /// Parts of the verdict that differ from the record.
    pub differences: Vec<ReplayPart>,
    /// Reason why the dossier was not judged or not compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Result of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReplayResult {
    /// The verdict is the recorded one, byte for byte.
    Same,
    /// The verdict is another one.
    Different,
    /// The dossier is missing.
    Missing,
    /// The bytes of the dossier do not match its digest.
    Altered,
    /// The dossier is of a newer version, or is no dossier.
    Unreadable,
    /// The dossier was judged, but stores no verdict to compare with.
    NotCompared,
}

impl ReplayResult {
    /// All results but the good one, the gravest first.
    pub const BAD: &'static [Self] = &[
        Self::Different,
        Self::Altered,
        Self::Missing,
        Self::Unreadable,
        Self::NotCompared,
    ];

    /// Returns its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Missing => "missing",
            Self::Altered => "altered",
            Self::Unreadable => "unreadable",
            Self::NotCompared => "not compared",
        }
    }

    /// Returns the exit code that it leads to.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Same => 0,
            Self::Different | Self::Missing | Self::Altered => 7,
            Self::Unreadable | Self::NotCompared => 1,
        }
    }
}

/// Part of a verdict that differs from its record.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReplayPart {
    /// Code of a rule, or `verdict`, `rules`, `remedies` or `entry` for the whole.
    pub part: String,
    /// Recorded lines.
    pub recorded: Vec<String>,
    /// Lines of the replay.
    pub replayed: Vec<String>,
}

impl ReplayDocument {
    /// Returns its name: `entry 12 (r-3)`, or its file.
    #[must_use]
    pub fn name(&self) -> String {
        let name = match (self.entry, &self.file) {
            (Some(entry), _) => format!("entry {entry}"),
            (None, Some(file)) => file.clone(),
            (None, None) => self.dossier.clone(),
        };
        match &self.release {
            Some(release) => format!("{name} ({release})"),
            None => name,
        }
    }

    /// Returns the replayed verdict in words: `open`, `shut by gate/not-approved`; empty if nothing was judged.
    #[must_use]
    pub fn verdict(&self) -> String {
        match self.open {
            Some(true) => "open".to_owned(),
            Some(false) => {
                let mut codes: Vec<&str> = Vec::new();
                for code in &self.shut_by {
                    if !codes.contains(&&**code) {
                        codes.push(code);
                    }
                }
                format!("shut by {}", codes.join(", "))
            }
            None => String::new(),
        }
    }

    /// Returns the result in one sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match (self.result, &self.reason) {
            (ReplayResult::Same, _) => format!("{}, as recorded", self.verdict()),
            (ReplayResult::Different, reason) => {
                let words = format!(
                    "{}, which differs from the record in {}",
                    self.verdict(),
                    count(self.differences.len(), "part")
                );
                match reason {
                    Some(reason) => format!("{words}; {reason}"),
                    None => words,
                }
            }
            (ReplayResult::NotCompared, reason) => format!(
                "{}; {}",
                self.verdict(),
                reason.as_deref().unwrap_or("nothing to compare with")
            ),
            (_, Some(reason)) => reason.clone(),
            (result, None) => format!("the dossier is {}", result.word()),
        }
    }
}

//! Break-glass that waits for a follow-up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Report;
use evenkeel_ledger::State;
use evenkeel_ledger::record::Signed;
use evenkeel_model::Moment;

/// Break-glass that no other person followed up yet.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct BreakGlassDocument {
    /// Its name: `b-1`.
    pub name: String,
    /// Environment.
    pub environment: String,
    /// Release that it made.
    pub release: String,
    /// Time.
    #[schemars(with = "String")]
    pub at: Moment,
    /// Person who signed it, otherwise the account.
    pub by: String,
    /// The reason.
    pub reason: String,
    /// The incident.
    pub incident: String,
    /// Codes of the rules that shut the gate.
    pub shut_by: Vec<String>,
}

impl BreakGlassDocument {
    /// Returns it in words.
    pub(in crate::report) fn words(&self) -> String {
        format!(
            "{} ({}): break-glass by {} at {}, {}: {}; the gate was shut by {}",
            self.name,
            self.environment,
            self.by,
            self.at.for_people(),
            self.incident,
            self.reason,
            self.shut_by.join(", ")
        )
    }

    /// Returns the command that follows it up.
    pub(in crate::report) fn command(&self) -> String {
        format!("evenkeel follow-up {} --reason '…'", self.name)
    }
}

impl Report {
    /// Adds every break-glass that waits for a follow-up.
    pub fn outstanding(&mut self, state: &State) {
        self.knows_break_glass = true;
        let all = state.break_glass.iter();
        self.break_glass = all
            .filter(|it| it.followed_up.is_none())
            .map(|it| {
                let record = &it.broken.record;
                BreakGlassDocument {
                    name: record.break_glass.clone(),
                    environment: record.environment.to_string(),
                    release: record.release.clone(),
                    at: it.broken.at,
                    by: Signed::person(record.signed.as_ref(), &record.by).to_owned(),
                    reason: record.reason.clone(),
                    incident: record.incident.clone(),
                    shut_by: record.shut_by.clone(),
                }
            })
            .collect();
    }
}

//! Message to hooks: the outcome of one command, short.
//!
//! It is made of the report alone. Signing and sending it are left to the operations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CountsDocument, Headline, Report};
use evenkeel_model::Moment;

/// Version of the message: consumers reject another first number.
const FORMAT: &str = "1.0";

/// Message to a hook.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Notification {
    /// Version of this message: `1.0`.
    pub format: String,
    /// The event: `verdict`, `release` or `drift`.
    pub event: String,
    /// Command.
    pub command: String,
    /// System.
    pub system: String,
    /// Time of the report.
    #[schemars(with = "String")]
    pub at: Moment,
    /// Account that ran the command.
    pub by: String,
    /// Exit code.
    pub exit_code: u8,
    /// Verdict in one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<Headline>,
    /// Commit of the definitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Environment that the verdict or the release is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Release or rollback made by the command: `r-3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Judged or applied plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Its recipe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    /// Whether the gate is open, if it was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// Reasons why the gate is shut.
    pub reasons: Vec<NotificationReason>,
    /// Commands that would open it, in order.
    pub remedies: Vec<String>,
    /// Number of findings.
    pub counts: CountsDocument,
    /// The gravest findings, at most ten, each in one line.
    pub findings: Vec<String>,
    /// Messages, and the reason of a failure.
    pub messages: Vec<String>,
}

/// Reason why the gate is shut.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct NotificationReason {
    /// Code of the rule.
    pub code: String,
    /// Message.
    pub message: String,
}

impl Notification {
    /// Most findings in one message.
    const SHOWN: usize = 10;

    /// Returns the message of a report; `None` if its command has no outcome to notify of.
    #[must_use]
    pub fn of(report: &Report, by: &str) -> Option<Self> {
        let event = event(report)?;
        let verdict = report.verdict.as_ref();
        let applied = report.applies.last();
        let environment = verdict
            .map(|verdict| verdict.environment.clone())
            .or_else(|| applied.map(|apply| apply.environment.clone()))
            .filter(|_| event != "drift");
        let reasons = verdict.into_iter().flat_map(|verdict| {
            verdict
                .rules
                .iter()
                .filter(|rule| !rule.holds)
                .flat_map(|rule| {
                    rule.reasons.iter().map(|message| NotificationReason {
                        code: rule.code.to_string(),
                        message: message.clone(),
                    })
                })
        });
        let failure = report.failure.iter().map(|failure| failure.reason.clone());
        Some(Self {
            format: FORMAT.to_owned(),
            event: event.to_owned(),
            command: report.command.to_string(),
            system: report.system.clone(),
            at: report.at,
            by: by.to_owned(),
            exit_code: report.exit_code,
            headline: report.headline,
            commit: report.origin.as_ref().and_then(|it| it.commit.clone()),
            environment,
            release: report.release.clone().or_else(|| {
                let rollback = report.rollback.as_ref();
                rollback.map(|rollback| rollback.id.clone())
            }),
            plan: verdict
                .map(|verdict| verdict.plan.clone())
                .or_else(|| report.plans.last().map(|plan| plan.digest.clone())),
            recipe: verdict
                .map(|verdict| verdict.recipe.clone())
                .or_else(|| report.plans.last().map(|plan| plan.recipe.clone())),
            open: verdict.map(|verdict| verdict.open),
            reasons: reasons.collect(),
            remedies: verdict.map_or_else(Vec::new, |verdict| verdict.remedies.clone()),
            counts: report.counts,
            findings: report
                .findings
                .iter()
                .take(Self::SHOWN)
                .map(|finding| format!("{}: {}", finding.subject, finding.message))
                .collect(),
            messages: report.messages.iter().cloned().chain(failure).collect(),
        })
    }

    /// Returns its JSON schema.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).into()
    }
}

/// Returns the event of a report.
fn event(report: &Report) -> Option<&'static str> {
    match &*report.command {
        "release" | "rollback" | "break-glass" if changes_production(report) => Some("release"),
        "deliver" if report.release.is_some() || report.rollback.is_some() => Some("release"),
        "release" | "rollback" | "deliver" | "approve" | "reject" | "withdraw"
            if report.verdict.is_some() =>
        {
            Some("verdict")
        }
        // Parity alone observes nothing and runs no program.
        "drift" if !report.environments.is_empty() && !is_clean(report) => Some("drift"),
        _ => None,
    }
}

fn changes_production(report: &Report) -> bool {
    report.release.is_some() || !report.applies.is_empty()
}

fn is_clean(report: &Report) -> bool {
    matches!(report.headline, Some(Headline::InSync | Headline::Pending))
}

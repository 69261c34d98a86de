//! Ledger entries in words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outcome_words;
use evenkeel_ledger::record::{DrillResult, Signed, StepOutcome};
use evenkeel_ledger::{Entry, LedgerError, Record, chain};
use evenkeel_model::Moment;
use evenkeel_model::text::count;

/// Ledger entry in words.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EntryDocument {
    /// Number.
    pub sequence: u64,
    /// Time.
    #[schemars(with = "String")]
    pub time: Moment,
    /// Its kind.
    pub kind: String,
    /// Text.
    pub words: String,
    /// Its digest.
    pub digest: String,
}

impl EntryDocument {
    /// Creates the document of an entry.
    ///
    /// # Errors
    ///
    /// When the entry's record is not of its kind.
    pub fn new(entry: &Entry) -> Result<Self, LedgerError> {
        Ok(Self {
            sequence: entry.sequence,
            time: entry.time,
            kind: entry.kind.clone(),
            words: words(entry)?,
            digest: entry.digest.to_string(),
        })
    }
}

fn words(entry: &Entry) -> Result<String, LedgerError> {
    Ok(match chain::understand(entry)? {
        None => "a kind of entry that this version does not know".to_owned(),
        Some(Record::Founded(it)) => format!("ledger of {} ({})", it.system, it.lineage),
        Some(Record::Moved(it)) => format!("moved to {}, by {}", it.to, it.by.name),
        Some(Record::NotificationFailed(it)) => format!(
            "{} was not notified of the {}: {}",
            it.hook, it.event, it.reason
        ),
        Some(Record::TargetsAdopted(it)) => format!(
            "{}: {} takes over {} from another ledger: {}",
            it.environment,
            it.by.name,
            evenkeel_model::text::list(
                &it.stamps.keys().map(String::as_str).collect::<Vec<_>>(),
                "and"
            ),
            it.reason
        ),
        Some(Record::Refused(it)) => {
            let about = it.environment.iter().map(ToString::to_string);
            let plan = it.plan.iter().map(|plan| format!("plan {plan}"));
            let about: Vec<String> = about.chain(plan).collect();
            format!(
                "{} refused{}, by {}: {}",
                it.what,
                if about.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", about.join(", "))
                },
                it.by.name,
                it.reason
            )
        }
        Some(Record::Overridden(it)) => format!(
            "{}{}, by {}: {}",
            it.what,
            it.environment
                .as_ref()
                .map_or_else(String::new, |name| format!(" ({name})")),
            it.by.name,
            it.reason
        ),
        Some(Record::LeaseTaken(it)) => format!(
            "{} locked by {}@{} for {} (token {})",
            it.environment, it.by.name, it.by.host, it.purpose, it.token
        ),
        Some(Record::LeaseReturned(it)) => {
            format!("{} unlocked (token {})", it.environment, it.token)
        }
        Some(Record::LeaseBroken(it)) => format!(
            "{}: {}@{} broke the lock of {}@{} (process {}, {}, token {}): {}",
            it.environment,
            it.by.name,
            it.by.host,
            it.held_by.name,
            it.held_by.host,
            it.held_by.process,
            it.purpose,
            it.token,
            it.reason
        ),
        Some(Record::ApplyStarted(it)) => format!(
            "{} to {}: {}, plan {}, recipe {}, by {}{}",
            it.apply,
            it.environment,
            count(it.steps, "step"),
            it.plan.short(),
            it.recipe.short(),
            it.by.name,
            if it.origin.dirty {
                ", uncommitted definitions"
            } else {
                ""
            }
        ),
        Some(Record::StepsIntended(it)) => format!(
            "{}: {}",
            it.apply,
            some(
                it.steps
                    .iter()
                    .map(|(address, verb)| format!("{} {address}", verb.name()))
            )
        ),
        Some(Record::StepsEnded(it)) => {
            let failed = it
                .steps
                .iter()
                .filter(|step| step.outcome != StepOutcome::Done)
                .count();
            let sum = if failed == 0 {
                "done".to_owned()
            } else {
                format!("{failed} not done")
            };
            format!(
                "{}: {sum}: {}",
                it.apply,
                some(it.steps.iter().map(|step| step.instance.to_string()))
            )
        }
        Some(Record::ApplyEnded(it)) => {
            let mut text = format!(
                "{} to {}: {}, {} done",
                it.apply,
                it.environment,
                outcome_words(it.outcome),
                count(it.done, "step")
            );
            for (number, what) in [(it.failed, "failed"), (it.not_started, "not started")] {
                if number > 0 {
                    text.push_str(&format!(", {number} {what}"));
                }
            }
            text
        }
        Some(Record::SuiteEnded(it)) => format!(
            "{} in {} {}: {}",
            it.suite,
            it.environment,
            if it.passed { "passed" } else { "failed" },
            it.summary
        ),
        Some(Record::VerdictGiven(it)) if it.open => {
            format!("{}: gate open for plan {}", it.environment, it.plan.short())
        }
        Some(Record::VerdictGiven(it)) => {
            let mut codes: Vec<&str> = it
                .shut_by
                .iter()
                .map(|code| code.strip_prefix("gate/").unwrap_or(code))
                .collect();
            codes.dedup();
            format!(
                "{}: gate shut for plan {}: {}",
                it.environment,
                it.plan.short(),
                codes.join(", ")
            )
        }
        Some(Record::Approved(it)) => format!(
            "plan {} for {} approved by {}: {}",
            it.plan.short(),
            it.environment,
            Signed::signer(it.signed.as_ref(), &it.by),
            it.reason
        ),
        Some(Record::Rejected(it)) => format!(
            "plan {} for {} rejected by {}: {}",
            it.plan.short(),
            it.environment,
            Signed::signer(it.signed.as_ref(), &it.by),
            it.reason
        ),
        Some(Record::Withdrawn(it)) => format!(
            "decision about plan {} for {} withdrawn by {}: {}",
            it.plan.short(),
            it.environment,
            Signed::signer(it.signed.as_ref(), &it.by),
            it.reason
        ),
        Some(Record::Drilled(it)) => {
            let right = |result: &&DrillResult| result.shut_by.contains(&result.expected);
            format!(
                "{}: gate drilled by {}: {} of {} shut it for the right reason",
                it.environment,
                it.by.name,
                it.results.iter().filter(right).count(),
                count(it.results.len(), "fault")
            )
        }
        Some(Record::GlassBroken(it)) => format!(
            "{} to {}: break-glass by {}, plan {}, {}: {}",
            it.break_glass,
            it.environment,
            Signed::signer(it.signed.as_ref(), &it.by),
            it.plan.short(),
            it.incident,
            it.reason
        ),
        Some(Record::FollowedUp(it)) => format!(
            "{} to {} followed up by {}: {}",
            it.break_glass,
            it.environment,
            Signed::signer(it.signed.as_ref(), &it.by),
            it.reason
        ),
        Some(Record::ReleaseStarted(it)) => format!(
            "{} to {}: {}plan {}, by {}",
            it.release,
            it.environment,
            match &it.rollback {
                None => String::new(),
                Some(rollback) => format!(
                    "rolls back {} to {}{}, ",
                    rollback.undoes,
                    rollback.restores,
                    match &rollback.reason {
                        None => String::new(),
                        Some(reason) => format!(" ({reason})"),
                    }
                ),
            },
            it.plan.short(),
            it.by.name
        ),
        Some(Record::ReleaseEnded(it)) => format!(
            "{} to {}: {}{}",
            it.release,
            it.environment,
            outcome_words(it.outcome),
            match it.smoke {
                Some(true) => ", smoke passed",
                Some(false) => ", smoke failed",
                None => "",
            }
        ),
        Some(Record::DriftChecked(it)) => {
            let found = |findings: &[evenkeel_model::Digest]| match findings.len() {
                0 => "in sync".to_owned(),
                some => count(some, "finding"),
            };
            let mut parts: Vec<String> = Vec::new();
            if let Some(parity) = &it.parity {
                parts.push(format!(
                    "parity {}",
                    match parity.len() {
                        0 => "ok".to_owned(),
                        some => count(some, "finding"),
                    }
                ));
            }
            for (name, findings) in &it.environments {
                parts.push(format!("{name} {}", found(findings)));
            }
            if !it.complete {
                parts.push("not everything was read".to_owned());
            }
            format!("{}, by {}", parts.join(", "), it.by.name)
        }
    })
}

fn some(words: impl ExactSizeIterator<Item = String>) -> String {
    let all = words.len();
    let mut shown: Vec<String> = words.take(4).collect();
    if all > shown.len() {
        shown.push(format!("and {} more", all - shown.len()));
    }
    shown.join(", ")
}

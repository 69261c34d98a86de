//! Refused attempts, as entries of the ledger.
//!
//! The answer never depends on the entry: when the ledger cannot be written, the refusal is reported all the same. A release
//! that the gate denies records its verdict instead.

use std::time::Duration;

use super::{Failure, Project, ProjectLocation, World};
use crate::report::Report;
use evenkeel_ledger::record::Refused;
use evenkeel_ledger::{Record, State, chain};
use evenkeel_model::EnvironmentName;
use evenkeel_model::text::inert;

/// Longest recorded reason, in characters.
const LONGEST: usize = 1024;
/// Longest recorded name of a plan or an environment, in characters.
const LONGEST_NAME: usize = 100;
/// Time in which the same refusal of the same account is recorded once: a loop does not fill the ledger.
const ONCE: Duration = Duration::from_mins(1);
/// Number of entries that are searched for the same refusal.
const SEARCHED: u64 = 200;

/// Attempt that may be refused.
pub(super) struct Attempt {
    what: &'static str,
    environment: Option<EnvironmentName>,
    plan: Option<String>,
}

impl Attempt {
    /// Starts with the command.
    pub(super) fn new(what: &'static str) -> Self {
        Self {
            what,
            environment: None,
            plan: None,
        }
    }

    /// Sets the environment, as the person wrote it.
    pub(super) fn environment(mut self, name: &str) -> Self {
        self.environment = Some(EnvironmentName::new(&bounded(name, LONGEST_NAME)));
        self
    }

    /// Sets the plan, as the person wrote it; none if it is empty.
    pub(super) fn plan(mut self, plan: &str) -> Self {
        self.plan = Some(bounded(plan, LONGEST_NAME)).filter(|plan| !plan.is_empty());
        self
    }

    /// Records the attempt if its outcome is a refusal, and returns the outcome.
    pub(super) fn recorded(
        self,
        world: &World<'_>,
        location: &ProjectLocation,
        outcome: Result<Report, Failure>,
    ) -> Result<Report, Failure> {
        let (code, reason) = match &outcome {
            // A release has its verdict as an entry.
            Ok(report) if report.exit_code == 3 && self.what == "approve" => {
                match report.messages.last() {
                    Some(reason) => ("gate-shut", reason),
                    None => return outcome,
                }
            }
            Err(Failure::Refused { reason, .. }) => ("refused", reason),
            Err(Failure::Stale { reason, .. }) => ("out-of-date", reason),
            Err(Failure::OtherLedger { reason, .. }) => ("other-ledger", reason),
            _ => return outcome,
        };
        let redactor = world.secrets.redactor();
        let refused = Refused {
            what: self.what.to_owned(),
            code: code.to_owned(),
            environment: self.environment,
            plan: self.plan,
            by: world.actor.clone(),
            reason: bounded(&redactor.text(reason), LONGEST),
        };
        // The refusal is the answer, with or without its entry.
        let _ = append(world, location, refused);
        outcome
    }
}

/// Appends the entry, unless the same was recorded just now. Founds no ledger.
fn append(world: &World<'_>, location: &ProjectLocation, refused: Refused) -> Result<(), Failure> {
    let project = Project::open(world, location)?;
    if project
        .store
        .open(Some(&project.definition.system))?
        .is_none()
    {
        return Ok(());
    }
    let ledger = project.ledger()?;
    let state = State::current(&*ledger)?;
    state.may_go_on()?;
    let now = world.clock.now();
    let mut is_known = false;
    ledger.each(state.sequence.saturating_sub(SEARCHED), &mut |entry| {
        if let Some(Record::Refused(earlier)) = chain::understand(&entry)? {
            let is_same = earlier.what == refused.what
                && earlier.by.name == refused.by.name
                && earlier.environment == refused.environment
                && earlier.plan == refused.plan
                && earlier.reason == refused.reason;
            is_known |= is_same && now.since(entry.time) < ONCE;
        }
        Ok(())
    })?;
    if !is_known {
        ledger.append(now, &[refused.into()], None)?;
    }
    Ok(())
}

/// Returns text of a bounded length, without control characters.
fn bounded(text: &str, most: usize) -> String {
    let short: String = text.chars().take(most).collect();
    inert(&short).into_owned()
}

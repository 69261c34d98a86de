//! `evenkeel break-glass`.

use std::path::PathBuf;

use clap::Args;

use super::shared::{Holding, Surroundings};
use crate::operation::{BreakGlassRequest, break_glass};

/// Release although the gate is shut, for an incident
///
/// Applies the current definitions to production and runs its smoke suites, like `release`. The reason, the incident and what shuts the
/// gate are recorded before anything changes, and every report shows the break-glass until another person follows it up. A broken
/// ledger, a locked production and an out-of-date plan are never passed over, and removals need a confirmation. CI runners cannot
/// break the glass. `break-glass = false` in the policy forbids it. With a file `approvers` beside the definitions, it is signed
/// like an approval.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel break-glass production --incident INC-42 --reason 'checkout is down, tests need 40 min'
  evenkeel follow-up b-1 --reason 'reviewed with the team, delivered as r-8'")]
pub(super) struct Arguments {
    /// Production
    environment: String,
    /// The reason
    #[arg(long)]
    reason: String,
    /// The incident: its number or address
    #[arg(long)]
    incident: String,
    /// The expected plan, or its beginning
    #[arg(long)]
    plan: Option<String>,
    /// Confirm removals in this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    confirm: Option<String>,
    /// The file of the person's SSH key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    holding: Holding,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(break_glass(
        surroundings.world,
        &surroundings.location,
        BreakGlassRequest {
            environment: &arguments.environment,
            reason: &arguments.reason,
            incident: &arguments.incident,
            plan: arguments.plan.as_deref(),
            confirm: arguments.confirm.as_deref(),
            wait: arguments.holding.wait(),
            key: arguments.key.as_deref(),
        },
    ))
}

//! `evenkeel approve`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::approve;

/// Approve a release
///
/// An approval is for one plan and the evidence of this moment. It is void when either changes. On a terminal, `approve` shows what
/// it approves and asks for confirmation.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel approve 7a3b76dd --reason 'reviewed on staging'")]
pub(super) struct Arguments {
    /// The digest of the plan, or its beginning, as `evenkeel deliver` prints it
    plan: String,
    /// The reason
    #[arg(long)]
    reason: String,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(approve(
        surroundings.world,
        &surroundings.location,
        &arguments.plan,
        &arguments.reason,
    ))
}

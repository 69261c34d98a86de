//! `evenkeel withdraw`.

use clap::Args;

use super::decision::Deciding;
use super::shared::Surroundings;
use crate::operation::{DecisionRequest, withdraw};

/// Withdraw an approval or a rejection
///
/// Withdraws the person's own decision about the plan. With a file `approvers` beside the definitions, it is signed like an approval.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel withdraw 7a3b76dd --reason 'fixed by a restart'")]
pub(super) struct Arguments {
    /// The digest of the plan, or its beginning, as `evenkeel deliver` prints it
    plan: String,
    /// The reason
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    deciding: Deciding,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(withdraw(
        surroundings.world,
        &surroundings.location,
        DecisionRequest {
            plan: &arguments.plan,
            reason: &arguments.reason,
            key: arguments.deciding.key.as_deref(),
            confirm: &|report| {
                arguments.deciding.confirms(
                    "Withdraw your decision about this plan?",
                    report,
                    surroundings,
                )
            },
        },
    ))
}

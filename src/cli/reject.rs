//! `evenkeel reject`.

use clap::Args;

use super::decision::Deciding;
use super::shared::Surroundings;
use crate::operation::{DecisionRequest, reject};

/// Reject a release
///
/// A rejection shuts the gate until the same person withdraws it, or the plan changes. Approvals of other people do not outweigh it.
/// With a file `approvers` beside the definitions, it is signed like an approval.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel reject 7a3b76dd --reason 'the checkout is slow on staging'")]
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
    surroundings.render(reject(
        surroundings.world,
        &surroundings.location,
        DecisionRequest {
            plan: &arguments.plan,
            reason: &arguments.reason,
            key: arguments.deciding.key.as_deref(),
            confirm: &|report| {
                arguments
                    .deciding
                    .confirms("Reject this plan?", report, surroundings)
            },
        },
    ))
}

//! `evenkeel deliver`.

use clap::Args;

use super::shared::{Holding, Surroundings};
use crate::operation::{DeliverRequest, deliver};

/// Run the delivery stage: apply to every environment before production, test, and judge
///
/// Exit code 1 means that a required suite failed. Exit code 3 means that the gate is shut for a reason other than a missing
/// approval, also if production already runs the recipe.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel deliver               artifacts from CI
  evenkeel deliver --build       build the artifacts first")]
pub(super) struct Arguments {
    /// Build the artifacts first, with the commands of their definitions
    #[arg(long)]
    build: bool,
    /// Apply and test also where the definitions alone shut the gate: undeclared differences, uncommitted definitions
    ///
    /// Without it, nothing is applied in this case. The exit code is 3 in both cases.
    #[arg(long)]
    allow_undeclared: bool,
    /// Confirm the removal of resources from this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    confirm: Option<String>,
    #[command(flatten)]
    holding: Holding,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(deliver(
        surroundings.world,
        &surroundings.location,
        &DeliverRequest {
            build: arguments.build,
            allow_undeclared: arguments.allow_undeclared,
            confirm: arguments.confirm.as_deref(),
            wait: arguments.holding.wait(),
        },
    ))
}

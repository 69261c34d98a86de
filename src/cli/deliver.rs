//! `evenkeel deliver`.

use clap::Args;

use super::shared::{Holding, Surroundings};
use crate::operation::{DeliverRequest, deliver};

/// The delivery stage: apply to every environment before production, run the required suites there, and say whether
/// it is releasable.
///
/// The exit code is 1 when a required suite failed, and 3 when the gate is shut for another reason than a missing approval,
/// also where production already runs the recipe.
#[derive(Args)]
pub(super) struct Arguments {
    /// Build artifacts first, as their definitions say
    #[arg(long)]
    build: bool,
    /// Apply and test also what the gate will not let through: environments that differ, and what is not committed
    ///
    /// Without it, nothing is applied where the definitions alone keep the gate shut. The exit code is 3 in both cases.
    #[arg(long)]
    allow_undeclared: bool,
    /// Confirm that resources are removed from this environment
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

//! `evenkeel release`.

use clap::Args;

use super::shared::{Holding, Surroundings};
use crate::operation::release;

/// Release to production if the gate is open, then run its smoke suites
///
/// If the gate is shut, lists every reason and the smallest set of actions that opens it.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel release
  evenkeel release 7a3b76dd      only if this is still the plan")]
pub(super) struct Arguments {
    /// The digest of the plan, or its beginning: refuse if the current plan is another one
    plan: Option<String>,
    /// Confirm the removal of resources from this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    confirm: Option<String>,
    #[command(flatten)]
    holding: Holding,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(release(
        surroundings.world,
        &surroundings.location,
        arguments.plan.as_deref(),
        arguments.confirm.as_deref(),
        arguments.holding.wait(),
    ))
}

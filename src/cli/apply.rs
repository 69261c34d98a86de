//! `evenkeel apply`.

use clap::Args;

use super::shared::{Holding, Surroundings};
use crate::operation::{ApplyRequest, apply};

/// Apply the current plan of an environment, or exactly a saved one
///
/// Each step is recorded before it runs and observed after it. The next run continues an apply that was killed. Production
/// accepts only releases: here, `apply` only restores the released state.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel apply staging
  evenkeel apply staging.plan
  evenkeel apply staging --confirm staging     if it removes resources")]
pub(super) struct Arguments {
    /// An environment, or a saved plan
    #[arg(value_name = "ENVIRONMENT|FILE")]
    what: String,
    /// Confirm the removal of resources from this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    confirm: Option<String>,
    #[command(flatten)]
    holding: Holding,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let request = ApplyRequest {
        what: arguments.what,
        confirm: arguments.confirm,
        wait: arguments.holding.wait(),
    };
    surroundings.render(apply(surroundings.world, &surroundings.location, &request))
}

//! `evenkeel apply`.

use clap::Args;

use super::shared::{Holding, Surroundings};
use crate::operation::{ApplyRequest, apply};

/// Apply the plan that is made now, or a saved one exactly.
///
/// Every step is written down before it is done and looked at after; a run that was killed is gone on with by the next.
/// Production is released to: here it can only be brought back to what it already runs.
#[derive(Args)]
pub(super) struct Arguments {
    /// An environment, or a saved plan
    #[arg(value_name = "ENVIRONMENT|FILE")]
    what: String,
    /// Confirm that resources are removed from this environment
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

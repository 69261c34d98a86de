//! `evenkeel release`.

use clap::Args;

use super::shared::{Holding, Surroundings};
use crate::operation::release;

/// Press the button: if the gate is open, the same recipe goes to production, and its smoke suites run.
///
/// If it is shut, every reason is told, and the smallest set of commands that would open it.
#[derive(Args)]
pub(super) struct Arguments {
    /// The plan's digest, or its beginning: refuse if it is another one now
    plan: Option<String>,
    /// Confirm that resources are removed from this environment
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

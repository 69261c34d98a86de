//! `evenkeel verify`.

use clap::Args;

use super::shared::{Holding, Surroundings};
use crate::operation::verify;

/// Run an environment's suites and record their evidence.
///
/// Evidence is bound to the recipe, the artifacts, the suite and what was observed just before it ran: when one of
/// these is another, it is void.
#[derive(Args)]
pub(super) struct Arguments {
    /// The environment
    environment: String,
    /// The suites [default: all]
    suites: Vec<String>,
    #[command(flatten)]
    holding: Holding,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(verify(
        surroundings.world,
        &surroundings.location,
        &arguments.environment,
        &arguments.suites,
        arguments.holding.wait(),
    ))
}

//! `evenkeel verify`.

use clap::Args;

use super::shared::{Holding, Surroundings};
use crate::operation::verify;

/// Run suites of an environment and record evidence
///
/// Evidence is bound to the recipe, the artifacts, the suite and the observed state. It is void when one of these changes.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel verify staging            all suites
  evenkeel verify staging e2e        one suite
  evenkeel show suite:e2e            its output")]
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

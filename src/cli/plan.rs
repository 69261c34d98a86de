//! `evenkeel plan`.

use std::path::PathBuf;

use clap::Args;

use super::shared::Surroundings;
use crate::operation::plan;

/// Show what would be done, for the whole path or for one environment.
///
/// With -o the plan of one environment is saved: `evenkeel apply FILE` does exactly that, once, or refuses.
///
/// Claims of the other environments on the same machine are compared as well, except where the named environment has more
/// than 500 resources: that would take as long again. `apply` and `validate` compare them all.
#[derive(Args)]
pub(super) struct Arguments {
    /// The environment [default: all]
    environment: Option<String>,
    /// Save the plan to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Exit with 2 where there are changes
    #[arg(long)]
    exit_code: bool,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(plan(
        surroundings.world,
        &surroundings.location,
        arguments.environment.as_deref(),
        arguments.output.as_deref(),
        arguments.exit_code,
    ))
}

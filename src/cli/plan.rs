//! `evenkeel plan`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::{PlanRequest, plan};

/// Show the steps that apply would run, for the whole path or for one environment
///
/// With -o, saves the plan of one environment: `evenkeel apply FILE` runs exactly that plan, once, or refuses. A file whose
/// name ends like a format of reports, such as plan.json or plan.md, gets the report instead.
///
/// With more than 500 resources in the named environment, claims of the other environments on the same machine are not
/// compared. `apply` and `validate` compare all of them.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel plan                                    all environments
  evenkeel plan staging -o staging.plan            save a plan
  evenkeel apply staging.plan                      apply it")]
pub(super) struct Arguments {
    /// The environment [default: all]
    environment: Option<String>,
    /// Exit with 2 where there are changes
    #[arg(long)]
    exit_code: bool,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(plan(
        surroundings.world,
        &surroundings.location,
        PlanRequest {
            environment: arguments.environment.as_deref(),
            output: surroundings.file.as_deref(),
            exit_code: arguments.exit_code,
        },
    ))
}

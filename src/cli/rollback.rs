//! `evenkeel rollback`.

use clap::Args;

use super::shared::{Holding, Surroundings};
use crate::operation::{RollbackRequest, rollback};

/// Roll back an environment to an earlier release
///
/// Reads the definitions of that release's commit, and takes its artifacts from the target, the store or the checkout. The
/// mechanism, the gate and the journal are those of a release. A freeze does not stop a rollback. Exit code 8 means that the
/// release was rolled back, and 0 that there was nothing to do.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel rollback production              to the release before the current one
  evenkeel rollback production --to r-7")]
pub(super) struct Arguments {
    /// The environment
    environment: String,
    /// The release to restore [default: the last successful one before the current one]
    #[arg(long, value_name = "RELEASE")]
    to: Option<String>,
    /// The reason, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Confirm the removal of resources from this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    confirm: Option<String>,
    #[command(flatten)]
    holding: Holding,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(rollback(
        surroundings.world,
        &surroundings.location,
        &RollbackRequest {
            environment: &arguments.environment,
            to: arguments.to.as_deref(),
            reason: arguments.reason.as_deref(),
            confirm: arguments.confirm.as_deref(),
            wait: arguments.holding.wait(),
        },
    ))
}

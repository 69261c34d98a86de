//! `evenkeel approve`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::approve;

/// Approve a release.
///
/// An approval is for one plan and the evidence that is there; when either changes it is void. It is recorded with who
/// gave it and why.
#[derive(Args)]
pub(super) struct Arguments {
    /// The plan's digest, or its beginning, as `evenkeel deliver` shows it
    plan: String,
    /// Why
    #[arg(long)]
    reason: String,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(approve(
        surroundings.world,
        &surroundings.location,
        &arguments.plan,
        &arguments.reason,
    ))
}

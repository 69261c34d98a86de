//! `evenkeel follow-up`.

use std::path::PathBuf;

use clap::Args;

use super::shared::Surroundings;
use crate::operation::follow_up;

/// Follow up a break-glass of another person
///
/// Records that a person reviewed the break-glass; reports stop showing it then. It must be another person than the one who broke the
/// glass. With a file `approvers` beside the definitions, it is signed like an approval.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel follow-up b-1 --reason 'reviewed with the team, delivered as r-8'")]
pub(super) struct Arguments {
    /// The break-glass, as `evenkeel status` shows it
    break_glass: String,
    /// The reason
    #[arg(long)]
    reason: String,
    /// The file of the person's SSH key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(follow_up(
        surroundings.world,
        &surroundings.location,
        &arguments.break_glass,
        &arguments.reason,
        arguments.key.as_deref(),
    ))
}

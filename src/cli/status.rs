//! `evenkeel status`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::status;

/// Show what runs where, since when and from which plan
///
/// Reads only the ledger and the locks: it does not observe the environments. It shows which evidence is stale, what is running
/// now and what awaits release.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel status
  evenkeel status --format json")]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(status(surroundings.world, &surroundings.location))
}

//! `evenkeel status`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::status;

/// What runs where, since when, from which plan: by the ledger, without looking.
#[derive(Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(status(surroundings.world, &surroundings.location))
}

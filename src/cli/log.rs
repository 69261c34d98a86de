//! `evenkeel log`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::log;

/// What happened, entry by entry, oldest first.
#[derive(Args)]
pub(super) struct Arguments {
    /// How many entries, from the newest
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(log(
        surroundings.world,
        &surroundings.location,
        arguments.limit,
    ))
}

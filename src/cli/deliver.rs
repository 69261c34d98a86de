//! `evenkeel deliver`.

use clap::Args;

use super::shared::{Holding, Surroundings};
use crate::operation::deliver;

/// The delivery stage: apply to every environment before production, run the required suites there, and say whether
/// it is releasable.
#[derive(Args)]
pub(super) struct Arguments {
    /// Build artifacts first, as their definitions say
    #[arg(long)]
    build: bool,
    /// Confirm that resources are removed from this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    confirm: Option<String>,
    #[command(flatten)]
    holding: Holding,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(deliver(
        surroundings.world,
        &surroundings.location,
        arguments.build,
        arguments.confirm.as_deref(),
        arguments.holding.wait(),
    ))
}

//! `evenkeel drift`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::{DriftRequest, drift};

/// Report every undeclared difference.
///
/// Between the environments, symbolically: everything must be equal unless a line says otherwise. And between each
/// environment's definition and what is really there. It only looks. What could not be seen is told as such, and is
/// never "no drift".
#[derive(Args)]
pub(super) struct Arguments {
    /// The environments to look at [default: all]
    // Its name must not be that of the global `--environments`: clap would take one for the other.
    #[arg(value_name = "ENVIRONMENTS")]
    names: Vec<String>,
    /// Between environments only: nothing is looked at, no secret is asked for
    #[arg(long, conflicts_with = "live")]
    parity: bool,
    /// Between definition and reality only
    #[arg(long)]
    live: bool,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let request = DriftRequest {
        environments: arguments.names,
        parity_only: arguments.parity,
        live_only: arguments.live,
    };
    surroundings.render(drift(surroundings.world, &surroundings.location, &request))
}

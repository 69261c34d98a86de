//! `evenkeel explain`.

use clap::Args;

use super::baseline::Signing;
use super::shared::Surroundings;
use crate::operation::{explain, lines_of};

/// Explain one defect in full, what a code means, or what a kind of entry of the ledger says.
#[derive(Args)]
pub(super) struct Arguments {
    /// A defect's fingerprint or its beginning, a code such as file/content-differs, or a kind such as lease-broken
    id: String,
    /// Print the lines that would declare it, for differences.toml
    #[arg(long)]
    declare: bool,
    #[command(flatten)]
    signing: Signing,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    if arguments.declare {
        let request = arguments.signing.request();
        return surroundings.render(lines_of(
            surroundings.world,
            &surroundings.location,
            &arguments.id,
            &request,
        ));
    }
    surroundings.render(explain(
        surroundings.world,
        &surroundings.location,
        &arguments.id,
    ))
}

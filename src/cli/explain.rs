//! `evenkeel explain`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::explain;

/// Explain one defect in full, or what a code means.
#[derive(Args)]
pub(super) struct Arguments {
    /// A defect's fingerprint or its beginning, or a code such as file/content-differs
    id: String,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(explain(
        surroundings.world,
        &surroundings.location,
        &arguments.id,
    ))
}

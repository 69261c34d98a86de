//! `evenkeel audit`.

use clap::{Args, Subcommand};

use super::shared::Surroundings;
use crate::operation::audit_verify;

/// Prove that the ledger is what was written.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Verify every entry; the first bad one is named, with exit code 7
    Verify,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    match arguments.what {
        What::Verify => {
            surroundings.render(audit_verify(surroundings.world, &surroundings.location))
        }
    }
}

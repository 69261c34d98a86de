//! `evenkeel explain`.

use clap::Args;

use super::baseline::Signing;
use super::shared::Surroundings;
use crate::operation::{explain, lines_of};

/// Explain a finding in full, a code, a corner, or a kind of ledger entry
///
/// A finding is named by its fingerprint or the beginning of it, as `evenkeel drift` prints it.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel explain 4e56ea                   a finding
  evenkeel explain 4e56ea --declare         the lines that declare it
  evenkeel explain file/mode-differs        a code
  evenkeel explain changed-outside          a corner
  evenkeel explain lease-broken             a kind of ledger entry")]
pub(super) struct Arguments {
    /// A fingerprint or its beginning, a code, a corner, or a kind of ledger entry
    id: String,
    /// Print the lines for differences.toml that declare it
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

//! `evenkeel init`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::{InitRequest, init};

/// Detect the environments of a repository and write environments/
///
/// Searches for files and directories that differ only by the name of an environment: values-staging.yaml and
/// values-production.yaml, overlays/staging and overlays/production, .env.staging, host_vars, tfvars. Lists the pairs with
/// its confidence, proposes identities (domains, prefixes, account numbers), and writes definitions that compare every pair.
/// It never overwrites a file.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel init --dry-run     print the definitions without writing them
  evenkeel init               write environments/
  evenkeel init --example     write a small working system into an empty directory")]
pub(super) struct Arguments {
    /// Print the definitions without writing them
    #[arg(long)]
    dry_run: bool,
    /// Write a small working system into this directory: a web site in two environments on this machine (needs python3)
    #[arg(long, conflicts_with = "no_identities")]
    example: bool,
    /// Propose no identities
    #[arg(long)]
    no_identities: bool,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let request = InitRequest {
        dry_run: arguments.dry_run,
        example: arguments.example,
        no_identities: arguments.no_identities,
    };
    surroundings.render(init(surroundings.world, &surroundings.location, &request))
}

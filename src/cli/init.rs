//! `evenkeel init`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::{InitRequest, init};

/// Find what a repository already has of its environments, and write environments/.
///
/// Looks for files and directories that are the same but for an environment: values-staging.yaml and values-production.yaml,
/// overlays/staging and overlays/production, .env.staging, host_vars, tfvars. Shows what it found and how sure it is,
/// proposes what varies as identity (domains, prefixes, account numbers) from what differs, and writes definitions that
/// compare it all. Run it in the project's directory. It never overwrites a file.
#[derive(Args)]
pub(super) struct Arguments {
    /// Only show what would be written
    #[arg(long)]
    dry_run: bool,
    /// Propose no identities
    #[arg(long)]
    no_identities: bool,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let request = InitRequest {
        dry_run: arguments.dry_run,
        no_identities: arguments.no_identities,
    };
    surroundings.render(init(surroundings.world, &surroundings.location, &request))
}

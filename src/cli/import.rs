//! `evenkeel import`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::{ImportRequest, import};

/// Propose definitions for what people set up on a host
///
/// Reads packages that were not installed for others, users and groups from number 1000 on, public keys, enabled services,
/// configuration files that differ from their packages, files of cron, sysctl and systemd that belong to no package, and
/// /etc/fstab. It changes nothing on the host. Every proposed resource matches the host, so the first plan changes nothing.
/// Comments list what is not proposed, with the reasons; files that seem to contain a secret are among it, and are not copied.
///
/// Prints the proposal. With -o, writes it to that file, and the source files into `files/TARGET` beside the definitions.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel import web staging
  evenkeel import web@web-1 staging -o proposal.toml")]
pub(super) struct Arguments {
    /// The target, with a host if it has several
    #[arg(value_name = "TARGET[@HOST]")]
    target: String,
    /// The environment
    environment: String,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(import(
        surroundings.world,
        &surroundings.location,
        &ImportRequest {
            target: arguments.target,
            environment: arguments.environment,
            output: surroundings.file.as_deref(),
        },
    ))
}

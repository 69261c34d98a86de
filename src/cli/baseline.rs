//! `evenkeel baseline`.

use std::time::Duration;

use clap::Args;

use super::shared::{Surroundings, parse_duration};
use crate::operation::{BaselineRequest, HostBaselineRequest, baseline, host_baseline};

/// Write the current differences into the definitions
///
/// Writes a `[[difference]]` for each undeclared difference between environments into differences.toml beside system.toml,
/// grouped by cause, with the current values as bounds and a near expiry. Existing lines keep their place and their comments.
/// Secrets are never written.
///
/// With --unmanaged, adds the unmanaged things of live hosts to the `baseline` files of `[exclusive.NAME]` instead, such as
/// the packages of their image. Lines that a file has stay. Nothing is written if a host cannot be read completely.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel baseline --dry-run
  evenkeel baseline --unmanaged staging
  evenkeel baseline --owner platform --expires-in 30d --ticket OPS-12")]
pub(super) struct Arguments {
    /// With --unmanaged, the environments whose hosts are read [default: all]
    #[arg(value_name = "ENVIRONMENT", requires = "unmanaged")]
    names: Vec<String>,
    /// Print the lines without writing them
    #[arg(long)]
    dry_run: bool,
    /// Accept the unmanaged things of live hosts
    #[arg(long, conflicts_with_all = ["owner", "reason", "expires_in", "ticket"])]
    unmanaged: bool,
    #[command(flatten)]
    signing: Signing,
}

/// The reason, owner and expiry of a declared difference.
#[derive(Args)]
pub(super) struct Signing {
    /// Its owner [default: you]
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Its reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Its time to expiry
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = parse_duration)]
    expires_in: Duration,
    /// Its ticket
    #[arg(long, value_name = "TEXT")]
    ticket: Option<String>,
}

impl Signing {
    /// Returns the operation's request.
    pub(super) fn request(self) -> BaselineRequest {
        BaselineRequest {
            owner: self.owner,
            reason: self.reason,
            expires_in: self.expires_in,
            ticket: self.ticket,
            dry_run: false,
        }
    }
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    if arguments.unmanaged {
        let request = HostBaselineRequest {
            environments: arguments.names,
            dry_run: arguments.dry_run,
        };
        return surroundings.render(host_baseline(
            surroundings.world,
            &surroundings.location,
            &request,
        ));
    }
    let mut request = arguments.signing.request();
    request.dry_run = arguments.dry_run;
    surroundings.render(baseline(
        surroundings.world,
        &surroundings.location,
        &request,
    ))
}

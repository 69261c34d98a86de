//! `evenkeel baseline`.

use std::time::Duration;

use clap::Args;

use super::shared::{Surroundings, parse_duration};
use crate::operation::{BaselineRequest, baseline};

/// Declare everything that differs today, so that whatever differs tomorrow is new.
///
/// Writes a `[[difference]]` for each undeclared difference between environments into differences.toml beside system.toml,
/// grouped by cause, with the exact values of today as bounds and an expiry soon. What is in the file already stays as
/// it is, with its comments and its order. Nothing of a secret is written.
#[derive(Args)]
pub(super) struct Arguments {
    /// Only print what would be written
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    signing: Signing,
}

/// What a declared difference says beside its place and bounds.
#[derive(Args)]
pub(super) struct Signing {
    /// Who answers for it [default: you]
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Why it may differ
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// When it is a defect again, from today on
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = parse_duration)]
    expires_in: Duration,
    /// Where it is followed up
    #[arg(long, value_name = "TEXT")]
    ticket: Option<String>,
}

impl Signing {
    /// As the operation takes it.
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
    let mut request = arguments.signing.request();
    request.dry_run = arguments.dry_run;
    surroundings.render(baseline(
        surroundings.world,
        &surroundings.location,
        &request,
    ))
}

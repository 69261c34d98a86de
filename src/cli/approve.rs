//! `evenkeel approve`.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::Args;

use super::shared::Surroundings;
use crate::operation::{ApproveRequest, approve};
use crate::report::Report;

/// Approve a release
///
/// An approval is for one plan and the evidence of this moment. It is void when either changes. On a terminal, `approve` shows
/// what it approves and asks for confirmation.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel approve 7a3b76dd --reason 'reviewed on staging'")]
pub(super) struct Arguments {
    /// The digest of the plan, or its beginning, as `evenkeel deliver` prints it
    plan: String,
    /// The reason
    #[arg(long)]
    reason: String,
    /// Approve without asking
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let asks = !arguments.yes && io::stdin().is_terminal() && io::stderr().is_terminal();
    surroundings.render(approve(
        surroundings.world,
        &surroundings.location,
        ApproveRequest {
            plan: &arguments.plan,
            reason: &arguments.reason,
            confirm: &|report| !asks || is_confirmed(report, surroundings),
        },
    ))
}

/// Displays the approval and asks for it. Anything but `yes` means no.
fn is_confirmed(report: &Report, surroundings: &Surroundings<'_>) -> bool {
    if surroundings.show(report).is_err() {
        return false;
    }
    let mut to = io::stderr().lock();
    if to
        .write_all(b"\nApprove this plan? Only `yes` approves: ")
        .and_then(|()| to.flush())
        .is_err()
    {
        return false;
    }
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}

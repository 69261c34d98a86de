//! `evenkeel drift`.

use clap::{Args, ValueEnum};

use super::shared::Surroundings;
use crate::operation::{DriftRequest, drift};
use evenkeel_model::defect::Severity;

/// Check parity and live state
///
/// Compares the environments with each other: every undeclared difference is a defect. Compares each environment with its live
/// state. It changes nothing. An attribute that cannot be read is reported as such and never counts as in sync.
///
/// With more than 500 resources in the named environments, claims of the other environments on the same machine are not
/// compared. `drift` without names and `validate` compare all of them.
#[allow(clippy::struct_excessive_bools, reason = "each is a separate option")]
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel drift                                  everything
  evenkeel drift production --live                one environment, live state only
  evenkeel drift --parity --since origin/main     what a branch adds
  evenkeel drift --record                         keep the result in the ledger")]
pub(super) struct Arguments {
    /// The environments [default: all]
    #[arg(value_name = "ENVIRONMENT")]
    names: Vec<String>,
    /// Check parity only: read no target and no secret, and run no command of the definitions
    #[arg(long, conflicts_with = "live")]
    parity: bool,
    /// Check live state only
    #[arg(long)]
    live: bool,
    /// Report only differences between environments that are new since this revision
    #[arg(long, value_name = "REVISION", conflicts_with = "live")]
    since: Option<String>,
    /// With --parity, run the commands that print documents; without it, these documents are not compared
    #[arg(long, conflicts_with = "live")]
    render: bool,
    /// Do not search git for the commit of each difference
    #[arg(long)]
    no_history: bool,
    /// List the values that are equal by meaning, by an identity or by a default, but written differently
    #[arg(long, conflicts_with = "live")]
    explain_equal: bool,
    /// The lowest severity that counts as drift (exit code 2)
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
    /// Record the check in the ledger, so that later checks can tell since when each finding exists
    #[arg(long, conflicts_with = "parity")]
    record: bool,
    /// Exit with 10 instead of 2 where only changes to apply were found: pending, not changed outside evenkeel
    #[arg(long)]
    exit_code: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum FailOn {
    /// Switches, missing keys, references to the other environment
    Critical,
    /// Also values, sizes, versions
    Error,
    /// Also ids, orders, moves, moving image tags
    Warning,
    /// Also different secrets
    Advice,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let request = DriftRequest {
        environments: arguments.names,
        parity_only: arguments.parity,
        live_only: arguments.live,
        since: arguments.since,
        render: arguments.render,
        no_history: arguments.no_history,
        explain_equal: arguments.explain_equal,
        fail_on: match arguments.fail_on {
            FailOn::Critical => Severity::Critical,
            FailOn::Error => Severity::Error,
            FailOn::Warning => Severity::Warning,
            FailOn::Advice => Severity::Advice,
        },
        record: arguments.record,
        exit_code: arguments.exit_code,
    };
    surroundings.render(drift(surroundings.world, &surroundings.location, &request))
}

//! `evenkeel drift`.

use clap::{Args, ValueEnum};

use super::shared::Surroundings;
use crate::operation::{DriftRequest, drift};
use evenkeel_model::defect::Severity;

/// Report every undeclared difference.
///
/// Between the environments, symbolically: everything must be equal unless a line says otherwise. And between each
/// environment's definition and what is really there. It only looks. What could not be seen is told as such, and is
/// never "no drift".
///
/// Claims of environments that are not named are compared as well, except where the named ones have more than 500
/// resources: that would take as long again. `drift` without names and `validate` compare them all.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[derive(Args)]
pub(super) struct Arguments {
    /// The environments to look at [default: all]
    #[arg(value_name = "ENVIRONMENT")]
    names: Vec<String>,
    /// Between environments only: nothing is looked at, no secret is asked for, no command of the definitions runs
    #[arg(long, conflicts_with = "live")]
    parity: bool,
    /// Between definition and reality only
    #[arg(long)]
    live: bool,
    /// Only what is new between environments since this revision: documents by today's declarations
    #[arg(long, value_name = "REVISION", conflicts_with = "live")]
    since: Option<String>,
    /// Run the commands that print documents also with --parity: without it, nothing that the definitions name runs, and
    /// such documents are not compared
    #[arg(long, conflicts_with = "live")]
    render: bool,
    /// Do not ask git since which commit each difference stands
    #[arg(long)]
    no_history: bool,
    /// List everything that is written differently and counts as equal: by meaning, by an identity, by a default
    #[arg(long, conflicts_with = "live")]
    explain_equal: bool,
    /// The least severity that counts as drift and gives exit code 2
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
    /// Flags, what is missing, mentions of the other environment
    Critical,
    /// Also values, sizes, versions
    Error,
    /// Also ids, orders, moves, images with moving tags
    Warning,
    /// Also secrets of each environment's own
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

//! `evenkeel adopt`.

use std::time::Duration;

use clap::Args;

use super::shared::{Holding, Surroundings, parse_duration};
use crate::operation::{AdoptLiveRequest, AdoptRequest, adopt, adopt_live};

/// Write live state into the definitions, or take over targets of another ledger
///
/// Writes the state of one resource where the definitions declare it, and keeps comments and layout. Afterwards `drift` finds no
/// difference in this resource. A value that several environments share is changed if they all have the new value, or with
/// --everywhere; with --reason, only this environment gets it, as a declared difference. Secrets, references and templates are not
/// replaced. Nothing is written unless the definitions stay valid.
///
/// With --lineage, it takes over the targets that another ledger manages: the first apply stamps each target with the name of its
/// ledger, and a run with another ledger, such as that of a second checkout or a restored backup, is refused before its first
/// step, since it has no records of what is there. It replaces the stamp, and records who decided it and why.
#[derive(Args)]
#[command(
    override_usage = "evenkeel adopt [OPTIONS] <ADDRESS[@HOST]> <ENVIRONMENT>\n       evenkeel adopt [OPTIONS] --lineage --reason <TEXT> <ENVIRONMENT>",
    after_help = "Examples:
  evenkeel adopt file.config staging --dry-run
  evenkeel adopt package.nginx@web-2 production --everywhere
  evenkeel adopt sysctl.swappiness production --reason 'larger machines' --expires-in 90d
  evenkeel adopt staging --lineage --reason 'the old ledger is lost'"
)]
pub(super) struct Arguments {
    /// The resource, with a host if its hosts differ
    #[arg(value_name = "ADDRESS[@HOST]")]
    resource: String,
    /// The environment
    #[arg(required_unless_present = "lineage", conflicts_with = "lineage")]
    environment: Option<String>,
    /// Change a shared value for all environments
    #[arg(long, alias = "both", conflicts_with_all = ["reason", "lineage"])]
    everywhere: bool,
    /// Print the changes without writing them
    #[arg(long, conflicts_with = "lineage")]
    dry_run: bool,
    /// The reason of a declared difference, or of --lineage
    #[arg(long, value_name = "TEXT", required_if_eq("lineage", "true"))]
    reason: Option<String>,
    /// The owner of a declared difference [default: you]
    #[arg(
        long,
        value_name = "NAME",
        requires = "reason",
        conflicts_with = "lineage"
    )]
    owner: Option<String>,
    /// The time to expiry of a declared difference
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = parse_duration)]
    expires_in: Duration,
    /// The ticket of a declared difference
    #[arg(
        long,
        value_name = "TEXT",
        requires = "reason",
        conflicts_with = "lineage"
    )]
    ticket: Option<String>,
    /// Replace the stamps of another ledger
    #[arg(long)]
    lineage: bool,
    /// Confirm that it is production
    #[arg(long, value_name = "ENVIRONMENT", requires = "lineage")]
    confirm: Option<String>,
    #[command(flatten)]
    holding: Holding,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let (world, location) = (surroundings.world, &surroundings.location);
    if arguments.lineage {
        let request = AdoptRequest {
            environment: arguments.resource,
            reason: arguments.reason.unwrap_or_default(),
            confirm: arguments.confirm,
            wait: arguments.holding.wait(),
        };
        return surroundings.render(adopt(world, location, &request));
    }
    let request = AdoptLiveRequest {
        resource: arguments.resource,
        environment: arguments.environment.unwrap_or_default(),
        everywhere: arguments.everywhere,
        reason: arguments.reason,
        owner: arguments.owner,
        expires_in: arguments.expires_in,
        ticket: arguments.ticket,
        dry_run: arguments.dry_run,
    };
    surroundings.render(adopt_live(world, location, &request))
}

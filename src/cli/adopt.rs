//! `evenkeel adopt`.

use clap::Args;

use super::shared::{Holding, Surroundings};
use crate::operation::{AdoptRequest, adopt};

/// Take over targets that another ledger manages
///
/// The first apply stamps each target with the name of its ledger. A run with another ledger, such as that of a second checkout or
/// a restored backup, is refused before its first step, since it has no records of what is there. This command replaces
/// the stamp, and records who decided it and why.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel adopt staging --lineage --reason 'the old ledger is lost'")]
pub(super) struct Arguments {
    /// The environment
    environment: String,
    /// Replace the stamps of another ledger
    #[arg(long, required = true)]
    lineage: bool,
    /// The reason
    #[arg(long)]
    reason: String,
    /// Confirm that it is production
    #[arg(long, value_name = "ENVIRONMENT")]
    confirm: Option<String>,
    #[command(flatten)]
    holding: Holding,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let request = AdoptRequest {
        environment: arguments.environment,
        reason: arguments.reason,
        confirm: arguments.confirm,
        wait: arguments.holding.wait(),
    };
    surroundings.render(adopt(surroundings.world, &surroundings.location, &request))
}

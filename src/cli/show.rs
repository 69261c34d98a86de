//! `evenkeel show`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::show;

/// Show an apply, a release, a suite's output, an entry, a dossier or a saved plan
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel show a-7                 an apply with its steps
  evenkeel show r-3                 a release with its approvals and smoke suites
  evenkeel show suite:e2e           the output of the newest run of a suite
  evenkeel show suite:e2e@staging   the newest run in one environment
  evenkeel show 42                  an entry of the ledger
  evenkeel show 5bca4338            a dossier or another object, by its digest
  evenkeel show plan.evenkeel       a saved plan")]
pub(super) struct Arguments {
    /// A number such as a-7, r-3 or 42, suite:NAME, the beginning of a digest, or a file
    id: String,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(show(
        surroundings.world,
        &surroundings.location,
        &arguments.id,
    ))
}

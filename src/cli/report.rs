//! `evenkeel report`.

use clap::{Args, Subcommand};

use super::shared::Surroundings;
use crate::operation::report_dora;

/// Compute figures from the ledger
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel report dora
  evenkeel report dora --since 2026-07-01 --until 2026-10-01 --format json")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Report the four DORA figures of the releases to production
    ///
    /// Deployment frequency, lead time for changes, change failure rate and failed deployment recovery time, from the ledger
    /// and the commits of this repository. A figure with fewer than five events is n/a.
    Dora {
        /// Start of the period: a date, a time or an age [default: 90 days before its end]
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// End of the period, which is not part of it: a date, a time or an age [default: now]
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
    },
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let (world, location) = (surroundings.world, &surroundings.location);
    surroundings.render(match arguments.what {
        What::Dora { since, until } => {
            report_dora(world, location, since.as_deref(), until.as_deref())
        }
    })
}

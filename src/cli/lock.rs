//! `evenkeel lock`.

use clap::{Args, Subcommand};

use super::shared::Surroundings;
use crate::operation::{lock_break, lock_show};

/// Show who holds which environment, or take it from a holder who hangs.
///
/// One run at a time changes an environment. A run that ends, or is killed, leaves nothing to unlock.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Show the lease on each environment: free, or who holds it, since when and for what
    Show,
    /// Take the lease on an environment away from a run that hangs, for good
    ///
    /// Whatever that run still does, the ledger refuses its entries, so it stops before its next step; what it had begun is
    /// looked at by the next apply. That it was broken, by whom and why is written into the ledger. Its process is not
    /// ended: end it first if you can, which needs no breaking.
    Break {
        /// The environment
        environment: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Confirm that it is production's
        #[arg(long, value_name = "ENVIRONMENT")]
        confirm: Option<String>,
    },
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let (world, location) = (surroundings.world, &surroundings.location);
    surroundings.render(match arguments.what {
        What::Show => lock_show(world, location),
        What::Break {
            environment,
            reason,
            confirm,
        } => lock_break(world, location, &environment, &reason, confirm.as_deref()),
    })
}

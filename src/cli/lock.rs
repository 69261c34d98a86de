//! `evenkeel lock`.

use clap::{Args, Subcommand};

use super::shared::Surroundings;
use crate::operation::{lock_break, lock_show};

/// Show the locks of environments, or break the lock of a run that hangs
///
/// One run at a time changes an environment. A run that ends or is killed leaves no lock behind.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel lock show
  evenkeel lock break staging --reason 'runner is gone'")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Show the lock of each environment: its holder, since when and for what
    Show,
    /// Break the lock of a run that hangs
    ///
    /// The ledger refuses all further entries of that run, so it stops before its next step. The next apply checks the steps
    /// that it started. The ledger records who broke the lock and why. The process keeps running: stop it first if you can; a
    /// stopped run needs no breaking.
    Break {
        /// The environment
        environment: String,
        /// The reason
        #[arg(long)]
        reason: String,
        /// Confirm that it is production
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

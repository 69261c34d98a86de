//! `evenkeel audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shared::Surroundings;
use crate::operation::{audit_checkpoint, audit_verify};

/// Prove that the ledger is what was written.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Verify every entry; the first bad one is named, with exit code 7, and an unproven end ends with exit code 1
    ///
    /// By itself the ledger cannot show that its end was cut off or that it was replaced as a whole. A checkpoint that was
    /// kept elsewhere can.
    Verify {
        /// Prove it against a checkpoint that was kept elsewhere; may be given several times
        #[arg(long, value_name = "FILE")]
        against: Vec<PathBuf>,
        /// Write `head` anew, where it is missing or garbled: from then on the ledger counts as complete as it is now
        ///
        /// Without a head nothing shows whether entries were cut off at the end, and the gate stays shut. Hold the ledger
        /// against a checkpoint or a backup first; with --against, the head is written only if every checkpoint is proven.
        #[arg(long)]
        restore_head: bool,
    },
    /// Print how far the ledger goes, to be kept elsewhere: one small JSON document
    ///
    /// Keep it where whoever can change the ledger cannot: in a mail, a ticket, a commit, on another machine. It names the
    /// ledger, its last entry and that entry's digest, which stands for every entry before it. The ledger is verified first.
    Checkpoint {
        /// Write it to this file
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let (world, location) = (surroundings.world, &surroundings.location);
    surroundings.render(match arguments.what {
        What::Verify {
            against,
            restore_head,
        } => audit_verify(world, location, &against, restore_head),
        What::Checkpoint { output } => audit_checkpoint(world, location, output.as_deref()),
    })
}

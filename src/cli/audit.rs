//! `evenkeel audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shared::{OwnFile, Surroundings};
use crate::operation::{audit_checkpoint, audit_verify};

/// Prove that the ledger is intact
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel audit verify
  evenkeel audit checkpoint -o checkpoint.json
  evenkeel audit verify --against checkpoint.json")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Verify every entry: exit code 7 names the first bad one, exit code 1 means that the end is unproven
    ///
    /// The ledger alone cannot prove that its end was not cut off or that it was not replaced. A checkpoint that is kept
    /// elsewhere can.
    Verify {
        /// Compare with a checkpoint that was kept elsewhere; may be given several times
        #[arg(long, value_name = "FILE")]
        against: Vec<PathBuf>,
        /// Rewrite `head` where it is missing or garbled: the ledger then counts as complete
        ///
        /// Without a head, entries may be missing at the end, and the gate stays shut. Compare the ledger with a checkpoint or a
        /// backup first. With --against, the head is written only if every checkpoint matches.
        #[arg(long)]
        restore_head: bool,
    },
    /// Print a checkpoint of the ledger: one small JSON document
    ///
    /// Keep it out of reach of everyone who can change the ledger: in a mail, a ticket, a commit, on another machine. It names
    /// the ledger, its last entry and the digest of that entry, which covers every entry before it. The ledger is verified first.
    ///
    /// With -o, writes it to that file, whatever the name of the file.
    Checkpoint,
}

impl Arguments {
    /// Returns which files of `-o` are not for reports.
    pub(super) const fn own_file(&self) -> OwnFile {
        match self.what {
            What::Checkpoint => OwnFile::Every,
            What::Verify { .. } => OwnFile::None,
        }
    }
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let (world, location) = (surroundings.world, &surroundings.location);
    surroundings.render(match arguments.what {
        What::Verify {
            against,
            restore_head,
        } => audit_verify(world, location, &against, restore_head),
        What::Checkpoint => audit_checkpoint(world, location, surroundings.file.as_deref()),
    })
}

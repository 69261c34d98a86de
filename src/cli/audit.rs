//! `evenkeel audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shared::{OwnFile, Surroundings};
use crate::operation::{
    ExportRequest, audit_checkpoint, audit_doubts, audit_export, audit_replay, audit_replay_files,
    audit_verify,
};

/// Prove that the ledger is intact, export it, judge its verdicts again, and find decisions in doubt
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel audit verify
  evenkeel audit checkpoint -o checkpoint.json
  evenkeel audit verify --against checkpoint.json
  evenkeel audit export --from 2026-07-01 --to 2026-09-30 -o export
  evenkeel audit replay r-3
  evenkeel audit doubts")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Verify every entry: exit code 7 names the first bad one, exit code 1 means that the end is unproven
    ///
    /// Every object that an entry names (the dossier of a verdict, the output of a suite) is read too: a missing or altered
    /// one is exit code 7. So is a decision whose signature does not match, and a release without the approvals of its policy.
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
    /// Write the record of a period for an auditor, with a program that verifies it without evenkeel
    ///
    /// With -o, writes a new folder, or a zip archive if the name ends with `.zip`: a page and a table of releases, approvals,
    /// evidence, exceptions, denied attempts and overrides; the entries and the objects that they name; an in-toto statement
    /// for each release; a checkpoint; and verify.py, which needs Python 3.9 and ssh-keygen. The ledger is verified first.
    ///
    /// The key that seals secrets is not exported. The entries after the period are, since they bind it to the end of the
    /// ledger.
    Export {
        /// Start of the period: 2026-07-01, 2026-07-01T08:00:00Z, 90d [default: the founding of the ledger]
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// End of the period: a day is part of it, a time is not [default: the newest entry]
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// Sign the statements and the manifest with this SSH key, in DSSE envelopes
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Judge recorded verdicts again from their dossiers, and compare every byte: exit code 7 means a difference
    ///
    /// The gate is a pure function of the dossier, which the ledger keeps with each verdict. No live state, no secret and
    /// no clock is read. A dossier that is missing or altered is exit code 7 too, and one of a newer evenkeel is exit
    /// code 1.
    Replay {
        /// The number of a verdict's entry, its release (r-3), or the start of its dossier's digest [default: all verdicts]
        #[arg(value_name = "VERDICT")]
        verdicts: Vec<String>,
        /// Judge the dossier in this file; needs no ledger and no definitions; may be given several times
        #[arg(long, value_name = "FILE", conflicts_with = "verdicts")]
        dossier: Vec<PathBuf>,
    },
    /// List the decisions that drift puts in doubt: made after an environment was last seen in sync, before it was seen drifted
    ///
    /// A decision is the pass of a suite, an approval, a verdict or a release. Reads only the ledger: complete drift checks
    /// that were recorded (`drift --record`), applies, repairs and suites. Exits with 2 if a decision is in doubt.
    Doubts,
}

impl Arguments {
    /// Returns which files of `-o` are not for reports.
    pub(super) const fn own_file(&self) -> OwnFile {
        match self.what {
            What::Checkpoint | What::Export { .. } => OwnFile::Every,
            What::Verify { .. } | What::Replay { .. } | What::Doubts => OwnFile::None,
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
        What::Export { from, to, key } => audit_export(
            world,
            location,
            ExportRequest {
                from: from.as_deref(),
                to: to.as_deref(),
                key: key.as_deref(),
                output: surroundings.file.as_deref(),
            },
        ),
        What::Doubts => audit_doubts(world, location),
        What::Replay { verdicts, dossier } if dossier.is_empty() => {
            audit_replay(world, location, &verdicts)
        }
        What::Replay { dossier, .. } => audit_replay_files(world, &dossier),
    })
}

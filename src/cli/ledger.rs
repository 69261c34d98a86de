//! `evenkeel ledger`.

use clap::{Args, Subcommand};

use super::shared::Surroundings;
use crate::operation::{Failure, ledger_grant, ledger_move};
use evenkeel_ledger::random;

/// Move the ledger to a place that a team shares, or make its key
///
/// Without `[ledger]` in system.toml, the ledger is the folder `.evenkeel` of one checkout. A team shares one in a PostgreSQL
/// database or on a ref of a git remote. Places: `folder`, `git:REMOTE`, `postgres://[USER@]HOST[:PORT]/DATABASE`.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel ledger key > ledger.key
  evenkeel ledger move folder git:origin
  evenkeel ledger move folder postgres://evenkeel@db.example/evenkeel
  evenkeel ledger grant auditor")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Print a new random key for a shared ledger
    ///
    /// It seals secrets, so that they are compared and never stored. Everyone who shares the ledger needs the same one: in the
    /// variable EVENKEEL_LEDGER_KEY, or from the source of `key` in `[ledger]`. Keep it like a password.
    Key,
    /// Copy the ledger to another place, prove the copy, and close the original
    ///
    /// Copies every entry byte for byte, and every object. The copy is verified before the original is closed. The other place
    /// must be empty. A ledger keeps its key: set EVENKEEL_LEDGER_KEY to the content of `.evenkeel/key` first.
    Move {
        /// The place where it is now
        from: String,
        /// The empty place
        to: String,
    },
    /// Let an account of the database read the ledger and change nothing
    Grant {
        /// The account, which exists already
        account: String,
    },
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let (world, location) = (surroundings.world, &surroundings.location);
    match arguments.what {
        What::Key => print_key(surroundings),
        What::Move { from, to } => surroundings.render(ledger_move(world, location, &from, &to)),
        What::Grant { account } => surroundings.render(ledger_grant(world, location, &account)),
    }
}

fn print_key(surroundings: &Surroundings<'_>) -> u8 {
    let key = match random::key() {
        Ok(key) => key,
        Err(error) => return surroundings.render(Err(error.into())),
    };
    let printed = surroundings.print(|to| {
        to.write_all(key.reveal().as_bytes())?;
        to.write_all(b"\n")
    });
    match printed {
        Ok(()) => 0,
        Err(error) => surroundings.render(Err(Failure::other(format!("cannot print: {error}")))),
    }
}

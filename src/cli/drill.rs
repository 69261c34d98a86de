//! `evenkeel drill`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::drill;

/// Show that the gate shuts, by injecting faults into a copy
///
/// Reads what a release is judged by, makes a copy of it in which every rule holds, and injects each kind of fault into that copy,
/// one at a time. Each must shut the gate for the right reason. Environments are only read. The ledger is copied, and records the
/// result; the policy can require a recent drill with `drill`. Exit code 1 means that the gate has a defect.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel drill
  evenkeel drill -o drill.html")]
pub(super) struct Arguments {}

pub(super) fn run(_: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(drill(surroundings.world, &surroundings.location))
}

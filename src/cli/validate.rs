//! `evenkeel validate`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::validate;

/// Check the definitions: syntax, forms, references, declared differences.
///
/// All complaints of all files are shown at once, each at its place. Nothing is looked at on any target, no secret is
/// asked for, no artifact is read.
#[derive(Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(validate(surroundings.world, &surroundings.location))
}

//! `evenkeel validate`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::validate;

/// Check the definitions: syntax, forms, references, declared differences.
///
/// All complaints of all files are shown at once, each at its place. Nothing is looked at on any target, no secret is
/// asked for, no artifact is read, and no command of the definitions runs. Every program that the definitions name is
/// listed, with what runs it.
#[derive(Args)]
pub(super) struct Arguments {
    /// Run the commands that print documents which declared differences name: otherwise those are not compared
    #[arg(long)]
    render: bool,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    surroundings.render(validate(
        surroundings.world,
        &surroundings.location,
        arguments.render,
    ))
}

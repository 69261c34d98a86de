//! `evenkeel validate`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::validate;

/// Check syntax, references and schemas of the definitions
///
/// Reports all errors of all files, each with its place. It reads no target, no secret and no artifact, and runs no command
/// of the definitions. It lists every program that the definitions name, and the commands that run it.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel validate                      the working tree
  evenkeel validate --at origin/main     another revision")]
pub(super) struct Arguments {
    /// Run the commands that print the documents of declared differences; without it, these are not compared
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

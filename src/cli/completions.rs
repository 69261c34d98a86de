//! `evenkeel completions`.

use clap::Args;
use clap_complete::Shell;

use super::shared::Surroundings;
use crate::operation::Failure;

/// Print completions for a shell
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel completions bash > /usr/share/bash-completion/completions/evenkeel")]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut super::definition(),
        "evenkeel",
        &mut script,
    );
    match surroundings.print(|to| to.write_all(&script)) {
        Ok(()) => 0,
        Err(error) => surroundings.render(Err(Failure::other(format!("cannot print: {error}")))),
    }
}

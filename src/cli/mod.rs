//! The command line: one file for each command, which reads its arguments, calls one operation, and renders.
//!
//! Data goes to standard output, talk to standard error. Exit codes are documented in `docs/exit-codes.md`.

mod apply;
mod approve;
mod audit;
mod completions;
mod deliver;
mod drift;
mod explain;
mod log;
mod man;
mod plan;
mod reference;
mod release;
mod schema;
mod shared;
mod signals;
mod status;
mod validate;
mod verify;
mod voice;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use shared::{Global, Surroundings};

/// The exit code of a command line that cannot be understood.
const USAGE: u8 = 64;

/// Keep staging and production on an even keel.
///
/// evenkeel reads version-controlled definitions of a system's environments, reports every difference that nobody
/// declared as a defect, applies one and the same recipe to staging and then to production, runs the tests that only a
/// running system can answer, and keeps the release shut while there is drift or a failing test.
#[derive(Parser)]
#[command(name = "evenkeel", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// The documented exit codes, as `--help` shows them.
const EXIT_CODES: &str = "Exit codes: 0 clean, done or open · 1 failed or cannot tell · 2 drift or changes · 3 gate shut · 4 plan refused · \
5 held by somebody else · 6 outcome unknown · 7 ledger broken · 64 usage · 130, 143 interrupted";

macro_rules! commands {
    ($( $(#[doc = $doc:literal])* $module:ident :: $command:ident ),* $(,)?) => {
        #[derive(Subcommand)]
        enum Command { $( $(#[doc = $doc])* $command($module::Arguments), )* }

        fn run(command: Command, surroundings: &Surroundings<'_>) -> u8 {
            match command { $( Command::$command(arguments) => $module::run(arguments, surroundings), )* }
        }
    };
}

commands! {
    /// Check the definitions: syntax, forms, references, declared differences
    validate::Validate,
    /// Report every undeclared difference: between environments, and between each and what is there
    drift::Drift,
    /// Show what would be done
    plan::Plan,
    /// Do it: the plan that is made now, or a saved one exactly
    apply::Apply,
    /// Run an environment's suites and record their evidence
    verify::Verify,
    /// Apply to staging, test it there, and say whether it is releasable
    deliver::Deliver,
    /// Approve a release: one plan, on the evidence that is there
    approve::Approve,
    /// Press the button: the same recipe goes to production
    release::Release,
    /// What runs where, since when, from which plan
    status::Status,
    /// What happened
    log::Log,
    /// Explain a defect or a code
    explain::Explain,
    /// Prove that the ledger is what was written
    audit::Audit,
    /// Print the JSON Schemas
    schema::Schema,
    /// Print completions for a shell
    completions::Completions,
    /// Print the manual page
    man::Man,
}

/// Parses arguments, runs the command, and gives the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be done when even this cannot be printed.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    shared::with_surroundings(cli.global, |surroundings| {
        ExitCode::from(run(cli.command, surroundings))
    })
}

/// The command line as clap knows it: for completions and the manual.
fn definition() -> clap::Command {
    Cli::command()
}

/// The reference of all commands, in Markdown: the long help of each, as `docs/commands.md` keeps it.
#[must_use]
pub fn reference() -> String {
    reference::commands(definition())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Parser as _;

    #[test]
    fn the_command_line_is_sound() {
        super::definition().debug_assert();
    }

    /// A global argument and a command's own of the same name would be taken for each other, and panic when read.
    #[test]
    fn no_command_has_an_argument_with_the_name_of_a_global_one() {
        let definition = super::definition();
        let globals: BTreeSet<_> = definition
            .get_arguments()
            .map(|argument| argument.get_id().clone())
            .collect();
        for command in definition.get_subcommands() {
            for argument in command.get_arguments() {
                assert!(
                    !globals.contains(argument.get_id()),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
        }
        assert!(super::Cli::try_parse_from(["evenkeel", "drift", "production"]).is_ok());
    }
}

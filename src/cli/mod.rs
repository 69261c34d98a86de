//! The command line: one file for each command, which reads its arguments, calls one operation, and renders.
//!
//! Data goes to standard output, talk to standard error. Exit codes are documented in `docs/exit-codes.md`.

mod apply;
mod approve;
mod audit;
mod baseline;
mod compare;
mod completions;
mod deliver;
mod drift;
mod explain;
mod init;
mod lock;
mod log;
mod man;
mod output;
mod plan;
mod progress;
mod reference;
mod release;
mod resources;
mod schema;
mod shared;
mod show;
mod signals;
mod status;
mod validate;
mod variables;
mod verify;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use shared::{Global, Surroundings};

/// The exit code of a command line that cannot be understood.
const USAGE: u8 = 64;

/// The exit code of what failed.
const FAILED: u8 = 1;

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
5 held by somebody else · 6 outcome unknown · 7 ledger broken · 64 usage · 129, 130, 143 interrupted";

macro_rules! commands {
    ($( $module:ident :: $command:ident ),* $(,)?) => {
        // Each command's help is the documentation of its own `Arguments`.
        #[derive(Subcommand)]
        enum Command { $( $command($module::Arguments), )* }

        impl Command {
            /// Its name, as a report has it.
            const fn name(&self) -> &'static str {
                match self { $( Self::$command(_) => stringify!($module), )* }
            }
        }

        fn run(command: Command, surroundings: &Surroundings<'_>) -> u8 {
            match command { $( Command::$command(arguments) => $module::run(arguments, surroundings), )* }
        }
    };
}

commands! {
    init::Init,
    validate::Validate,
    drift::Drift,
    compare::Compare,
    baseline::Baseline,
    plan::Plan,
    apply::Apply,
    verify::Verify,
    deliver::Deliver,
    approve::Approve,
    release::Release,
    show::Show,
    status::Status,
    lock::Lock,
    log::Log,
    explain::Explain,
    audit::Audit,
    schema::Schema,
    completions::Completions,
    man::Man,
}

pub use variables::leave_out_absurd;

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
    let outputs = match cli.global.outputs() {
        Ok(outputs) => outputs,
        Err(reason) => {
            let error = definition().error(ErrorKind::ArgumentConflict, reason);
            let _ = error.print();
            return ExitCode::from(USAGE);
        }
    };
    if let Err(reason) = resources::check() {
        // Nothing can be done when even this cannot be printed.
        let _ = writeln!(std::io::stderr(), "error: {reason}");
        return ExitCode::from(FAILED);
    }
    shared::with_surroundings(cli.global, outputs, cli.command.name(), |surroundings| {
        ExitCode::from(match surroundings.check_files() {
            Ok(()) => run(cli.command, surroundings),
            Err(code) => code,
        })
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
    #[test]
    fn the_command_line_is_sound() {
        super::definition().debug_assert();
    }

    #[test]
    fn no_argument_of_a_command_takes_the_place_of_one_of_all_commands() {
        fn compare(command: &clap::Command, global: &[String]) {
            for below in command.get_subcommands() {
                for argument in below.get_arguments() {
                    let id = argument.get_id().as_str();
                    assert!(
                        !global.iter().any(|each| each == id),
                        "`{}` of `{}` would be read as the global argument of that name",
                        id,
                        below.get_name()
                    );
                }
                compare(below, global);
            }
        }
        let command = super::definition();
        let global: Vec<String> = command
            .get_arguments()
            .filter(|argument| argument.is_global_set())
            .map(|argument| argument.get_id().to_string())
            .collect();
        assert!(!global.is_empty());
        compare(&command, &global);
    }

    #[test]
    fn drift_takes_environments_by_name() {
        use clap::Parser as _;
        let line = ["evenkeel", "drift", "staging", "production"];
        assert!(super::Cli::try_parse_from(line).is_ok());
    }
}

//! Command line: one file for each command, which parses its arguments, calls one operation, and renders the report.
//!
//! Data goes to standard output, messages go to standard error. Exit codes are documented in `docs/exit-codes.md`.

mod adopt;
mod apply;
mod approve;
mod audit;
mod baseline;
mod break_glass;
mod compare;
mod completions;
mod decision;
mod deliver;
mod drift;
mod drill;
mod explain;
mod follow_up;
mod github;
mod import;
mod init;
mod ledger;
mod lock;
mod log;
mod man;
mod output;
mod plan;
mod progress;
mod reference;
mod reject;
mod release;
mod report;
mod resources;
mod rollback;
mod schema;
mod shared;
mod show;
mod signals;
mod status;
mod validate;
mod variables;
mod verify;
mod version;
mod withdraw;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::report::ReportFormat;
use shared::{Global, OwnFile, Surroundings};

/// Exit code of an invalid command line.
const USAGE: u8 = 64;

/// Exit code of a failure.
const FAILED: u8 = 1;

/// Keep staging and production on an even keel
///
/// evenkeel reads version-controlled definitions of a system's environments and reports every undeclared difference, between
/// the environments and between each environment and its live state, as a defect. It applies the same recipe to staging
/// and then to production, runs the tests that need a running system, and blocks the release while the environments
/// differ, staging has drifted or a test fails.
#[derive(Parser)]
#[command(
    name = "evenkeel",
    version,
    disable_version_flag = true,
    max_term_width = 100,
    after_help = EXIT_CODES
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    /// Print the version; with --json, one JSON object with version, target and formats
    #[arg(short = 'V', long, action = clap::ArgAction::Version, display_order = 1000)]
    version: Option<bool>,
    #[command(subcommand)]
    command: Command,
}

/// Documented exit codes, as displayed by `--help`.
const EXIT_CODES: &str = "Exit codes: 0 clean, done or open · 1 failed or cannot tell · 2 drift or changes · 3 gate shut · 4 plan out of date · \
5 locked · 6 outcome unknown · 7 ledger broken · 8 rolled back · 10 pending (drift --exit-code) · 64 usage · 129, 130, 143 interrupted

`evenkeel help COMMAND` has examples.";

/// Returns the name of a command: that of its module, or the given one.
macro_rules! command_name {
    ($module:ident) => {
        stringify!($module)
    };
    ($module:ident $name:literal) => {
        $name
    };
}

macro_rules! commands {
    ($( $group:literal { $( $module:ident :: $command:ident $( = $name:literal )? ),* $(,)? } )*) => {
        // Each command's help is the documentation of its `Arguments`.
        #[derive(Subcommand)]
        enum Command { $( $( $command($module::Arguments), )* )* }

        impl Command {
            /// Returns its name in reports.
            const fn name(&self) -> &'static str {
                match self { $( $( Self::$command(_) => command_name!($module $( $name )?), )* )* }
            }
        }

        /// Groups of commands in `--help`.
        const GROUPS: &[(&str, &[&str])] = &[ $( ($group, &[ $( command_name!($module $( $name )?) ),* ]) ),* ];

        fn run(command: Command, surroundings: &Surroundings<'_>) -> u8 {
            match command { $( $( Command::$command(arguments) => $module::run(arguments, surroundings), )* )* }
        }
    };
}

commands! {
    "Start" {
        init::Init,
        import::Import,
        validate::Validate,
        baseline::Baseline,
        schema::Schema,
        completions::Completions,
        man::Man,
        ledger::Ledger,
    }
    "Check" {
        drift::Drift,
        compare::Compare,
        plan::Plan,
        explain::Explain,
    }
    "Deliver" {
        deliver::Deliver,
        apply::Apply,
        verify::Verify,
        approve::Approve,
        reject::Reject,
        withdraw::Withdraw,
        release::Release,
        break_glass::BreakGlass = "break-glass",
        follow_up::FollowUp = "follow-up",
        rollback::Rollback,
        lock::Lock,
        adopt::Adopt,
    }
    "Audit" {
        status::Status,
        log::Log,
        show::Show,
        audit::Audit,
        report::Report,
        drill::Drill,
    }
}

impl Command {
    /// Returns which files of `-o` it writes itself.
    const fn own_file(&self) -> OwnFile {
        match self {
            Self::Plan(_) | Self::Import(_) => OwnFile::Unnamed,
            Self::Approve(arguments) => arguments.own_file(),
            Self::Audit(arguments) => arguments.own_file(),
            Self::Schema(_) | Self::Completions(_) | Self::Man(_) => OwnFile::Refused,
            _ => OwnFile::None,
        }
    }
}

pub use variables::leave_out_absurd;

/// Parses arguments, runs the command, and returns the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let line: Vec<OsString> = arguments.into_iter().collect();
    if version::is_asked_in_json(&line) {
        let printed = version::json()
            .map_err(std::io::Error::from)
            .and_then(|text| writeln!(std::io::stdout(), "{text}"));
        return ExitCode::from(if printed.is_ok() { 0 } else { FAILED });
    }
    let parsed = definition()
        .try_get_matches_from(line)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            print(&error);
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    let outputs = match cli.global.outputs(cli.command.own_file()) {
        Ok(outputs) => outputs,
        Err(reason) => {
            let error = definition().error(ErrorKind::ArgumentConflict, reason);
            print(&error);
            return ExitCode::from(USAGE);
        }
    };
    if let Err(reason) = resources::check() {
        // A failure of this output cannot be reported.
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

/// Prints help or a usage error. The runner of GitHub Actions finds no workflow command in the arguments that it quotes.
fn print(error: &clap::Error) {
    let is_read = std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
    // A failure of this output cannot be reported.
    let _ = if is_read {
        let text = error.render().to_string();
        let text = github::tame(&text, ReportFormat::Text);
        if error.use_stderr() {
            write!(std::io::stderr(), "{text}")
        } else {
            write!(std::io::stdout(), "{text}")
        }
    } else {
        error.print()
    };
}

/// Returns the command line for clap, with its commands in groups.
fn definition() -> clap::Command {
    let command = Cli::command();
    let mut groups = String::new();
    for (group, names) in GROUPS {
        groups.push_str(&format!("{group}\n"));
        for name in *names {
            let about = command
                .find_subcommand(name)
                .and_then(clap::Command::get_about)
                .map(ToString::to_string)
                .unwrap_or_default();
            groups.push_str(&format!("  {name:<12} {about}\n"));
        }
        groups.push('\n');
    }
    let template = "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}Options\n{options}{after-help}";
    command
        .before_help(groups.trim_end().to_owned())
        .help_template(template)
}

/// Returns the reference of all commands in Markdown, as in `docs/commands.md`: the long help of each.
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

//! The guestbook's checks: what only a running guestbook can answer. This file reads the command line and the
//! environment, runs one suite, and turns its cases into lines, a JUnit file and an exit code.
//!
//! Exit codes: 0 when every case passed and there was one at least, 1 when not, 2 when the command line is wrong.

#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::exit,
    reason = "a program that talks to whoever started it"
)]
#![forbid(unsafe_code)]
#![allow(
    clippy::doc_markdown,
    reason = "SQLite, JUnit and OpenAPI are names, and this text is the help too"
)]

mod contract;
mod document;
mod entries;
mod exchange;
mod journey;
mod junit;
mod raw;
mod run;
mod security;
mod target;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::run::Run;
use crate::target::Target;

/// Checks a running guestbook over HTTP.
///
/// TARGET_URL says where it is: http:// and a host and port. With MODERATOR_TOKEN the suites also delete, and leave
/// nothing behind; without it, the few entries they write stay.
#[derive(Parser)]
#[command(name = "guestbook_checks", version)]
struct Arguments {
    /// What to check.
    suite: Suite,

    /// Write the results as JUnit XML to this file.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// How long to wait for one answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,

    /// How long the whole suite may take; cases that do not fit fail.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    deadline: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Suite {
    /// A visitor signs, sees the entry and reads it through the interface; a moderator deletes it.
    Journey,
    /// Every operation answers as the service's own openapi.json says.
    Contract,
    /// Headers, escaping, limits and refusals hold, on error pages too.
    Security,
}

impl Suite {
    fn name(self) -> &'static str {
        match self {
            Self::Journey => "journey",
            Self::Contract => "contract",
            Self::Security => "security",
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match check(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("guestbook_checks: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the suite passed; an error when it could not be run or its results could not be written.
fn check(arguments: &Arguments) -> Result<bool, String> {
    let suite = arguments.suite;
    let target = Target::from_environment(Duration::from_secs(arguments.timeout))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    let run = runtime.block_on(async {
        let mut run = Run::new(suite.name(), Duration::from_secs(arguments.deadline));
        match suite {
            Suite::Journey => journey::check(&target, &mut run).await,
            Suite::Contract => contract::check(&target, &mut run).await,
            Suite::Security => security::check(&target, &mut run).await,
        }
        run
    });
    runtime.shutdown_background();
    // As with the cases' lines: a reader that is gone must not cost the results file.
    let _ = writeln!(std::io::stdout(), "{}", run.summary());
    if let Some(path) = &arguments.junit {
        junit::write(&run, path)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(run.passed())
}

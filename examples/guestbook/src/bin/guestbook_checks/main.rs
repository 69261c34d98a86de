//! The guestbook's checks, which need a running guestbook. This file parses the command line and the environment, runs
//! one suite, and writes its cases as lines, a JUnit file and an exit code.
//!
//! Exit codes: 0 when at least one case ran and all passed, 1 when not, 2 when the command line is invalid.

#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::exit,
    reason = "a program that prints its results"
)]
#![forbid(unsafe_code)]
#![allow(
    clippy::doc_markdown,
    reason = "SQLite, JUnit and OpenAPI are names, and this text is also the help"
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
/// TARGET_URL is the address: http://, a host and a port. With MODERATOR_TOKEN, the suites also delete and leave
/// nothing behind; without it, the few entries they write remain.
#[derive(Parser)]
#[command(name = "guestbook_checks", version)]
struct Arguments {
    /// Suite to run
    suite: Suite,

    /// Write the results as JUnit XML to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Time limit of one response
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,

    /// Time limit of the suite; remaining cases fail
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    deadline: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Suite {
    /// A visitor signs, sees the entry and reads it through the interface; a moderator deletes it.
    Journey,
    /// Every operation answers as documented in the service's own openapi.json.
    Contract,
    /// Headers, escaping, limits and refusals, on error pages too.
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

/// Runs the suite; returns whether it passed, or an error when it did not run or its results were not written.
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
    // A closed standard output must not prevent the results file.
    let _ = writeln!(std::io::stdout(), "{}", run.summary());
    if let Some(path) = &arguments.junit {
        junit::write(&run, path)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(run.passed())
}

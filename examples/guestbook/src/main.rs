//! The guestbook: a small real web service that evenkeel deploys to two environments. This file parses the command
//! line, starts the service and turns errors into one exit code; every other concern has its own file.

#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::exit,
    reason = "a program that prints its errors"
)]
#![forbid(unsafe_code)]
#![allow(
    clippy::doc_markdown,
    reason = "SQLite, JUnit and OpenAPI are names, and this text is also the help"
)]

mod api;
mod app;
mod config;
mod entry;
mod guard;
mod in_flight;
mod log;
mod migrations;
mod moderator;
mod page;
mod pool;
mod problem;
mod serve;
mod store;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::config::Config;

/// A guestbook on the web: a page, a JSON interface and one SQLite file.
#[derive(Parser)]
#[command(name = "guestbook", version)]
struct Arguments {
    /// TOML file with the address, the database and the other settings
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("guestbook: {}", with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let config = Config::read(&arguments.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.workers)
        .enable_all()
        .build()?;
    let served = runtime.block_on(serve::serve(config));
    // Work that exceeded the stopping time must not keep the process alive.
    runtime.shutdown_background();
    Ok(served?)
}

/// Formats the error and its causes in one line.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

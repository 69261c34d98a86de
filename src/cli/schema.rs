//! `evenkeel schema`.

use clap::{Args, ValueEnum};

use super::shared::Surroundings;
use crate::operation::Failure;
use crate::report::{Notification, Report};
use evenkeel_core::environment::schema;

/// Print a JSON Schema
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel schema system > system.schema.json")]
pub(super) struct Arguments {
    /// The document
    #[arg(value_enum)]
    of: Of,
}

#[derive(ValueEnum, Clone, Copy)]
enum Of {
    /// environments/system.toml
    System,
    /// environments/ENVIRONMENT.toml
    Environment,
    /// environments/differences.toml
    Differences,
    /// What --format json prints
    Report,
    /// The message to hooks
    Notification,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let document = match arguments.of {
        Of::System => schema::system(),
        Of::Environment => schema::environment(),
        Of::Differences => schema::differences(),
        Of::Report => Report::schema(),
        Of::Notification => Notification::schema(),
    };
    let printed = surroundings.print(|to| {
        serde_json::to_writer_pretty(&mut *to, &document)?;
        to.write_all(b"\n")
    });
    match printed {
        Ok(()) => 0,
        Err(error) => surroundings.render(Err(Failure::other(format!("cannot print: {error}")))),
    }
}

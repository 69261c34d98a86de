//! `evenkeel man`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::Failure;

/// Print the manual page in roff
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel man > evenkeel.1")]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let mut page = Vec::new();
    let made = clap_mangen::Man::new(super::definition()).render(&mut page);
    match made.and_then(|()| surroundings.print(|to| to.write_all(&page))) {
        Ok(()) => 0,
        Err(error) => surroundings.render(Err(Failure::other(format!("cannot print: {error}")))),
    }
}

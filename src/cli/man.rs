//! `evenkeel man`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::shared::Surroundings;
use crate::operation::Failure;

/// Print the manual page in roff
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel man > evenkeel.1
  evenkeel man --directory /usr/local/share/man/man1     one page for each command")]
pub(super) struct Arguments {
    /// Write the page, and one for each command, into this directory instead
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    if let Some(directory) = &arguments.directory {
        return match write_all(&surroundings.world.directory.join(directory)) {
            Ok(()) => 0,
            Err(error) => surroundings.render(Err(Failure::other(format!(
                "cannot write manual pages into {}: {error}",
                directory.display()
            )))),
        };
    }
    let mut page = Vec::new();
    let made = clap_mangen::Man::new(super::definition()).render(&mut page);
    match made.and_then(|()| surroundings.print(|to| to.write_all(&page))) {
        Ok(()) => 0,
        Err(error) => surroundings.render(Err(Failure::other(format!("cannot print: {error}")))),
    }
}

fn write_all(directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    clap_mangen::generate_to(super::definition(), directory)
}

//! The example that `init --example` writes: a small web site in two environments on this machine.
//!
//! Its files are those of `examples/site/`, which the tests deliver.

use std::collections::BTreeMap;

use super::{Failure, World};
use crate::report::Report;
use crate::world::files::{WriteNewError, is_there, write_new};
use crate::world::place::real;

/// The files, by path below the project.
const FILES: &[(&str, &str)] = &[
    (".gitignore", include_str!("../../examples/site/.gitignore")),
    (
        "environments/index.html.j2",
        include_str!("../../examples/site/environments/index.html.j2"),
    ),
    (
        "environments/production.toml",
        include_str!("../../examples/site/environments/production.toml"),
    ),
    (
        "environments/staging.toml",
        include_str!("../../examples/site/environments/staging.toml"),
    ),
    (
        "environments/system.toml",
        include_str!("../../examples/site/environments/system.toml"),
    ),
    (
        "tests/page.py",
        include_str!("../../examples/site/tests/page.py"),
    ),
];

/// Writes the example into the working directory, or lists its files.
///
/// # Errors
///
/// When a file of the example exists, or cannot be written.
pub(super) fn example(world: &World<'_>, dry_run: bool) -> Result<Report, Failure> {
    let root = real(&world.directory)?;
    let mut report = Report::new("init", "", world.clock.now());
    if dry_run {
        for (name, text) in FILES {
            report.say(format!("--- {name}"));
            report.say(text.trim_end());
        }
        return Ok(report);
    }
    let files: BTreeMap<String, String> = FILES
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    write_new(&root, &files).map_err(|error| match error {
        WriteNewError::Existing(names) => Failure::Other {
            reason: format!(
                "{} exists; the example overwrites nothing",
                evenkeel_model::text::list(&names, "and")
            ),
            help: Some("run `evenkeel init --example` in an empty directory".into()),
        },
        WriteNewError::Failed(path, error) => {
            Failure::other(format!("cannot write {}: {error}", path.display()))
        }
    })?;
    for (name, _) in FILES {
        report.say(format!("wrote {name}"));
    }
    if !is_there(&root.join(".git")) {
        report.next("git init");
    }
    report.next("git add --all && git commit --message 'Add the example'");
    report.next("evenkeel deliver");
    Ok(report)
}

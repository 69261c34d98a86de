//! Smoke suites of a restored release, with the files of its commit.
//!
//! A suite whose files are the same in the working tree runs there. Another one runs in an export of the commit, since the
//! suites of newer definitions test another behaviour.

use std::path::{Path, PathBuf};

use super::super::verify::Verification;
use super::super::{Failure, Project, in_one_line};
use crate::report::Report;
use crate::world::scratch::fresh_directory;
use evenkeel_core::environment::suite::{Suite, SuiteText};
use evenkeel_core::environment::suites::scratch_of;
use evenkeel_ledger::State;
use evenkeel_model::{Digest, EnvironmentName};

/// Directory of the export, in the project's directory.
const EXPORT: &str = ".evenkeel/restored";

/// Runs the smoke suites of the restored release. Returns whether all passed; `None` if none ran.
pub(super) fn run(
    verification: &Verification<'_>,
    observed: Option<Digest>,
    state: &mut State,
    report: &mut Report,
) -> Result<Option<bool>, Failure> {
    let Verification { project, name, .. } = verification;
    let suites = &verification.resolution.environment(name)?.suites;
    let mut ready: Vec<Suite> = Vec::new();
    let mut differing: Vec<Suite> = Vec::new();
    for suite in suites.iter().filter(|suite| suite.kind == "smoke") {
        match project.runs_as_committed(std::iter::once(suite)) {
            Ok(()) => ready.push(suite.clone()),
            Err(Failure::Other { .. }) => differing.push(suite.clone()),
            Err(failure) => return Err(failure),
        }
    }
    if !differing.is_empty() {
        match export(project) {
            Ok(root) => {
                for suite in differing {
                    match moved(&suite, project, &root, name) {
                        Ok(suite) => ready.push(suite),
                        Err(reason) => not_run(&suite, &reason, report),
                    }
                }
            }
            Err(Failure::Interrupted) => return Err(Failure::Interrupted),
            Err(failure) => {
                let reason = format!("the commit cannot be exported: {}", in_one_line(&failure));
                for suite in &differing {
                    not_run(suite, &reason, report);
                }
            }
        }
    }
    if ready.is_empty() {
        return Ok(None);
    }
    let ready: Vec<&Suite> = ready.iter().collect();
    verification.run(&ready, state, observed, report).map(Some)
}

fn not_run(suite: &Suite, reason: &str, report: &mut Report) {
    report.say(format!("suite {} was not run: {reason}", suite.name));
}

/// Writes the files of the restored commit into the directory of the export.
fn export(project: &Project<'_>) -> Result<PathBuf, Failure> {
    let Some((repository, commit)) = project.commit_read() else {
        return Err(Failure::other("there is no commit"));
    };
    fresh_directory(&project.root, Path::new(EXPORT)).map_err(Failure::other)?;
    let root = project.root.join(EXPORT);
    let within = project.path_in_commit().unwrap_or_default();
    repository.export(commit, Path::new(&within), &root)?;
    Ok(root)
}

/// Returns a suite that runs in an export, and creates its working directory there.
fn moved(
    suite: &Suite,
    project: &Project<'_>,
    root: &Path,
    name: &EnvironmentName,
) -> Result<Suite, String> {
    if suite.files.iter().any(|file| file.digest.is_none()) {
        return Err("its program is not in the commit, and may be another build".to_owned());
    }
    let place = |path: &Path| match path.strip_prefix(&project.root) {
        Ok(below) => root.join(below),
        Err(_) => path.to_owned(),
    };
    let text = |path: &str| place(Path::new(path)).to_string_lossy().into_owned();
    let mut suite = suite.clone();
    if let Some(run) = &mut suite.run {
        if let Some(program) = run.command.first_mut() {
            *program = text(program);
        }
        let own = scratch_of(name.as_str(), &suite.name);
        if run.directory == project.root.join(&own) {
            fresh_directory(&project.root, &Path::new(EXPORT).join(&own))?;
        }
        run.directory = place(&run.directory);
        run.junit = run.junit.as_deref().map(text);
        let root = SuiteText::Plain(root.to_string_lossy().into_owned());
        run.environment.insert("EVENKEEL_ROOT".into(), root);
    }
    Ok(suite)
}

//! Init: detects the environments of a repository, and writes definitions that compare them.
//!
//! It reads names and contents of files, proposes identities from differences, and writes `environments/`. It never
//! overwrites a file.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Failure, ProjectLocation, World};
use crate::report::{DocumentsDocument, Report};
use crate::world::documents::{Rendering, WorkingDocuments};
use crate::world::files::{WriteNewError, write_new};
use crate::world::git::Repository;
use crate::world::place::real;
use crate::world::redaction::Redactor;
use crate::world::survey;
use evenkeel_comparison::discovery::{ProposedIdentity, discover, write};
use evenkeel_core::documents::{DeclaredDocuments, Documents, proposed_identities};
use evenkeel_core::drift::{self, Presence};
use evenkeel_core::environment::{Files, files, read};
use evenkeel_model::defect::{Defect, Severity};

/// Request to initialise.
#[derive(Debug, Clone, Default)]
pub struct InitRequest {
    /// Whether no file is written.
    pub dry_run: bool,
    /// Whether a small working system is written instead.
    pub example: bool,
    /// Whether no identities are proposed: only names of environments are recognised then.
    pub no_identities: bool,
}

/// Definitions that are not written yet.
struct Unwritten<'a> {
    files: &'a BTreeMap<String, String>,
    directory: &'a Path,
}

impl Files for Unwritten<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.files.get(path).map(|text| text.as_bytes().to_vec()))
    }

    fn definitions(&self) -> Result<Vec<String>, String> {
        Ok(self.files.keys().cloned().collect())
    }

    fn shown(&self, path: &str) -> String {
        files::shown(self.directory, path)
    }
}

/// Result of comparing with unwritten definitions.
struct Trial {
    defects: Vec<Defect>,
    /// Proposed identities, if requested.
    identities: Vec<ProposedIdentity>,
    documents: DocumentsDocument,
}

/// Finds pairs of files and directories, writes `environments/`, and reports the certainty of each.
///
/// # Errors
///
/// When nothing is found, when a file to write exists, or when writing fails.
pub fn init(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &InitRequest,
) -> Result<Report, Failure> {
    if location.revision.is_some() {
        return Err(Failure::Usage(
            "definitions are written to the working tree: omit --at".into(),
        ));
    }
    if request.example {
        return super::example::example(world, request.dry_run);
    }
    let root = real(&world.directory)?;
    let directory = match &location.environments {
        Some(named) => root.join(named),
        None => root.join("environments"),
    };
    let repository = Repository::discover(&root, &world.git())?;
    let listed =
        survey::list(&root, repository.as_ref(), &world.interruption).map_err(survey_failure)?;
    let text = |path: &str| survey::text(&root, path);
    let found = discover(&listed, &text);
    let mut report = Report::new("init", "", world.clock.now());
    report.found(&found);
    // Possible documents are written as comments, for a person to decide.
    if found.path().count() == 0 || found.documents.is_empty() {
        report.say("no files or directories found that differ only by an environment");
        report.next("evenkeel compare A B   # two files or directories, without definitions");
        report.exit_code = 1;
        return Ok(report);
    }
    let name = root
        .file_name()
        .map_or_else(|| "system".into(), |name| name.to_string_lossy());
    let plain = write(&found, &[], &name);
    let first = try_out(
        &plain.files,
        &directory,
        (&root, repository.as_ref()),
        world,
        !request.no_identities,
    )?;
    let identities = first.identities;
    let written = write(&found, &identities, &name);
    let second = try_out(
        &written.files,
        &directory,
        (&root, repository.as_ref()),
        world,
        false,
    )?;
    report.proposed(
        &identities,
        &first.defects,
        &second.defects,
        &second.documents,
    );
    if request.dry_run {
        for (name, text) in &written.files {
            report.say(format!("--- {}/{name}", shown(&directory, &root)));
            report.say(text.trim_end());
        }
        return Ok(report);
    }
    put(&written.files, &directory, &root)?;
    if found.proposed().next().is_none() {
        report.say("no pair is certain: system.toml lists the candidates as comments");
    }
    for name in written.files.keys() {
        report.say(format!("wrote {}/{name}", shown(&directory, &root)));
    }
    report.next("evenkeel drift");
    report.next("evenkeel baseline   # declare the current differences");
    Ok(report)
}

/// Compares with definitions that are not written yet.
fn try_out(
    files: &BTreeMap<String, String>,
    directory: &Path,
    (root, repository): (&Path, Option<&Repository>),
    world: &World<'_>,
    proposes: bool,
) -> Result<Trial, Failure> {
    let (definition, complaints) = read(&Unwritten { files, directory });
    let errors: Vec<Defect> = complaints
        .into_iter()
        .filter(|complaint| complaint.severity >= Severity::Error)
        .collect();
    let definition = match definition {
        Some(definition) if errors.is_empty() => definition,
        _ => return Err(Failure::Definitions(errors)),
    };
    let declared = DeclaredDocuments::of(&definition).map_err(Failure::Definitions)?;
    let working = WorkingDocuments::new(
        root,
        repository,
        Rendering {
            directory: root.to_owned(),
            environment: BTreeMap::new(),
            interruption: world.interruption.clone(),
            redactor: Redactor::new(std::iter::empty::<&str>()),
            is_allowed: false,
        },
    );
    let sets = working.gather(&declared.asked());
    let documents = Documents::from(&definition, &declared, sets);
    let parity = documents.compare();
    let settled = drift::settle(
        &definition,
        parity.disparities,
        world.clock.now(),
        &|_, _| Presence::There,
    );
    let mut defects: Vec<Defect> = documents.complaints().collect();
    defects.extend(parity.complaints);
    defects.extend(drift::group(settled.defects));
    let identities = if proposes {
        proposed_identities(&definition, documents)
    } else {
        Vec::new()
    };
    Ok(Trial {
        defects,
        identities,
        documents: parity.counted.unwrap_or_default().into(),
    })
}

fn survey_failure(error: survey::SurveyError) -> Failure {
    match error {
        survey::SurveyError::Interrupted => Failure::Interrupted,
        survey::SurveyError::Git(error) => error.into(),
    }
}

/// Writes files that must not exist yet, or none of them.
fn put(files: &BTreeMap<String, String>, directory: &Path, root: &Path) -> Result<(), Failure> {
    write_new(directory, files).map_err(|error| match error {
        WriteNewError::Existing(names) => {
            let there: Vec<String> = names
                .iter()
                .map(|name| format!("{}/{name}", shown(directory, root)))
                .collect();
            Failure::Other {
                reason: format!(
                    "{}; nothing is overwritten",
                    match there.as_slice() {
                        [one] => format!("{one} exists"),
                        many => format!("{} exist", evenkeel_model::text::list(many, "and")),
                    }
                ),
                help: Some(
                    "run `evenkeel init --dry-run` to print the definitions, or write them elsewhere with --environments DIRECTORY"
                        .into(),
                ),
            }
        }
        WriteNewError::Failed(path, error) => {
            Failure::other(format!("{}: {error}", path.display()))
        }
    })
}

fn shown(directory: &Path, root: &Path) -> String {
    directory
        .strip_prefix(root)
        .unwrap_or(directory)
        .to_string_lossy()
        .into_owned()
}

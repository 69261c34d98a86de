//! Two files or directories, compared without any definitions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Failure, World};
use crate::comparison::{FileContent, Files, Identities, Identity, Rules, compare_files};
use crate::document::{self, Format};
use crate::drift::documents::{ComparedDocument, disparities, substitution};
use crate::drift::group;
use crate::model::{Digest, EnvironmentName, name};
use crate::report::{DocumentsDocument, Report};
use crate::source::SourceFile;

/// What to compare.
#[derive(Debug, Clone, Default)]
pub struct CompareRequest {
    /// The first file or directory.
    pub left: PathBuf,
    /// The second one.
    pub right: PathBuf,
    /// Values that correspond to each other.
    pub identities: Vec<(String, String)>,
    /// The format of the files, if it is not to be told from their names.
    pub format: Option<String>,
}

/// Compares two files, or two directories whose files are matched by name.
///
/// The words in which the two paths differ name the sides, and count as identity values: `deploy.staging.yml` and
/// `deploy.production.yml` are `staging` and `production`.
///
/// # Errors
///
/// When one cannot be read, or one is a file and the other a directory.
pub fn compare(world: &World<'_>, request: &CompareRequest) -> Result<Report, Failure> {
    let format = match &request.format {
        None => None,
        Some(name) => Some(Format::named(name).ok_or_else(|| {
            Failure::Usage(format!(
                "there is no format `{name}`; there are {}",
                crate::text::list(Format::NAMES, "and")
            ))
        })?),
    };
    let (left, right) = (
        gather(world, &request.left)?,
        gather(world, &request.right)?,
    );
    if left.contains_key("") != right.contains_key("") {
        return Err(Failure::Usage(
            "one is a file and the other a directory: compare two of a kind".into(),
        ));
    }
    let shown = (
        request.left.to_string_lossy().into_owned(),
        request.right.to_string_lossy().into_owned(),
    );
    let (mut one, mut two) = substitution(&shown.0, &shown.1);
    let mut given: Vec<Identity> = request
        .identities
        .iter()
        .map(|(left, right)| Identity {
            name: "identity".into(),
            left: left.as_str().into(),
            right: right.as_str().into(),
        })
        .collect();
    if name::is_word(one) && name::is_word(two) && one != two {
        given.push(Identity {
            name: "environment".into(),
            left: one.into(),
            right: two.into(),
        });
    } else {
        (one, two) = ("first", "second");
    }
    let rules = Rules {
        identities: Identities::new(given),
        ..Rules::default()
    };
    let whole = |files| Files { files, whole: true };
    let compared = compare_files(whole(&left), whole(&right), format, &rules);
    let name: Arc<str> = "compared".into();
    let (one, two) = (EnvironmentName::new(one), EnvironmentName::new(two));
    let documents = DocumentsDocument {
        pairs: 1,
        files: compared.files,
        values: compared.leaves,
        raw: compared.raw,
    };
    let found = disparities(&ComparedDocument {
        name: &name,
        between: (&one, &two),
        siblings: false,
        located: compared.located,
    });
    let defects = group(found.into_iter().map(|found| found.defect).collect());
    let mut report = Report::new("compare", "", world.clock.now());
    report.parity(&defects, &[], Some(documents));
    let unread = !compared.complaints.is_empty();
    report.defects(compared.complaints);
    report.defects(defects);
    report.exit_code = match (unread, report.has_errors()) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    };
    Ok(report)
}

fn gather(world: &World<'_>, path: &Path) -> Result<BTreeMap<String, FileContent>, Failure> {
    let full = world.directory.join(path);
    let fail = |reason: String| Failure::other(format!("{}: {reason}", path.display()));
    let mut set = BTreeMap::new();
    if full.is_dir() {
        for entry in walkdir::WalkDir::new(&full).sort_by_file_name() {
            let entry = entry.map_err(|error| fail(error.to_string()))?;
            if !entry.file_type().is_file() {
                continue;
            }
            let relative = entry.path().strip_prefix(&full).unwrap_or(entry.path());
            let name = relative.to_string_lossy().into_owned();
            let shown = path.join(relative).to_string_lossy().into_owned();
            let bytes = std::fs::read(entry.path()).map_err(|error| fail(error.to_string()))?;
            set.insert(name, content(&shown, bytes));
        }
    } else {
        let bytes = std::fs::read(&full).map_err(|error| fail(error.to_string()))?;
        let shown = path.to_string_lossy().into_owned();
        set.insert(String::new(), content(&shown, bytes));
    }
    Ok(set)
}

fn content(shown: &str, bytes: Vec<u8>) -> FileContent {
    let digest = Digest::of(&bytes);
    match document::text_of(shown, bytes) {
        Ok(text) => FileContent::Text(SourceFile::new(shown, text)),
        Err(_) => FileContent::Binary(digest),
    }
}

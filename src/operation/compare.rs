//! Comparison of two files or directories without definitions.

use std::sync::Arc;

use super::{Failure, World};
use crate::report::{DocumentsDocument, Report};
use crate::world::documents::gather_pair;
use evenkeel_comparison::discovery::environments_of;
use evenkeel_comparison::{Equal, Identities, Identity, Rules, Why, compare_files};
use evenkeel_core::documents::equal_words;
use evenkeel_core::drift::documents::{ComparedDocument, disparities, substitution};
use evenkeel_core::drift::group;
use evenkeel_document::Format;
use evenkeel_model::defect::Defect;
use evenkeel_model::{EnvironmentName, name};

/// Request to compare.
#[derive(Debug, Clone, Default)]
pub struct CompareRequest {
    /// First file or directory; `-` is standard input.
    pub left: String,
    /// Second file or directory.
    pub right: String,
    /// Corresponding values.
    pub identities: Vec<(String, String)>,
    /// Whether the words in which the two paths differ are not identity values.
    pub no_names: bool,
    /// Whether values that are written differently and count as equal are listed.
    pub explain_equal: bool,
    /// Format of the files, regardless of their names.
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
                "unknown format `{name}`; expected one of {}",
                evenkeel_model::text::list(Format::NAMES, "and")
            ))
        })?),
    };
    let [left, right] = gather_pair(
        [&request.left, &request.right],
        &world.directory,
        world.input,
        &world.git(),
    )?;
    let (left_path, right_path) = (request.left.as_str(), request.right.as_str());
    let (mut one, mut two) = environments_of(left_path, right_path).unwrap_or_else(|| {
        let (one, two) = substitution(left_path, right_path);
        (one.to_owned(), two.to_owned())
    });
    let mut given: Vec<Identity> = request
        .identities
        .iter()
        .map(|(left, right)| Identity {
            name: "identity".into(),
            left: left.as_str().into(),
            right: right.as_str().into(),
        })
        .collect();
    let is_named = name::is_word(&one) && name::is_word(&two) && one != two;
    if is_named && !request.no_names {
        given.push(Identity {
            name: "environment".into(),
            left: one.as_str().into(),
            right: two.as_str().into(),
        });
    } else if !is_named {
        (one, two) = ("first".to_owned(), "second".to_owned());
    }
    let rules = Rules {
        identities: Identities::new(given),
        tells_equal: true,
        ..Rules::default()
    };
    let compared = compare_files(left.files(), right.files(), format, &rules);
    let name: Arc<str> = "compared".into();
    let by_name = |equal: &&Equal| matches!(equal.why, Why::Identity | Why::Key);
    let by_names = compared.equal.iter().filter(by_name).count();
    let equal: Vec<String> = if request.explain_equal {
        let all = compared.equal.iter();
        all.map(|equal| equal_words(&name, equal)).collect()
    } else {
        Vec::new()
    };
    let (one, two) = (EnvironmentName::new(&one), EnvironmentName::new(&two));
    let documents = DocumentsDocument {
        pairs: 1,
        files: compared.files,
        values: compared.leaves,
        raw: compared.raw,
        by_position: compared.by_position,
    };
    let found = disparities(&ComparedDocument {
        name: &name,
        between: (&one, &two),
        siblings: false,
        located: compared.located,
    });
    let mut defects = group(found.into_iter().map(|found| found.defect).collect());
    for defect in &mut defects {
        // Without definitions there are no declarations.
        defect.help = None;
    }
    let mut report = Report::new("compare", "", world.clock.now());
    let mut all: Vec<Defect> = left.complaints;
    all.extend(right.complaints);
    all.extend(compared.complaints);
    let unread = !all.is_empty();
    all.append(&mut defects);
    if is_named && !request.no_names && by_names > 0 {
        report.say(format!(
            "`{one}` and `{two}`, from the two paths, count as equal at {}; --explain-equal lists them, \
             --no-names disables it",
            evenkeel_model::text::count(by_names, "place")
        ));
    }
    for equal in equal {
        report.say(format!("counts as equal: {equal}"));
    }
    report.parity(&all, &[], Some(documents));
    report.defects(all);
    report.exit_code = match (unread, report.has_errors()) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    };
    Ok(report)
}

//! Validate: definitions only. Nothing is looked at, no secret is asked for.

use super::session::{Needs, Session};
use super::{Failure, ProjectLocation, World};
use crate::report::Report;

/// Reads, checks and resolves all environments, and lints declared differences.
///
/// # Errors
///
/// Everything that is wrong.
pub fn validate(world: &World<'_>, location: &ProjectLocation) -> Result<Report, Failure> {
    let mut session = Session::open(world, location, "validate")?;
    let path = session.project.definition.path.clone();
    let resolution = session.resolve(&path, Needs::Definitions)?;
    let Session {
        project,
        mut report,
    } = session;
    let lint = resolution
        .parity
        .iter()
        .filter(|defect| defect.code.name.starts_with("difference/"))
        .cloned();
    report.defects(project.warnings.iter().cloned().chain(lint));
    let resources: usize = resolution
        .resolved
        .values()
        .map(|each| each.resources.len())
        .sum();
    let mut counted = vec![
        evenkeel_model::text::count(resolution.resolved.len(), "environment"),
        evenkeel_model::text::count(resources, "resource"),
        evenkeel_model::text::count(project.definition.parameters.len(), "parameter"),
    ];
    let documents = project.definition.document_names().len();
    if documents > 0 {
        counted.push(evenkeel_model::text::count(documents, "document"));
    }
    report.say(counted.join(", "));
    report.exit_code = u8::from(report.has_errors());
    Ok(report)
}

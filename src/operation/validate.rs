//! Validate: definitions only. Nothing is looked at, no secret is asked for.

use super::picture::Resolution;
use super::project::Depth;
use super::{Failure, Project, ProjectLocation, World};
use crate::report::Report;

/// Reads, checks and resolves all environments, and lints declared differences.
///
/// # Errors
///
/// Everything that is wrong.
pub fn validate(world: &World<'_>, location: &ProjectLocation) -> Result<Report, Failure> {
    let project = Project::open(world, location)?;
    let sealer = project.sealer_for_reading()?;
    let resolution = Resolution::of(&project, &project.definition.path, sealer, Depth::Shape)?;
    let origin = project.origin(&resolution.resolved)?;
    let mut report = Report::new("validate", &project.definition.system, world.clock.now());
    report.origin(&origin);
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

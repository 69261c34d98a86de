//! Baseline: declares today's differences, so that later ones are new.

use std::time::Duration;

use super::session::{Needs, Session};
use super::{Failure, ProjectLocation, World, undeclared};
use crate::report::Report;
use crate::world::files::{read_text, replace_text};
use evenkeel_core::drift::{Disparity, Signature, declare};
use evenkeel_core::environment::edit::{NewDifference, add, lines};
use evenkeel_model::defect::Severity;

/// File that tools add declared differences to.
const FILE: &str = "differences.toml";

/// Fields of a baseline's declarations.
#[derive(Debug, Clone)]
pub struct BaselineRequest {
    /// Owner; the current user when `None`.
    pub owner: Option<String>,
    /// Reason.
    pub reason: Option<String>,
    /// Time to expiry, from today.
    pub expires_in: Duration,
    /// Ticket.
    pub ticket: Option<String>,
    /// Whether the file stays unchanged.
    pub dry_run: bool,
}

/// Adds a declared difference for every current difference to `differences.toml`.
///
/// # Errors
///
/// When definitions or documents cannot be read, since unread differences are not declared; or when the file cannot be
/// written.
pub fn baseline(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &BaselineRequest,
) -> Result<Report, Failure> {
    if location.revision.is_some() {
        return Err(Failure::Usage(
            "a baseline is written to the working tree: omit --at".into(),
        ));
    }
    let mut session = Session::open(world, location, "baseline")?;
    let path = session.project.definition.path.clone();
    let resolution = session.resolve(&path, Needs::Parity)?;
    let Session {
        project,
        mut report,
    } = session;
    if resolution.unread {
        report.defects(
            resolution
                .parity
                .iter()
                .filter(|defect| !defect.code.name.starts_with("parity/"))
                .cloned(),
        );
        report.say("nothing was written: unreadable documents cannot be declared");
        report.exit_code = 1;
        return Ok(report);
    }
    // Advice needs no declaration, since it shuts no gate.
    let chosen: Vec<&Disparity> = resolution
        .open
        .iter()
        .filter(|disparity| disparity.defect.severity > Severity::Advice)
        .collect();
    let new = declare(
        &chosen,
        &resolution.open,
        &project.definition.path,
        &signature(world, request)?,
    );
    let left = undeclared::pairs(&project)?;
    if new.is_empty() && left.is_empty() {
        report.say("no undeclared differences: nothing to write");
        return Ok(report);
    }
    let path = project.directory.join(FILE);
    let old =
        read_text(&path).map_err(|error| Failure::other(format!("{}: {error}", path.display())))?;
    let mut text = add(old.as_deref(), &new, None)
        .map_err(|error| Failure::other(format!("{FILE}: {error}")))?;
    if !left.is_empty() {
        text.push_str("\n# Likely pairs of files that no document declares:\n");
        for pair in &left {
            text.push_str(&undeclared::comment(pair));
            text.push('\n');
        }
    }
    let pairs = evenkeel_model::text::count(left.len(), "likely pair");
    let counted = evenkeel_model::text::count(new.len(), "difference");
    let places = evenkeel_model::text::count(chosen.len(), "place");
    if request.dry_run {
        for difference in &new {
            say_lines(&mut report, difference)?;
        }
        report.say(format!("{counted} for {places} would be added to {FILE}"));
        if !left.is_empty() {
            report.say(format!("{pairs} would be excluded in {FILE}"));
        }
        return Ok(report);
    }
    replace_text(&path, &text)
        .map_err(|error| Failure::other(format!("{}: {error}", path.display())))?;
    if !new.is_empty() {
        report.say(format!("{counted} for {places} added to {FILE}"));
    }
    if !left.is_empty() {
        report.say(format!("{pairs} excluded in {FILE}: they are not compared"));
    }
    report.next("evenkeel drift --parity");
    Ok(report)
}

/// Returns the lines that declare the defect whose fingerprint starts with `id`.
///
/// # Errors
///
/// When there is no such difference between environments.
pub fn lines_of(
    world: &World<'_>,
    location: &ProjectLocation,
    id: &str,
    request: &BaselineRequest,
) -> Result<Report, Failure> {
    let mut session = Session::open(world, location, "explain")?;
    let path = session.project.definition.path.clone();
    let resolution = session.resolve(&path, Needs::Parity)?;
    let Session {
        project,
        mut report,
    } = session;
    let places: Vec<String> = resolution
        .parity
        .iter()
        .filter(|defect| defect.declared.is_none())
        .filter(|defect| defect.fingerprints().any(|place| place.begins_with(id)))
        .flat_map(|defect| defect.fingerprints().map(|place| place.to_string()))
        .collect();
    let chosen: Vec<&Disparity> = resolution
        .open
        .iter()
        .filter(|disparity| places.contains(&disparity.defect.fingerprint().to_string()))
        .collect();
    if chosen.is_empty() {
        return Err(Failure::Other {
            reason: format!("there is no undeclared difference `{id}` between environments"),
            help: Some("`evenkeel drift --parity` lists the differences".into()),
        });
    }
    let new = declare(
        &chosen,
        &resolution.open,
        &project.definition.path,
        &signature(world, request)?,
    );
    for difference in &new {
        say_lines(&mut report, difference)?;
    }
    Ok(report)
}

fn say_lines(report: &mut Report, difference: &NewDifference) -> Result<(), Failure> {
    let text = lines(difference).map_err(|error| Failure::other(error.to_string()))?;
    report.say(text.trim_end());
    report.say("");
    Ok(())
}

fn signature(world: &World<'_>, request: &BaselineRequest) -> Result<Signature, Failure> {
    let owner = request.owner.clone();
    Signature::of_baseline(
        world.clock.now().date(),
        request.expires_in,
        owner.unwrap_or_else(|| world.actor.name.clone()),
        request.reason.clone(),
        request.ticket.clone(),
    )
    .map_err(|error| Failure::Usage(format!("--expires-in: {error}")))
}

//! Explain: one defect in full, the meaning of a code, or the fields of a kind of entry.

use super::drift::{DriftRequest, found};
use super::{Failure, ProjectLocation, World};
use crate::report::{Report, codes};
use evenkeel_ledger::Record;
use evenkeel_model::defect::{Corner, Defect};
use evenkeel_model::text::nearest;

/// Explains a code, a kind of ledger entry, or the defect whose fingerprint starts with `id`.
///
/// # Errors
///
/// When none of them exists.
pub fn explain(world: &World<'_>, location: &ProjectLocation, id: &str) -> Result<Report, Failure> {
    if let Some(code) = codes().find(|code| code.name == id) {
        let mut report = Report::new("explain", "", world.clock.now());
        report.say(format!("{}: {}", code.name, code.title));
        report.say(code.help);
        return Ok(report);
    }
    if let Some(corner) = Corner::ALL.iter().find(|corner| corner.key() == id) {
        let mut report = Report::new("explain", "", world.clock.now());
        report.say(format!("{}: {}", corner.key(), corner.help()));
        report.next.extend(corner.command().map(str::to_owned));
        return Ok(report);
    }
    if let Some((kind, says)) = Record::KINDS.iter().find(|(kind, _)| *kind == id) {
        let mut report = Report::new("explain", "", world.clock.now());
        report.say(format!("{kind} (ledger entry): {}", says.trim()));
        report.next("evenkeel log");
        return Ok(report);
    }
    if id.contains('/') {
        let known: Vec<&str> = codes().map(|code| code.name).collect();
        let hint = nearest(id, known.iter().copied())
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(Failure::Usage(format!("unknown code `{id}`{hint}")));
    }
    let is_meant = |defect: &Defect| defect.fingerprints().any(|place| place.begins_with(id));
    let found = match found(world, location, &DriftRequest::default()) {
        // A missing artifact hides no difference between environments.
        Err(Failure::Definitions(wrong)) if !wrong.iter().any(is_meant) => {
            let request = DriftRequest {
                parity_only: true,
                ..DriftRequest::default()
            };
            let between = found(world, location, &request);
            between.map_err(|_| Failure::Definitions(wrong))
        }
        Err(Failure::Definitions(wrong)) => {
            let mut report = Report::new("explain", "", world.clock.now());
            report.defects(wrong.into_iter().filter(is_meant));
            return Ok(report);
        }
        found => found,
    };
    let (all, defects) = found?;
    let mut report = Report::new("explain", &all.system, world.clock.now());
    report.origin.clone_from(&all.origin);
    report.project.clone_from(&all.project);
    report.defects(defects.into_iter().filter(is_meant));
    if report.findings.is_empty() {
        return Err(Failure::Other {
            reason: format!("no current finding is named `{id}`"),
            help: Some("run `evenkeel drift` to list the current findings; a code such as file/content-differs can be explained too".into()),
        });
    }
    // In the order of findings.
    let mut explained: Vec<String> = Vec::new();
    for finding in &report.findings {
        let code = report.codes.iter().find(|code| code.name == finding.code);
        let sentences = code.map(|code| {
            [
                format!("{}: {}", code.name, code.title),
                code.help.to_string(),
            ]
        });
        explained.extend(
            sentences
                .filter(|it| !explained.contains(&it[0]))
                .into_iter()
                .flatten(),
        );
    }
    report.messages.extend(explained);
    Ok(report)
}

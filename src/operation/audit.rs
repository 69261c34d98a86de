//! Audit: proves that the ledger is what was written.

use super::{Failure, Location, Project, World};
use crate::ledger::{Completeness, verify};
use crate::report::Report;

/// Verifies every entry of the ledger.
///
/// # Errors
///
/// When there is no ledger to verify.
pub fn audit_verify(world: &World<'_>, location: &Location) -> Result<Report, Failure> {
    let project = Project::open(world, location)?;
    let mut report = Report::new("audit", &project.definition.system, world.clock.now());
    let verification = verify(&project.folder)?;
    for finding in &verification.findings {
        report.say(match finding.sequence {
            Some(sequence) => format!("entry {sequence}: {}", finding.what),
            None => finding.what.clone(),
        });
    }
    for advice in &verification.advice {
        report.say(match advice.sequence {
            Some(sequence) => format!("note: entry {sequence}: {}", advice.what),
            None => format!("note: {}", advice.what),
        });
    }
    let foreign = verification
        .founded
        .as_ref()
        .is_some_and(|founded| founded.system != project.definition.system);
    if foreign {
        report.say("the ledger belongs to another system");
    }
    if verification.is_whole() && !foreign {
        report.say(format!(
            "{}, each as it was written",
            crate::text::count(
                usize::try_from(verification.entries).unwrap_or(usize::MAX),
                "entry"
            )
        ));
        if let Some(head) = &verification.head {
            report.say(format!("head: {} {}", head.sequence, head.digest));
        }
        match &verification.complete {
            Completeness::Proven => report.say("the end is where it was last remembered"),
            Completeness::NotProven(reason) => report.say(format!(
                "whether anything is missing at the end cannot be proven: {reason}"
            )),
        }
    } else {
        report.say("nothing is done on top of it: restore .evenkeel from a backup");
        report.exit_code = 7;
    }
    Ok(report)
}

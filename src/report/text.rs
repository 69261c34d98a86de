//! Text for people: findings at their places first, then what was done, then the sums, then what to type next.
//!
//! Here is the order; each part has a file of its own in this folder.

mod done;
mod environments;
mod excerpt;
mod failure;
mod findings;
mod locks;
mod places;
mod plans;
mod proofs;
mod status;
mod verdict;

use std::io::{self, Write};

use self::done::{apply_lines, suite_lines};
use self::environments::environment_line;
use self::failure::failure_lines;
use self::findings::{declared_line, findings};
use self::plans::{plan_lines, would_change};
use self::verdict::verdict_lines;
use super::document::{AllowedDocument, CHECKPOINT_COMMAND, FindingDocument, PlanReport, Report};
use super::{Format, Style};
use evenkeel_model::text::{count, inert};

/// Steps shown one by one before the rest is counted.
const SHOWN_STEPS: usize = 60;
/// Findings shown one by one before the rest is counted.
const SHOWN_FINDINGS: usize = 60;
/// Places of one finding shown one by one before the rest is counted.
const SHOWN_PLACES: usize = 8;
/// Reasons of one rule of the gate shown one by one before the rest is counted.
const SHOWN_REASONS: usize = 12;

/// For people.
pub(super) struct Text;

impl Format for Text {
    const NAME: &'static str = "text";
    const HELP: &'static str = "For people";

    fn write(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
        write(report, style, to)
    }
}

fn write(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
    // A checkpoint that is to be kept is printed alone.
    if let (CHECKPOINT_COMMAND, Some(checkpoint), []) =
        (&*report.command, &report.checkpoint, &*report.messages)
    {
        return to.write_all(checkpoint.text().map_err(io::Error::other)?.as_bytes());
    }
    let (allowed, open): (Vec<&FindingDocument>, Vec<&FindingDocument>) = report
        .findings
        .iter()
        .partition(|finding| finding.allowed.is_some());
    findings(&open, style, to)?;
    for entry in &report.entries {
        writeln!(
            to,
            "{:>5}  {}  {:<16} {}",
            entry.sequence,
            style.faint(&entry.time.to_string()),
            entry.kind,
            inert(&entry.words)
        )?;
    }
    let in_full = report.command == "plan";
    let applied = |plan: &&PlanReport| {
        report
            .applies
            .iter()
            .any(|apply| apply.environment == plan.environment)
    };
    for plan in report.plans.iter().filter(|plan| in_full || applied(plan)) {
        plan_lines(plan, in_full, style, to)?;
    }
    for apply in &report.applies {
        apply_lines(apply, style, to)?;
    }
    for suite in &report.suites {
        suite_lines(suite, style, to)?;
    }
    for plan in report
        .plans
        .iter()
        .filter(|plan| !in_full && !applied(plan))
    {
        would_change(plan, style, to)?;
    }
    if let Some(parity) = &report.parity {
        let sums = match parity.first_expiry {
            Some(expiry) => format!(
                "{} declared, the first until {}",
                parity.declared,
                expiry.date()
            ),
            None => "none declared".into(),
        };
        let mut sum = match (parity.unread, parity.undeclared) {
            (0, 0) => style.good("in parity"),
            (0, undeclared) => style.bad(&count(undeclared, "undeclared difference")),
            (_, 0) => style.bad("cannot tell"),
            (_, undeclared) => style.bad(&format!(
                "cannot tell all; {}",
                count(undeclared, "undeclared difference")
            )),
        };
        if parity.places > parity.undeclared {
            sum.push_str(&format!(" at {}", count(parity.places, "place")));
        }
        if parity.lesser > 0 {
            sum.push_str(&format!(", {}", count(parity.lesser, "lesser one")));
        }
        if !parity.not_compared.is_empty() {
            let left = parity.not_compared.len();
            let verb = if left == 1 { "is" } else { "are" };
            let told = format!("{} {verb} not declared", count(left, "likely pair"));
            sum.push_str(&format!("; {}", style.bad(&told)));
        }
        if parity.left_out > 0 {
            let left = count(parity.left_out, "pair");
            sum.push_str(&format!("; {left} left out by the definitions"));
        }
        writeln!(to, "  {:<12} {sum}   {sums}", "parity")?;
        if let Some(documents) = &parity.documents {
            writeln!(
                to,
                "  {:<12} {} in {}; {} of {} differ to the letter",
                "documents",
                count(documents.pairs, "pair"),
                count(documents.files, "file"),
                documents.raw,
                count(documents.values, "value"),
            )?;
            if documents.by_position > 0 {
                writeln!(
                    to,
                    "  {:<12} too many similar elements: {} matched by position",
                    "",
                    count(documents.by_position, "list"),
                )?;
            }
        }
    }
    for finding in allowed.iter().take(SHOWN_FINDINGS) {
        declared_line(finding, style, to)?;
    }
    // Where nothing is declared but documents, there is nothing to say of what runs.
    let is_bare = report
        .environments
        .iter()
        .all(|environment| environment.declared == 0 && environment.in_sync);
    for environment in report.environments.iter().filter(|_| !is_bare) {
        environment_line(environment, style, to)?;
    }
    for status in &report.status {
        status::lines(status, style, to)?;
    }
    for lock in &report.locks {
        locks::line(lock, style, to)?;
    }
    for proof in &report.proofs {
        proofs::line(proof, style, to)?;
    }
    if let Some(verdict) = &report.verdict {
        verdict_lines(verdict, style, to)?;
    }
    for message in &report.messages {
        writeln!(to, "{}", inert(message))?;
    }
    if let Some(failure) = &report.failure {
        failure_lines(failure, to)?;
    }
    if !report.next.is_empty() {
        writeln!(to, "next:")?;
        for command in &report.next {
            writeln!(to, "  {}", inert(command))?;
        }
    }
    Ok(())
}

/// A declared difference in words.
fn words(allowed: &AllowedDocument) -> String {
    let ticket = allowed.ticket.as_deref();
    format!(
        "{} (until {}, {}{})",
        allowed.reason,
        allowed.expires.date(),
        allowed.owner,
        ticket.map_or_else(String::new, |ticket| format!(", {ticket}"))
    )
}

/// Says how much of a list is not shown.
fn rest(length: usize, what: &str, to: &mut dyn Write) -> io::Result<()> {
    match length.checked_sub(SHOWN_STEPS) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(
            to,
            "    … and {} more; --format json has them all",
            count(more, what)
        ),
    }
}

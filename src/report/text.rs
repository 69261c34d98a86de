//! Text for people: defects at their places first, then what was done, then the sums, then what to type next.
//!
//! Here is the order; each part has a file of its own in this folder.

mod defects;
mod done;
mod plans;
mod standing;
mod verdict;

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};
use miette::{GraphicalReportHandler, GraphicalTheme};

use self::defects::{declared_line, defects};
use self::done::{apply_lines, suite_lines};
use self::plans::{plan_lines, would_change};
use self::standing::{environment_line, status_lines};
use self::verdict::verdict_lines;
use super::document::{PlanReport, Report};
use super::{checkpoints, locks};
use evenkeel_model::defect::Defect;
use evenkeel_model::text::{count, inert};

/// Steps shown one by one before the rest is counted.
const SHOWN_STEPS: usize = 60;
/// Defects shown one by one before the rest is counted.
const SHOWN_DEFECTS: usize = 60;
/// Places of one defect shown one by one before the rest is counted.
const SHOWN_PLACES: usize = 8;
/// Reasons of one rule of the gate shown one by one before the rest is counted.
const SHOWN_REASONS: usize = 12;

/// How text is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether colours are used.
    pub colour: bool,
    /// Columns.
    pub width: usize,
}

impl Style {
    fn paint(self, colour: AnsiColor, text: &str) -> String {
        if self.colour {
            let ansi = Ansi::new().fg_color(Some(colour.into()));
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }

    pub(super) fn good(self, text: &str) -> String {
        self.paint(AnsiColor::Green, text)
    }

    pub(super) fn bad(self, text: &str) -> String {
        self.paint(AnsiColor::Red, text)
    }

    pub(super) fn odd(self, text: &str) -> String {
        self.paint(AnsiColor::Yellow, text)
    }

    pub(super) fn faint(self, text: &str) -> String {
        if self.colour {
            let ansi = Ansi::new().dimmed();
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }

    fn handler(self) -> GraphicalReportHandler {
        let theme = if self.colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        GraphicalReportHandler::new_themed(theme)
            .with_width(self.width.max(40))
            .with_links(false)
            .with_context_lines(1)
            .tab_width(4)
    }
}

/// Writes a report.
pub(super) fn write(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
    // What is to be kept is printed alone, as it is to be kept.
    if let (checkpoints::COMMAND, Some(checkpoint), []) =
        (report.command, &report.checkpoint, &*report.messages)
    {
        return to.write_all(checkpoint.text().map_err(io::Error::other)?.as_bytes());
    }
    let (declared, undeclared): (Vec<&Defect>, Vec<&Defect>) = report
        .defects
        .iter()
        .partition(|defect| defect.declared.is_some());
    defects(&undeclared, style, to)?;
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
        }
    }
    for defect in declared.iter().take(SHOWN_DEFECTS) {
        declared_line(defect, style, to)?;
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
        status_lines(status, style, to)?;
    }
    for lock in &report.locks {
        locks::line(lock, style, to)?;
    }
    for proof in &report.proofs {
        checkpoints::line(proof, style, to)?;
    }
    if let Some(verdict) = &report.verdict {
        verdict_lines(verdict, style, to)?;
    }
    for message in &report.messages {
        writeln!(to, "{}", inert(message))?;
    }
    if !report.next.is_empty() {
        writeln!(to, "next:")?;
        for command in &report.next {
            writeln!(to, "  {}", inert(command))?;
        }
    }
    Ok(())
}

/// Writes what is wrong before anything could be done: all complaints about definitions.
///
/// # Errors
///
/// When `to` cannot be written.
pub fn failure(complaints: &[Defect], style: Style, to: &mut dyn Write) -> io::Result<()> {
    defects(&complaints.iter().collect::<Vec<_>>(), style, to)
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

//! Record in full: its facts, its steps, its text.

use std::io::{self, Write};

use super::super::document::ShownDocument;
use super::Style;
use super::layout::{GAP, columns, hanging, more, padded};
use super::lines::one_line;
use evenkeel_model::text::inert;

/// Number of steps and lines of text that are displayed before the rest is counted.
const SHOWN: usize = 200;

/// Writes the record.
pub(super) fn lines(shown: &ShownDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{} {}", one_line(&shown.kind), one_line(&shown.id))?;
    let widest = shown
        .facts
        .iter()
        .map(|fact| columns(&fact.name))
        .max()
        .unwrap_or(0);
    for fact in &shown.facts {
        let name = one_line(&fact.name);
        let start = format!("{GAP}{}{GAP}", padded(&name, &name, widest));
        hanging(&start, widest + 4, &one_line(&fact.value), style.width, to)?;
    }
    let limit = if style.all { usize::MAX } else { SHOWN };
    if !shown.steps.is_empty() {
        writeln!(to, "\nsteps")?;
    }
    let address = shown
        .steps
        .iter()
        .map(|step| columns(&step.address))
        .max()
        .unwrap_or(0)
        .min(40);
    for step in shown.steps.iter().take(limit) {
        let outcome = one_line(step.outcome.as_deref().unwrap_or("no outcome"));
        let painted = match &*outcome {
            "done" => outcome.clone(),
            _ => style.bad(&outcome),
        };
        let name = one_line(&step.address);
        let start = format!(
            "{GAP}{:<8}{GAP}{}{GAP}{painted}",
            one_line(&step.verb),
            padded(&name, &name, address)
        );
        let indent = 2 + 8 + 2 + address.max(columns(&name)) + 2 + columns(&outcome);
        let reason = step
            .reason
            .as_deref()
            .map_or_else(String::new, |reason| format!("{GAP}{}", one_line(reason)));
        hanging(&start, indent, &reason, style.width, to)?;
    }
    if let Some(line) = more(shown.steps.len().saturating_sub(limit)) {
        writeln!(to, "{GAP}{line}")?;
    }
    let Some(text) = &shown.text else {
        return Ok(());
    };
    writeln!(to, "\noutput")?;
    let lines: Vec<&str> = text.lines().collect();
    for line in lines.iter().take(limit) {
        writeln!(to, "{GAP}{}", inert(line))?;
    }
    match more(lines.len().saturating_sub(limit)) {
        Some(line) => writeln!(to, "{GAP}{line}"),
        None => Ok(()),
    }
}

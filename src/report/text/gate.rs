//! Verdict of the gate: the failed rules, with their reasons.

use std::io::{self, Write};

use super::super::document::VerdictDocument;
use super::Style;
use super::layout::{columns, hanging, more};
use super::lines::one_line;

/// Number of reasons of one rule that are displayed before the rest is counted.
const SHOWN: usize = 3;

/// Writes each failed rule. The limit is per rule: many reasons of one rule must not hide those of the next.
pub(super) fn rules(verdict: &VerdictDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let failed: Vec<_> = verdict.rules.iter().filter(|rule| !rule.holds).collect();
    let name = |code: &str| one_line(code.strip_prefix("gate/").unwrap_or(code));
    let widest = failed
        .iter()
        .map(|rule| columns(&name(&rule.code)))
        .max()
        .unwrap_or(0);
    let indent = 3 + widest + 3;
    for rule in failed {
        let shown = if style.all || style.full {
            rule.reasons.len()
        } else {
            SHOWN
        };
        let start = format!("   {:<widest$}   ", name(&rule.code));
        let blank = " ".repeat(indent);
        for (number, reason) in rule.reasons.iter().take(shown).enumerate() {
            let first = if number == 0 { &start } else { &blank };
            hanging(first, indent, &one_line(reason), style.width, to)?;
        }
        if let Some(line) = more(rule.reasons.len().saturating_sub(shown)) {
            writeln!(to, "{blank}{line}")?;
        }
    }
    decisions(verdict, style, to)
}

/// Writes who approved and who rejected.
fn decisions(verdict: &VerdictDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    for decision in &verdict.decisions {
        let line = format!("{}: {}", decision.words(), decision.reason);
        hanging("   ", 6, &one_line(&line), style.width, to)?;
    }
    Ok(())
}

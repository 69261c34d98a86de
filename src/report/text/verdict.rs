//! The verdict of the gate, with every rule that shuts it.

use std::io::{self, Write};

use super::super::document::VerdictDocument;
use super::{SHOWN_REASONS, Style};
use evenkeel_model::text::inert;

pub(super) fn verdict_lines(
    verdict: &VerdictDocument,
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    let plan: String = verdict
        .plan
        .trim_start_matches("blake3:")
        .chars()
        .take(12)
        .collect();
    if verdict.open {
        return writeln!(
            to,
            "{}  plan {plan} for {}",
            style.good("OPEN"),
            verdict.environment
        );
    }
    let word = if verdict.releasable {
        style.good("RELEASABLE")
    } else {
        style.bad("SHUT")
    };
    writeln!(to, "{word}  plan {plan} for {}", verdict.environment)?;
    // The limit is per rule: many reasons of one rule must not hide those of the next.
    for rule in &verdict.rules {
        for reason in rule.reasons.iter().take(SHOWN_REASONS) {
            writeln!(to, "  {} {}", style.faint(&rule.code), inert(reason))?;
        }
        if let more @ 1.. = rule.reasons.len().saturating_sub(SHOWN_REASONS) {
            writeln!(
                to,
                "  {} … and {more} more; --format json has them all",
                style.faint(&rule.code)
            )?;
        }
    }
    writeln!(to, "to open it:")?;
    for remedy in &verdict.remedies {
        writeln!(to, "  {}", inert(remedy))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Style, VerdictDocument, verdict_lines};
    use crate::report::RuleDocument;

    #[test]
    fn many_reasons_of_one_rule_do_not_hide_those_of_the_next() -> std::io::Result<()> {
        let rule = |code: &'static str, reasons: Vec<String>| RuleDocument {
            code: code.into(),
            title: "a title".into(),
            help: "A help.".into(),
            holds: false,
            reasons,
        };
        let drift = (0..3000).map(|number| format!("file.x{number}: not applied yet"));
        let verdict = VerdictDocument {
            environment: "production".into(),
            plan: "blake3:0123456789abcdef".into(),
            recipe: "blake3:00".into(),
            open: false,
            releasable: false,
            rules: vec![
                rule("gate/staging-drift", drift.collect()),
                rule("gate/not-approved", vec!["0 of 1".into()]),
            ],
            remedies: vec!["evenkeel deliver".into()],
        };
        let style = Style {
            colour: false,
            width: 100,
            full: false,
            all: false,
        };
        let mut shown = Vec::new();
        verdict_lines(&verdict, style, &mut shown)?;
        let shown = String::from_utf8_lossy(&shown);
        assert_eq!(shown.matches("not applied yet").count(), 12, "{shown}");
        assert!(
            shown.contains("gate/staging-drift … and 2988 more"),
            "{shown}"
        );
        assert!(shown.contains("gate/not-approved 0 of 1\n"), "{shown}");
        Ok(())
    }
}

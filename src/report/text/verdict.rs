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
    // Every rule that shuts the gate is told: many reasons of one rule must not hide the next rule.
    for of_one_rule in verdict.reasons.chunk_by(|one, next| one.0 == next.0) {
        for (code, message) in of_one_rule.iter().take(SHOWN_REASONS) {
            writeln!(to, "  {} {}", style.faint(code), inert(message))?;
        }
        if let (Some((code, _)), more @ 1..) = (
            of_one_rule.first(),
            of_one_rule.len().saturating_sub(SHOWN_REASONS),
        ) {
            writeln!(
                to,
                "  {} … and {more} more; --format json has them all",
                style.faint(code)
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

    #[test]
    fn many_reasons_of_one_rule_do_not_hide_those_of_the_next() -> std::io::Result<()> {
        let drift = (0..3000).map(|number| {
            let message = format!("file.x{number}: not applied yet");
            ("gate/staging-drift".to_owned(), message)
        });
        let approval = [("gate/not-approved".to_owned(), "0 of 1".to_owned())];
        let verdict = VerdictDocument {
            environment: "production".into(),
            plan: "blake3:0123456789abcdef".into(),
            recipe: "blake3:00".into(),
            open: false,
            releasable: false,
            rules: 12,
            reasons: drift.chain(approval).collect(),
            remedies: vec!["evenkeel deliver".into()],
        };
        let style = Style {
            colour: false,
            width: 100,
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

//! Findings at their places, and what is declared in one line each.

use std::io::{self, Write};

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::super::document::FindingDocument;
use super::places::parts;
use super::{SHOWN_FINDINGS, SHOWN_PLACES, Style, words};
use evenkeel_model::defect::Corner;
use evenkeel_model::text::{count, inert};

/// What is declared is in every report, in one line.
pub(super) fn declared_line(
    finding: &FindingDocument,
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    let attribute = finding
        .attribute
        .as_deref()
        .map_or_else(String::new, |name| {
            let dot = if name.starts_with('[') { "" } else { "." };
            format!("{dot}{name}")
        });
    let values = match (&finding.expected, &finding.found) {
        (Some(expected), Some(found)) => format!("  {expected} | {found}"),
        _ => String::new(),
    };
    let line = format!("{}{attribute}{values}", finding.subject).replace('\n', "\\n");
    let allowed = finding.allowed.as_ref().map(words).unwrap_or_default();
    writeln!(
        to,
        "    {}  {}",
        inert(&line),
        style.faint(&inert(&allowed))
    )
}

/// Findings, each with its places.
pub(super) fn findings(
    all: &[&FindingDocument],
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    let handler = handler(style);
    for finding in all.iter().take(SHOWN_FINDINGS) {
        let mut text = String::new();
        for part in parts(finding) {
            handler
                .render_report(&mut text, &part)
                .map_err(io::Error::other)?;
        }
        also(finding, style, &mut text);
        // One empty line between findings, and the identity that `explain` takes.
        let id = style.faint(&format!(
            "  {} {}",
            inert(&finding.fingerprint),
            finding.corner.map_or("", Corner::name)
        ));
        writeln!(to, "{}\n{}\n", text.trim_end(), id.trim_end())?;
    }
    if let Some(rest) = all
        .len()
        .checked_sub(SHOWN_FINDINGS)
        .filter(|rest| *rest > 0)
    {
        writeln!(
            to,
            "… and {} more; --format json has them all\n",
            count(rest, "finding")
        )?;
    }
    Ok(())
}

/// The other places of a finding, one line each.
fn also(finding: &FindingDocument, style: Style, text: &mut String) {
    if finding.also.is_empty() {
        return;
    }
    while text.ends_with('\n') {
        text.pop();
    }
    text.push_str(&format!(
        "\n  at {} in all; the others:\n",
        count(finding.reach, "place")
    ));
    for also in finding.also.iter().take(SHOWN_PLACES) {
        let places: Vec<String> = also.places.iter().map(ToString::to_string).collect();
        // Of another code, the place alone does not say what is wrong there.
        let told = match &also.code {
            Some(_) => &also.message,
            None => also.attribute.as_ref().unwrap_or(&also.subject),
        };
        text.push_str(&format!(
            "    {}  {}\n",
            inert(told),
            style.faint(&inert(&places.join(", ")))
        ));
    }
    if finding.also.len() > SHOWN_PLACES {
        text.push_str(&format!(
            "    … and {} more; --format json has them all\n",
            finding.also.len() - SHOWN_PLACES
        ));
    }
}

fn handler(style: Style) -> GraphicalReportHandler {
    let theme = if style.colour {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(style.width.max(40))
        .with_links(false)
        .with_context_lines(1)
        .tab_width(4)
}

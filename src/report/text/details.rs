//! Details of a finding, below its line: source lines, the difference, since when, reason, and help.

use std::io::{self, Write};

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::super::document::FindingDocument;
use super::super::wording::justification;
use super::Style;
use super::layout::{hanging, more};
use super::lines::one_line;
use super::places::parts;
use evenkeel_model::text::inert;

/// Indentation of all details.
const INDENT: usize = 4;
/// Indentation of source lines, in addition to the renderer's.
const EXCERPT_INDENT: usize = 2;
/// Number of lines of a difference, and of other places, that are displayed by default.
const SHOWN: usize = 12;

/// Writes the source lines and the difference of a finding, and with `full` all other facts.
pub(super) fn write(finding: &FindingDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    excerpts(finding, style, to)?;
    if let Some(difference) = &finding.difference {
        self::difference(difference, INDENT, style, to)?;
    }
    fact("code", &finding.code, style, to)?;
    if let Some(since) = &finding.since {
        let known = &since.known;
        let text = match since.until {
            Some(_) => format!("changed {known}"),
            None => format!("since {}, {known}", since.at.for_people()),
        };
        fact("known", &text, style, to)?;
    }
    if let Some(seen) = &finding.seen {
        fact("seen", &seen.words(), style, to)?;
    }
    if style.full {
        return facts(finding, style, to);
    }
    match &finding.help {
        Some(help) => fact("help", help, style, to),
        None => Ok(()),
    }
}

/// Writes the source lines with their labels, file by file.
fn excerpts(finding: &FindingDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let handler = handler(style);
    for part in parts(finding) {
        let mut text = String::new();
        handler
            .render_report(&mut text, &part)
            .map_err(io::Error::other)?;
        // The line above the source lines repeats the finding.
        let lines = text.lines().skip_while(|line| !line.contains('╭'));
        for line in lines.filter(|line| !line.trim().is_empty()) {
            writeln!(to, "{}{}", " ".repeat(EXCERPT_INDENT), line.trim_end())?;
        }
        for (place, label) in part.unshown() {
            fact("at", &format!("{place}: {label}"), style, to)?;
        }
    }
    Ok(())
}

/// Writes a unified difference.
pub(super) fn difference(
    text: &str,
    indent: usize,
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    let blank = " ".repeat(indent);
    let all: Vec<&str> = text.lines().collect();
    let shown = if style.all || style.full {
        all.len()
    } else {
        SHOWN
    };
    for line in all.iter().take(shown) {
        writeln!(to, "{blank}{}", inert(line))?;
    }
    match more(all.len().saturating_sub(shown)) {
        Some(line) => writeln!(to, "{blank}{line}"),
        None => Ok(()),
    }
}

/// Writes all other facts of a finding.
fn facts(finding: &FindingDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    if let Some(corner) = finding.corner {
        fact("corner", corner.key(), style, to)?;
    }
    if let Some(why) = &finding.why {
        fact("why", why, style, to)?;
    }
    if let Some(allowed) = &finding.allowed {
        fact("allowed", &justification(allowed), style, to)?;
        fact("", &allowed.place.to_string(), style, to)?;
    }
    if let Some(help) = &finding.help {
        fact("help", help, style, to)?;
    }
    let shown = if style.all { finding.also.len() } else { SHOWN };
    for (number, also) in finding.also.iter().take(shown).enumerate() {
        let places: Vec<String> = also.places.iter().map(ToString::to_string).collect();
        // A place with another code needs its own message.
        let what = match &also.code {
            Some(_) => &also.message,
            None => also.attribute.as_ref().unwrap_or(&also.subject),
        };
        let label = if number == 0 { "also at" } else { "" };
        fact(label, &format!("{what}  {}", places.join(", ")), style, to)?;
    }
    match more(finding.also.len().saturating_sub(shown)) {
        Some(line) => fact("", &line, style, to),
        None => Ok(()),
    }
}

/// Writes one labelled fact, wrapped and aligned.
fn fact(label: &str, text: &str, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let start = format!("{}{label:<8} ", " ".repeat(INDENT));
    for (number, line) in inert(text).lines().enumerate() {
        let first = if number == 0 {
            start.clone()
        } else {
            " ".repeat(start.len())
        };
        hanging(&first, start.len(), &one_line(line), style.width, to)?;
    }
    Ok(())
}

fn handler(style: Style) -> GraphicalReportHandler {
    // Only severities are coloured.
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(style.width.saturating_sub(INDENT).max(60))
        .with_links(false)
        .with_context_lines(1)
        .tab_width(4)
}

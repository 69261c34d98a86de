//! Defects at their places, and what is declared in one line each.

use std::io::{self, Write};

use super::super::places::parts;
use super::{SHOWN_DEFECTS, SHOWN_PLACES, Style};
use evenkeel_model::defect::Defect;
use evenkeel_model::text::{count, inert};

/// What is declared stays in every report, in one line.
pub(super) fn declared_line(defect: &Defect, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let attribute = defect
        .attribute
        .as_deref()
        .map_or_else(String::new, |name| {
            let dot = if name.starts_with('[') { "" } else { "." };
            format!("{dot}{name}")
        });
    let values = match (&defect.expected, &defect.found) {
        (Some(expected), Some(found)) => format!("  {expected} | {found}"),
        _ => String::new(),
    };
    let line = format!("{}{attribute}{values}", defect.subject).replace('\n', "\\n");
    writeln!(
        to,
        "    {}  {}",
        inert(&line),
        style.faint(&inert(defect.declared.as_deref().unwrap_or("")))
    )
}

pub(super) fn defects(all: &[&Defect], style: Style, to: &mut dyn Write) -> io::Result<()> {
    let handler = style.handler();
    for defect in all.iter().take(SHOWN_DEFECTS) {
        let mut text = String::new();
        for part in parts(defect) {
            handler
                .render_report(&mut text, &part)
                .map_err(io::Error::other)?;
        }
        also(defect, style, &mut text);
        // One empty line between defects, and the identity that `explain` takes.
        let id = style.faint(&format!(
            "  {} {}",
            defect.fingerprint().short(),
            corner(defect)
        ));
        writeln!(to, "{}\n{}\n", text.trim_end(), id.trim_end())?;
    }
    if let Some(rest) = all
        .len()
        .checked_sub(SHOWN_DEFECTS)
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

/// The other places of a defect, one line each.
pub(super) fn also(defect: &Defect, style: Style, text: &mut String) {
    if defect.also.is_empty() {
        return;
    }
    while text.ends_with('\n') {
        text.pop();
    }
    text.push_str(&format!(
        "\n  at {} in all; the others:\n",
        count(defect.reach(), "place")
    ));
    for also in defect.also.iter().take(SHOWN_PLACES) {
        let places: Vec<String> = also
            .labels
            .iter()
            .map(|label| label.span.location().to_string())
            .collect();
        text.push_str(&format!(
            "    {}  {}\n",
            inert(also.attribute.as_deref().unwrap_or(&also.subject)),
            style.faint(&inert(&places.join(", ")))
        ));
    }
    if defect.also.len() > SHOWN_PLACES {
        text.push_str(&format!(
            "    … and {} more; --format json has them all\n",
            defect.also.len() - SHOWN_PLACES
        ));
    }
}

pub(super) fn corner(defect: &Defect) -> &'static str {
    defect
        .corner
        .map_or("", evenkeel_model::defect::Corner::name)
}

//! Codes of the findings, explained once.

use std::collections::BTreeSet;

use maud::html;

use super::super::document::Report;
use super::Section;
use super::budget::{Share, fill};
use super::marks;
use super::text::{brief, prose};

const CODES: Share = Share::new(200, 150_000);

/// Returns the anchor of a code: its letters, digits and hyphens, with `-` for everything else.
pub(super) fn anchor(code: &str) -> String {
    let plain = |character: char| {
        if character.is_ascii_alphanumeric() {
            character.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    format!(
        "code-{}",
        code.chars().take(80).map(plain).collect::<String>()
    )
}

pub(super) fn section(report: &Report) -> Option<Section> {
    if report.codes.is_empty() {
        return None;
    }
    let mut anchors = BTreeSet::new();
    let filled = fill(report.codes.iter(), CODES, |code| {
        let anchor = anchor(&code.name);
        let id = anchors.insert(anchor.clone()).then_some(anchor);
        html! {
            div id=[id] {
                dt { code { (brief(&code.name)) } " " (marks::severity(code.severity)) }
                dd { p { (brief(&code.title)) } p { (prose(&code.help)) } }
            }
        }
    });
    let body = html! {
        dl.codes { (filled.markup) }
        (filled.rest("code"))
    };
    Some(Section::new("codes", "Codes explained", body).counted(report.codes.len()))
}

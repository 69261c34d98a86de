//! Break-glass that waits for a follow-up.

use maud::html;

use super::super::document::Report;
use super::Section;
use super::budget::{Share, fill};
use super::text::sentence;

const BREAKS: Share = Share::new(100, 50_000);

pub(super) fn section(report: &Report) -> Option<Section> {
    if report.break_glass.is_empty() {
        return None;
    }
    let filled = fill(report.break_glass.iter(), BREAKS, |glass| {
        html! {
            li {
                (sentence(&glass.words())) br;
                code { (sentence(&glass.command())) }
            }
        }
    });
    let body = html! {
        ul { (filled.markup) }
        (filled.rest("break-glass"))
    };
    let section = Section::new("break-glass", "Break-glass without a follow-up", body);
    Some(section.counted(report.break_glass.len()))
}

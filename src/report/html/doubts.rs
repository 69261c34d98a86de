//! Decisions in doubt, with the interval in which an environment drifted.

use maud::html;

use super::super::document::Report;
use super::Section;
use super::budget::{Share, fill};
use super::marks;
use super::text::{brief, sentence, short};

const DOUBTS: Share = Share::new(1_000, 300_000);

pub(super) fn section(report: &Report) -> Option<Section> {
    if report.doubts.is_empty() {
        return None;
    }
    let filled = fill(report.doubts.iter(), DOUBTS, |doubt| {
        html! {
            tr.failed {
                th scope="row" {
                    (brief(&doubt.name())) br;
                    span.figures { "entry " (doubt.entry) ", " (marks::moment(doubt.time)) }
                }
                td { (brief(&doubt.environment)) }
                td {
                    @match &doubt.in_sync {
                        Some(seen) => { (marks::moment(seen.time)) ", entry " (seen.entry) }
                        None => { "never" }
                    }
                }
                td {
                    (marks::moment(doubt.drifted.time)) ", entry " (doubt.drifted.entry) " by " (sentence(&doubt.shown_by))
                    @for finding in doubt.findings.iter().take(3) { " " code { (short(finding)) } }
                    @if doubt.findings.len() > 3 { " and " (doubt.findings.len() - 3) " more" }
                    @if doubt.observed { "; the verdict itself observed it in sync" }
                }
            }
        }
    });
    let body = html! {
        table.gate {
            caption { "Decisions made between the last observation in sync and the first one with drift" }
            thead {
                tr {
                    th scope="col" { "Decision" }
                    th scope="col" { "Environment" }
                    th scope="col" { "Last in sync" }
                    th scope="col" { "First drifted" }
                }
            }
            tbody { (filled.markup) }
        }
        (filled.rest("doubt"))
    };
    Some(Section::new("doubts", "Decisions in doubt", body).counted(report.doubts.len()))
}

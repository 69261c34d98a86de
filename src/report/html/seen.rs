//! Findings that ended since a time, or that cannot be judged now, and changed facts.

use maud::html;

use super::super::document::Report;
use super::Section;
use super::budget::{Share, fill};
use super::marks;
use super::text::{brief, sentence};

const PAST: Share = Share::new(1_000, 300_000);
const FACTS: Share = Share::new(1_000, 300_000);

pub(super) fn section(report: &Report) -> Option<Section> {
    let since = report.since.as_ref()?;
    let all: Vec<_> = since.ended.iter().chain(&since.unknown).collect();
    let past = fill(all.iter(), PAST, |past| {
        html! {
            tr {
                th scope="row" { (brief(&past.about())) }
                td { (past.state()) }
                td {
                    @match &past.code {
                        Some(code) => { code { (brief(code)) } }
                        None => { "recorded by an earlier version" }
                    }
                }
                td { (marks::moment(past.first)) }
                td { (marks::moment(past.last)) }
                td {
                    @match past.gone {
                        Some(gone) => { (marks::moment(gone)) }
                        None => { "cannot be judged now" }
                    }
                }
            }
        }
    });
    let facts = fill(since.facts.iter(), FACTS, |fact| {
        html! {
            li { (brief(&fact.host)) " (" (brief(&fact.environment)) "): " (sentence(&fact.words())) }
        }
    });
    let body = html! {
        p { (sentence(&since.summary())) }
        @for note in since.notes() { p { (sentence(&note)) } }
        @if !since.ended.is_empty() || !since.unknown.is_empty() {
            table.gate {
                caption { "Findings of earlier checks that this one did not find" }
                thead {
                    tr {
                        th scope="col" { "Finding" }
                        th scope="col" { "State" }
                        th scope="col" { "Code" }
                        th scope="col" { "First seen" }
                        th scope="col" { "Last seen" }
                        th scope="col" { "Not found" }
                    }
                }
                tbody { (past.markup) }
            }
            (past.rest("finding"))
        }
        @if !since.facts.is_empty() {
            ul { (facts.markup) }
            (facts.rest("fact"))
        }
    };
    let count = since.ended.len() + since.unknown.len() + since.facts.len();
    Some(Section::new("since", "Since then", body).counted(count))
}

//! Suites that ran, with their figures and the cases that failed.

use maud::{Markup, html};

use super::super::document::{Report, SuiteDocument};
use super::Section;
use super::applies::seconds;
use super::budget::{Share, fill};
use super::marks::{self, State};
use super::text::{brief, sentence, short};

const SUITES: Share = Share::new(200, 200_000);
const CASES: Share = Share::new(60, 40_000);

pub(super) fn section(report: &Report) -> Option<Section> {
    if report.suites.is_empty() {
        return None;
    }
    let filled = fill(report.suites.iter(), SUITES, row);
    let body = html! {
        table.suites {
            caption { "Suites that ran, in this order" }
            thead {
                tr {
                    th scope="col" { "Suite" }
                    th scope="col" { "Result" }
                    th scope="col" { "Details" }
                    th.number scope="col" { "Time" }
                }
            }
            tbody { (filled.markup) }
        }
        (filled.rest("suite"))
    };
    Some(Section::new("suites", "Suites", body).counted(report.suites.len()))
}

fn row(suite: &SuiteDocument) -> Markup {
    let words = if suite.passed { "passed" } else { "failed" };
    let cases = fill(suite.failures.iter(), CASES, |case| {
        html! {
            li {
                code { (brief(&case.name)) }
                @if !case.message.is_empty() { ": " (sentence(&case.message)) }
            }
        }
    });
    let figures = fill(suite.figures.iter(), CASES, |(name, figure)| {
        html! { div { dt { (brief(name)) } dd { (figure) } } }
    });
    html! {
        tr.failed[!suite.passed] {
            th scope="row" {
                (brief(&suite.suite)) br;
                span.figures { (brief(&suite.kind)) " in " (brief(&suite.environment)) }
            }
            td { (marks::state(State::of(suite.passed), words)) }
            td {
                p { (sentence(&suite.summary)) }
                @if !suite.failures.is_empty() {
                    ul.failures { (cases.markup) }
                    (cases.rest("failure"))
                }
                @if !suite.figures.is_empty() {
                    dl.inline { (figures.markup) }
                    (figures.rest("figure"))
                }
                @if let Some(output) = &suite.output {
                    p.figures { "output " code { (short(output)) } }
                }
            }
            td.number { (seconds(suite.seconds)) }
        }
    }
}

//! Coverage: observed and compared parts, and rehearsed parts of each plan.

use maud::{Markup, html};

use super::super::document::Report;
use super::Section;
use super::budget::{Share, fill};
use super::chart::{bar, share, tenths};
use super::text::brief;

const ROWS: Share = Share::new(60, 60_000);

/// One bar.
struct Row<'a> {
    environment: &'a str,
    what: &'static str,
    part: usize,
    all: usize,
    unit: &'static str,
}

pub(super) fn section(report: &Report) -> Option<Section> {
    let observed = report
        .environments
        .iter()
        .filter(|environment| environment.declared > 0)
        .map(|environment| Row {
            environment: &environment.name,
            what: "Observed",
            part: environment.observed,
            all: environment.declared,
            unit: "attributes",
        });
    let rehearsed = report.plans.iter().filter_map(|plan| {
        let part = plan.rehearsed?;
        (!plan.steps.is_empty()).then_some(Row {
            environment: &plan.environment,
            what: "Rehearsed",
            part,
            all: plan.steps.len(),
            unit: "steps",
        })
    });
    let rows: Vec<Row<'_>> = observed.chain(rehearsed).collect();
    if rows.is_empty() {
        return None;
    }
    let filled = fill(rows.iter().enumerate(), ROWS, |(number, each)| {
        row(number, each)
    });
    let body = html! {
        table.coverage {
            caption { "Declared attributes that were read, and steps that ran before in the environment before" }
            thead {
                tr {
                    th scope="col" { "Environment" }
                    th scope="col" { "Coverage" }
                    th scope="col" { "Share" }
                    th.number scope="col" { "Count" }
                }
            }
            tbody { (filled.markup) }
        }
        (filled.rest("row"))
    };
    Some(Section::new("coverage", "Coverage", body))
}

fn row(number: usize, row: &Row<'_>) -> Markup {
    let title = format!("{} {} in {}", row.what, row.unit, row.environment);
    html! {
        tr {
            th scope="row" { (brief(row.environment)) }
            td { (row.what) }
            td.chart { (bar(&format!("coverage-{number}"), &title, row.part, row.all)) }
            td.number {
                (row.part) " of " (row.all) " " (row.unit) ", "
                (tenths(share(row.part, row.all))) " %"
            }
        }
    }
}

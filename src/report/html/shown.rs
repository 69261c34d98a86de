//! Record in full, as printed by `show`.

use maud::{Markup, html};

use super::super::document::{Report, ShownStep};
use super::Section;
use super::budget::{Share, fill};
use super::marks::{self, State, fact};
use super::text::{at_most, brief, sentence};

const FACTS: Share = Share::new(200, 60_000);
const STEPS: Share = Share::new(2_000, 300_000);
const LINES: Share = Share::new(5_000, 400_000);
/// Characters of a line of text.
const LINE: usize = 2_000;

pub(super) fn section(report: &Report) -> Option<Section> {
    let shown = report.shown.as_ref()?;
    let facts = fill(shown.facts.iter(), FACTS, |each| {
        fact(&each.name, Some(html! { (sentence(&each.value)) }))
    });
    let steps = fill(shown.steps.iter(), STEPS, step);
    let lines: Vec<&str> = shown.text.as_deref().unwrap_or_default().lines().collect();
    let text = fill(
        lines.iter(),
        LINES,
        |line| html! { (at_most(line, LINE)) "\n" },
    );
    let body = html! {
        h3 { (brief(&shown.kind)) " " code { (brief(&shown.id)) } }
        @if !shown.facts.is_empty() {
            dl.facts { (facts.markup) }
            (facts.rest("fact"))
        }
        @if !shown.steps.is_empty() {
            table.steps {
                caption { "Steps, in the order in which they ended" }
                (marks::outcomes())
                tbody { (steps.markup) }
            }
            (steps.rest("step"))
        }
        @if !lines.is_empty() {
            h3 { "Output" }
            pre.output { code { (text.markup) } }
            (text.rest("line"))
        }
    };
    Some(Section::new("shown", "Record", body))
}

fn step(step: &ShownStep) -> Markup {
    let outcome = step.outcome.as_deref().unwrap_or("no outcome");
    let state = match outcome {
        "done" => State::Good,
        "no outcome" => State::Waiting,
        _ => State::Bad,
    };
    html! {
        tr {
            th scope="row" { (brief(&step.verb)) " " code { (brief(&step.address)) } }
            td { (marks::state(state, outcome)) }
            td { @if let Some(reason) = &step.reason { (sentence(reason)) } }
        }
    }
}

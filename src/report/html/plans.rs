//! Plans with their steps in the order of execution, with values; removals are named first.

use maud::{Markup, html};

use super::super::document::{PlanReport, Report, StepDocument};
use super::Section;
use super::budget::{Share, fill};
use super::chart::bar;
use super::difference::{unified, values};
use super::marks::{self, State};
use super::text::{brief, sentence, short};
use evenkeel_core::plan::Change;
use evenkeel_ledger::record::Verb;
use evenkeel_model::text::count;

/// The plans of one report together.
const PLANS: Share = Share::new(20, 500_000);
/// The steps of one plan.
const STEPS: Share = Share::new(400, 240_000);
const REMOVALS: Share = Share::new(100, 20_000);
/// Characters of a short value.
const SHORT: usize = 60;
const CHANGES: Share = Share::new(40, 60_000);

pub(super) fn section(report: &Report) -> Option<Section> {
    if report.plans.is_empty() {
        return None;
    }
    let filled = fill(report.plans.iter().enumerate(), PLANS, |(number, each)| {
        plan(number, each)
    });
    let body = html! { (filled.markup) (filled.rest("plan")) };
    Some(Section::new("plans", "Plans", body).counted(report.plans.len()))
}

fn plan(number: usize, plan: &PlanReport) -> Markup {
    let id = format!("plan-{number}");
    let steps = fill(plan.steps.iter(), STEPS, step);
    let removed: Vec<&StepDocument> = plan
        .steps
        .iter()
        .filter(|step| step.verb == Verb::Remove && !step.is_handover())
        .collect();
    let removals = fill(removed.iter(), REMOVALS, |step| {
        html! {
            li {
                code { (brief(&step.instance.to_string())) }
                @if let Some(path) = &step.path { " " code.path { (brief(path)) } }
            }
        }
    });
    let unseen = fill(plan.unseen.iter(), REMOVALS, |unseen| {
        html! { li { code { (brief(&unseen.instance.to_string())) } ": " (sentence(&unseen.reason)) } }
    });
    html! {
        article.plan aria-labelledby=(id) {
            h3 id=(id) { (brief(&plan.environment)) " " code.digest { (short(&plan.digest)) } }
            ul.facts {
                @if plan.steps.is_empty() && plan.unseen.is_empty() {
                    li { (marks::state(State::Good, "nothing to change")) }
                } @else {
                    li { (plan.steps.len()) " to change" }
                }
                li { (plan.unchanged) " unchanged" }
                @if plan.removals > 0 { li { (count(plan.removals, "removal")) } }
                li { "recipe " code { (short(&plan.recipe)) } }
                @if let Some(rehearsed) = plan.rehearsed.filter(|_| !plan.steps.is_empty()) {
                    li.rehearsed {
                        (bar(&format!("{id}-rehearsed"), "Rehearsed steps", rehearsed, plan.steps.len()))
                        " rehearsed " (rehearsed) " of " (plan.steps.len())
                    }
                }
            }
            @if !removed.is_empty() {
                div.banner {
                    p { (marks::state(State::Bad, &format!("Removes {}", count(removed.len(), "resource")))) }
                    ul { (removals.markup) }
                    (removals.rest("removal"))
                }
            }
            @if !plan.unseen.is_empty() {
                div.banner {
                    p { (marks::state(State::Bad, &format!("{} could not be read", count(plan.unseen.len(), "resource")))) }
                    ul { (unseen.markup) }
                    (unseen.rest("resource"))
                }
            }
            @if !plan.steps.is_empty() {
                ol.steps { (steps.markup) }
                (steps.rest("step"))
            }
        }
    }
}

fn step(step: &StepDocument) -> Markup {
    let (sign, verb) = if step.is_handover() {
        ("→", "move")
    } else {
        verb(step.verb)
    };
    let word = if step.word.is_empty() {
        verb
    } else {
        &step.word
    };
    let changes = fill(
        step.changes
            .iter()
            .filter(|change| change.attribute != "presence")
            .collect::<Vec<_>>()
            .into_iter(),
        CHANGES,
        change,
    );
    html! {
        li.step {
            p {
                span.verb { span.sign aria-hidden="true" { (sign) } " " (brief(word)) } " "
                code.subject { (brief(&step.instance.to_string())) } " "
                @if let Some(path) = &step.path { code.path { (brief(path)) } " " }
                span.reason { (sentence(&step.reason)) }
                @if step.risky { " " (marks::state(State::Waiting, "risky")) }
                @if step.rehearsed == Some(false) { " " (marks::state(State::Waiting, "not rehearsed")) }
            }
            @if let Some(successor) = &step.successor {
                p.after { "its place passes to " code { (brief(&successor.to_string())) } }
            }
            (changes.markup)
            (changes.rest("change"))
            @if !step.after.is_empty() {
                p.after {
                    "after "
                    @for (number, before) in step.after.iter().take(8).enumerate() {
                        @if number > 0 { ", " }
                        code { (brief(&before.to_string())) }
                    }
                    @if step.after.len() > 8 { " and " (step.after.len() - 8) " more" }
                }
            }
        }
    }
}

/// A change of two short values is one line.
fn change(change: &Change) -> Markup {
    let is_short = |value: &str| value.chars().count() <= SHORT && !value.contains('\n');
    let before = Some(&*change.before).filter(|value| !value.is_empty());
    let difference = change.difference.as_deref().filter(|text| !text.is_empty());
    html! {
        div.change {
            @if let Some(difference) = difference {
                p.attribute { code { (brief(&change.attribute)) } }
                (unified(difference))
            } @else if is_short(&change.before) && is_short(&change.after) {
                p {
                    code.attribute { (brief(&change.attribute)) } " "
                    @if let Some(before) = before { code { (brief(before)) } " → " }
                    code { (brief(&change.after)) }
                }
            } @else {
                p.attribute { code { (brief(&change.attribute)) } }
                (values(("now", before), ("then", Some(&change.after))))
            }
        }
    }
}

/// The sign and the word of a verb.
pub(super) fn verb(verb: Verb) -> (&'static str, &'static str) {
    match verb {
        Verb::Create => ("+", "create"),
        Verb::Update => ("~", "update"),
        Verb::Replace => ("±", "replace"),
        Verb::Remove => ("-", "remove"),
        Verb::Record => (".", "record"),
    }
}

//! Applies, with the steps that are not done.

use std::time::Duration;

use maud::{Markup, html};

use super::super::document::{ApplyDocument, NotDone, Report, RolloutDocument, outcome_words};
use super::Section;
use super::budget::{Share, fill};
use super::marks::{self, State};
use super::plans::verb;
use super::text::{brief, sentence};
use evenkeel_ledger::record::{ApplyOutcome, StepOutcome};
use evenkeel_model::duration;
use evenkeel_model::text::count;

const APPLIES: Share = Share::new(50, 120_000);
const STEPS: Share = Share::new(100, 40_000);
const HOSTS: Share = Share::new(100, 20_000);

pub(super) fn section(report: &Report) -> Option<Section> {
    if report.applies.is_empty() {
        return None;
    }
    let filled = fill(
        report.applies.iter().enumerate(),
        APPLIES,
        |(number, each)| apply(number, each),
    );
    let body = html! { (filled.markup) (filled.rest("apply")) };
    Some(Section::new("applies", "Applies", body).counted(report.applies.len()))
}

fn apply(number: usize, apply: &ApplyDocument) -> Markup {
    let id = format!("apply-{number}");
    let state = match apply.outcome {
        ApplyOutcome::Done => State::Good,
        ApplyOutcome::Interrupted => State::Waiting,
        ApplyOutcome::Failed | ApplyOutcome::Unknown => State::Bad,
    };
    // Failed steps first: they have reasons, and many steps may not have started.
    let mut not_done: Vec<&NotDone> = apply.not_done.iter().collect();
    not_done.sort_by_key(|step| step.outcome.is_none());
    let steps = fill(not_done.iter(), STEPS, |step| row(step));
    html! {
        article.apply aria-labelledby=(id) {
            h3 id=(id) {
                (brief(&apply.environment))
                @if let Some(name) = &apply.apply { " " code.digest { (brief(name)) } }
            }
            ul.facts {
                li { (marks::state(state, outcome_words(apply.outcome))) }
                li { (apply.done) " changed" }
                li { (apply.unchanged) " unchanged" }
                @if apply.apply.is_some() { li { (seconds(apply.seconds)) } }
            }
            @if !apply.changed.is_empty() {
                p.changed {
                    "Changed "
                    @for (number, address) in apply.changed.iter().enumerate() {
                        @if number > 0 { ", " }
                        code { (brief(address)) }
                    }
                    @if apply.done > apply.changed.len() { " and " (apply.done - apply.changed.len()) " more" }
                }
            }
            @for rollout in &apply.rollouts { (self::rollout(rollout)) }
            @for note in &apply.notes { p { (sentence(note)) } }
            @if !apply.not_done.is_empty() {
                table {
                    caption { "Steps that are not done" }
                    (marks::outcomes())
                    tbody { (steps.markup) }
                }
                (steps.rest("step"))
            }
        }
    }
}

/// Returns the hosts of a rollout.
fn rollout(rollout: &RolloutDocument) -> Markup {
    let failed = rollout.failed.iter();
    let failed = fill(failed, HOSTS, |each| {
        html! { li { code { (brief(&each.host)) } ": " (sentence(&each.reason)) } }
    });
    let untouched = fill(rollout.untouched.iter(), HOSTS, |each| {
        html! { li { code { (brief(each)) } } }
    });
    html! {
        @if let Some(reason) = &rollout.stopped { p { (marks::state(State::Bad, reason)) } }
        p { "Rollout of " code { (brief(&rollout.target)) } ": " (count(rollout.done.len(), "host")) " done, "
            (rollout.failed.len()) " failed, " (rollout.untouched.len()) " untouched" }
        @if !rollout.failed.is_empty() { p { "Failed" } ul { (failed.markup) } (failed.rest("host")) }
        @if !rollout.untouched.is_empty() { p { "Untouched" } ul { (untouched.markup) } (untouched.rest("host")) }
    }
}

fn row(step: &NotDone) -> Markup {
    let (state, words) = match step.outcome {
        Some(StepOutcome::Failed) => (State::Bad, "failed"),
        Some(StepOutcome::Unknown) => (State::Bad, "unknown"),
        Some(StepOutcome::Done) => (State::Good, "done"),
        None => (State::Waiting, "not started"),
    };
    html! {
        tr {
            th scope="row" { (verb(step.verb).1) " " code { (brief(&step.address)) } }
            td { (marks::state(state, words)) }
            td { @if let Some(reason) = &step.reason { (sentence(reason)) } }
        }
    }
}

/// Returns a duration.
pub(super) fn seconds(seconds: f64) -> String {
    duration::phrase(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default())
}

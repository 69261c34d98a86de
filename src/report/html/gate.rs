//! Gate: its verdict, each rule with its result, and the commands that would open it.

use maud::{Markup, html};

use super::super::document::{Headline, Report, RuleDocument};
use super::Section;
use super::budget::{Share, fill};
use super::marks::{self, State};
use super::text::{brief, prose, sentence, short};
use evenkeel_model::text::count;

const RULES: Share = Share::new(100, 200_000);
const REASONS: Share = Share::new(12, 20_000);

pub(super) fn section(report: &Report) -> Option<Section> {
    let verdict = report.verdict.as_ref()?;
    let headline = match (verdict.open, verdict.releasable) {
        (true, _) => Headline::Ready,
        (false, true) => Headline::WaitingForApproval,
        (false, false) => Headline::Blocked,
    };
    let failed = verdict.rules.iter().filter(|rule| !rule.holds).count();
    let filled = fill(verdict.rules.iter(), RULES, row);
    let remedies = fill(verdict.remedies.iter(), RULES, |remedy| {
        html! { li { code { (sentence(remedy)) } } }
    });
    let decisions = fill(verdict.decisions.iter(), RULES, |decision| {
        html! {
            li {
                (sentence(&decision.words())) ", " (decision.at.for_people()) ": " (sentence(&decision.reason))
            }
        }
    });
    let void = fill(verdict.void.iter(), RULES, |void| {
        html! { li { "not counted: " (brief(&void.by)) ": " (sentence(&void.why)) } }
    });
    let body = html! {
        p {
            (marks::state(headline.tone().into(), headline.label())) " "
            (failed) " of " (count(verdict.rules.len(), "rule")) " failed for a release to "
            strong { (brief(&verdict.environment)) }
            ", plan " code { (short(&verdict.plan)) } ", recipe " code { (short(&verdict.recipe)) }
        }
        table.gate {
            caption { "Rules of the gate, in the order in which they are judged" }
            thead {
                tr {
                    th scope="col" { "Rule" }
                    th scope="col" { "Result" }
                    th scope="col" { "Reasons" }
                }
            }
            tbody { (filled.markup) }
        }
        (filled.rest("rule"))
        @if !verdict.decisions.is_empty() || !verdict.void.is_empty() {
            h3 { "Decisions of people" }
            ul { (decisions.markup) (void.markup) }
            (decisions.rest("decision"))
            (void.rest("decision"))
        }
        @if !verdict.remedies.is_empty() {
            h3 { "What opens the gate" }
            ol.commands { (remedies.markup) }
            (remedies.rest("command"))
        }
    };
    Some(Section::new("gate", "Gate", body).counted(verdict.rules.len()))
}

fn row(rule: &RuleDocument) -> Markup {
    let reasons = fill(rule.reasons.iter(), REASONS, |reason| {
        html! { li { (sentence(reason)) } }
    });
    let words = if rule.holds { "holds" } else { "fails" };
    html! {
        tr.failed[!rule.holds] {
            th scope="row" { code { (brief(&rule.code)) } }
            td { (marks::state(State::of(rule.holds), words)) }
            td {
                @if !rule.holds {
                    ul { (reasons.markup) }
                    (reasons.rest("reason"))
                    details {
                        summary { (brief(&rule.title)) }
                        p { (prose(&rule.help)) }
                    }
                }
            }
        }
    }
}

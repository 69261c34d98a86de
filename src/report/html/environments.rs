//! Environments side by side: everything the report contains about each, as one column with the same rows.

use maud::{Markup, html};

use super::super::document::{
    AwaitsDocument, EnvironmentReport, FindingDocument, HeldDocument, LockDocument, LockState,
    ParityDocument, ReleaseDocument, Report, SmokeState, StatusDocument, UnsettledDocument,
    UnsettledState, outcome_words,
};
use super::Section;
use super::budget::{Share, fill};
use super::chart::bar;
use super::marks::{self, State, fact};
use super::text::{brief, sentence, short};
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_model::defect::{Corner, Severity};
use evenkeel_model::text::count;

const CARDS: Share = Share::new(60, 250_000);
const LINES: Share = Share::new(12, 8_000);

/// Everything about one environment.
struct Card<'a> {
    name: &'a str,
    report: Option<&'a EnvironmentReport>,
    status: Option<&'a StatusDocument>,
    lock: Option<&'a LockDocument>,
    findings: Vec<&'a FindingDocument>,
}

pub(super) fn section(report: &Report) -> Option<Section> {
    let cards = cards(report);
    if cards.is_empty() && report.parity.is_none() {
        return None;
    }
    let filled = fill(cards.iter().enumerate(), CARDS, |(number, each)| {
        card(number, each)
    });
    let body = html! {
        div.cards { (filled.markup) }
        @if let Some(parity) = &report.parity { (parity_card(parity)) }
        (filled.rest("environment"))
        @if let Some(parity) = &report.parity { (not_compared(parity)) }
    };
    Some(Section::new("environments", "Environments", body).counted(cards.len()))
}

/// Returns the environments in the order of the report.
fn cards(report: &Report) -> Vec<Card<'_>> {
    let observed = report.environments.iter().map(|each| &*each.name);
    let status = report.status.iter().map(|each| &*each.environment);
    let locks = report.locks.iter().map(|each| &*each.environment);
    let mut cards: Vec<Card<'_>> = Vec::new();
    for name in observed.chain(status).chain(locks) {
        if cards.iter().any(|card| card.name == name) {
            continue;
        }
        let is_of = |finding: &&FindingDocument| finding.environment.as_deref() == Some(name);
        cards.push(Card {
            name,
            report: report.environments.iter().find(|each| each.name == name),
            status: report.status.iter().find(|each| each.environment == name),
            lock: report.locks.iter().find(|each| each.environment == name),
            findings: report.findings.iter().filter(is_of).collect(),
        });
    }
    cards
}

fn card(number: usize, card: &Card<'_>) -> Markup {
    let id = format!("environment-{number}");
    let report = card.report;
    html! {
        article.card aria-labelledby=(id) {
            h3 id=(id) { (brief(card.name)) }
            @if let Some(report) = report { p.state { (in_sync(report)) } }
            dl.facts {
                (fact("Findings", counted(card)))
                (fact("Observed", report.filter(|report| report.declared > 0).map(|report| html! {
                    (bar(&format!("{id}-observed"), "Observed attributes", report.observed, report.declared))
                    span.figures { (report.observed) " of " (count(report.declared, "attribute")) }
                })))
                (fact("Runs", runs(card)))
                (fact("Recipe", card.status.and_then(|status| status.recipe.as_deref()).map(|recipe| html! {
                    code { (short(recipe)) }
                })))
                (fact("Commit", card.status.and_then(|status| status.commit.as_deref()).map(|commit| html! {
                    code { (short(commit)) }
                })))
                (fact("Release", card.status.and_then(|status| status.release.as_ref()).map(release)))
                (fact("Suites", card.status.filter(|status| !status.suites.is_empty()).map(suites)))
                (fact("Running", card.status.and_then(|status| status.running.as_ref()).map(|running| html! {
                    (marks::state(State::Waiting, "running")) " " code { (brief(&running.what)) }
                    " since " (marks::moment_in_parts(running.since))
                })))
                (fact("To release", card.status.and_then(|status| status.awaits.as_ref()).map(awaits)))
                (fact("Last check", card.status.and_then(|status| status.checked.as_ref()).map(|checked| html! {
                    (marks::moment_in_parts(checked.at))
                    span.figures {
                        (count(checked.findings, "finding"))
                        @if !checked.complete { "; not everything was read" }
                    }
                })))
                (fact("Unfinished", card.status.filter(|status| !status.unsettled.is_empty()).map(|status| unfinished(&status.unsettled))))
                (fact("Lease", lease(card)))
            }
        }
    }
}

fn in_sync(report: &EnvironmentReport) -> Markup {
    let is_pending = |name: &str| PENDING.iter().any(|corner| corner.key() == name);
    let drifted: Vec<String> = report
        .corners
        .iter()
        .filter(|(name, _)| !is_pending(name))
        .map(|(name, number)| format!("{number} {}", corner_words(name)))
        .collect();
    let pending: usize = PENDING
        .iter()
        .filter_map(|corner| report.corners.get(corner.key()))
        .sum();
    html! {
        @match (drifted.is_empty(), pending) {
            (true, 0) if report.in_sync => (marks::state(State::Good, "in sync")),
            (true, 0) => (marks::state(State::Bad, "not in sync")),
            (true, _) => (marks::state(State::Waiting, &format!("{pending} pending"))),
            (false, _) => {
                (marks::state(State::Bad, &drifted.join(", ")))
                @if pending > 0 { span.figures { (count(pending, "change")) " pending (not drift)" } }
            }
        }
    }
}

/// Corners that the next apply or release removes.
const PENDING: [Corner; 2] = [Corner::Pending, Corner::HalfPromoted];

fn corner_words(key: &str) -> &str {
    match key {
        "changed-outside" => "changed",
        "changed-outside-in-both" => "changed in both",
        "cannot-tell" => "unreadable",
        "healed" => "not recorded",
        other => other,
    }
}

/// Returns the findings of an environment by severity; absent if no environment has any.
fn counted(card: &Card<'_>) -> Option<Markup> {
    card.report?;
    let of = |severity: Severity| {
        card.findings
            .iter()
            .filter(|finding| {
                finding.allowed.is_none() && !finding.is_pending() && finding.severity == severity
            })
            .count()
    };
    let pending = card
        .findings
        .iter()
        .filter(|finding| finding.is_pending())
        .count();
    let mut words: Vec<String> = [
        Severity::Critical,
        Severity::Error,
        Severity::Warning,
        Severity::Advice,
    ]
    .into_iter()
    .map(|severity| (of(severity), severity.name()))
    .filter(|(number, _)| *number > 0)
    .map(|(number, name)| match name {
        "error" | "warning" => count(number, name),
        _ => format!("{number} {name}"),
    })
    .collect();
    if pending > 0 {
        words.push(format!("{pending} pending"));
    }
    Some(if words.is_empty() {
        html! { "none" }
    } else {
        html! { (words.join(" · ")) }
    })
}

fn runs(card: &Card<'_>) -> Option<Markup> {
    let status = card.status;
    let apply = status
        .and_then(|status| status.apply.as_deref())
        .or_else(|| card.report?.apply.as_deref());
    match (apply, status) {
        (Some(apply), status) => Some(html! {
            code { (brief(apply)) }
            @if let Some(since) = status.and_then(|status| status.since) {
                " since " (marks::moment_in_parts(since))
            }
        }),
        (None, Some(_)) => Some(html! { "nothing applied yet" }),
        (None, None) => None,
    }
}

fn release(release: &ReleaseDocument) -> Markup {
    let (state, words) = match (release.outcome, release.smoke) {
        (None, _) => (State::Bad, "no recorded outcome"),
        (Some(ApplyOutcome::Done), SmokeState::Failed) => (State::Bad, "smoke suites failed"),
        (Some(ApplyOutcome::Done), SmokeState::PassedSince) => {
            (State::Good, "smoke suites failed, and pass since")
        }
        (Some(ApplyOutcome::Done), SmokeState::NotRun) => {
            (State::Waiting, "smoke suites did not run")
        }
        (Some(ApplyOutcome::Done), SmokeState::None) => (State::Good, "done"),
        (Some(ApplyOutcome::Done), SmokeState::Passed) => {
            (State::Good, "done, smoke suites passed")
        }
        (Some(outcome), _) => (State::Bad, outcome_words(outcome)),
    };
    html! {
        code { (brief(&release.id)) } " " (marks::state(state, words)) br;
        @if let Some(rollback) = &release.rollback {
            @if rollback.done { "rolled back " } @else { "rolls back " }
            (brief(&rollback.words())) br;
        }
        (marks::moment_in_parts(release.ended.unwrap_or(release.started)))
    }
}

fn awaits(awaits: &AwaitsDocument) -> Markup {
    html! {
        "recipe " code { (short(&awaits.recipe)) } " of " (brief(&awaits.runs_in))
        " since " (marks::moment_in_parts(awaits.since))
        @if let Some(rolled) = &awaits.rolled_back {
            ", released by " (brief(&rolled.release)) " and rolled back by " (brief(&rolled.by))
            @if let Some(reason) = &rolled.reason {
                " (" (sentence(reason)) ")"
            }
        }
        @if !awaits.shut_by.is_empty() {
            span.figures {
                "gate shut by "
                @for (number, code) in awaits.shut_by.iter().take(8).enumerate() {
                    @if number > 0 { ", " }
                    code { (brief(code)) }
                }
            }
        }
        @for decision in awaits.decisions.iter().take(8) {
            span.figures { (brief(decision)) }
        }
    }
}

fn suites(status: &StatusDocument) -> Markup {
    let filled = fill(status.suites.iter(), LINES, |suite| {
        let words = if suite.passed { "passed" } else { "failed" };
        html! {
            li {
                (brief(&suite.suite)) " " (marks::state(State::of(suite.passed), words))
                span.figures { (sentence(&suite.summary)) }
                @if let Some(ended) = suite.ended { span.figures { (marks::moment_in_parts(ended)) } }
                @if let Some(stale) = &suite.stale {
                    (marks::state(State::Waiting, "stale"))
                    span.figures { (sentence(&stale.reason)) ", since " (marks::moment_in_parts(stale.since)) }
                }
            }
        }
    });
    html! { ul { (filled.markup) } (filled.rest("suite")) }
}

fn unfinished(documents: &[UnsettledDocument]) -> Markup {
    let filled = fill(documents.iter(), LINES, |document| {
        let words = match document.state {
            UnsettledState::Started => "started, no recorded outcome",
            UnsettledState::Failed => "failed",
            UnsettledState::Interrupted => "interrupted",
            UnsettledState::Unknown => "outcome unknown",
        };
        html! {
            li {
                code { (brief(&document.apply)) }
                @if let Some(instance) = &document.instance { " " code { (brief(instance)) } }
                " " (words)
                @if let Some(started) = document.started { ", " (marks::moment_in_parts(started)) }
                @if let Some(broken) = &document.broken {
                    "; lease broken by " (brief(&broken.by)) ", " (marks::moment_in_parts(broken.at)) ": "
                    (sentence(&broken.reason))
                }
            }
        }
    });
    html! { ul { (filled.markup) } (filled.rest("entry")) }
}

fn lease(card: &Card<'_>) -> Option<Markup> {
    if let Some(lock) = card.lock {
        let (state, words) = match lock.state {
            LockState::Free => (State::Good, "free"),
            LockState::Left => (State::Plain, "free, not returned by its last holder"),
            LockState::Held => (State::Waiting, "held"),
        };
        return Some(html! {
            (marks::state(state, words))
            @if let Some(by) = &lock.by {
                " by " (brief(&by.name)) " on " (brief(&by.host)) ", process " (by.process)
            }
            @if let Some(purpose) = &lock.purpose { ", for " code { (brief(purpose)) } }
            @if let Some(since) = lock.since { ", since " (marks::moment_in_parts(since)) }
        });
    }
    let status = card.status?;
    if !status.held {
        return None;
    }
    Some(html! { (marks::state(State::Waiting, "held")) (holder(status.held_by.as_ref())) })
}

fn holder(held: Option<&HeldDocument>) -> Markup {
    html! {
        @match held {
            Some(held) => {
                " by " (brief(&held.by.name)) " on " (brief(&held.by.host)) ", process " (held.by.process)
                ", for " code { (brief(&held.purpose)) } ", since " (marks::moment_in_parts(held.since))
            }
            None => " by an unknown process",
        }
    }
}

fn parity_card(parity: &ParityDocument) -> Markup {
    let (state, words) = match (parity.unread, parity.undeclared) {
        (0, 0) if parity.not_compared.is_empty() => (State::Good, "in parity".to_owned()),
        (0, 0) => (State::Bad, "not all pairs are compared".to_owned()),
        (0, undeclared) => (State::Bad, count(undeclared, "undeclared difference")),
        (unread, 0) => (
            State::Bad,
            format!("{} unreadable", count(unread, "document")),
        ),
        (unread, undeclared) => (
            State::Bad,
            format!(
                "{}, {} unreadable",
                count(undeclared, "undeclared difference"),
                count(unread, "document")
            ),
        ),
    };
    html! {
        article.card.wide aria-labelledby="parity" {
            h3 #parity { "Between environments" }
            p.state { (marks::state(state, &words)) }
            dl.facts {
                (fact("Places", (parity.places > 0).then(|| html! { (parity.places) })))
                (fact("Lesser", (parity.lesser > 0).then(|| html! { (count(parity.lesser, "warning or advice finding")) })))
                (fact("Declared", Some(html! {
                    @match parity.declared {
                        0 => "none",
                        declared => (count(declared, "difference")),
                    }
                    @if let Some(expiry) = parity.first_expiry { ", next expiry " (marks::day(expiry)) }
                })))
                (fact("Documents", parity.documents.as_ref().map(|documents| html! {
                    (count(documents.pairs, "pair")) " in " (count(documents.files, "file")) br;
                    span.figures {
                        (documents.raw) " of " (count(documents.values, "value")) " not byte-identical"
                        @if documents.by_position > 0 {
                            "; " (count(documents.by_position, "list")) " matched by position"
                        }
                    }
                })))
                (fact("Not compared", (!parity.not_compared.is_empty() || parity.left_out > 0).then(|| html! {
                    @if !parity.not_compared.is_empty() {
                        (count(parity.not_compared.len(), "likely pair")) " not declared"
                    }
                    @if !parity.not_compared.is_empty() && parity.left_out > 0 { ", " }
                    @if parity.left_out > 0 { (count(parity.left_out, "pair")) " left out by the definitions" }
                })))
            }
        }
    }
}

fn not_compared(parity: &ParityDocument) -> Markup {
    let filled = fill(
        parity.not_compared.iter(),
        Share::new(200, 60_000),
        |pair| {
            html! {
                li {
                    @for (number, path) in pair.iter().take(8).enumerate() {
                        @if number > 0 { " ↔ " }
                        code { (brief(path)) }
                    }
                }
            }
        },
    );
    html! {
        @if !parity.not_compared.is_empty() {
            h3 { "Likely pairs that no definition mentions" }
            ul.pairs { (filled.markup) }
            (filled.rest("pair"))
        }
    }
}

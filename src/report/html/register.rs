//! Register of a period: releases with the people and the evidence behind them, exceptions, denied attempts, overrides
//! and decisions.

use maud::{Markup, html};

use super::super::document::{AttemptDocument, RegisterDocument, ReleasedDocument, Report};
use super::Section;
use super::budget::{Share, fill};
use super::marks::{self, State, fact};
use super::text::{brief, sentence};

const RELEASES: Share = Share::new(1_000, 1_200_000);
const ROWS: Share = Share::new(2_000, 500_000);
const PARTS: Share = Share::new(100, 60_000);

pub(super) fn sections(report: &Report) -> Vec<Section> {
    let Some(register) = &report.register else {
        return Vec::new();
    };
    vec![
        releases(register),
        decisions(register),
        attempts(
            "denied",
            "Denied attempts",
            "Attempts that the gate or a rule refused",
            &register.denied,
        ),
        exceptions(register),
        attempts(
            "overrides",
            "Overrides",
            "Locks that were broken, targets that were taken over, and requirements that were lowered",
            &register.overrides,
        ),
    ]
}

fn releases(register: &RegisterDocument) -> Section {
    let filled = fill(register.releases.iter(), RELEASES, release);
    let body = html! {
        @if register.releases.is_empty() {
            p { "No release started in this period." }
        }
        (filled.markup)
        (filled.rest("release"))
    };
    Section::new("releases", "Releases", body).counted(register.releases.len())
}

fn release(release: &ReleasedDocument) -> Markup {
    let is_done = release.outcome.as_deref() == Some("done");
    let outcome = release.outcome.as_deref().unwrap_or("no end recorded");
    let approvals = fill(release.approvals.iter(), PARTS, |approval| {
        html! {
            li {
                (brief(&approval.by)) ", " (marks::moment(approval.time)) ", "
                @match &approval.key {
                    Some(key) => { "signed with " code { (brief(key)) } },
                    None => "not signed",
                }
                ": " (sentence(&approval.reason))
            }
        }
    });
    let suites = fill(release.suites.iter(), PARTS, |suite| {
        let words = if suite.passed { "passed" } else { "failed" };
        html! {
            li {
                (marks::state(State::of(suite.passed), words)) " "
                (brief(&suite.suite)) " in " (brief(&suite.environment)) ", " (marks::moment(suite.ended))
                ": " (sentence(&suite.summary))
            }
        }
    });
    let duties = fill(release.shared_duties.iter(), PARTS, |shared| {
        html! { li { (marks::state(State::Waiting, "not separate")) " " (sentence(shared)) } }
    });
    let text = |text: &Option<String>| text.as_deref().map(|text| html! { (sentence(text)) });
    html! {
        h3 { (brief(&release.release)) " to " (brief(&release.environment)) }
        dl.facts {
            (fact("Outcome", Some(marks::state(State::of(is_done), outcome))))
            (fact("Started", Some(html! { (marks::moment(release.time)) " by " (brief(&release.by)) ", entry " (release.entry) })))
            (fact("Change", text(&release.subject)))
            (fact("Commit", release.commit.as_deref().map(|commit| html! { code { (brief(commit)) } })))
            (fact("Authors", Some(html! {
                @match &release.authors {
                    Some(authors) => (sentence(&authors.join(", "))),
                    None => "unknown",
                }
            })))
            (fact("Ticket", text(&release.ticket)))
            (fact("Plan", Some(html! { code { (brief(&release.plan)) } })))
            (fact("Approvals", Some(html! {
                (release.approvals.len()) " of " (release.required) " required"
                ul { (approvals.markup) }
                (approvals.rest("approval"))
            })))
            (fact("Evidence", Some(html! {
                @if release.suites.is_empty() { "no suite" }
                ul { (suites.markup) }
                (suites.rest("suite"))
            })))
            (fact("Duties", Some(html! {
                @if release.shared_duties.is_empty() { (marks::state(State::Good, "separate")) }
                ul { (duties.markup) }
                (duties.rest("duty"))
            })))
            (fact("Dossier", release.dossier.as_deref().map(|dossier| html! { code { (brief(dossier)) } })))
        }
    }
}

fn decisions(register: &RegisterDocument) -> Section {
    let all: Vec<_> = register
        .rows
        .iter()
        .filter(|row| row.is_decision())
        .collect();
    let number = all.len();
    let filled = fill(all.into_iter(), ROWS, |row| {
        html! {
            tr {
                th.number scope="row" { (row.entry) }
                td { (marks::moment(row.time)) }
                td { (brief(row.by.as_deref().unwrap_or("unknown"))) }
                td { (sentence(&row.words)) }
            }
        }
    });
    let body = html! {
        @if number == 0 {
            p { "No decision was recorded in this period." }
        } @else {
            table.entries {
                caption { "Approvals, rejections and withdrawals" }
                thead {
                    tr {
                        th.number scope="col" { "Entry" }
                        th scope="col" { "Time" }
                        th scope="col" { "Person" }
                        th scope="col" { "Decision" }
                    }
                }
                tbody { (filled.markup) }
            }
            (filled.rest("decision"))
        }
    };
    Section::new("decisions", "Decisions", body).counted(number)
}

fn attempts(
    id: &'static str,
    title: &'static str,
    caption: &'static str,
    all: &[AttemptDocument],
) -> Section {
    let filled = fill(all.iter(), ROWS, |attempt| {
        html! {
            tr {
                th.number scope="row" { (attempt.entry) }
                td { (marks::moment(attempt.time)) }
                td {
                    (brief(&attempt.what))
                    @if let Some(environment) = &attempt.environment { " (" (brief(environment)) ")" }
                }
                td { (brief(attempt.by.as_deref().unwrap_or("unknown"))) }
                td { (sentence(&attempt.reason)) }
            }
        }
    });
    let body = html! {
        @if all.is_empty() {
            p { "None was recorded in this period." }
        } @else {
            table.entries {
                caption { (caption) }
                thead {
                    tr {
                        th.number scope="col" { "Entry" }
                        th scope="col" { "Time" }
                        th scope="col" { "What" }
                        th scope="col" { "Account" }
                        th scope="col" { "Reason" }
                    }
                }
                tbody { (filled.markup) }
            }
            (filled.rest("entry"))
        }
    };
    Section::new(id, title, body).counted(all.len())
}

fn exceptions(register: &RegisterDocument) -> Section {
    let filled = fill(register.exceptions.iter(), ROWS, |exception| {
        html! {
            tr {
                th scope="row" { code { (brief(&exception.at)) } }
                td { (sentence(exception.reason.as_deref().unwrap_or("not recorded"))) }
                td {
                    (brief(exception.owner.as_deref().unwrap_or("not recorded")))
                    @if let Some(ticket) = &exception.ticket { br; (brief(ticket)) }
                }
                td { (brief(&exception.first_used)) ", " (marks::moment(exception.time)) }
                td {
                    @match exception.expires {
                        Some(expires) => (marks::day(expires)),
                        None => "not recorded",
                    }
                }
            }
        }
    });
    let body = html! {
        @if register.exceptions.is_empty() {
            p { "No release of this period relied on a declared difference." }
        } @else {
            table.declared {
                caption { "Declared differences that releases of this period relied on" }
                thead {
                    tr {
                        th scope="col" { "Difference" }
                        th scope="col" { "Reason" }
                        th scope="col" { "Owner" }
                        th scope="col" { "First used" }
                        th scope="col" { "Expires" }
                    }
                }
                tbody { (filled.markup) }
            }
            (filled.rest("exception"))
        }
    };
    Section::new("exceptions", "Exceptions", body).counted(register.exceptions.len())
}

//! Head of the page: the verdict, the counts, the checked revision, and the next commands; and its foot.

use maud::{Markup, html};

use super::super::document::Report;
use super::budget::{Share, fill};
use super::marks::{self, State, icon};
use super::text::{brief, sentence, short};
use evenkeel_model::text::count;

const COMMANDS: Share = Share::new(40, 20_000);

/// Returns the title of the page: `DRIFT: shop (evenkeel drift)`.
pub(super) fn title(report: &Report) -> Markup {
    html! {
        @if let Some(headline) = report.headline { (headline.label()) ": " }
        (brief(&report.system)) " (evenkeel " (brief(&report.command)) ")"
    }
}

pub(super) fn header(report: &Report) -> Markup {
    let next = fill(report.next.iter(), COMMANDS, |command| {
        html! { li { code { (sentence(command)) } } }
    });
    let state = report
        .headline
        .map_or(State::Plain, |headline| headline.tone().into());
    html! {
        header.top {
            p.product { "evenkeel " (brief(&report.command)) }
            h1 {
                @if let Some(headline) = report.headline {
                    span class={ "verdict " (state.class()) } {
                        (icon(match state {
                            State::Good => "good",
                            State::Waiting => "waiting",
                            State::Bad => "bad",
                            State::Plain => "advice",
                        }))
                        (headline.label())
                    }
                    " "
                }
                span.system { (brief(&report.system)) }
            }
            @if report.register.is_none() { (counts(report)) }
            dl.origin {
                @if let Some(register) = &report.register {
                    // The page of an export is the same at any time.
                    div { dt { "Entries" } dd { (register.first) " to " (register.last) } }
                    @if let Some(from) = register.from { div { dt { "From" } dd { (marks::moment(from)) } } }
                    @if let Some(to) = register.to { div { dt { "Before" } dd { (marks::moment(to)) } } }
                } @else {
                    div { dt { "Checked" } dd { (marks::moment(report.at)) } }
                }
                @if let Some(origin) = &report.origin {
                    div {
                        dt { "Commit" }
                        dd {
                            @match &origin.commit {
                                Some(commit) => code { (short(commit)) },
                                None => "none",
                            }
                            @if origin.dirty { ", with uncommitted changes" }
                        }
                    }
                }
                @if let Some(release) = &report.release {
                    div { dt { "Release" } dd { code { (brief(release)) } } }
                }
                @if let Some(project) = report.project.as_deref().filter(|project| !project.is_empty()) {
                    div { dt { "Directory" } dd { code { (brief(project)) } } }
                }
                div { dt { "Exit code" } dd { (report.exit_code) } }
            }
            @if !report.next.is_empty() {
                div.next {
                    h2 { "Next" }
                    ol.commands { (next.markup) }
                    (next.rest("command"))
                }
            }
        }
    }
}

/// Returns the number of findings by severity, or that there are none.
fn counts(report: &Report) -> Markup {
    let counts = &report.counts;
    let grave = [
        ("critical", counts.critical, "critical"),
        (
            "error",
            counts.error,
            plural(counts.error, "error", "errors"),
        ),
        (
            "warning",
            counts.warning,
            plural(counts.warning, "warning", "warnings"),
        ),
        ("advice", counts.advice, "advice"),
    ];
    let is_clean = grave.iter().all(|(_, number, _)| *number == 0);
    html! {
        ul.counts {
            @for (class, number, noun) in grave {
                @if number > 0 {
                    li { span class={ "mark " (class) } { (icon(class)) b { (number) } " " (noun) } }
                }
            }
            @if is_clean && report.headline.is_some() {
                li { span.mark.plain { "no findings" } }
            }
            @if counts.pending > 0 {
                li { span.mark.waiting { (icon("waiting")) b { (counts.pending) } " pending" } }
            }
            @if counts.allowed > 0 {
                li { span.mark.plain { (icon("declared")) b { (counts.allowed) } " declared" } }
            }
        }
    }
}

fn plural(number: usize, one: &'static str, many: &'static str) -> &'static str {
    if number == 1 { one } else { many }
}

pub(super) fn footer(report: &Report) -> Markup {
    html! {
        footer {
            p {
                (brief(&report.tool)) ", report format " (brief(&report.format)) ". "
                (count(report.findings.len(), "finding"))
                " in the document. This page is self-contained: it runs no script and loads nothing."
            }
        }
    }
}

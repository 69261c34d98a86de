//! Failure, messages, and omitted parts of the report.

use maud::html;

use super::super::document::Report;
use super::Section;
use super::budget::{Share, fill};
use super::text::{brief, prose, sentence};
use evenkeel_model::text::count;

const LINES: Share = Share::new(500, 100_000);

pub(super) fn failure(report: &Report) -> Option<Section> {
    let failure = report.failure.as_ref()?;
    let changes = fill(failure.changes.iter(), LINES, |change| {
        html! { li { (sentence(change)) } }
    });
    let causes = fill(failure.causes.iter(), LINES, |cause| {
        html! { li { (sentence(cause)) } }
    });
    let body = html! {
        div.banner {
            p { strong { (sentence(&failure.reason)) } }
            @if !failure.causes.is_empty() {
                p { "Caused by:" }
                ul { (causes.markup) }
                (causes.rest("cause"))
            }
            @if !failure.changes.is_empty() {
                p { "Changed since:" }
                ul { (changes.markup) }
                (changes.rest("change"))
            }
            @if let Some(help) = &failure.help { p.help { (prose(help)) } }
        }
    };
    Some(Section::new("failure", "Failure", body))
}

pub(super) fn messages(report: &Report) -> Option<Section> {
    if report.messages.is_empty() && report.cut.is_empty() {
        return None;
    }
    let messages = fill(report.messages.iter(), LINES, |message| {
        html! { li { (sentence(message)) } }
    });
    let cut = fill(report.cut.iter(), LINES, |cut| {
        html! {
            li {
                (count(cut.left_out, "item")) " of " code { (brief(&cut.list)) }
                " left out of the report (" (brief(&cut.by)) ")"
            }
        }
    });
    let body = html! {
        ul.messages { (messages.markup) (cut.markup) }
        (messages.rest("message"))
    };
    Some(Section::new("notes", "Notes", body))
}

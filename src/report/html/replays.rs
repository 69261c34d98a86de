//! Verdicts that were judged again, with both texts where they differ from the record.

use maud::{Markup, html};

use super::super::document::{ReplayDocument, ReplayResult, Report};
use super::Section;
use super::budget::{Share, fill};
use super::marks::{self, State};
use super::text::{brief, sentence, short};

const REPLAYS: Share = Share::new(1_000, 300_000);
const PARTS: Share = Share::new(40, 60_000);
const LINES: Share = Share::new(60, 30_000);

pub(super) fn section(report: &Report) -> Option<Section> {
    if report.replays.is_empty() {
        return None;
    }
    // The ones that differ are the last to be omitted.
    let (same, others): (Vec<&ReplayDocument>, Vec<&ReplayDocument>) = report
        .replays
        .iter()
        .partition(|replay| replay.result == ReplayResult::Same);
    let all: Vec<&ReplayDocument> = others.into_iter().chain(same).collect();
    let filled = fill(all.into_iter(), REPLAYS, row);
    let body = html! {
        table.gate {
            caption { "Verdicts that were judged again from their dossiers" }
            thead {
                tr {
                    th scope="col" { "Verdict" }
                    th scope="col" { "Result" }
                    th scope="col" { "Details" }
                }
            }
            tbody { (filled.markup) }
        }
        (filled.rest("verdict"))
    };
    Some(Section::new("replays", "Replayed verdicts", body).counted(report.replays.len()))
}

fn row(replay: &ReplayDocument) -> Markup {
    let state = State::of(replay.result == ReplayResult::Same);
    let parts = fill(replay.differences.iter(), PARTS, |part| {
        html! {
            dt { code { (brief(&part.part)) } }
            dd { "recorded" (lines(&part.recorded)) }
            dd { "replayed" (lines(&part.replayed)) }
        }
    });
    html! {
        tr.failed[replay.result != ReplayResult::Same] {
            th scope="row" {
                (brief(&replay.name())) br;
                span.figures {
                    "dossier " code { (short(&replay.dossier)) }
                    @if let Some(at) = replay.at { ", " (marks::moment(at)) }
                }
            }
            td { (marks::state(state, replay.result.word())) }
            td {
                p { (sentence(&replay.words())) }
                @if !replay.differences.is_empty() {
                    dl { (parts.markup) }
                    (parts.rest("part"))
                }
            }
        }
    }
}

fn lines(lines: &[String]) -> Markup {
    let filled = fill(
        lines.iter(),
        LINES,
        |line| html! { li { (sentence(line)) } },
    );
    html! {
        ul { (filled.markup) }
        (filled.rest("line"))
    }
}

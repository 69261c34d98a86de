//! Ledger: its entries, its checkpoint, and the checkpoints that it was compared with.

use maud::html;

use super::super::document::Report;
use super::Section;
use super::budget::{Share, fill};
use super::marks::{self, State, fact};
use super::text::{brief, sentence};

const ENTRIES: Share = Share::new(2_000, 300_000);
const PROOFS: Share = Share::new(200, 60_000);

pub(super) fn section(report: &Report) -> Option<Section> {
    if report.entries.is_empty() && report.checkpoint.is_none() && report.proofs.is_empty() {
        return None;
    }
    // The newest entries are the last ones, and the last to be omitted.
    let entries = fill(report.entries.iter().rev(), ENTRIES, |entry| {
        html! {
            tr {
                th.number scope="row" { (entry.sequence) }
                td { (marks::moment(entry.time)) }
                td { code { (brief(&entry.kind)) } " " (sentence(&entry.words)) }
            }
        }
    });
    let proofs = fill(report.proofs.iter(), PROOFS, |proof| {
        let words = if proof.proven { "proven" } else { "not proven" };
        html! {
            tr {
                th scope="row" { code { (brief(&proof.file)) } }
                td { (marks::state(State::of(proof.proven), words)) }
                td {
                    "entries 1 to " (proof.sequence)
                    @if let Some(time) = proof.time { ", " (marks::moment(time)) }
                    @if let Some(reason) = &proof.reason { ": " (sentence(reason)) }
                }
            }
        }
    });
    let body = html! {
        @if let Some(checkpoint) = &report.checkpoint {
            h3 { "Checkpoint" }
            dl.facts {
                (fact("System", Some(html! { (brief(&checkpoint.system)) })))
                (fact("Entry", Some(html! { (checkpoint.sequence) ", " (marks::moment(checkpoint.time)) })))
                (fact("Digest", Some(html! { code { (brief(&checkpoint.digest.to_string())) } })))
                (fact("Lineage", Some(html! { code { (brief(&checkpoint.lineage)) } })))
            }
        }
        @if !report.proofs.is_empty() {
            table {
                caption { "Checkpoints that the ledger was compared with" }
                thead {
                    tr {
                        th scope="col" { "File" }
                        th scope="col" { "Result" }
                        th scope="col" { "Entries" }
                    }
                }
                tbody { (proofs.markup) }
            }
            (proofs.rest("checkpoint"))
        }
        @if !report.entries.is_empty() {
            table.entries {
                caption { "Entries, the newest first" }
                thead {
                    tr {
                        th.number scope="col" { "Entry" }
                        th scope="col" { "Time" }
                        th scope="col" { "Event" }
                    }
                }
                tbody { (entries.markup) }
            }
            (entries.rest("entry"))
        }
    };
    Some(Section::new("ledger", "Ledger", body).counted(report.entries.len()))
}

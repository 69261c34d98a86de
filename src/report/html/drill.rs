//! Drill of the gate: each injected fault, with the rules that shut the gate.

use maud::html;

use super::super::document::{Report, TrialResultDocument};
use super::Section;
use super::budget::{Share, fill};
use super::text::{brief, sentence};

const TRIALS: Share = Share::new(500, 200_000);

pub(super) fn section(report: &Report) -> Option<Section> {
    let drill = report.drill.as_ref()?;
    let filled = fill(drill.trials.iter(), TRIALS, |trial| {
        let class = (trial.result != TrialResultDocument::Shut).then_some("failed");
        html! {
            tr class=[class] {
                th scope="row" { (brief(&trial.fault)) br; span.figures { (sentence(&trial.what)) } }
                td { (trial.result.word()) }
                td { (brief(&trial.expected)) }
                td { (sentence(trial.reason.as_deref().unwrap_or_default())) }
            }
        }
    });
    let body = html! {
        table.gate {
            caption {
                "Faults injected into a copy of the facts of a release to " (brief(&drill.environment))
                "; rules of version " (drill.rules)
            }
            thead {
                tr {
                    th scope="col" { "Fault" }
                    th scope="col" { "Gate" }
                    th scope="col" { "Expected rule" }
                    th scope="col" { "Its reason" }
                }
            }
            tbody { (filled.markup) }
        }
        (filled.rest("fault"))
    };
    Some(Section::new("drill", "Drill of the gate", body).counted(drill.trials.len()))
}

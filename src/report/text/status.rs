//! What runs in an environment, a few lines for each.

use std::io::{self, Write};

use super::super::document::{
    HeldDocument, ReleaseDocument, SmokeState, StatusDocument, UnsettledDocument, UnsettledState,
    outcome_words,
};
use super::Style;
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_model::text::{count, inert};

/// Writes the lines of one environment.
pub(super) fn lines(status: &StatusDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let short = |digest: &Option<String>| {
        digest
            .as_deref()
            .unwrap_or("")
            .trim_start_matches("blake3:")
            .chars()
            .take(12)
            .collect::<String>()
    };
    match (&status.apply, status.since) {
        (Some(apply), Some(since)) => writeln!(
            to,
            "{}  recipe {}  plan {}  since {since}  {apply}{}{}",
            status.environment,
            short(&status.recipe),
            short(&status.plan),
            status
                .release
                .as_ref()
                .map_or_else(String::new, |document| format!("  {}", release(document))),
            status
                .commit
                .as_deref()
                .map_or_else(String::new, |commit| format!(
                    "  {}",
                    commit.chars().take(10).collect::<String>()
                )),
        )?,
        _ => {
            let what = if status.unsettled.is_empty() {
                "nothing was applied yet"
            } else {
                "no apply came to its end yet"
            };
            writeln!(to, "{}  {what}", status.environment)?;
        }
    }
    for line in unsettled(&status.unsettled) {
        writeln!(to, "  {} {}", style.odd("!"), inert(&line))?;
    }
    for suite in &status.suites {
        let mark = if suite.passed {
            style.good("✔")
        } else {
            style.bad("✘")
        };
        writeln!(
            to,
            "  {mark} {}  {}",
            inert(&suite.suite),
            inert(&suite.summary)
        )?;
    }
    if status.held {
        let holder = holder(status.held_by.as_ref());
        writeln!(to, "  {} held by {holder}", style.odd("!"))?;
    }
    Ok(())
}

/// Returns a release's number, and its outcome unless it is as it should be.
fn release(release: &ReleaseDocument) -> String {
    let remark = match (release.outcome, release.smoke) {
        (None, _) => "never said how it ended",
        (Some(ApplyOutcome::Done), SmokeState::Failed) => "its smoke suites failed",
        (Some(ApplyOutcome::Done), SmokeState::PassedSince) => {
            "its smoke suites failed, and pass since"
        }
        (Some(ApplyOutcome::Done), SmokeState::NotRun) => "its smoke suites were not run",
        (Some(ApplyOutcome::Done), SmokeState::None | SmokeState::Passed) => {
            return inert(&release.id).into_owned();
        }
        (Some(outcome), _) => outcome_words(outcome),
    };
    format!("{} ({remark})", inert(&release.id))
}

/// Returns a line for each apply, and one for all steps together.
fn unsettled(documents: &[UnsettledDocument]) -> Vec<String> {
    let (steps, applies): (Vec<_>, Vec<_>) = documents
        .iter()
        .partition(|document| document.instance.is_some());
    let mut lines: Vec<String> = applies.into_iter().map(apply).collect();
    if !steps.is_empty() {
        lines.push(format!(
            "{} begun and not ended; the next apply looks at them",
            count(steps.len(), "step")
        ));
    }
    lines
}

fn apply(document: &UnsettledDocument) -> String {
    let ended = |outcome| format!("{} ended: {}", document.apply, outcome_words(outcome));
    match document.state {
        UnsettledState::Failed => ended(ApplyOutcome::Failed),
        UnsettledState::Interrupted => ended(ApplyOutcome::Interrupted),
        UnsettledState::Unknown => ended(ApplyOutcome::Unknown),
        UnsettledState::Started => {
            let since = document
                .started
                .map_or_else(String::new, |started| format!(" of {started}"));
            let broken = document.broken.as_ref().map_or_else(String::new, |broken| {
                format!(
                    ": {} took its lease away at {}: {}",
                    broken.by, broken.at, broken.reason
                )
            });
            format!("{}{since} never said how it ended{broken}", document.apply)
        }
    }
}

fn holder(held: Option<&HeldDocument>) -> String {
    held.map_or_else(
        || "somebody who has not said who".to_owned(),
        |held| {
            format!(
                "{} on {} (process {}) since {}, for `{}`",
                inert(&held.by.name),
                inert(&held.by.host),
                held.by.process,
                held.since,
                inert(&held.purpose)
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{BrokenDocument, HolderDocument};
    use evenkeel_ledger::record::Verb;
    use evenkeel_model::Moment;

    fn at(text: &str) -> Moment {
        Moment::new(text.parse().unwrap())
    }

    #[test]
    fn a_release_shows_its_outcome_unless_it_is_done_and_passed() {
        let words = |outcome, smoke| {
            release(&ReleaseDocument {
                id: "r-1".into(),
                plan: String::new(),
                recipe: String::new(),
                commit: None,
                started: at("2026-11-27T10:00:00Z"),
                ended: None,
                outcome,
                smoke,
            })
        };
        let done = Some(ApplyOutcome::Done);
        assert_eq!(
            [
                words(None, SmokeState::NotRun),
                words(done, SmokeState::None),
                words(done, SmokeState::Passed),
                words(done, SmokeState::NotRun),
                words(done, SmokeState::PassedSince),
                words(done, SmokeState::Failed),
                words(Some(ApplyOutcome::Failed), SmokeState::NotRun),
                words(Some(ApplyOutcome::Unknown), SmokeState::Failed),
            ],
            [
                "r-1 (never said how it ended)",
                "r-1",
                "r-1",
                "r-1 (its smoke suites were not run)",
                "r-1 (its smoke suites failed, and pass since)",
                "r-1 (its smoke suites failed)",
                "r-1 (failed)",
                "r-1 (outcome unknown)",
            ]
        );
    }

    #[test]
    fn an_apply_has_its_own_line_and_steps_share_one() {
        let mut apply = UnsettledDocument {
            apply: "a-2".into(),
            instance: None,
            verb: None,
            state: UnsettledState::Started,
            started: Some(at("2026-11-27T10:00:00Z")),
            broken: None,
        };
        let step = UnsettledDocument {
            instance: Some("file.config".into()),
            verb: Some(Verb::Update),
            started: None,
            ..apply.clone()
        };
        let shown = |documents: &[UnsettledDocument]| unsettled(documents).join("\n");
        assert_eq!(
            shown(&[apply.clone(), step]),
            "a-2 of 2026-11-27T10:00:00Z never said how it ended\n1 step begun and not ended; the next apply looks at them"
        );
        apply.broken = Some(BrokenDocument {
            by: "ada".into(),
            at: at("2026-11-27T10:05:00Z"),
            reason: "it hangs".into(),
        });
        assert_eq!(
            shown(&[apply.clone()]),
            "a-2 of 2026-11-27T10:00:00Z never said how it ended: ada took its lease away at 2026-11-27T10:05:00Z: it hangs"
        );
        apply.state = UnsettledState::Interrupted;
        assert_eq!(shown(&[apply]), "a-2 ended: interrupted");
    }

    #[test]
    fn a_holder_is_shown_as_its_lock_shows_it() {
        let held = HeldDocument {
            by: HolderDocument {
                name: "ada".into(),
                host: "engine".into(),
                process: 7,
            },
            since: at("2026-11-27T10:00:00Z"),
            purpose: "apply".into(),
        };
        assert_eq!(
            holder(Some(&held)),
            "ada on engine (process 7) since 2026-11-27T10:00:00Z, for `apply`"
        );
        assert_eq!(holder(None), "somebody who has not said who");
    }
}

//! Status of an environment, a few lines each.

use std::io::{self, Write};

use super::super::document::{
    HeldDocument, ReleaseDocument, SmokeState, StatusDocument, UnsettledDocument, UnsettledState,
    outcome_words,
};
use super::layout::{columns, hanging, padded};
use super::lines::one_line;
use super::{Style, short};
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_model::text::{count, inert};
use evenkeel_model::{Moment, duration};

/// Writes the lines of one environment.
pub(super) fn lines(
    status: &StatusDocument,
    widest: usize,
    at: Moment,
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    let name = one_line(&status.environment);
    let name = padded(&name, &name, widest);
    match (&status.apply, status.since) {
        (Some(apply), Some(since)) => {
            let mut parts = vec![inert(apply).into_owned()];
            parts.extend(status.release.as_ref().map(release));
            parts.push(format!("since {}", since.for_people()));
            if let Some(commit) = &status.commit {
                let short: String = commit.chars().take(7).collect();
                parts.push(format!("commit {}", inert(&short)));
            }
            for (what, digest) in [("recipe", &status.recipe), ("plan", &status.plan)] {
                if let Some(digest) = digest {
                    parts.push(format!("{what} {}", short(digest)));
                }
            }
            let start = format!("{name}   ");
            let indent = columns(&start);
            hanging(&start, indent, &parts.join(" · "), style.width, to)?;
        }
        _ => {
            let what = if status.unsettled.is_empty() {
                "nothing deployed yet"
            } else {
                "no apply has finished yet"
            };
            let mut parts = vec![what.to_owned()];
            // A run that was killed before its first step is in no apply.
            if !status.held {
                parts.extend(status.release.as_ref().map(release));
            }
            writeln!(to, "{name}   {}", parts.join(" · "))?;
        }
    }
    if let Some(running) = &status.running {
        let took = duration::phrase(at.since(running.since));
        let by = status.held_by.as_ref().map_or_else(String::new, |held| {
            format!(
                ", by {} on {} (process {})",
                held.by.name, held.by.host, held.by.process
            )
        });
        let text = format!("{} running, {took}{by}", running.what);
        line("•", style.odd("•"), &text, style, to)?;
    } else if status.held {
        let text = format!("locked by {}", holder(status.held_by.as_ref()));
        line("•", style.odd("•"), &text, style, to)?;
    }
    for text in unsettled(&status.unsettled) {
        line("!", style.odd("!"), &text, style, to)?;
    }
    let widest = status
        .suites
        .iter()
        .map(|suite| columns(&suite.suite))
        .max()
        .unwrap_or(0);
    for suite in &status.suites {
        let (mark, painted) = match (suite.passed, &suite.stale) {
            (true, None) => ("✔", style.good("✔")),
            (true, Some(_)) => ("•", style.odd("•")),
            (false, _) => ("✘", style.bad("✘")),
        };
        let mut text = format!("{:<widest$}  {}", suite.suite, suite.summary);
        if let Some(stale) = &suite.stale {
            text.push_str(&format!(
                "  stale since {}: {}",
                stale.since.for_people(),
                stale.reason
            ));
        } else if let Some(ended) = suite.ended {
            text.push_str(&format!("  {} ago", duration::phrase(at.since(ended))));
        }
        line(mark, painted, &text, style, to)?;
    }
    if let Some(checked) = &status.checked {
        let found = match (checked.findings, checked.complete) {
            (0, true) => "in sync".to_owned(),
            (0, false) => "cannot tell".to_owned(),
            (findings, _) => count(findings, "finding"),
        };
        let good = checked.findings == 0 && checked.complete;
        let (mark, painted) = if good {
            ("✔", style.good("✔"))
        } else {
            ("✘", style.bad("✘"))
        };
        let text = format!("{found} in the check of {}", checked.at.for_people());
        line(mark, painted, &text, style, to)?;
    }
    if let Some(awaits) = &status.awaits {
        let what = match &awaits.rolled_back {
            None => "awaits release".to_owned(),
            Some(rolled) => {
                let reason = rolled.reason.iter();
                let reason: String = reason.map(|reason| format!(" ({reason})")).collect();
                format!(
                    "was released by {} and rolled back by {}{reason}",
                    rolled.release, rolled.by
                )
            }
        };
        let mut text = format!(
            "recipe {} {what}; in {} since {}",
            short(&awaits.recipe),
            awaits.runs_in,
            awaits.since.for_people()
        );
        if !awaits.shut_by.is_empty() {
            let codes = awaits.shut_by.iter();
            let codes: Vec<&str> = codes
                .map(|code| code.strip_prefix("gate/").unwrap_or(code))
                .collect();
            text.push_str(&format!("; blocked by {}", codes.join(", ")));
        }
        for decision in &awaits.decisions {
            text.push_str(&format!("; {decision}"));
        }
        line("•", style.odd("•"), &text, style, to)?;
    }
    Ok(())
}

/// Writes one line below an environment's name.
fn line(
    mark: &str,
    painted: String,
    text: &str,
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    let indent = 2 + columns(mark) + 1;
    hanging(
        &format!("  {painted} "),
        indent,
        &one_line(text),
        style.width,
        to,
    )
}

/// Returns a release's number, what it rolled back, and its outcome unless it succeeded.
fn release(release: &ReleaseDocument) -> String {
    let mut remarks = Vec::new();
    remarks.extend(release.rollback.as_ref().map(|rollback| {
        let words = if rollback.done { "rolled" } else { "rolls" };
        format!("{words} back {}", rollback.words())
    }));
    remarks.extend(match (release.outcome, release.smoke) {
        (None, _) => Some("no recorded outcome".to_owned()),
        (Some(ApplyOutcome::Done), SmokeState::Failed) => Some("smoke suites failed".to_owned()),
        (Some(ApplyOutcome::Done), SmokeState::PassedSince) => {
            Some("its smoke suites failed then, pass now".to_owned())
        }
        (Some(ApplyOutcome::Done), SmokeState::NotRun) => Some("smoke suites not run".to_owned()),
        (Some(ApplyOutcome::Done), SmokeState::None | SmokeState::Passed) => None,
        (Some(outcome), _) => Some(outcome_words(outcome).to_owned()),
    });
    if remarks.is_empty() {
        return inert(&release.id).into_owned();
    }
    inert(&format!("{} ({})", release.id, remarks.join("; "))).into_owned()
}

/// Returns a line for each apply, and one for all steps together.
fn unsettled(documents: &[UnsettledDocument]) -> Vec<String> {
    let (steps, applies): (Vec<_>, Vec<_>) = documents
        .iter()
        .partition(|document| document.instance.is_some());
    let mut lines: Vec<String> = applies.into_iter().map(apply).collect();
    if !steps.is_empty() {
        lines.push(format!(
            "{} without an outcome; the next apply checks them",
            count(steps.len(), "step")
        ));
    }
    lines
}

fn apply(document: &UnsettledDocument) -> String {
    let ended = |outcome| format!("{} {}", document.apply, outcome_words(outcome));
    match document.state {
        UnsettledState::Failed => ended(ApplyOutcome::Failed),
        UnsettledState::Interrupted => ended(ApplyOutcome::Interrupted),
        UnsettledState::Unknown => ended(ApplyOutcome::Unknown),
        UnsettledState::Started => {
            let since = document.started.map_or_else(String::new, |started| {
                format!(" of {}", started.for_people())
            });
            let broken = document.broken.as_ref().map_or_else(String::new, |broken| {
                format!(
                    "; {} broke its lock at {}: {}",
                    broken.by,
                    broken.at.for_people(),
                    broken.reason
                )
            });
            format!("{}{since} has no recorded outcome{broken}", document.apply)
        }
    }
}

fn holder(held: Option<&HeldDocument>) -> String {
    held.map_or_else(
        || "an unknown process".to_owned(),
        |held| {
            format!(
                "{} on {} (process {}) since {}, for `{}`",
                inert(&held.by.name),
                inert(&held.by.host),
                held.by.process,
                held.since.for_people(),
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
                rollback: None,
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
                "r-1 (no recorded outcome)",
                "r-1",
                "r-1",
                "r-1 (smoke suites not run)",
                "r-1 (its smoke suites failed then, pass now)",
                "r-1 (smoke suites failed)",
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
            "a-2 of 2026-11-27 10:00:00 UTC has no recorded outcome\n1 step without an outcome; the next apply checks them"
        );
        apply.broken = Some(BrokenDocument {
            by: "ada".into(),
            at: at("2026-11-27T10:05:00Z"),
            reason: "it hangs".into(),
        });
        assert_eq!(
            shown(&[apply.clone()]),
            "a-2 of 2026-11-27 10:00:00 UTC has no recorded outcome; ada broke its lock at 2026-11-27 10:05:00 UTC: it hangs"
        );
        apply.state = UnsettledState::Interrupted;
        assert_eq!(shown(&[apply]), "a-2 interrupted");
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
            "ada on engine (process 7) since 2026-11-27 10:00:00 UTC, for `apply`"
        );
        assert_eq!(holder(None), "an unknown process");
    }
}

//! How environments stand: what drifts, and what runs.

use std::io::{self, Write};

use super::super::document::{EnvironmentReport, StatusDocument};
use super::Style;
use evenkeel_model::text::{count, inert};

pub(super) fn environment_line(
    environment: &EnvironmentReport,
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    let sum = if environment.in_sync {
        style.good("in sync")
    } else {
        let corners: Vec<String> = environment
            .corners
            .iter()
            .map(|(name, number)| format!("{number} {name}"))
            .collect();
        style.bad(&corners.join(", "))
    };
    let share = (environment.observed * 100)
        .checked_div(environment.declared)
        .map_or_else(
            || "nothing declared".to_owned(),
            |share| {
                format!(
                    "{share} % of {} observed",
                    count(environment.declared, "attribute")
                )
            },
        );
    writeln!(to, "  {:<12} {sum}   {share}", environment.name)
}

pub(super) fn status_lines(
    status: &StatusDocument,
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
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
                .as_deref()
                .map_or_else(String::new, |release| format!("  {release}")),
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
    for line in &status.unsettled {
        writeln!(to, "  {} {}", style.odd("!"), inert(line))?;
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
    if let Some(holder) = &status.held_by {
        writeln!(to, "  {} held by {}", style.odd("!"), inert(holder))?;
    }
    Ok(())
}

//! Plans: in full where they were asked for, counted where they are only told of.

use std::io::{self, Write};

use super::super::document::PlanReport;
use super::{SHOWN_STEPS, Style};
use evenkeel_ledger::record::Verb;
use evenkeel_model::text::{count, inert};

/// What a release would do, in one line.
pub(super) fn would_change(plan: &PlanReport, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let mut line = format!("would change {}", plan.steps.len());
    if plan.removals > 0 {
        line.push_str(&style.bad(&format!(", removing {}", plan.removals)));
    }
    if let Some(rehearsed) = plan.rehearsed {
        line.push_str(&format!("; rehearsed {rehearsed} of {}", plan.steps.len()));
    }
    for unseen in &plan.unseen {
        line.push_str(&format!(
            "; {} cannot be seen: {}",
            unseen.instance,
            inert(&unseen.reason)
        ));
    }
    writeln!(to, "  {:<12} {line}", plan.environment)
}

pub(super) fn plan_lines(
    plan: &PlanReport,
    in_full: bool,
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    let short = |digest: &str| {
        digest
            .trim_start_matches("blake3:")
            .chars()
            .take(12)
            .collect::<String>()
    };
    writeln!(
        to,
        "{}  plan {}  recipe {}",
        plan.environment,
        short(&plan.digest),
        short(&plan.recipe)
    )?;
    // What is removed is shown and counted first.
    if plan.removals > 0 {
        writeln!(
            to,
            "  {}",
            style.bad(&format!("removes {}", count(plan.removals, "resource")))
        )?;
    }
    let mut steps: Vec<_> = plan.steps.iter().collect();
    steps.sort_by_key(|step| step.verb != Verb::Remove);
    for step in steps.iter().take(if in_full { SHOWN_STEPS } else { 0 }) {
        let (sign, word) = if step.is_handover() {
            (style.faint("→"), "move")
        } else {
            verb(step.verb, style)
        };
        let unrehearsed = if step.rehearsed == Some(false) {
            style.odd("  not rehearsed")
        } else {
            String::new()
        };
        writeln!(
            to,
            "  {sign} {word:<7} {}  {}{unrehearsed}",
            step.instance,
            style.faint(&inert(&step.reason))
        )?;
        for change in step
            .changes
            .iter()
            .filter(|change| change.attribute != "presence")
        {
            writeln!(
                to,
                "      {} {} → {}",
                change.attribute,
                inert(&change.before),
                inert(&change.after)
            )?;
            for line in change.difference.as_deref().unwrap_or("").lines() {
                let line = inert(line);
                let painted = match line.chars().next() {
                    Some('+') => style.good(&line),
                    Some('-') => style.bad(&line),
                    _ => style.faint(&line),
                };
                writeln!(to, "        {painted}")?;
            }
        }
    }
    if in_full && steps.len() > SHOWN_STEPS {
        writeln!(
            to,
            "  … and {} more; --format json has them all",
            count(steps.len() - SHOWN_STEPS, "step")
        )?;
    }
    for unseen in &plan.unseen {
        writeln!(
            to,
            "  {} {}: {}",
            style.bad("?"),
            unseen.instance,
            inert(&unseen.reason)
        )?;
    }
    let rehearsed = match plan.rehearsed {
        Some(rehearsed) if !plan.steps.is_empty() => {
            format!("; rehearsed {rehearsed} of {}", plan.steps.len())
        }
        _ => String::new(),
    };
    if plan.steps.is_empty() && plan.unseen.is_empty() {
        writeln!(
            to,
            "  {}  {} unchanged",
            style.good("nothing to do"),
            plan.unchanged
        )
    } else {
        writeln!(
            to,
            "  {} to change, {} unchanged{rehearsed}",
            plan.steps.len(),
            plan.unchanged
        )
    }
}

pub(super) fn verb(verb: Verb, style: Style) -> (String, &'static str) {
    match verb {
        Verb::Create => (style.good("+"), "create"),
        Verb::Update => (style.odd("~"), "update"),
        Verb::Replace => (style.odd("±"), "replace"),
        Verb::Remove => (style.bad("-"), "remove"),
        Verb::Record => (style.faint("."), "record"),
    }
}

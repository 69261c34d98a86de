//! Plans: every step with its values, in the order of execution; removals under a banner.

use std::io::{self, Write};

use super::super::document::{PlanReport, StepDocument};
use super::Style;
use super::alike::{self, Alike};
use super::details;
use super::layout::{GAP, columns, hanging, more, padded};
use super::lines::one_line;
use super::short;
use evenkeel_ledger::record::Verb;
use evenkeel_model::text::count;

/// Number of steps that are displayed before the rest is counted.
const SHOWN: usize = 60;
/// Number of removals in the banner that are displayed before the rest is counted.
const SHOWN_REMOVALS: usize = 20;
/// Maximum width of the address column.
const WIDEST: usize = 32;

/// Writes a plan: its digests, its removals, its steps, and the sum.
pub(super) fn whole(plan: &PlanReport, style: Style, to: &mut dyn Write) -> io::Result<()> {
    writeln!(
        to,
        "\n{}   {}",
        one_line(&plan.environment),
        style.faint(&format!(
            "plan {} · recipe {}",
            short(&plan.digest),
            short(&plan.recipe)
        ))
    )?;
    removals(plan, style, to)?;
    steps(plan, style, to)?;
    writeln!(to, "{GAP}{}", sum(plan))
}

/// Writes the steps of a plan, and unobservable resources.
pub(super) fn steps(plan: &PlanReport, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let groups: Vec<Alike<'_>> = alike::groups(plan.steps.iter()).collect();
    let address = groups
        .iter()
        .map(|each| columns(&each.name()))
        .max()
        .unwrap_or(0)
        .min(WIDEST);
    let shown = if style.all { groups.len() } else { SHOWN };
    for each in groups.iter().take(shown) {
        step(each, address, style, to)?;
    }
    if let Some(line) = more(groups.len().saturating_sub(shown)) {
        writeln!(to, "{GAP}{line}")?;
    }
    for (name, reason) in alike::unseen(&plan.unseen) {
        let start = format!("{GAP}{} cannot tell  ", style.bad("?"));
        let text = format!("{name}: {reason}");
        hanging(&start, 17, &one_line(&text), style.width, to)?;
    }
    Ok(())
}

/// Writes the removals of a plan, above everything else.
pub(super) fn removals(plan: &PlanReport, style: Style, to: &mut dyn Write) -> io::Result<()> {
    if plan.removals == 0 {
        return Ok(());
    }
    let banner = format!("! removes {}", count(plan.removals, "resource"));
    writeln!(to, "{GAP}{}", style.bad(&banner))?;
    let removals = plan.steps.iter().filter(|step| is_removal(step));
    let mut all = alike::groups(removals);
    let shown = if style.all {
        plan.removals
    } else {
        SHOWN_REMOVALS
    };
    for each in all.by_ref().take(shown) {
        let path = each.first.path.as_deref().map(one_line).unwrap_or_default();
        let name = one_line(&each.name());
        let on = each.on().map(|on| format!("{GAP}{on}")).unwrap_or_default();
        let line = format!("{GAP}  {name}{GAP}{path}{on}");
        writeln!(to, "{}", line.trim_end())?;
    }
    if let Some(line) = more(all.count()) {
        writeln!(to, "{GAP}  {line}")?;
    }
    Ok(())
}

/// Whether a step removes something that no declared resource replaces.
fn is_removal(step: &StepDocument) -> bool {
    step.verb == Verb::Remove && step.successor.is_none()
}

fn step(each: &Alike<'_>, address: usize, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let step = each.first;
    let (sign, word) = if step.is_handover() {
        ("→", "move")
    } else {
        (sign(step.verb), &*step.word)
    };
    let name = one_line(&each.name());
    let word = one_line(word);
    let start = format!(
        "{GAP}{sign} {word:<7} {}{GAP}",
        padded(&name, &name, address)
    );
    let indent = columns(&start);
    let mut parts: Vec<String> = Vec::new();
    let mut texts = Vec::new();
    for change in step.changes.iter() {
        // The record of a running program is internal.
        let is_internal = change.attribute == "path" && step.path.is_none();
        if change.attribute == "presence" || is_internal {
            continue;
        }
        if let Some(difference) = &change.difference {
            texts.push((&change.attribute, difference));
        } else if step.verb != Verb::Create {
            parts.push(format!(
                "{} {} → {}",
                change.attribute, change.before, change.after
            ));
        }
    }
    if parts.is_empty() && texts.is_empty() {
        parts.extend(step.path.clone());
    }
    if !step.reason.is_empty() {
        parts.push(step.reason.clone().into_owned());
    }
    if step.risky {
        parts.push("risky".to_owned());
    }
    if step.rehearsed == Some(false) {
        parts.push("not rehearsed".to_owned());
    }
    parts.extend(each.on());
    hanging(
        &start,
        indent,
        &one_line(&parts.join(" · ")),
        style.width,
        to,
    )?;
    for (attribute, difference) in texts {
        writeln!(to, "{}{}:", " ".repeat(6), one_line(attribute))?;
        details::difference(difference, 8, style, to)?;
    }
    Ok(())
}

/// Returns the sign of a step, as usual for plans.
pub(super) fn sign(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "+",
        Verb::Update => "~",
        Verb::Replace => "±",
        Verb::Remove => "-",
        Verb::Record => ".",
    }
}

/// Returns the sum of a plan: `5 to change, 13 unchanged; rehearsed 5/5`.
pub(super) fn sum(plan: &PlanReport) -> String {
    let mut text = if plan.steps.is_empty() && plan.unseen.is_empty() {
        format!("nothing to do, {} unchanged", plan.unchanged)
    } else {
        format!(
            "{} to change, {} unchanged",
            plan.steps.len(),
            plan.unchanged
        )
    };
    if let (Some(rehearsed), false) = (plan.rehearsed, plan.steps.is_empty()) {
        text.push_str(&format!("; rehearsed {rehearsed}/{}", plan.steps.len()));
    }
    if !plan.unseen.is_empty() {
        text.push_str(&format!("; {} cannot be read", plan.unseen.len()));
    }
    text
}

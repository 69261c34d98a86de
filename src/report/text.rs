//! Text for people: defects at their places first, then what was done, then the sums, then what to type next.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};
use miette::{GraphicalReportHandler, GraphicalTheme};

use super::document::{
    ApplyDocument, EnvironmentReport, PlanReport, Report, StatusDocument, SuiteDocument,
    VerdictDocument,
};
use super::places::parts;
use super::{checkpoints, locks};
use crate::defect::Defect;
use crate::ledger::record::{ApplyOutcome, StepOutcome, Verb};
use crate::model::duration;
use crate::text::{count, inert};

/// Steps shown one by one before the rest is counted.
const SHOWN_STEPS: usize = 60;
/// Defects shown one by one before the rest is counted.
const SHOWN_DEFECTS: usize = 60;
/// Places of one defect shown one by one before the rest is counted.
const SHOWN_PLACES: usize = 8;
/// Reasons of one rule of the gate shown one by one before the rest is counted.
const SHOWN_REASONS: usize = 12;

/// How text is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether colours are used.
    pub colour: bool,
    /// Columns.
    pub width: usize,
}

impl Style {
    fn paint(self, colour: AnsiColor, text: &str) -> String {
        if self.colour {
            let ansi = Ansi::new().fg_color(Some(colour.into()));
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }

    pub(super) fn good(self, text: &str) -> String {
        self.paint(AnsiColor::Green, text)
    }

    pub(super) fn bad(self, text: &str) -> String {
        self.paint(AnsiColor::Red, text)
    }

    pub(super) fn odd(self, text: &str) -> String {
        self.paint(AnsiColor::Yellow, text)
    }

    pub(super) fn faint(self, text: &str) -> String {
        if self.colour {
            let ansi = Ansi::new().dimmed();
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }

    fn handler(self) -> GraphicalReportHandler {
        let theme = if self.colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        GraphicalReportHandler::new_themed(theme)
            .with_width(self.width.max(40))
            .with_links(false)
            .with_context_lines(1)
            .tab_width(4)
    }
}

/// Writes a report.
pub(super) fn write(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
    // What is to be kept is printed alone, as it is to be kept.
    if let (checkpoints::COMMAND, Some(checkpoint), []) =
        (report.command, &report.checkpoint, &*report.messages)
    {
        return to.write_all(checkpoint.text().map_err(io::Error::other)?.as_bytes());
    }
    let (declared, undeclared): (Vec<&Defect>, Vec<&Defect>) = report
        .defects
        .iter()
        .partition(|defect| defect.declared.is_some());
    defects(&undeclared, style, to)?;
    for entry in &report.entries {
        writeln!(
            to,
            "{:>5}  {}  {:<16} {}",
            entry.sequence,
            style.faint(&entry.time.to_string()),
            entry.kind,
            inert(&entry.words)
        )?;
    }
    let in_full = report.command == "plan";
    let applied = |plan: &&PlanReport| {
        report
            .applies
            .iter()
            .any(|apply| apply.environment == plan.environment)
    };
    for plan in report.plans.iter().filter(|plan| in_full || applied(plan)) {
        plan_lines(plan, in_full, style, to)?;
    }
    for apply in &report.applies {
        apply_lines(apply, style, to)?;
    }
    for suite in &report.suites {
        suite_lines(suite, style, to)?;
    }
    for plan in report
        .plans
        .iter()
        .filter(|plan| !in_full && !applied(plan))
    {
        would_change(plan, style, to)?;
    }
    if let Some(parity) = &report.parity {
        let sums = match parity.first_expiry {
            Some(expiry) => format!(
                "{} declared, the first until {}",
                parity.declared,
                expiry.date()
            ),
            None => "none declared".into(),
        };
        let mut sum = match (parity.unread, parity.undeclared) {
            (0, 0) => style.good("in parity"),
            (0, undeclared) => style.bad(&count(undeclared, "undeclared difference")),
            (_, 0) => style.bad("cannot tell"),
            (_, undeclared) => style.bad(&format!(
                "cannot tell all; {}",
                count(undeclared, "undeclared difference")
            )),
        };
        if parity.places > parity.undeclared {
            sum.push_str(&format!(" at {}", count(parity.places, "place")));
        }
        if parity.lesser > 0 {
            sum.push_str(&format!(", {}", count(parity.lesser, "lesser one")));
        }
        writeln!(to, "  {:<12} {sum}   {sums}", "parity")?;
        if let Some(documents) = &parity.documents {
            writeln!(
                to,
                "  {:<12} {} in {}; {} of {} differ to the letter",
                "documents",
                count(documents.pairs, "pair"),
                count(documents.files, "file"),
                documents.raw,
                count(documents.values, "value"),
            )?;
        }
    }
    for defect in declared.iter().take(SHOWN_DEFECTS) {
        declared_line(defect, style, to)?;
    }
    // Where nothing is declared but documents, there is nothing to say of what runs.
    let is_bare = report
        .environments
        .iter()
        .all(|environment| environment.declared == 0 && environment.in_sync);
    for environment in report.environments.iter().filter(|_| !is_bare) {
        environment_line(environment, style, to)?;
    }
    for status in &report.status {
        status_lines(status, style, to)?;
    }
    for lock in &report.locks {
        locks::line(lock, style, to)?;
    }
    for proof in &report.proofs {
        checkpoints::line(proof, style, to)?;
    }
    if let Some(verdict) = &report.verdict {
        verdict_lines(verdict, style, to)?;
    }
    for message in &report.messages {
        writeln!(to, "{}", inert(message))?;
    }
    if !report.next.is_empty() {
        writeln!(to, "next:")?;
        for command in &report.next {
            writeln!(to, "  {}", inert(command))?;
        }
    }
    Ok(())
}

/// Writes what is wrong before anything could be done: all complaints about definitions.
///
/// # Errors
///
/// When `to` cannot be written.
pub fn failure(complaints: &[Defect], style: Style, to: &mut dyn Write) -> io::Result<()> {
    defects(&complaints.iter().collect::<Vec<_>>(), style, to)
}

/// What is declared stays in every report, in one line.
fn declared_line(defect: &Defect, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let attribute = defect
        .attribute
        .as_deref()
        .map_or_else(String::new, |name| {
            let dot = if name.starts_with('[') { "" } else { "." };
            format!("{dot}{name}")
        });
    let values = match (&defect.expected, &defect.found) {
        (Some(expected), Some(found)) => format!("  {expected} | {found}"),
        _ => String::new(),
    };
    let line = format!("{}{attribute}{values}", defect.subject).replace('\n', "\\n");
    writeln!(
        to,
        "    {}  {}",
        inert(&line),
        style.faint(&inert(defect.declared.as_deref().unwrap_or("")))
    )
}

fn defects(all: &[&Defect], style: Style, to: &mut dyn Write) -> io::Result<()> {
    let handler = style.handler();
    for defect in all.iter().take(SHOWN_DEFECTS) {
        let mut text = String::new();
        for part in parts(defect) {
            handler
                .render_report(&mut text, &part)
                .map_err(io::Error::other)?;
        }
        also(defect, style, &mut text);
        // One empty line between defects, and the identity that `explain` takes.
        let id = style.faint(&format!(
            "  {} {}",
            defect.fingerprint().short(),
            corner(defect)
        ));
        writeln!(to, "{}\n{}\n", text.trim_end(), id.trim_end())?;
    }
    if let Some(rest) = all
        .len()
        .checked_sub(SHOWN_DEFECTS)
        .filter(|rest| *rest > 0)
    {
        writeln!(
            to,
            "… and {} more; --format json has them all\n",
            count(rest, "finding")
        )?;
    }
    Ok(())
}

/// The other places of a defect, one line each.
fn also(defect: &Defect, style: Style, text: &mut String) {
    if defect.also.is_empty() {
        return;
    }
    while text.ends_with('\n') {
        text.pop();
    }
    text.push_str(&format!(
        "\n  at {} in all; the others:\n",
        count(defect.reach(), "place")
    ));
    for also in defect.also.iter().take(SHOWN_PLACES) {
        let places: Vec<String> = also
            .labels
            .iter()
            .map(|label| label.span.location().to_string())
            .collect();
        text.push_str(&format!(
            "    {}  {}\n",
            inert(also.attribute.as_deref().unwrap_or(&also.subject)),
            style.faint(&inert(&places.join(", ")))
        ));
    }
    if defect.also.len() > SHOWN_PLACES {
        text.push_str(&format!(
            "    … and {} more; --format json has them all\n",
            defect.also.len() - SHOWN_PLACES
        ));
    }
}

fn corner(defect: &Defect) -> &'static str {
    defect.corner.map_or("", crate::defect::Corner::name)
}

/// What a release would do, in one line.
fn would_change(plan: &PlanReport, style: Style, to: &mut dyn Write) -> io::Result<()> {
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
            unseen.address,
            inert(&unseen.reason)
        ));
    }
    writeln!(to, "  {:<12} {line}", plan.environment)
}

fn plan_lines(
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
        let (sign, word) = verb(step.verb, style);
        let unrehearsed = if step.rehearsed == Some(false) {
            style.odd("  not rehearsed")
        } else {
            String::new()
        };
        writeln!(
            to,
            "  {sign} {word:<7} {}  {}{unrehearsed}",
            step.address,
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
            unseen.address,
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

fn verb(verb: Verb, style: Style) -> (String, &'static str) {
    match verb {
        Verb::Create => (style.good("+"), "create"),
        Verb::Update => (style.odd("~"), "update"),
        Verb::Replace => (style.odd("±"), "replace"),
        Verb::Remove => (style.bad("-"), "remove"),
        Verb::Record => (style.faint("."), "record"),
    }
}

fn apply_lines(apply: &ApplyDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let mark = match apply.outcome {
        ApplyOutcome::Done => style.good("✔"),
        ApplyOutcome::Failed => style.bad("✘"),
        ApplyOutcome::Interrupted => style.odd("■"),
        ApplyOutcome::Unknown => style.bad("?"),
    };
    let mut sum = vec![
        format!("{} changed", apply.done),
        format!("{} unchanged", apply.unchanged),
    ];
    let counted = |outcome| {
        apply
            .not_done
            .iter()
            .filter(|step| step.outcome == outcome)
            .count()
    };
    for (number, what) in [
        (counted(Some(StepOutcome::Failed)), "failed"),
        (counted(Some(StepOutcome::Unknown)), "unknown"),
        (counted(None), "not started"),
    ] {
        if number > 0 {
            sum.push(format!("{number} {what}"));
        }
    }
    let took = duration::phrase(std::time::Duration::from_secs_f64(apply.seconds.max(0.0)));
    let how = match &apply.apply {
        Some(name) => format!("  {took}  {}", style.faint(name)),
        None => String::new(),
    };
    writeln!(
        to,
        "  {:<12} {mark} {}{how}",
        apply.environment,
        sum.join(", ")
    )?;
    // What failed says why; of what was not started there may be very much, and it comes after.
    let mut not_done: Vec<_> = apply.not_done.iter().collect();
    not_done.sort_by_key(|step| step.outcome.is_none());
    for step in not_done.iter().take(SHOWN_STEPS) {
        let what = match step.outcome {
            Some(StepOutcome::Failed) => style.bad("failed"),
            Some(StepOutcome::Unknown) => style.bad("unknown"),
            Some(StepOutcome::Done) => style.good("done"),
            None => style.odd("not started"),
        };
        write!(to, "    {what} {}", step.address)?;
        if let Some(reason) = &step.reason {
            write!(to, "  {}", inert(reason))?;
        }
        writeln!(to)?;
    }
    rest(not_done.len(), "step", to)
}

/// Says how much of a list is not shown.
fn rest(length: usize, what: &str, to: &mut dyn Write) -> io::Result<()> {
    match length.checked_sub(SHOWN_STEPS) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(
            to,
            "    … and {} more; --format json has them all",
            count(more, what)
        ),
    }
}

fn suite_lines(suite: &SuiteDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let mark = if suite.passed {
        style.good("✔")
    } else {
        style.bad("✘")
    };
    writeln!(
        to,
        "  {:<12} {mark} {}  {}",
        suite.suite,
        inert(&suite.summary),
        style.faint(&format!("{} in {}", suite.kind, suite.environment))
    )?;
    for (name, message) in suite.failures.iter().take(SHOWN_STEPS) {
        writeln!(
            to,
            "    {} {}: {}",
            style.bad("failed"),
            inert(name),
            inert(message)
        )?;
    }
    rest(suite.failures.len(), "failure", to)
}

fn environment_line(
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

fn status_lines(status: &StatusDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
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
    for (suite, passed, summary) in &status.suites {
        let mark = if *passed {
            style.good("✔")
        } else {
            style.bad("✘")
        };
        writeln!(to, "  {mark} {suite}  {}", inert(summary))?;
    }
    if let Some(holder) = &status.held_by {
        writeln!(to, "  {} held by {}", style.odd("!"), inert(holder))?;
    }
    Ok(())
}

fn verdict_lines(verdict: &VerdictDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let plan: String = verdict
        .plan
        .trim_start_matches("blake3:")
        .chars()
        .take(12)
        .collect();
    if verdict.open {
        return writeln!(
            to,
            "{}  plan {plan} for {}",
            style.good("OPEN"),
            verdict.environment
        );
    }
    let word = if verdict.releasable {
        style.good("RELEASABLE")
    } else {
        style.bad("SHUT")
    };
    writeln!(to, "{word}  plan {plan} for {}", verdict.environment)?;
    // Every rule that shuts the gate is told: many reasons of one rule must not hide the next rule.
    for of_one_rule in verdict.reasons.chunk_by(|one, next| one.0 == next.0) {
        for (code, message) in of_one_rule.iter().take(SHOWN_REASONS) {
            writeln!(to, "  {} {}", style.faint(code), inert(message))?;
        }
        if let (Some((code, _)), more @ 1..) = (
            of_one_rule.first(),
            of_one_rule.len().saturating_sub(SHOWN_REASONS),
        ) {
            writeln!(
                to,
                "  {} … and {more} more; --format json has them all",
                style.faint(code)
            )?;
        }
    }
    writeln!(to, "to open it:")?;
    for remedy in &verdict.remedies {
        writeln!(to, "  {}", inert(remedy))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        ApplyDocument, ApplyOutcome, StepOutcome, Style, Verb, VerdictDocument, apply_lines,
        verdict_lines,
    };
    use crate::report::document::NotDone;

    #[test]
    fn what_was_not_started_does_not_hide_what_failed() -> std::io::Result<()> {
        let step = |address: String, outcome, reason: Option<&str>| NotDone {
            address,
            verb: Verb::Create,
            outcome,
            reason: reason.map(str::to_owned),
        };
        let mut not_done: Vec<NotDone> = (0..1500)
            .map(|number| step(format!("file.x{number}"), None, None))
            .collect();
        not_done.push(step(
            "process.app".into(),
            Some(StepOutcome::Failed),
            Some("it ended at once"),
        ));
        let apply = ApplyDocument {
            apply: Some("a-1".into()),
            environment: "staging".into(),
            outcome: ApplyOutcome::Failed,
            done: 3,
            unchanged: 0,
            seconds: 1.0,
            not_done,
        };
        let style = Style {
            colour: false,
            width: 100,
        };
        let mut shown = Vec::new();
        apply_lines(&apply, style, &mut shown)?;
        let shown = String::from_utf8_lossy(&shown);
        assert!(
            shown.contains("failed process.app  it ended at once\n"),
            "{shown}"
        );
        assert!(shown.contains("… and 1441 steps more"), "{shown}");
        Ok(())
    }

    #[test]
    fn many_reasons_of_one_rule_do_not_hide_those_of_the_next() -> std::io::Result<()> {
        let drift = (0..3000).map(|number| {
            let message = format!("file.x{number}: not applied yet");
            ("gate/staging-drift".to_owned(), message)
        });
        let approval = [("gate/not-approved".to_owned(), "0 of 1".to_owned())];
        let verdict = VerdictDocument {
            environment: "production".into(),
            plan: "blake3:0123456789abcdef".into(),
            recipe: "blake3:00".into(),
            open: false,
            releasable: false,
            rules: 12,
            reasons: drift.chain(approval).collect(),
            remedies: vec!["evenkeel deliver".into()],
        };
        let style = Style {
            colour: false,
            width: 100,
        };
        let mut shown = Vec::new();
        verdict_lines(&verdict, style, &mut shown)?;
        let shown = String::from_utf8_lossy(&shown);
        assert_eq!(shown.matches("not applied yet").count(), 12, "{shown}");
        assert!(
            shown.contains("gate/staging-drift … and 2988 more"),
            "{shown}"
        );
        assert!(shown.contains("gate/not-approved 0 of 1\n"), "{shown}");
        Ok(())
    }
}

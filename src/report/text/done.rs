//! What was done: applies and suites.

use std::io::{self, Write};

use super::super::document::{ApplyDocument, SuiteDocument};
use super::{SHOWN_STEPS, Style, rest};
use evenkeel_ledger::record::{ApplyOutcome, StepOutcome};
use evenkeel_model::duration;
use evenkeel_model::text::inert;

pub(super) fn apply_lines(
    apply: &ApplyDocument,
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
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

pub(super) fn suite_lines(
    suite: &SuiteDocument,
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
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
    for case in suite.failures.iter().take(SHOWN_STEPS) {
        writeln!(
            to,
            "    {} {}: {}",
            style.bad("failed"),
            inert(&case.name),
            inert(&case.message)
        )?;
    }
    rest(suite.failures.len(), "failure", to)
}

#[cfg(test)]
mod tests {
    use super::super::super::document::NotDone;
    use super::{ApplyDocument, ApplyOutcome, StepOutcome, Style, apply_lines};
    use evenkeel_ledger::record::Verb;

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
            full: false,
            all: false,
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
}

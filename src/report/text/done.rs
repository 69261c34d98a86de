//! Lines of a running command: applies, suites, the plan that awaits production.
//!
//! The command line prints these lines immediately, and a file gets them with the report. `docs/tutorial.md` shows them.

use std::io::{self, Write};

use super::super::document::{ApplyDocument, PlanReport, RolloutDocument, SuiteDocument};
use super::layout::{GAP, columns, hanging, more, padded};
use super::lines::one_line;
use super::{Style, plans, short};
use evenkeel_ledger::record::{ApplyOutcome, StepOutcome};
use evenkeel_model::duration;
use evenkeel_model::text::{count, list};

/// Width of an environment's name.
const ENVIRONMENT: usize = 11;
/// Width of the work: `apply`, a suite's name.
const WHAT: usize = 11;
/// Number of failed steps and cases that are displayed before the rest is counted.
const SHOWN: usize = 12;
/// Number of changed resources that are named.
const NAMED: usize = 4;

/// Writer of a running command's lines: the environment's name is in the first of its lines only.
#[derive(Debug, Default)]
pub struct Progress {
    environment: Option<String>,
    /// Environment whose plan is above: its apply need not name the changes.
    planned: Option<String>,
}

impl Progress {
    /// Writes the command's subject, before any result.
    ///
    /// # Errors
    ///
    /// When `to` cannot be written.
    pub fn opened(
        &mut self,
        system: &str,
        commit: Option<&str>,
        path: &[String],
        style: Style,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        let mut text = one_line(system);
        if let Some(commit) = commit {
            let short: String = commit.chars().take(7).collect();
            text.push_str(&format!(" @ {}", one_line(&short)));
        }
        text.push_str(&format!("   {}", one_line(&path.join(" → "))));
        writeln!(to, "{}", style.faint(&text))
    }

    /// Writes the result of an apply.
    ///
    /// # Errors
    ///
    /// When `to` cannot be written.
    pub fn apply(
        &mut self,
        apply: &ApplyDocument,
        style: Style,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        let (mark, is_good) = match apply.outcome {
            ApplyOutcome::Done => (style.good("✔"), true),
            ApplyOutcome::Failed => (style.bad("✘"), false),
            ApplyOutcome::Interrupted => (style.odd("•"), false),
            ApplyOutcome::Unknown => (style.bad("?"), false),
        };
        let mut sum = if apply.done == 0 && is_good {
            format!("nothing to do, {} unchanged", apply.unchanged)
        } else {
            format!("{} changed, {} unchanged", apply.done, apply.unchanged)
        };
        for (outcome, what) in [
            (Some(StepOutcome::Failed), "failed"),
            (Some(StepOutcome::Unknown), "unknown"),
            (None, "not started"),
        ] {
            let steps = apply.not_done.iter();
            let number = steps.filter(|step| step.outcome == outcome).count();
            if number > 0 {
                sum.push_str(&format!(", {number} {what}"));
            }
        }
        let is_planned = self.planned.as_deref() == Some(&*apply.environment);
        if !apply.changed.is_empty() && !is_planned {
            let named: Vec<&str> = apply
                .changed
                .iter()
                .take(NAMED)
                .map(String::as_str)
                .collect();
            sum.push_str(&format!("   {}", named.join(", ")));
            if apply.done > named.len() {
                sum.push_str(&format!(", … {} more", apply.done - named.len()));
            }
        }
        let took = duration::phrase(std::time::Duration::from_secs_f64(apply.seconds.max(0.0)));
        let mut rest = if apply.done == 0 && is_good {
            String::new()
        } else {
            took
        };
        if let Some(name) = &apply.apply {
            rest.push_str(&format!("{GAP} {}", one_line(name)));
        }
        self.row(&apply.environment, "apply", &mark, &sum, &rest, style, to)?;
        for note in &apply.notes {
            below("note", note, style, to)?;
        }
        for rollout in &apply.rollouts {
            self::rollout(rollout, style, to)?;
        }
        // Steps that were not started come after failed ones, since there may be very many.
        let is_untouched = |address: &str| {
            let host = address.rsplit_once('@').map(|(_, host)| host);
            let mut untouched = apply.rollouts.iter().flat_map(|it| &it.untouched);
            host.is_some_and(|host| untouched.any(|other| other == host))
        };
        // The rollout lists the hosts that were not changed.
        let mut not_done: Vec<_> = apply
            .not_done
            .iter()
            .filter(|step| step.outcome.is_some() || !is_untouched(&step.address))
            .collect();
        not_done.sort_by_key(|step| step.outcome.is_none());
        let shown = if style.all { not_done.len() } else { SHOWN };
        for step in not_done.iter().take(shown) {
            let what = match step.outcome {
                Some(StepOutcome::Failed) => "failed",
                Some(StepOutcome::Unknown) => "unknown",
                Some(StepOutcome::Done) => "done",
                None => "not started",
            };
            let mut text = step.address.clone();
            if let Some(reason) = &step.reason {
                text.push_str(&format!(": {reason}"));
            }
            below(what, &text, style, to)?;
        }
        match more(not_done.len().saturating_sub(shown)) {
            Some(line) => below("", &line, style, to),
            None => Ok(()),
        }
    }

    /// Writes the result of a suite.
    ///
    /// # Errors
    ///
    /// When `to` cannot be written.
    pub fn suite(
        &mut self,
        suite: &SuiteDocument,
        style: Style,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        let mark = if suite.passed {
            style.good("✔")
        } else {
            style.bad("✘")
        };
        let took = std::time::Duration::from_secs_f64(suite.seconds.max(0.0));
        let took = if took.as_secs_f64() < 1.0 {
            String::new()
        } else {
            duration::phrase(took)
        };
        let mut sum = suite.summary.clone();
        if let (false, Some(case)) = (suite.passed, suite.failures.first())
            && suite.failures.len() == 1
        {
            sum.push_str(&format!("   {}: {}", case.name, case.message));
        }
        self.row(
            &suite.environment,
            &suite.suite,
            &mark,
            &sum,
            &took,
            style,
            to,
        )?;
        if suite.failures.len() < 2 {
            return Ok(());
        }
        let shown = if style.all {
            suite.failures.len()
        } else {
            SHOWN
        };
        for case in suite.failures.iter().take(shown) {
            below(
                "failed",
                &format!("{}: {}", case.name, case.message),
                style,
                to,
            )?;
        }
        match more(suite.failures.len().saturating_sub(shown)) {
            Some(line) => below("", &line, style, to),
            None => Ok(()),
        }
    }

    /// Writes the changes of a plan that is not applied.
    ///
    /// # Errors
    ///
    /// When `to` cannot be written.
    pub fn plan(&mut self, plan: &PlanReport, style: Style, to: &mut dyn Write) -> io::Result<()> {
        let digest = format!("plan {}", short(&plan.digest));
        self.row(
            &plan.environment,
            "plan",
            " ",
            &plans::sum(plan),
            &digest,
            style,
            to,
        )?;
        self.planned = Some(plan.environment.clone());
        plans::removals(plan, style, to)?;
        plans::steps(plan, style, to)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a column")]
    fn row(
        &mut self,
        environment: &str,
        what: &str,
        mark: &str,
        sum: &str,
        rest: &str,
        style: Style,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        let is_first = self.environment.as_deref() != Some(environment);
        if self.environment.is_none() {
            writeln!(to)?;
        }
        let name = if is_first {
            one_line(environment)
        } else {
            String::new()
        };
        self.environment = Some(environment.to_owned());
        let what = one_line(what);
        let start = format!(
            "{}{GAP}{}{GAP}{mark} ",
            padded(&name, &name, ENVIRONMENT),
            padded(&what, &what, WHAT)
        );
        let indent = ENVIRONMENT.max(columns(&name)) + WHAT.max(columns(&what)) + 6;
        let sum = one_line(sum);
        let room = style.width.saturating_sub(indent + columns(&sum));
        if !rest.is_empty() && room > columns(rest) + 1 {
            let fill = room - columns(rest);
            return writeln!(to, "{start}{sum}{}{}", " ".repeat(fill), style.faint(rest));
        }
        hanging(&start, indent, &sum, style.width, to)?;
        if rest.is_empty() {
            return Ok(());
        }
        let fill = style.width.saturating_sub(columns(rest)).max(indent);
        writeln!(to, "{}{}", " ".repeat(fill), style.faint(rest))
    }
}

/// Writes the hosts of a rollout.
fn rollout(rollout: &RolloutDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let shown = if style.all { usize::MAX } else { SHOWN };
    let named = |hosts: Vec<&str>| {
        let mut names: Vec<String> = hosts
            .iter()
            .take(shown)
            .map(|it| (*it).to_owned())
            .collect();
        if hosts.len() > shown {
            names.push(format!("{} more", hosts.len() - shown));
        }
        format!("{}: {}", count(hosts.len(), "host"), list(&names, "and"))
    };
    if let Some(reason) = &rollout.stopped {
        below("", reason, style, to)?;
    }
    let failed: Vec<&str> = rollout.failed.iter().map(|it| &*it.host).collect();
    for (what, hosts) in [
        ("done", rollout.done.iter().map(|it| &**it).collect()),
        ("failed", failed),
        (
            "untouched",
            rollout.untouched.iter().map(|it| &**it).collect::<Vec<_>>(),
        ),
    ] {
        if !hosts.is_empty() {
            below(what, &named(hosts), style, to)?;
        }
    }
    Ok(())
}

/// Writes a line below another one.
fn below(what: &str, text: &str, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let indent = ENVIRONMENT + WHAT + 6;
    let text = format!("{what} {}", one_line(text));
    let start = " ".repeat(indent);
    hanging(&start, indent + 2, text.trim_start(), style.width, to)
}

#[cfg(test)]
mod tests {
    use super::super::super::document::NotDone;
    use super::{ApplyDocument, ApplyOutcome, Progress, StepOutcome, Style};
    use evenkeel_ledger::record::Verb;

    #[test]
    fn steps_that_were_not_started_do_not_hide_those_that_failed() -> std::io::Result<()> {
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
            Some("exited at once"),
        ));
        let apply = ApplyDocument {
            rollouts: Vec::new(),
            apply: Some("a-1".into()),
            environment: "staging".into(),
            outcome: ApplyOutcome::Failed,
            done: 3,
            changed: vec!["file.a".into(), "file.b".into(), "file.c".into()],
            unchanged: 0,
            seconds: 1.0,
            not_done,
            notes: Vec::new(),
        };
        let style = Style {
            colour: false,
            width: 100,
            full: false,
            all: false,
            printed: false,
        };
        let mut shown = Vec::new();
        Progress::default().apply(&apply, style, &mut shown)?;
        let shown = String::from_utf8_lossy(&shown);
        assert!(
            shown.contains("failed process.app: exited at once\n"),
            "{shown}"
        );
        assert!(shown.contains("… 1489 more (--all)"), "{shown}");
        Ok(())
    }
}

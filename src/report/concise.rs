//! One line for each finding, in a form that editors and log viewers turn into links; the verdict is the last line.

use std::io::{self, Write};

use super::document::{FindingDocument, ReplayResult, Report, TrialResultDocument};
use super::wording::{State, about, by_gravity, failure_line, one_line, path, place, verdict_line};
use super::{Format, Style};
use evenkeel_model::defect::Severity;

/// One line for each finding.
pub(super) struct Concise;

impl Format for Concise {
    const NAME: &'static str = "concise";
    const HELP: &'static str = "One line for each finding, and the verdict";

    fn write(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
        for finding in by_gravity(report) {
            line(finding, style, to)?;
        }
        let rules = report.verdict.iter().flat_map(|verdict| &verdict.rules);
        for rule in rules.filter(|rule| !rule.holds) {
            for reason in &rule.reasons {
                let word = style.bad(&format!("error[{}]", one_line(&rule.code)));
                writeln!(to, "{word} {}", one_line(reason))?;
            }
        }
        for replay in &report.replays {
            if replay.result != ReplayResult::Same {
                let word = style.bad(&format!("error[{}]", replay.result.word()));
                let (name, words) = (replay.name(), replay.words());
                writeln!(to, "{}: {word} {}", one_line(&name), one_line(&words))?;
            }
        }
        for past in report
            .since
            .iter()
            .flat_map(|since| since.ended.iter().chain(&since.unknown))
        {
            let word = style.faint(&format!(
                "{}[{}]",
                past.state(),
                one_line(past.code.as_deref().unwrap_or("unknown"))
            ));
            let id = style.faint(&format!("({})", one_line(&past.fingerprint)));
            writeln!(
                to,
                "{}: {word} {} {id}",
                one_line(&past.about()),
                one_line(&past.words())
            )?;
        }
        for fact in report.since.iter().flat_map(|since| &since.facts) {
            let (host, words) = (one_line(&fact.host), fact.words());
            let environment = one_line(&fact.environment);
            writeln!(to, "{host} ({environment}): {}", one_line(&words))?;
        }
        for doubt in &report.doubts {
            let word = style.bad("error[in-doubt]");
            let name = format!("entry {}", doubt.entry);
            writeln!(to, "{name}: {word} {}", one_line(&doubt.words()))?;
        }
        for glass in &report.break_glass {
            let word = style.bad("warning[break-glass]");
            let environment = one_line(&glass.environment);
            writeln!(to, "{environment}: {word} {}", one_line(&glass.words()))?;
        }
        for trial in report.drill.iter().flat_map(|drill| &drill.trials) {
            if trial.result != TrialResultDocument::Shut {
                let word = style.bad(&format!("error[{}]", trial.result.word()));
                let (fault, words) = (one_line(&trial.fault), trial.words());
                writeln!(to, "{fault}: {word} {}", one_line(&words))?;
            }
        }
        for figure in report.dora.iter().flat_map(|dora| dora.figures()) {
            let (value, events) = (one_line(&figure.value), one_line(&figure.events));
            writeln!(to, "{}: {value} ({events})", figure.name)?;
        }
        if let Some(failure) = &report.failure {
            let reason = failure_line(&failure.reason, &failure.causes);
            writeln!(to, "{} {}", style.bad("error:"), one_line(&reason))?;
        }
        for cut in &report.cut {
            let (list, by) = (one_line(&cut.list), one_line(&cut.by));
            writeln!(to, "… {} more {list} ({by})", cut.left_out)?;
        }
        writeln!(to, "{}", one_line(&verdict_line(report)))
    }
}

/// Writes `path:line:column: severity[code] message (fingerprint)`.
fn line(finding: &FindingDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let place = match (place(finding), &finding.environment) {
        (Some(place), _) => format!("{}:{}:{}", path(place), place.line, place.column),
        (None, Some(environment)) => format!("{environment}: {}", about(finding)),
        (None, None) => about(finding),
    };
    let state = State::of(finding);
    let word = format!("{}[{}]", state.name(), one_line(&finding.code));
    let word = match state {
        State::Open(Severity::Critical | Severity::Error) => style.bad(&word),
        State::Open(_) => style.odd(&word),
        State::Pending | State::Declared => style.faint(&word),
    };
    let more = match finding.reach {
        0 | 1 => String::new(),
        reach => format!(", {reach} places"),
    };
    let id = style.faint(&format!("({}{more})", one_line(&finding.fingerprint)));
    let (place, message) = (one_line(&place), one_line(&finding.message));
    writeln!(to, "{place}: {word} {message} {id}")
}

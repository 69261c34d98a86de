//! Commands of suites: runs one, and judges it by its exit code and by the result files it wrote.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::capture;
use super::files::{self, Earlier, Results};
use super::program;
use super::result::{Case, Outcome, Part, all_good};
use crate::world::command::{self, CommandRun, CommandStatus};
use crate::world::redaction::Redactor;
use evenkeel_core::environment::suite::{RunCheck, SuiteText};
use evenkeel_host::Interruption;
use evenkeel_model::duration;
use evenkeel_model::text;

/// Inherited variables; all others are declared.
const INHERITED: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];
/// Time between a request to stop and the kill.
const FAREWELL: Duration = Duration::from_millis(400);

/// Runs it. Its exit code and, if declared, all cases of its result files must be good.
pub(super) fn run(
    check: &RunCheck,
    ours: &BTreeMap<String, String>,
    redactor: &Redactor,
    interruption: &Interruption,
) -> Part {
    let mut part = Part::default();
    let name = text::inert(&redactor.text(&check.command.join(" "))).into_owned();
    let error = |reason: String| {
        let reason = text::inert(&redactor.text(&reason)).into_owned();
        Case::new(&name, Outcome::Error, reason)
    };
    let earlier = match check.junit.as_deref().map(Earlier::of).transpose() {
        Ok(earlier) => earlier.unwrap_or_default(),
        Err(reason) => {
            part.cases.push(error(reason));
            return part;
        }
    };
    let mut environment: BTreeMap<String, String> = INHERITED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), ours.get(*name)?.clone())))
        .collect();
    environment.extend(
        check
            .environment
            .iter()
            .map(|(name, text)| (name.clone(), revealed(text).to_owned())),
    );
    let mut words = check.command.clone();
    if let Some(found) = program::found(&words, environment.get("PATH").map(String::as_str)) {
        part.streams.insert("program", found.shown());
        if let (Some(first), Some(path)) = (words.first_mut(), found.path.to_str()) {
            path.clone_into(first);
        }
    }
    let command = CommandRun {
        environment,
        directory: Some(check.directory.clone()),
        timeout: check.within,
        output_limit: capture::KEPT,
        grace: FAREWELL,
        leave_nothing: true,
        ..CommandRun::new(words)
    };
    let begun = Instant::now();
    let ran = match command::run(&command, interruption) {
        Ok(ran) => ran,
        Err(cause) => {
            part.cases
                .push(error(format!("it could not be run: {cause}")));
            return part;
        }
    };
    let took = begun.elapsed();
    part.streams
        .insert("stdout", capture::shown(&ran.stdout, redactor));
    part.streams
        .insert("stderr", capture::shown(&ran.stderr, redactor));
    part.interrupted = ran.status == CommandStatus::Interrupted;

    let ended = ending(ran.status, check).map(|(outcome, message)| {
        let message = with_last_line(message, &part.streams);
        Case::new(&name, outcome, message).taking(took)
    });
    match &check.junit {
        None => {
            let good = || Case::new(&name, Outcome::Passed, None).taking(took);
            part.cases.push(ended.unwrap_or_else(good));
        }
        Some(pattern) => {
            part.cases = results(pattern, &earlier, redactor, &error);
            part.cases.extend(ended);
        }
    }
    part
}

/// Returns the plain text: the only use of a suite's secrets as such.
fn revealed(text: &SuiteText) -> &str {
    match text {
        SuiteText::Plain(text) => text,
        SuiteText::Secret(secret) => secret.reveal(),
    }
}

/// Returns the problem of how it ended; `None` for exit code 0.
fn ending(status: CommandStatus, check: &RunCheck) -> Option<(Outcome, String)> {
    let within = duration::phrase(check.within);
    match status {
        CommandStatus::Code(0) => None,
        CommandStatus::Code(code) => Some((
            Outcome::Failed,
            format!("expected exit code 0, found {code}"),
        )),
        CommandStatus::Signal(signal) => Some((
            Outcome::Failed,
            format!("expected exit code 0, ended by signal {signal}"),
        )),
        CommandStatus::TimedOut => Some((
            Outcome::Failed,
            format!("still running after {within}: killed"),
        )),
        CommandStatus::Interrupted => Some((Outcome::Error, "interrupted: killed".to_owned())),
        CommandStatus::TooMuch => Some((Outcome::Error, "wrote too much: killed".to_owned())),
    }
}

/// Appends the last written line, of standard error if there is one, which mostly contains the reason.
fn with_last_line(message: String, streams: &BTreeMap<&'static str, String>) -> String {
    let last = ["stderr", "stdout"].into_iter().find_map(|stream| {
        let lines = streams.get(stream)?.lines();
        lines.rev().find(|line| !line.trim().is_empty())
    });
    match last {
        Some(line) => format!("{message}; its last line was `{}`", excerpt(line.trim())),
        None => message,
    }
}

/// Returns the cases of the result files; without any, an additional one with the reason.
fn results(
    pattern: &str,
    earlier: &Earlier,
    redactor: &Redactor,
    error: &dyn Fn(String) -> Case,
) -> Vec<Case> {
    let Results {
        mut cases,
        files,
        older,
    } = match files::read(pattern, earlier, redactor) {
        Ok(read) => read,
        Err(reason) => return vec![error(reason)],
    };
    if files == 0 {
        let older = match older {
            0 => String::new(),
            older => format!(
                "; {} from an earlier run ignored",
                text::count(older, "result file")
            ),
        };
        cases.push(error(format!("it wrote no result file `{pattern}`{older}")));
    } else if cases.is_empty() {
        let files = text::count(files, "result file");
        cases.push(error(format!("no case in its {files}")));
    } else if !all_good(&cases) && cases.iter().all(|case| case.outcome == Outcome::Skipped) {
        cases.push(error("every case was skipped".to_owned()));
    }
    cases
}

/// Returns the first 200 characters of a text.
pub(super) fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(200).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

//! JUnit XML: one suite for each environment, one case for each check.
//!
//! Only elements and attributes of Jenkins' schema are written, since strict readers reject others: the place of a
//! finding is in the text of its failure. All counts are those of the cases.

use std::collections::BTreeMap;
use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::document::{FindingDocument, Report, TrialResultDocument};
use super::wording::{State, about, failure_line, justification, one_line, path};
use super::{Format, Style};
use evenkeel_model::defect::Severity;
use evenkeel_model::text::inert;

/// JUnit XML.
pub(super) struct Junit;

impl Format for Junit {
    const NAME: &'static str = "junit";
    const HELP: &'static str = "JUnit XML: one case for each check";
    const SUFFIXES: &'static [&'static str] = &[".xml"];

    fn write(report: &Report, _style: Style, to: &mut dyn Write) -> io::Result<()> {
        write(report, &suites(report), to)
    }
}

/// A `testsuite`.
struct Suite {
    name: String,
    cases: Vec<Case>,
    seconds: Option<f64>,
}

/// A `testcase`.
struct Case {
    name: String,
    result: CaseResult,
}

/// Result of a case.
enum CaseResult {
    Passed,
    /// Passed, with a note.
    Noted(String),
    Skipped(String),
    Failed {
        code: String,
        message: String,
        text: String,
    },
    /// Could not be checked.
    Error {
        code: String,
        message: String,
        text: String,
    },
}

impl Suite {
    fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            cases: Vec::new(),
            seconds: None,
        }
    }

    fn add(&mut self, name: impl Into<String>, result: CaseResult) {
        self.cases.push(Case {
            name: name.into(),
            result,
        });
    }

    fn count(&self, is: fn(&CaseResult) -> bool) -> usize {
        self.cases.iter().filter(|case| is(&case.result)).count()
    }
}

const fn is_failure(result: &CaseResult) -> bool {
    matches!(result, CaseResult::Failed { .. })
}

const fn is_error(result: &CaseResult) -> bool {
    matches!(result, CaseResult::Error { .. })
}

const fn is_skipped(result: &CaseResult) -> bool {
    matches!(result, CaseResult::Skipped(_))
}

fn suites(report: &Report) -> Vec<Suite> {
    let mut all = checks(report);
    all.extend(applies(report));
    all.extend(tests(report));
    all.extend(gate(report));
    all.extend(drill(report));
    all.extend(break_glass(report));
    let mut run = Suite::new("run");
    if let Some(failure) = &report.failure {
        run.add(
            &*report.command,
            CaseResult::Error {
                code: "failed".into(),
                message: failure_line(&failure.reason, &failure.causes),
                text: failure.help.clone().unwrap_or_default(),
            },
        );
    } else if all.iter().all(|suite| suite.cases.is_empty()) {
        // A file without cases would count as a run that tested nothing.
        run.add(&*report.command, CaseResult::Passed);
    }
    all.push(run);
    all.retain(|suite| !suite.cases.is_empty());
    all
}

/// Returns the faults of a drill, one case each.
fn drill(report: &Report) -> Option<Suite> {
    let drill = report.drill.as_ref()?;
    let mut suite = Suite::new(format!("drill of {}", drill.environment));
    for trial in &drill.trials {
        suite.add(
            &*trial.fault,
            if trial.result == TrialResultDocument::Shut {
                CaseResult::Passed
            } else {
                CaseResult::Failed {
                    code: trial.expected.clone(),
                    message: trial.words(),
                    text: String::new(),
                }
            },
        );
    }
    Some(suite)
}

/// Returns every break-glass that waits for a follow-up: skipped, since it fails no check of this command.
fn break_glass(report: &Report) -> Option<Suite> {
    if report.break_glass.is_empty() {
        return None;
    }
    let mut suite = Suite::new("break-glass without a follow-up");
    for glass in &report.break_glass {
        let words = format!("{}; {}", glass.words(), glass.command());
        suite.add(&*glass.name, CaseResult::Skipped(words));
    }
    Some(suite)
}

/// Returns the findings by environment, and whether everything of each environment was observed.
fn checks(report: &Report) -> Vec<Suite> {
    let mut suites: BTreeMap<&str, Suite> = BTreeMap::new();
    for environment in &report.environments {
        let suite = suites
            .entry(&environment.name)
            .or_insert_with(|| Suite::new(&environment.name));
        let (observed, declared) = (environment.observed, environment.declared);
        suite.add(
            "every declared attribute was observed",
            if observed < declared {
                CaseResult::Error {
                    code: "live/cannot-tell".into(),
                    message: format!("{observed} of {declared} attributes observed"),
                    text: String::new(),
                }
            } else {
                CaseResult::Passed
            },
        );
    }
    if let Some(parity) = &report.parity {
        let suite = suites
            .entry("parity")
            .or_insert_with(|| Suite::new("parity"));
        let pairs: Vec<String> = parity
            .not_compared
            .iter()
            .map(|pair| pair.join(", "))
            .collect();
        suite.add(
            "every likely pair of files was compared",
            if pairs.is_empty() {
                CaseResult::Passed
            } else {
                CaseResult::Error {
                    code: "parity".into(),
                    message: format!("not compared: {}", pairs.len()),
                    text: pairs.join("\n"),
                }
            },
        );
    }
    for finding in &report.findings {
        let name = finding.environment.as_deref().unwrap_or("definitions");
        let suite = suites.entry(name).or_insert_with(|| Suite::new(name));
        let about = about(finding);
        suite.add(
            format!("{about} ({}, {})", finding.code, finding.fingerprint),
            outcome(finding),
        );
    }
    suites.into_values().collect()
}

fn outcome(finding: &FindingDocument) -> CaseResult {
    let code = finding.code.to_string();
    let message = finding.message.clone();
    match (State::of(finding), &finding.allowed) {
        (State::Declared, Some(allowed)) => {
            CaseResult::Skipped(format!("declared: {}", justification(allowed)))
        }
        (State::Pending | State::Declared, _) => {
            CaseResult::Skipped(format!("pending, the next release removes it: {message}"))
        }
        (State::Open(Severity::Advice | Severity::Warning), _) => CaseResult::Noted(format!(
            "{}: {message}\n{}",
            finding.severity.name(),
            details(finding)
        )),
        (State::Open(_), _) if finding.is_unreadable() => CaseResult::Error {
            code,
            message,
            text: details(finding),
        },
        (State::Open(_), _) => CaseResult::Failed {
            code,
            message,
            text: details(finding),
        },
    }
}

/// Returns all facts of a finding, one on each line.
fn details(finding: &FindingDocument) -> String {
    let mut lines: Vec<String> = Vec::new();
    for place in &finding.places {
        let (path, line, column) = (path(place), place.line, place.column);
        lines.push(format!("{path}:{line}:{column}: {}", place.label));
    }
    for (name, value) in [("expected", &finding.expected), ("found", &finding.found)] {
        lines.extend(value.as_ref().map(|value| format!("{name}: {value}")));
    }
    lines.extend(finding.difference.clone());
    lines.extend(
        finding
            .since
            .as_ref()
            .map(|since| format!("since: {} ({})", since.at, since.known)),
    );
    for also in &finding.also {
        lines.push(format!(
            "same cause: {} ({})",
            also.message, also.fingerprint
        ));
    }
    lines.extend(finding.help.as_ref().map(|help| format!("help: {help}")));
    lines.push(format!("id: {}", finding.fingerprint));
    lines.join("\n")
}

fn applies(report: &Report) -> Vec<Suite> {
    let of = |apply: &super::ApplyDocument| {
        let id = apply.apply.as_deref().unwrap_or("apply");
        let mut suite = Suite::new(format!("{} {id}", apply.environment));
        suite.seconds = Some(apply.seconds);
        for step in &apply.not_done {
            suite.add(
                format!("{} {}", step.verb.name(), step.address),
                CaseResult::Failed {
                    code: "step".into(),
                    message: step.reason.clone().unwrap_or_else(|| "not started".into()),
                    text: String::new(),
                },
            );
        }
        let outcome = super::document::outcome_words(apply.outcome);
        suite.add(
            "apply",
            if outcome == "done" {
                CaseResult::Passed
            } else {
                CaseResult::Failed {
                    code: "apply".into(),
                    message: outcome.into(),
                    text: String::new(),
                }
            },
        );
        suite
    };
    report.applies.iter().map(of).collect()
}

fn tests(report: &Report) -> Vec<Suite> {
    let of = |ran: &super::SuiteDocument| {
        let mut suite = Suite::new(format!("{} suite {}", ran.environment, ran.suite));
        suite.seconds = Some(ran.seconds);
        for case in &ran.failures {
            suite.add(
                &*case.name,
                CaseResult::Failed {
                    code: ran.kind.clone(),
                    message: case.message.clone(),
                    text: String::new(),
                },
            );
        }
        suite.add(
            "all cases",
            if ran.passed {
                CaseResult::Noted(ran.summary.clone())
            } else {
                CaseResult::Failed {
                    code: ran.kind.clone(),
                    message: ran.summary.clone(),
                    text: String::new(),
                }
            },
        );
        suite
    };
    report.suites.iter().map(of).collect()
}

fn gate(report: &Report) -> Option<Suite> {
    let verdict = report.verdict.as_ref()?;
    let mut suite = Suite::new(format!("{} gate", verdict.environment));
    for rule in &verdict.rules {
        suite.add(
            &*rule.code,
            if rule.holds {
                CaseResult::Passed
            } else {
                CaseResult::Failed {
                    code: rule.code.to_string(),
                    message: rule.title.to_string(),
                    text: rule.reasons.join("\n"),
                }
            },
        );
    }
    Some(suite)
}

fn write(report: &Report, suites: &[Suite], to: &mut dyn Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(to, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let sum =
        |is: fn(&CaseResult) -> bool| -> usize { suites.iter().map(|suite| suite.count(is)).sum() };
    open(
        &mut xml,
        "testsuites",
        &[
            ("name", &format!("evenkeel {}", report.command)),
            ("tests", &sum(|_| true).to_string()),
            ("failures", &sum(is_failure).to_string()),
            ("errors", &sum(is_error).to_string()),
        ],
    )?;
    let timestamp = report.at.to_string();
    for suite in suites {
        let mut attributes = vec![
            ("name", suite.name.clone()),
            ("tests", suite.cases.len().to_string()),
            ("failures", suite.count(is_failure).to_string()),
            ("errors", suite.count(is_error).to_string()),
            ("skipped", suite.count(is_skipped).to_string()),
            ("timestamp", timestamp.clone()),
        ];
        if let Some(seconds) = suite.seconds {
            attributes.push(("time", format!("{seconds:.3}")));
        }
        let attributes: Vec<(&str, &str)> = attributes
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        open(&mut xml, "testsuite", &attributes)?;
        for case in &suite.cases {
            write_case(&mut xml, &format!("{}.{}", report.system, suite.name), case)?;
        }
        close(&mut xml, "testsuite")?;
    }
    close(&mut xml, "testsuites")?;
    xml.get_mut().write_all(b"\n")
}

fn write_case<W: Write>(xml: &mut Writer<W>, class: &str, case: &Case) -> io::Result<()> {
    let attributes = [("classname", class), ("name", &*case.name)];
    if matches!(case.result, CaseResult::Passed) {
        return element(xml, "testcase", &attributes, "");
    }
    open(xml, "testcase", &attributes)?;
    match &case.result {
        CaseResult::Passed => {}
        CaseResult::Noted(text) => element(xml, "system-out", &[], text)?,
        CaseResult::Skipped(message) => element(xml, "skipped", &[("message", message)], "")?,
        CaseResult::Failed {
            code,
            message,
            text,
        } => element(
            xml,
            "failure",
            &[("type", code), ("message", message)],
            text,
        )?,
        CaseResult::Error {
            code,
            message,
            text,
        } => element(xml, "error", &[("type", code), ("message", message)], text)?,
    }
    close(xml, "testcase")
}

fn element<W: Write>(
    xml: &mut Writer<W>,
    name: &str,
    attributes: &[(&str, &str)],
    text: &str,
) -> io::Result<()> {
    let start = start(name, attributes);
    if text.is_empty() {
        return xml.write_event(Event::Empty(start));
    }
    xml.write_event(Event::Start(start))?;
    xml.write_event(Event::Text(BytesText::new(&safe(text))))?;
    close(xml, name)
}

fn open<W: Write>(xml: &mut Writer<W>, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
    xml.write_event(Event::Start(start(name, attributes)))
}

fn start<'a>(name: &'a str, attributes: &[(&str, &str)]) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (name, value) in attributes {
        // A line feed in an attribute would be read as a space.
        start.push_attribute((*name, &*safe(&one_line(value))));
    }
    start
}

fn close<W: Write>(xml: &mut Writer<W>, name: &str) -> io::Result<()> {
    xml.write_event(Event::End(BytesEnd::new(name)))
}

/// Returns text that contains only characters allowed in XML.
fn safe(text: &str) -> String {
    inert(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

//! Metrics in Prometheus' text format, for the textfile collector of node_exporter.
//!
//! Every series has the labels `system` and `command`, so that the files of several systems do not collide. The values
//! of labels are bounded: environments, suites and rules come from the definitions.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::document::{RatioDocument, Report, TimesDocument, TrialResultDocument};
use super::wording::{State, unread};
use super::{Format, Style};
use evenkeel_model::Moment;
use evenkeel_model::defect::Severity;
use evenkeel_model::text::inert;

/// Metrics in Prometheus' text format.
pub(super) struct Prometheus;

impl Format for Prometheus {
    const NAME: &'static str = "prometheus";
    const HELP: &'static str = "Metrics for Prometheus' textfile collector";
    const SUFFIXES: &'static [&'static str] = &[".prom"];

    fn write(report: &Report, _style: Style, to: &mut dyn Write) -> io::Result<()> {
        for family in families(report) {
            family.write(report, to)?;
        }
        Ok(())
    }
}

/// Metric: its name without `evenkeel_`, its help, and its series.
struct Family<'a> {
    name: &'static str,
    help: &'static str,
    series: Vec<Series<'a>>,
}

/// Labels beside `system` and `command`, and a value.
type Series<'a> = (Vec<(&'static str, &'a str)>, f64);

impl<'a> Family<'a> {
    fn new(
        name: &'static str,
        help: &'static str,
        series: impl IntoIterator<Item = Series<'a>>,
    ) -> Self {
        Self {
            name,
            help,
            series: series.into_iter().collect(),
        }
    }

    /// Returns a metric with one series.
    fn single(name: &'static str, help: &'static str, value: f64) -> Self {
        Self::new(name, help, [(Vec::new(), value)])
    }

    fn write(&self, report: &Report, to: &mut dyn Write) -> io::Result<()> {
        let name = self.name;
        if self.series.is_empty() {
            return Ok(());
        }
        writeln!(to, "# HELP evenkeel_{name} {}", self.help)?;
        writeln!(to, "# TYPE evenkeel_{name} gauge")?;
        for (labels, value) in &self.series {
            let shared = [("system", &*report.system), ("command", &*report.command)];
            let labels: Vec<String> = shared
                .into_iter()
                .chain(labels.iter().copied())
                .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
                .collect();
            writeln!(to, "evenkeel_{name}{{{}}} {value}", labels.join(","))?;
        }
        Ok(())
    }
}

fn families(report: &Report) -> Vec<Family<'_>> {
    let mut families = vec![
        Family::new(
            "build_info",
            "The version of evenkeel.",
            [(vec![("version", version(report))], 1.0)],
        ),
        Family::single(
            "check_timestamp_seconds",
            "When the command ran.",
            seconds(report.at),
        ),
        Family::single(
            "check_complete",
            "Whether everything was read and observed.",
            truth(unread(report).is_empty()),
        ),
        Family::single(
            "exit_code",
            "The exit code of the command.",
            f64::from(report.exit_code),
        ),
    ];
    families.extend(findings(report));
    families.extend(environments(report));
    families.extend(gate(report));
    families.extend(drill(report));
    families.extend(dora(report));
    families.extend(runs(report));
    families.push(Family::single(
        "break_glass_outstanding",
        "The number of break-glass without a follow-up.",
        number_of(report.break_glass.len()),
    ));
    families
}

/// Returns findings by environment and state. Every state of an environment has a series, also for zero.
fn findings(report: &Report) -> Vec<Family<'_>> {
    let mut counted: BTreeMap<&str, BTreeMap<State, usize>> = BTreeMap::new();
    for environment in &report.environments {
        counted.entry(&environment.name).or_default();
    }
    for finding in &report.findings {
        let environment = finding.environment.as_deref().unwrap_or_default();
        let states = counted.entry(environment).or_default();
        *states.entry(State::of(finding)).or_default() += 1;
    }
    if counted.is_empty() {
        counted.entry("").or_default();
    }
    let of = |name, help, wanted: &'static [State]| {
        let all = counted.iter().flat_map(|(environment, states)| {
            wanted.iter().map(move |state| {
                let mut labels = vec![("environment", *environment)];
                if let State::Open(severity) = state {
                    labels.push(("severity", severity.name()));
                }
                let number = states.get(state).copied().unwrap_or_default();
                (labels, number_of(number))
            })
        });
        Family::new(name, help, all.collect::<Vec<_>>())
    };
    vec![
        of(
            "findings",
            "Undeclared differences and other findings, by severity.",
            &[
                State::Open(Severity::Critical),
                State::Open(Severity::Error),
                State::Open(Severity::Warning),
                State::Open(Severity::Advice),
            ],
        ),
        of(
            "findings_pending",
            "Findings that the next release removes.",
            &[State::Pending],
        ),
        of(
            "findings_declared",
            "Findings that a declared difference allows.",
            &[State::Declared],
        ),
    ]
}

fn environments(report: &Report) -> Vec<Family<'_>> {
    let all = &report.environments;
    let of = |value: fn(&super::EnvironmentReport) -> f64| {
        all.iter()
            .map(|each| (vec![("environment", &*each.name)], value(each)))
            .collect::<Vec<_>>()
    };
    let expiry = report
        .parity
        .as_ref()
        .and_then(|parity| parity.first_expiry);
    let since = report.status.iter().filter_map(|status| {
        let labels = vec![("environment", &*status.environment)];
        Some((labels, seconds(status.since?)))
    });
    vec![
        Family::new(
            "in_sync",
            "Whether the environment is in sync.",
            of(|each| truth(each.in_sync)),
        ),
        Family::new(
            "attributes",
            "Declared attributes.",
            of(|each| number_of(each.declared)),
        ),
        Family::new(
            "attributes_observed",
            "Declared attributes that were observed.",
            of(|each| number_of(each.observed)),
        ),
        Family::new(
            "observed_ratio",
            "The share of declared attributes that were observed.",
            of(|each| {
                if each.declared == 0 {
                    1.0
                } else {
                    number_of(each.observed) / number_of(each.declared)
                }
            }),
        ),
        Family::new(
            "declared_expiry_timestamp_seconds",
            "When the first declared difference expires.",
            expiry.map(|expiry| (Vec::new(), seconds(expiry))),
        ),
        Family::new(
            "applied_timestamp_seconds",
            "When the running recipe was applied.",
            since,
        ),
    ]
}

fn gate(report: &Report) -> Vec<Family<'_>> {
    let Some(verdict) = &report.verdict else {
        return Vec::new();
    };
    let environment = ("environment", &*verdict.environment);
    let rules = verdict.rules.iter();
    vec![
        Family::new(
            "gate_open",
            "Whether the gate is open.",
            [(vec![environment], truth(verdict.open))],
        ),
        Family::new(
            "gate_rule_holds",
            "Whether a rule of the gate holds.",
            rules.map(|rule| (vec![environment, ("rule", &*rule.code)], truth(rule.holds))),
        ),
    ]
}

/// Returns the faults of a drill.
fn drill(report: &Report) -> Option<Family<'_>> {
    let drill = report.drill.as_ref()?;
    let environment = ("environment", &*drill.environment);
    // A series must not be written twice.
    let mut shut: BTreeMap<&str, bool> = BTreeMap::new();
    for trial in &drill.trials {
        *shut.entry(&trial.fault).or_insert(true) &= trial.result == TrialResultDocument::Shut;
    }
    Some(Family::new(
        "drill_fault_shut",
        "Whether an injected fault shut the gate for the right reason.",
        shut.into_iter()
            .map(|(fault, is_right)| (vec![environment, ("fault", fault)], truth(is_right))),
    ))
}

/// Returns the DORA figures; one below five events has no series of its value.
fn dora(report: &Report) -> Vec<Family<'_>> {
    let Some(dora) = &report.dora else {
        return Vec::new();
    };
    let environment = ("environment", &*dora.environment);
    let ratio = |name, help, figure: &RatioDocument| {
        let series = figure.value.map(|value| (vec![environment], value));
        Family::new(name, help, series)
    };
    let times = |name, help, figure: &TimesDocument| {
        let of = |quantile, seconds: Option<u64>| {
            seconds.map(|seconds| (vec![environment, ("quantile", quantile)], count_of(seconds)))
        };
        let median = of("0.5", figure.median);
        Family::new(
            name,
            help,
            median.into_iter().chain(of("0.9", figure.ninetieth)),
        )
    };
    let events = [
        ("deployment_frequency", dora.deployment_frequency.events),
        ("lead_time", dora.lead_time.events),
        ("change_failure_rate", dora.change_failure_rate.events),
        ("recovery_time", dora.recovery_time.events),
    ];
    vec![
        Family::new(
            "dora_events",
            "The number of events of a DORA figure.",
            events
                .into_iter()
                .map(|(figure, events)| (vec![environment, ("figure", figure)], number_of(events))),
        ),
        ratio(
            "dora_deployments_per_week",
            "Successful releases in a week.",
            &dora.deployment_frequency,
        ),
        times(
            "dora_lead_time_seconds",
            "From a commit to the end of the release that brought it.",
            &dora.lead_time,
        ),
        ratio(
            "dora_change_failure_ratio",
            "The share of releases that failed or were rolled back.",
            &dora.change_failure_rate,
        ),
        times(
            "dora_recovery_seconds",
            "From a failed release to the next good state.",
            &dora.recovery_time,
        ),
    ]
}

/// Returns applies and suites of this run. Of several with one name, the last counts: a series must not be written
/// twice.
fn runs(report: &Report) -> Vec<Family<'_>> {
    let mut applies: BTreeMap<&str, f64> = BTreeMap::new();
    for apply in &report.applies {
        applies.insert(&apply.environment, apply.seconds);
    }
    let mut suites: BTreeMap<(&str, &str), (f64, bool)> = BTreeMap::new();
    for suite in &report.suites {
        let key = (&*suite.environment, &*suite.suite);
        suites.insert(key, (suite.seconds, suite.passed));
    }
    fn labels<'a>((environment, suite): (&'a str, &'a str)) -> Vec<(&'static str, &'a str)> {
        vec![("environment", environment), ("suite", suite)]
    }
    vec![
        Family::new(
            "apply_seconds",
            "How long the apply took.",
            applies
                .into_iter()
                .map(|(environment, seconds)| (vec![("environment", environment)], seconds)),
        ),
        Family::new(
            "suite_seconds",
            "How long the suite took.",
            suites
                .iter()
                .map(|(key, (seconds, _))| (labels(*key), *seconds)),
        ),
        Family::new(
            "suite_passed",
            "Whether the suite passed.",
            suites
                .iter()
                .map(|(key, (_, passed))| (labels(*key), truth(*passed))),
        ),
    ]
}

fn version(report: &Report) -> &str {
    report
        .tool
        .strip_prefix("evenkeel ")
        .unwrap_or(env!("CARGO_PKG_VERSION"))
}

fn truth(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts here are below 2^52")]
fn number_of(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "seconds here are below 2^52")]
fn count_of(seconds: u64) -> f64 {
    seconds as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 stay below 2^52 for 140,000 years"
)]
fn seconds(moment: Moment) -> f64 {
    moment.as_millisecond() as f64 / 1000.0
}

/// Returns the escaped value of a label.
fn escaped(value: &str) -> String {
    inert(value)
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

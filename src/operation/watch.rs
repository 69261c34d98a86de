//! Checks that are repeated: a status file, metrics, and environments that were not observed for too long.
//!
//! Each check is a separate process, so that a host that could not be reached is tried again, and no check inherits anything
//! from the one before.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::World;
use crate::report::Report;
use crate::world::checks::{Checks, read_status};
use crate::world::metrics::{Address, MetricsServer, Served};
use crate::world::report_file;
use crate::world::waiting::wait;
use evenkeel_model::Moment;
use evenkeel_model::duration::phrase;
use evenkeel_model::text::{count, list};

/// Checks to repeat.
#[derive(Debug)]
pub struct WatchRequest {
    /// Program and arguments of one check. `-o` is added.
    pub command: Vec<String>,
    /// Time from the start of a check to the start of the next.
    pub every: Duration,
    /// Age of the last complete observation from which an environment counts as unobserved.
    pub max_age: Duration,
    /// File with the status.
    pub status: Option<PathBuf>,
    /// Address of the metrics.
    pub listen: Option<Address>,
}

/// Status of the checks, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WatchStatus {
    /// Number of checks since the start of the service.
    pub checks: u64,
    /// End of the last check.
    pub checked: Moment,
    /// Exit code of the last check; absent if it did not end.
    pub exit_code: Option<u8>,
    /// Number of its findings.
    pub findings: usize,
    /// Its environments.
    pub environments: BTreeMap<String, WatchedEnvironment>,
}

/// Status of an environment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WatchedEnvironment {
    /// Whether the last check found it in sync.
    pub in_sync: bool,
    /// End of the last check that observed all of its attributes.
    pub observed: Option<Moment>,
    /// Whether that is too long ago.
    pub stale: bool,
}

/// Result of one check.
struct Checked {
    exit_code: Option<u8>,
    report: Option<Report>,
}

/// Repeats checks until an interruption. `say` gets what a check printed, if it differs from the check before, and a line
/// otherwise.
///
/// # Errors
///
/// When the address of the metrics is not available, or the status cannot be written at the start.
pub fn watch(
    world: &World<'_>,
    request: &WatchRequest,
    say: &mut dyn FnMut(&str),
) -> Result<(), String> {
    let server = match request.listen {
        Some(address) => {
            let server = MetricsServer::start(address)
                .map_err(|error| format!("metrics cannot be served at {address}: {error}"))?;
            say(&format!("metrics at http://{}/metrics", server.address));
            Some(server)
        }
        None => None,
    };
    let runs = Checks::new()?;
    let started = world.clock.now();
    // A restart of the service forgets nothing: the last complete observations are in the file.
    let mut known: BTreeMap<String, WatchedEnvironment> = request
        .status
        .as_ref()
        .map(|path| read_status(path))
        .and_then(|bytes| serde_json::from_slice::<WatchStatus>(&bytes).ok())
        .map(|status| status.environments)
        .unwrap_or_default();
    let mut last = None;
    let mut checks = 0;
    loop {
        let began = world.clock.now();
        let ran = runs.run(
            &request.command,
            world.environment,
            &world.directory,
            &world.interruption,
        )?;
        let checked = Checked {
            exit_code: ran.exit_code,
            report: serde_json::from_slice(&ran.json).ok(),
        };
        if world.interruption.is_set() {
            return Ok(());
        }
        checks += 1;
        let now = world.clock.now();
        let status = judge(request, &checked, &mut known, (started, now), checks);
        let unhealthy = unhealthy(&status);
        if let Some(server) = &server {
            server.serve(Served {
                metrics: format!("{}{}", ran.metrics, metrics(&status)),
                unhealthy: unhealthy.clone(),
            });
        }
        if let Some(path) = &request.status {
            let written = report_file::write(path, |to| {
                serde_json::to_writer_pretty(&mut *to, &status)?;
                writeln!(to)
            });
            if let Err(error) = written {
                let reason = format!("the status {} cannot be written: {error}", path.display());
                if checks == 1 {
                    return Err(reason);
                }
                say(&reason);
            }
        }
        let seen = (status.exit_code, finding_ids(&checked), unhealthy.clone());
        if last.as_ref() == Some(&seen) {
            let code = status
                .exit_code
                .map_or_else(|| "none".to_owned(), |it| it.to_string());
            say(&format!(
                "{}: nothing new, {}, exit code {code}",
                now.for_people(),
                count(status.findings, "finding")
            ));
        } else {
            say(ran.printed.trim_end());
            if let Some(reason) = &unhealthy {
                say(&format!("{}: {reason}", now.for_people()));
            }
        }
        last = Some(seen);
        let took = world.clock.now().since(began);
        if !wait(request.every.saturating_sub(took), &world.interruption) {
            return Ok(());
        }
    }
}

/// Returns the status after a check, and remembers the last complete observations.
fn judge(
    request: &WatchRequest,
    checked: &Checked,
    known: &mut BTreeMap<String, WatchedEnvironment>,
    (started, now): (Moment, Moment),
    checks: u64,
) -> WatchStatus {
    let found = checked
        .report
        .iter()
        .flat_map(|report| &report.environments);
    for environment in found {
        let is_whole = environment.observed == environment.declared;
        let entry = known
            .entry(environment.name.clone())
            .or_insert(WatchedEnvironment {
                in_sync: false,
                observed: None,
                stale: false,
            });
        entry.in_sync = environment.in_sync;
        if is_whole {
            entry.observed = Some(now);
        }
    }
    for environment in known.values_mut() {
        let since = environment.observed.unwrap_or(started);
        environment.stale = now.since(since) > request.max_age;
        environment.in_sync &= checked.report.is_some();
    }
    WatchStatus {
        checks,
        checked: now,
        exit_code: checked.exit_code,
        findings: checked.report.as_ref().map_or(0, |it| it.findings.len()),
        environments: known.clone(),
    }
}

/// Returns why the checks are not healthy: no environment was observed, or one was not observed for too long.
fn unhealthy(status: &WatchStatus) -> Option<String> {
    if status.environments.is_empty() {
        return Some("no environment was observed".to_owned());
    }
    let stale: Vec<String> = status
        .environments
        .iter()
        .filter(|(_, environment)| environment.stale)
        .map(|(name, environment)| match environment.observed {
            Some(observed) => {
                let age = phrase(status.checked.since(observed));
                format!("{name} was last observed completely {age} ago")
            }
            None => format!("{name} was never observed completely"),
        })
        .collect();
    (!stale.is_empty()).then(|| list(&stale, "and"))
}

/// Returns the findings of a check, for comparison with the check before.
fn finding_ids(checked: &Checked) -> Vec<String> {
    let findings = checked.report.iter().flat_map(|report| &report.findings);
    findings
        .map(|finding| finding.fingerprint.clone())
        .collect()
}

/// Returns the metrics of the service, beside those of the check.
fn metrics(status: &WatchStatus) -> String {
    let mut text = String::new();
    let mut family = |name: &str, help: &str, series: Vec<(Option<&str>, f64)>| {
        text.push_str(&format!("# HELP evenkeel_watch_{name} {help}\n"));
        text.push_str(&format!("# TYPE evenkeel_watch_{name} gauge\n"));
        for (environment, value) in series {
            let label = environment.map_or_else(String::new, |name| {
                // Names of environments have letters, digits and hyphens only.
                format!("{{environment=\"{name}\"}}")
            });
            text.push_str(&format!("evenkeel_watch_{name}{label} {value}\n"));
        }
    };
    let each = |value: &dyn Fn(&WatchedEnvironment) -> f64| {
        let environments = status.environments.iter();
        environments
            .map(|(name, environment)| (Some(name.as_str()), value(environment)))
            .collect::<Vec<_>>()
    };
    family(
        "checks",
        "Checks since the start of the service.",
        vec![(
            None,
            u32::try_from(status.checks).map_or(f64::MAX, f64::from),
        )],
    );
    family(
        "observation_age_seconds",
        "Time since the last complete observation; -1 if there was none.",
        each(&|environment| {
            let observed = environment.observed;
            observed.map_or(-1.0, |observed| {
                status.checked.since(observed).as_secs_f64()
            })
        }),
    );
    family(
        "observation_stale",
        "Whether the last complete observation is too old.",
        each(&|environment| f64::from(u8::from(environment.stale))),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::{Checked, WatchRequest, judge, metrics, unhealthy};
    use crate::report::{EnvironmentReport, Report};
    use evenkeel_model::{EnvironmentName, Moment};
    use std::collections::BTreeMap;
    use std::time::Duration;

    fn checked(observed: usize) -> Checked {
        let mut report = Report::new("drift", "shop", Moment::from_millisecond(0));
        let name = EnvironmentName::new("production");
        report.environments = vec![EnvironmentReport::new(&name, 3, observed)];
        Checked {
            exit_code: Some(0),
            report: Some(report),
        }
    }

    #[test]
    fn an_environment_that_is_not_observed_becomes_a_defect_as_it_ages() {
        let request = WatchRequest {
            command: Vec::new(),
            every: Duration::from_mins(10),
            max_age: Duration::from_mins(30),
            status: None,
            listen: None,
        };
        let start = Moment::from_millisecond(1_790_000_000_000);
        let at = |minutes: i64| Moment::from_millisecond(1_790_000_000_000 + minutes * 60_000);
        let mut known = BTreeMap::new();
        let mut status = |minutes, observed| {
            let checked = checked(observed);
            judge(&request, &checked, &mut known, (start, at(minutes)), 1)
        };
        assert_eq!(unhealthy(&status(0, 3)), None);
        assert_eq!(unhealthy(&status(10, 2)), None);
        assert_eq!(unhealthy(&status(30, 2)), None);
        let old = status(31, 2);
        assert_eq!(
            unhealthy(&old).as_deref(),
            Some("production was last observed completely 31 min ago")
        );
        let text = metrics(&old);
        assert!(text.contains("evenkeel_watch_observation_stale{environment=\"production\"} 1\n"));
        assert!(
            text.contains(
                "evenkeel_watch_observation_age_seconds{environment=\"production\"} 1860\n"
            )
        );
        assert_eq!(unhealthy(&status(41, 3)), None);
    }
}

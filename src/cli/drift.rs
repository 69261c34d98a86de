//! `evenkeel drift`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::shared::Surroundings;
use crate::operation::{DriftRequest, WatchRequest, drift, watch};
use evenkeel_model::defect::Severity;
use evenkeel_model::duration;

/// Check parity and live state
///
/// Compares the environments with each other: every undeclared difference is a defect. Compares each environment with its live
/// state, and the facts of live hosts that a `[survey.NAME]` names. It changes nothing. An attribute that cannot be read is
/// reported as such and never counts as in sync.
///
/// With more than 500 resources in the named environments, claims of the other environments on the same machine are not
/// compared. `drift` without names and `validate` compare all of them.
#[allow(clippy::struct_excessive_bools, reason = "each is a separate option")]
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel drift                                  everything
  evenkeel drift production --live                one environment, live state only
  evenkeel drift --parity --since origin/main     what a branch adds
  evenkeel drift --survey                         packages, users and settings of the live hosts
  evenkeel drift --live --since 2d                what is new, what ended, when each was first and last seen
  evenkeel drift --survey --since 7d              also what changed on the hosts since a recorded check
  evenkeel drift --record                         keep the result in the ledger
  evenkeel drift --every 10m --listen 127.0.0.1:9464   a service, with metrics")]
pub(super) struct Arguments {
    /// The environments [default: all]
    #[arg(value_name = "ENVIRONMENT")]
    names: Vec<String>,
    /// Check parity only: read no target and no secret, and run no command of the definitions
    #[arg(long, conflicts_with = "live")]
    parity: bool,
    /// Check live state only
    #[arg(long)]
    live: bool,
    /// Compare only the facts of live hosts that a survey names, such as packages and users
    #[arg(long, conflicts_with_all = ["parity", "live", "record", "render", "explain_equal"])]
    survey: bool,
    /// A date, a time or an age (2026-11-28, 2d): list the findings that are new or ended since the last recorded check
    /// before it, and the facts of hosts that changed. A revision: report only newer differences between environments.
    /// With --parity it is a revision, with --live and --survey a time
    #[arg(long, value_name = "TIME|REVISION")]
    since: Option<String>,
    /// With --parity, run the commands that print documents; without it, these documents are not compared
    #[arg(long, conflicts_with = "live")]
    render: bool,
    /// Do not search git for the commit of each difference
    #[arg(long)]
    no_history: bool,
    /// List the values that are equal by meaning, by an identity or by a default, but written differently
    #[arg(long, conflicts_with = "live")]
    explain_equal: bool,
    /// The lowest severity that counts as drift (exit code 2)
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
    /// Record the check in the ledger, so that later checks can tell since when each finding exists
    #[arg(long, conflicts_with = "parity")]
    record: bool,
    /// Repeat the check as a service, at this interval: `10m`. Prints what is new
    #[arg(long, value_name = "DURATION", value_parser = interval)]
    every: Option<Duration>,
    /// With --every, a file that gets the status as JSON after each check
    #[arg(long, value_name = "FILE", requires = "every")]
    status: Option<PathBuf>,
    /// With --every, serve the metrics of the last check at this address: `127.0.0.1:9464`, path `/metrics`
    #[arg(long, value_name = "ADDRESS", requires = "every")]
    listen: Option<SocketAddr>,
    /// With --every, the age of the last complete observation from which an environment counts as unobserved
    /// [default: three times the interval]
    #[arg(long, value_name = "DURATION", requires = "every", value_parser = interval)]
    max_age: Option<Duration>,
    /// Exit with 10 instead of 2 where only changes to apply were found: pending, not changed outside evenkeel
    #[arg(long)]
    exit_code: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum FailOn {
    /// Switches, missing keys, references to the other environment
    Critical,
    /// Also values, sizes, versions
    Error,
    /// Also ids, orders, moves, moving image tags
    Warning,
    /// Also different secrets
    Advice,
}

/// Parses a duration of at least a second.
fn interval(text: &str) -> Result<Duration, String> {
    match duration::parse(text) {
        Some(time) if time >= Duration::from_secs(1) => Ok(time),
        _ => Err("expected a duration of at least 1s, such as `10m`".to_owned()),
    }
}

/// Options of the service, which one check does not have.
const OF_SERVICE: [&str; 4] = ["--every", "--status", "--listen", "--max-age"];

/// Returns the arguments of one check: those of this program without the options of the service.
fn of_one_check(line: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut line = line.into_iter();
    while let Some(argument) = line.next() {
        let name = argument
            .split_once('=')
            .map_or(&*argument, |(name, _)| name);
        if !OF_SERVICE.contains(&name) {
            kept.push(argument);
        } else if name == argument {
            // Its value is the next argument.
            line.next();
        }
    }
    kept
}

/// Repeats the check until an interruption.
fn repeat(every: Duration, arguments: &Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let request = WatchRequest {
        command: of_one_check(std::env::args()),
        every,
        max_age: arguments.max_age.unwrap_or(every * 3),
        status: arguments.status.clone(),
        listen: arguments.listen,
    };
    let mut say = |text: &str| {
        // What a check printed is safe already.
        let _ = surroundings.print(|to| writeln!(to, "{text}"));
    };
    match watch(surroundings.world, &request, &mut say) {
        Ok(()) => surroundings.signals.exit_code(130),
        Err(reason) => {
            say(&reason);
            1
        }
    }
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    if let Some(every) = arguments.every {
        return repeat(every, &arguments, surroundings);
    }
    let request = DriftRequest {
        environments: arguments.names,
        parity_only: arguments.parity,
        live_only: arguments.live,
        survey_only: arguments.survey,
        since: arguments.since,
        render: arguments.render,
        no_history: arguments.no_history,
        explain_equal: arguments.explain_equal,
        fail_on: match arguments.fail_on {
            FailOn::Critical => Severity::Critical,
            FailOn::Error => Severity::Error,
            FailOn::Warning => Severity::Warning,
            FailOn::Advice => Severity::Advice,
        },
        record: arguments.record,
        exit_code: arguments.exit_code,
    };
    surroundings.render(drift(surroundings.world, &surroundings.location, &request))
}

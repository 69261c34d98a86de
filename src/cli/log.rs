//! `evenkeel log`.

use clap::Args;

use super::shared::Surroundings;
use crate::operation::{LogRequest, log};

/// List past events, one line each, by day
///
/// Steps and locks are listed with --all, or where --kind names them. `evenkeel show` prints one event in full.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel log --environment production --since 7d
  evenkeel log --kind approved --by alice
  evenkeel log --all")]
pub(super) struct Arguments {
    /// List at most this many, the newest
    #[arg(long, default_value_t = 50, value_name = "NUMBER")]
    limit: usize,
    /// List only events of this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
    /// List only events of this kind, such as approved; may be given several times
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// List only events since this date, time or age: 2026-11-28, 2026-11-28T07:48:01Z, 2d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// List only events before this date, time or age
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// List only what this person or account did
    #[arg(long, value_name = "PERSON")]
    by: Option<String>,
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let all = surroundings.all();
    surroundings.render(log(
        surroundings.world,
        &surroundings.location,
        &LogRequest {
            limit: if all { usize::MAX } else { arguments.limit },
            all,
            environment: arguments.environment,
            kinds: arguments.kind,
            since: arguments.since,
            until: arguments.until,
            by: arguments.by,
        },
    ))
}

//! Leases, one line each.

use std::io::{self, Write};

use super::super::document::{HolderProcess, LockDocument, LockState};
use super::Style;
use evenkeel_model::text::inert;

/// Writes one line for a lease.
pub(super) fn line(lock: &LockDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let name = &lock.environment;
    if lock.state == LockState::Free {
        return writeln!(to, "{name}  free");
    }
    let who = lock.by.as_ref().map_or_else(
        || "somebody who has not said who".to_owned(),
        |by| {
            format!(
                "{} on {}, process {}",
                inert(&by.name),
                inert(&by.host),
                by.process
            )
        },
    );
    let process = lock
        .process
        .map_or_else(String::new, |process| format!(" ({})", words(process)));
    let mut rest = String::new();
    if let Some(since) = lock.since {
        rest.push_str(&format!(", since {since}"));
    }
    if let Some(purpose) = &lock.purpose {
        rest.push_str(&format!(", for `{}`", inert(purpose)));
    }
    if let Some(token) = lock.token {
        rest.push_str(&format!(", token {token}"));
    }
    if lock.state == LockState::Left {
        return writeln!(
            to,
            "{name}  free; its last holder did not give it back: {who}{process}{rest}"
        );
    }
    writeln!(to, "{name}  {} by {who}{process}{rest}", style.odd("held"))
}

fn words(process: HolderProcess) -> &'static str {
    match process {
        HolderProcess::Running => "it runs",
        HolderProcess::Stopped => "it is stopped",
        HolderProcess::Unseen => "it cannot be looked up from here",
        HolderProcess::Ended => "it ended",
    }
}

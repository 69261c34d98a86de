//! Leases, one line each.

use std::io::{self, Write};

use super::super::document::{HolderProcess, LockDocument, LockState};
use super::Style;
use evenkeel_model::text::inert;

/// Writes one line for a lease.
pub(super) fn line(lock: &LockDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let name = inert(&lock.environment);
    if lock.state == LockState::Free {
        return writeln!(to, "{name}   not locked");
    }
    let who = lock.by.as_ref().map_or_else(
        || "an unknown process".to_owned(),
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
        rest.push_str(&format!(", since {}", since.for_people()));
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
            "{name}   not locked; its last holder did not unlock it: {who}{process}{rest}"
        );
    }
    writeln!(
        to,
        "{name}   {} by {who}{process}{rest}",
        style.odd("locked")
    )
}

fn words(process: HolderProcess) -> &'static str {
    match process {
        HolderProcess::Running => "running",
        HolderProcess::Stopped => "stopped",
        HolderProcess::Unseen => "on another host",
        HolderProcess::Ended => "ended",
    }
}

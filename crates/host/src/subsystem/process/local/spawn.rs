//! Starts a launcher, passes it the launch specification, and detects whether it became the program.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::super::launch::{INHERITED, LaunchSpec};
use crate::local::reason::why_io;
use crate::threads;
use evenkeel_model::text::inert;

/// The longest error message read from a launcher.
const LONGEST_REASON: u64 = 16 * 1024;

/// Starts the program; returns its process, which is the launcher's. The error is a reason for people.
pub(super) fn spawn(launcher: &Path, spec: &LaunchSpec) -> Result<Child, String> {
    let text =
        zeroize::Zeroizing::new(serde_json::to_vec(spec).map_err(|error| error.to_string())?);
    let mut child = Command::new(launcher)
        .arg("launch")
        .env_clear()
        .envs(
            INHERITED
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            format!(
                "cannot run its launcher `{}`: {}",
                launcher.display(),
                why_io(&error)
            )
        })?;
    if let Some(mut input) = child.stdin.take() {
        // If it ends before it reads everything, its message or its exit status gives the reason.
        let _ = input.write_all(&text);
    }
    let mut reason = Vec::new();
    if let Some(voice) = child.stderr.take() {
        // End of file here is the moment at which the program takes over.
        let _ = voice.take(LONGEST_REASON).read_to_end(&mut reason);
    }
    if reason.is_empty() {
        return Ok(child);
    }
    let _ = child.wait();
    Err(inert(&String::from_utf8_lossy(&reason)).into_owned())
}

/// Reaps a process in the background while evenkeel runs, so that it leaves no zombie.
pub(super) fn reap(mut child: Child) {
    let waiting = threads::builder().name("reaper".to_owned()).spawn(move || {
        let _ = child.wait();
    });
    // Without a free thread, the process is reaped when evenkeel exits.
    drop(waiting);
}

//! Repeated checks: runs this program once for each, and reads what it wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::command::{CommandRun, CommandStatus, run};
use evenkeel_host::Interruption;

/// Time limit of one check.
const LONGEST_CHECK: Duration = Duration::from_hours(1);

/// Longest status file in bytes.
const LONGEST_STATUS: u64 = 1024 * 1024;

/// Directory of the reports of checks; removed at the end.
pub struct Checks(TempDir);

/// Result of one check.
#[derive(Debug, Default)]
pub struct CheckResult {
    /// Exit code; absent if it was killed.
    pub exit_code: Option<u8>,
    /// Report as JSON; empty without one.
    pub json: Vec<u8>,
    /// Report as metrics.
    pub metrics: String,
    /// What it printed, messages last.
    pub printed: String,
}

impl Checks {
    /// Creates the directory.
    ///
    /// # Errors
    ///
    /// The reason.
    pub fn new() -> Result<Self, String> {
        tempfile::Builder::new()
            .prefix("evenkeel-watch-")
            .tempdir()
            .map(Self)
            .map_err(|error| format!("no directory for reports can be made: {error}"))
    }

    /// Runs one check: a command of this program, to which `-o` is added.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn run(
        &self,
        command: &[String],
        environment: &BTreeMap<String, String>,
        directory: &Path,
        interruption: &Interruption,
    ) -> Result<CheckResult, String> {
        let [json, prom]: [PathBuf; 2] =
            ["report.json", "report.prom"].map(|name| self.0.path().join(name));
        let mut command = command.to_vec();
        for path in [&json, &prom] {
            // A report of the check before must not count as one of this check.
            let _ = fs::remove_file(path);
            command.extend(["-o".to_owned(), path.display().to_string()]);
        }
        let wanted = CommandRun {
            environment: environment.clone(),
            directory: Some(directory.to_owned()),
            timeout: LONGEST_CHECK,
            ..CommandRun::new(command)
        };
        let ran = run(&wanted, interruption).map_err(|error| error.to_string())?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let out = text(ran.stdout.into_bytes());
        let messages = text(ran.stderr.into_bytes());
        Ok(CheckResult {
            exit_code: match ran.status {
                CommandStatus::Code(code) => u8::try_from(code).ok(),
                _ => None,
            },
            json: fs::read(&json).unwrap_or_default(),
            metrics: fs::read_to_string(&prom).unwrap_or_default(),
            printed: format!("{out}{messages}"),
        })
    }
}

/// Reads the status of an earlier service; empty without one.
#[must_use]
pub fn read_status(path: &Path) -> Vec<u8> {
    let is_small = fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() <= LONGEST_STATUS);
    if is_small {
        fs::read(path).unwrap_or_default()
    } else {
        Vec::new()
    }
}

//! GitHub Actions output of a report: the summary of the job, the outputs of the step, and a log without workflow
//! commands from text.
//!
//! Environment variables contain the paths of the files. Both are appended to, since other commands of the step write
//! there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::operation::World;
use crate::report::{Report, ReportFormat, github_outputs, github_summary};
use crate::world::report_file;

/// Appends the summary and the outputs of a report to the files that environment variables name.
///
/// # Errors
///
/// The file that could not be written, with the reason.
pub(super) fn publish(report: &Report, world: &World<'_>) -> Result<(), String> {
    let file = |name: &str| {
        let path = world.environment.get(name).filter(|path| !path.is_empty());
        path.map(|path| (path, world.directory.join(path)))
    };
    let failed = |name: &str, path: &str, error: std::io::Error| {
        format!("cannot write {path} (${name}): {error}")
    };
    if let Some((name, path)) = file("GITHUB_STEP_SUMMARY") {
        report_file::append(&path, |present| github_summary(report, present))
            .map_err(|error| failed("GITHUB_STEP_SUMMARY", name, error))?;
    }
    if let Some((name, path)) = file("GITHUB_OUTPUT") {
        let written = report_file::token()
            .and_then(|token| report_file::append(&path, |_| Some(github_outputs(report, &token))));
        written.map_err(|error| failed("GITHUB_OUTPUT", name, error))?;
    }
    Ok(())
}

/// Whether the runner of GitHub Actions reads the streams of this process.
pub(super) fn is_read(environment: &BTreeMap<String, String>) -> bool {
    environment
        .get("GITHUB_ACTIONS")
        .is_some_and(|value| value == "true")
}

/// Returns a rendering in which the runner finds no workflow command except those of the format `github`.
///
/// The runner treats a line that starts with `::` after spaces as a command, and one that contains `##[` anywhere.
pub(super) fn tame(text: &str, format: ReportFormat) -> Cow<'_, str> {
    let is_json = matches!(
        format,
        ReportFormat::Json | ReportFormat::Sarif | ReportFormat::Gitlab
    );
    let is_command =
        |line: &str| format != ReportFormat::Github && line.trim_start().starts_with("::");
    if !text.contains("##[") && !text.lines().any(is_command) {
        return Cow::Borrowed(text);
    }
    // In JSON, `#` only occurs in strings, where its escape is the same character.
    let brackets = if is_json { "\\u0023#[" } else { "## [" };
    let mut safe = String::with_capacity(text.len() + 16);
    for line in text.replace("##[", brackets).split_inclusive('\n') {
        if is_command(line) {
            safe.push_str(&line.replacen("::", ": :", 1));
        } else {
            safe.push_str(line);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::tame;
    use crate::report::ReportFormat;

    #[test]
    fn no_line_of_a_log_is_a_command() {
        let text = "a\n  ::error::b\n##[set-output name=c]d\n";
        assert_eq!(
            tame(text, ReportFormat::Text),
            "a\n  : :error::b\n## [set-output name=c]d\n"
        );
        assert_eq!(tame("\"##[x]\"", ReportFormat::Json), "\"\\u0023#[x]\"");
        assert_eq!(tame("::error ::b\n", ReportFormat::Github), "::error ::b\n");
    }
}

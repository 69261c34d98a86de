//! Runs the check programs and reads their results: exit code, lines and `JUnit` file, which must agree.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::process::Output;

use tempfile::TempDir;

use crate::programs::example;

pub const SUITES: [&str; 3] = ["journey", "contract", "security"];

/// A completed suite.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub cases: usize,
    /// The kind and message of each failed case.
    pub failures: BTreeMap<String, (String, String)>,
    pub lines: String,
}

impl Ran {
    pub fn failed_cases(&self) -> Vec<&str> {
        self.failures.keys().map(String::as_str).collect()
    }
}

pub fn command(suite: &str, target: &str, token: Option<&str>) -> std::process::Command {
    let mut command = example("guestbook_checks");
    command.arg(suite).env("TARGET_URL", target);
    if let Some(token) = token {
        command.env("MODERATOR_TOKEN", token);
    }
    command
}

/// Runs one suite with additional arguments.
pub fn run(suite: &str, target: &str, token: Option<&str>, arguments: &[&str]) -> Ran {
    let folder = TempDir::new().expect("a temporary folder is created");
    // In a folder that does not exist yet.
    let file = folder.path().join("results").join(format!("{suite}.xml"));
    let output = command(suite, target, token)
        .args(arguments)
        .arg("--junit")
        .arg(&file)
        .output()
        .expect("the checks run");
    let opened = std::fs::File::open(&file).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    understand(
        suite,
        &output,
        junit_parser::from_reader(BufReader::new(opened)).expect("the file is JUnit XML"),
    )
}

fn understand(suite: &str, output: &Output, report: junit_parser::TestSuites) -> Ran {
    let lines = String::from_utf8(output.stdout.clone()).expect("the lines are text");
    let mut failures = BTreeMap::new();
    let mut cases = 0;
    for case in report.suites.into_iter().flat_map(|suite| suite.cases) {
        cases += 1;
        assert_eq!(case.classname, Some(format!("guestbook.{suite}")));
        let mark = if case.status.is_success() {
            "ok    "
        } else {
            "FAIL  "
        };
        assert!(
            lines.contains(&format!("{mark}{} [", case.original_name)),
            "{}: {lines}",
            case.original_name
        );
        if case.status.is_failure() {
            let failure = case.status.failure_as_ref();
            assert!(!failure.message.is_empty());
            failures.insert(
                case.original_name,
                (failure.failure_type.clone(), failure.message.clone()),
            );
        }
    }
    let summary = format!(
        "{suite}: {} of {cases} cases passed",
        cases - failures.len()
    );
    assert_eq!(lines.lines().last(), Some(summary.as_str()), "{lines}");
    assert_eq!(lines.lines().count(), cases + 1, "{lines}");
    Ran {
        code: output.status.code(),
        cases,
        failures,
        lines,
    }
}

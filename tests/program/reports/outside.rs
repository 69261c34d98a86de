//! External readers: each format is accepted by its own readers.
//!
//! Schemas are in `fixtures/formats`. `tests/run` installs xmllint and cmark-gfm, and `tests/tools` the readers of
//! `tests/readers.py`. A test prints a note if one of them is missing.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use evenkeel::report::{Report, ReportFormat};
use serde_json::Value;

use super::example::example;
use super::rendered;

/// Prints that a reader is missing.
pub fn skipped(reader: &str) {
    eprintln!("SKIPPED: {reader} is not here, and tests/run did not install it");
}

fn schema(name: &str) -> jsonschema::Validator {
    let path = fixture(name);
    let text = std::fs::read_to_string(path).unwrap();
    // A closing bracket alone is a literal in ECMAScript only.
    let text = text.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}\\\\]?$");
    let schema = serde_json::from_str(&text).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    folder.join(name)
}

#[track_caller]
fn valid(schema: &jsonschema::Validator, document: &Value, of: &str) {
    let errors: Vec<String> = schema
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{of}: {errors:#?}");
}

/// Checks reports by the schemas of SARIF and of GitLab's code quality report.
#[track_caller]
pub fn are_valid(reports: &BTreeMap<String, Report>) {
    let (sarif, degradation) = (
        schema("sarif-2.1.0.schema.json"),
        schema("codeclimate.schema.json"),
    );
    for (name, report) in reports {
        let parsed = |format| -> Value { serde_json::from_str(&rendered(report, format)).unwrap() };
        let log = parsed(ReportFormat::Sarif);
        valid(&sarif, &log, name);
        for result in log["runs"][0]["results"].as_array().unwrap() {
            assert!(result["suppressions"].is_array(), "{name}");
            let places = result["relatedLocations"].as_array();
            let places = places.into_iter().flatten();
            for text in places.chain([result]).map(|each| &each["message"]["text"]) {
                let text = text.as_str().unwrap();
                assert!(!text.is_empty() && !text.contains("]("), "{name}: {text}");
            }
        }
        for each in parsed(ReportFormat::Gitlab).as_array().unwrap() {
            valid(&degradation, each, name);
            assert!(each["location"]["path"].is_string(), "{name}");
            assert!(each["location"]["lines"]["begin"].is_u64(), "{name}");
        }
    }
}

/// Writes reports in some formats into a folder, each named `NAME.FORMAT`.
fn written(
    reports: &BTreeMap<String, Report>,
    formats: &[ReportFormat],
    folder: &Path,
) -> Vec<PathBuf> {
    let all = reports
        .iter()
        .flat_map(|(name, report)| formats.iter().map(move |format| (name, report, *format)));
    all.map(|(name, report, format)| {
        let path = folder.join(format!("{name}.{}", format.name()));
        std::fs::write(&path, rendered(report, format)).unwrap();
        path
    })
    .collect()
}

/// Checks reports with the readers of `tests/readers.py`, and returns the number of records of each; `None` if a reader
/// is missing.
#[track_caller]
pub fn records(reports: &BTreeMap<String, Report>) -> Option<BTreeMap<String, usize>> {
    let folder = tempfile::tempdir().unwrap();
    let formats = [
        ReportFormat::Csv,
        ReportFormat::Prometheus,
        ReportFormat::Junit,
    ];
    let files = written(reports, &formats, folder.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers.py");
    let ran = Command::new("python3")
        .arg(script)
        .args(&files)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    if ran.status.code() == Some(77) {
        skipped(&said);
        return None;
    }
    assert!(ran.status.success(), "{said}");
    let lines = String::from_utf8(ran.stdout).unwrap();
    let counted = lines.lines().map(|line| {
        let (name, number) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), number.parse().unwrap())
    });
    Some(counted.collect())
}

/// Checks reports by the schema of JUnit XML.
#[track_caller]
pub fn are_junit(reports: &BTreeMap<String, Report>) {
    let folder = tempfile::tempdir().unwrap();
    let files = written(reports, &[ReportFormat::Junit], folder.path());
    let ran = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(fixture("junit-10.xsd"))
        .args(&files)
        .output();
    let Ok(ran) = ran else {
        return skipped("xmllint");
    };
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

/// Returns Markdown as XML by GitHub's own parser; `None` if it is missing.
pub fn parsed_markdown(text: &str) -> Option<String> {
    let extensions = [
        "table",
        "strikethrough",
        "autolink",
        "tagfilter",
        "tasklist",
    ];
    let started = Command::new("cmark-gfm")
        .args(["--to", "xml", "--extension", "footnotes"])
        .args(extensions.iter().flat_map(|name| ["--extension", name]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else {
        skipped("cmark-gfm");
        return None;
    };
    let mut input = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let ran = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(ran.status.success());
    Some(String::from_utf8(ran.stdout).unwrap())
}

fn examples() -> BTreeMap<String, Report> {
    BTreeMap::from([
        ("example".to_owned(), example()),
        (
            "empty".to_owned(),
            Report::new("drift", "shop", example().at),
        ),
    ])
}

#[test]
fn sarif_and_gitlab_reports_match_their_schemas() {
    are_valid(&examples());
}

#[test]
fn junit_reports_match_the_schema_of_jenkins() {
    are_junit(&examples());
}

#[test]
fn tables_metrics_and_cases_are_read() {
    let Some(counted) = records(&examples()) else {
        return;
    };
    for (name, number) in counted {
        // An empty report has one case, since a file without cases would count as a run that tested nothing.
        assert!(number > 0 || name == "empty.csv", "{name}: {number}");
    }
}

#[test]
fn sarif_contains_declarations_unread_parts_and_every_place() {
    let log: Value = serde_json::from_str(&rendered(&example(), ReportFormat::Sarif)).unwrap();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), evenkeel::report::codes().count());
    let results = run["results"].as_array().unwrap();
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let fingerprints = &result["partialFingerprints"];
        let own = fingerprints["evenkeelFinding/v1"].as_str().unwrap();
        assert_eq!(fingerprints["primaryLocationLineHash"], format!("{own}:1"));
    }
    let declared = results
        .iter()
        .find(|result| result["properties"]["state"] == "declared")
        .unwrap();
    let suppression = &declared["suppressions"][0];
    assert_eq!(suppression["status"], "accepted");
    let reason = suppression["justification"].as_str().unwrap();
    assert!(reason.contains("a tenth of the traffic") && reason.contains("OPS-12"));
    let pending = results
        .iter()
        .find(|result| result["properties"]["state"] == "pending")
        .unwrap();
    assert_eq!(pending["level"], "note");
    let uri = |place: &Value| place["physicalLocation"]["artifactLocation"]["uri"].clone();
    let several = results
        .iter()
        .find(|result| result["relatedLocations"].is_array())
        .unwrap();
    assert_eq!(
        uri(&several["locations"][0]),
        "deploy/environments/production.toml"
    );
    assert_eq!(
        uri(&several["relatedLocations"][0]),
        "deploy/environments/system.toml"
    );
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notifications = invocation["toolExecutionNotifications"].as_array().unwrap();
    for reported in [
        "file.key (production): permission denied",
        "production: 30 of 31 attributes read",
        "not compared: a/staging.yaml, a/production.yaml",
    ] {
        let is_reported = notifications
            .iter()
            .any(|each| each["message"]["text"] == reported && each["level"] == "error");
        assert!(is_reported, "{reported}: {notifications:#?}");
    }
    let changed = &results[0];
    assert_eq!(changed["level"], "error");
    assert_eq!(changed["properties"]["corner"], "changed outside evenkeel");
    assert_eq!(changed["suppressions"], serde_json::json!([]));
}

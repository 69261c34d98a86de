//! Commands with result files: both the exit code and the cases must be good.

use evenkeel::suite::Outcome;
use evenkeel_core::environment::suite::Suite;

use crate::suites::world::{run, running, said, script};

/// Returns a command that writes these results and exits with a code.
fn writing(home: &std::path::Path, results: &str, code: u8) -> Suite {
    std::fs::write(home.join("prepared"), results).unwrap();
    let text = format!("mkdir -p results; cp prepared results/TEST-a.xml; exit {code}");
    let mut check = script(home, &text);
    check.junit = Some(home.join("results/*.xml").display().to_string());
    running(check)
}

const GOOD: &str = "<testsuite><testcase name='a'/><testcase name='b'/></testsuite>";
const BAD: &str = "<testsuite failures='0'><testcase name='a'/><testcase name='b'><failure/></testcase></testsuite>";

#[test]
fn good_cases_and_a_good_exit_code_pass() {
    let home = tempfile::tempdir().unwrap();
    let result = run(&writing(home.path(), GOOD, 0));
    assert!(result.passed);
    assert_eq!(result.summary, "2 passed");
}

#[test]
fn a_failed_case_fails_whatever_the_exit_code_and_the_attributes_say() {
    let home = tempfile::tempdir().unwrap();
    let result = run(&writing(home.path(), BAD, 0));
    assert!(!result.passed);
    assert_eq!(result.summary, "1 passed, 1 failed");
}

#[test]
fn an_exit_code_fails_whatever_the_cases_say() {
    let home = tempfile::tempdir().unwrap();
    let result = run(&writing(home.path(), GOOD, 1));
    assert!(!result.passed);
    assert_eq!(result.summary, "2 passed, 1 failed");
    assert_eq!(said(&result.cases[2]), "expected exit code 0, found 1");
}

#[test]
fn results_without_cases_have_not_passed() {
    let home = tempfile::tempdir().unwrap();
    for (results, expected) in [
        ("<testsuites tests='10'/>", "no case in its 1 result file"),
        (
            "<testsuite><testcase><skipped/></testcase></testsuite>",
            "every case was skipped",
        ),
        ("", "it is empty"),
        ("<testsuite><testcase name='a'/>", "it is incomplete"),
        (
            "<!DOCTYPE a [<!ENTITY b 'c'>]><testsuite><testcase/></testsuite>",
            "document type",
        ),
        ("<html/>", "starts with `html`"),
    ] {
        let result = run(&writing(home.path(), results, 0));
        assert!(!result.passed, "{results}");
        let last = result.cases.last().unwrap();
        assert_eq!(last.outcome, Outcome::Error, "{results}");
        assert!(said(last).contains(expected), "{}", said(last));
    }
}

#[test]
fn results_of_an_earlier_run_do_not_count() {
    let home = tempfile::tempdir().unwrap();
    assert!(run(&writing(home.path(), GOOD, 0)).passed);
    let mut check = script(home.path(), "exit 0");
    check.junit = Some(home.path().join("results/*.xml").display().to_string());
    let result = run(&running(check));
    assert!(!result.passed);
    assert!(
        said(&result.cases[0]).starts_with("it wrote no result file"),
        "{:?}",
        result.cases
    );
}

#[test]
fn a_directory_in_place_of_results_stays_and_fails_the_run() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join("results/TEST-a.xml")).unwrap();
    let result = run(&writing(home.path(), GOOD, 0));
    assert!(!result.passed);
    assert!(home.path().join("results/TEST-a.xml").is_dir());
}

#[test]
fn one_unreadable_file_among_good_ones_fails_all() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("good"), GOOD).unwrap();
    let mut check = script(
        home.path(),
        "cp good a.xml; cp good c.xml; echo '<testsuite>' > b.xml",
    );
    check.junit = Some(home.path().join("*.xml").display().to_string());
    let result = run(&running(check));
    assert!(!result.passed);
    assert!(said(&result.cases[0]).contains("b.xml is not a valid result file"));
}

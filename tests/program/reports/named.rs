//! Reports in files whose names show their format, and outputs of GitHub Actions.

use std::fs;

use serde_json::Value;

use super::super::estate::yaml;
use super::super::world::{Ran, TestWorld, timeless};

fn differing() -> TestWorld {
    yaml("level: debug\n", "level: info\n", "")
}

#[test]
fn the_name_of_a_file_shows_its_format() {
    let world = differing();
    let plain = world.expect(2, &["drift", "--parity"]);
    let files = [
        ("drift.sarif", "{\n  \"$schema\""),
        ("report.json", "{\n  \"format\""),
        ("report.xml", "<?xml"),
        ("report.csv", "\"system\""),
        ("report.prom", "# HELP"),
        ("report.md", "<!-- evenkeel:"),
        ("gl-code-quality-report.json", "[\n"),
    ];
    let mut arguments = vec!["drift", "--parity", "-o", "report.txt"];
    arguments.extend(files.iter().flat_map(|(name, _)| ["-o", name]));
    let ran = world.expect(2, &arguments);
    assert_eq!(
        timeless(&ran.out),
        timeless(&plain.out),
        "text is also printed"
    );
    assert!(world.read("report.txt").starts_with("DRIFT "));
    for (name, start) in files {
        let text = world.read(name);
        assert!(text.starts_with(start), "{name}: {text}");
    }
}

#[test]
fn a_format_goes_to_the_file_of_its_name_and_the_other_is_printed() {
    let world = differing();
    let arguments = [
        "drift",
        "--parity",
        "--format",
        "github,sarif",
        "-o",
        "drift.sarif",
    ];
    let ran = world.expect(2, &arguments);
    assert!(ran.out.starts_with("::error file="), "{}", ran.short());
    let log: Value = serde_json::from_str(&world.read("drift.sarif")).unwrap();
    let place = &log["runs"][0]["results"][0]["locations"][0];
    assert!(place["physicalLocation"]["artifactLocation"]["uri"].is_string());
    let ran = world.run(&["drift", "--parity", "-o", "drift"]);
    assert_eq!(ran.code, 64);
    ran.says("the name of drift shows no format");
}

#[test]
fn a_plan_is_saved_under_any_name_without_a_format() {
    let world = TestWorld::small();
    for name in ["p", "staging.plan"] {
        world.expect(2, &["plan", "staging", "-o", name]);
        assert!(world.path(name).exists(), "{name}");
    }
    let ran = world.expect(
        2,
        &[
            "plan",
            "staging",
            "-o",
            "p",
            "-o",
            "plan.json",
            "-o",
            "plan.md",
        ],
    );
    assert!(!ran.out.is_empty());
    let report: Value = serde_json::from_str(&world.read("plan.json")).unwrap();
    assert_eq!(report["command"], "plan");
    assert!(world.read("plan.md").contains("plan of `staging`"));
    world
        .expect(64, &["plan", "staging", "-o", "p", "-o", "q"])
        .says("only one file is written: p or q");
    world.expect(0, &["apply", "p"]);
}

#[test]
fn a_command_without_a_report_refuses_a_file() {
    let world = TestWorld::empty();
    world
        .expect(64, &["schema", "report", "-o", "report.json"])
        .says("this command writes no report; redirect its output to report.json instead");
    assert!(!world.path("report.json").exists());
}

/// Runs as a step of a job whose log a runner reads.
fn step(world: &TestWorld, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", world.path("summary"))
        .env("GITHUB_OUTPUT", world.path("output"));
    Ran::of(&command.output().unwrap())
}

#[test]
fn a_usage_error_in_a_job_is_no_workflow_command() {
    let world = TestWorld::empty();
    for arguments in [
        &["drift", "--color", "x\n::error::forged"][..],
        &["drift", "--format", "text,json", "-o", "x\n::error::forged"],
        &["x\n::add-mask::forged"],
    ] {
        let ran = step(&world, arguments);
        assert_eq!(ran.code, 64, "{arguments:?}: {}", ran.short());
        ran.says("forged");
        for line in ran.all().lines() {
            assert!(!line.trim_start().starts_with("::"), "{line}");
        }
    }
}

#[test]
fn a_step_gets_its_summary_and_its_outputs() {
    let world = differing();
    world.write("summary", "before\n");
    world.write("output", "before=1\n");
    let ran = step(&world, &["drift", "--parity", "--format", "github"]);
    assert_eq!(ran.code, 2, "{}", ran.short());
    let summary = world.read("summary");
    assert!(summary.starts_with("before\n<!-- evenkeel:"), "{summary}");
    assert!(summary.contains("DRIFT"), "{summary}");
    let output = world.read("output");
    let delimiter = output.lines().nth(1).unwrap().split_once("<<").unwrap().1;
    assert!(delimiter.len() > 30, "{output}");
    assert!(output.starts_with("before=1\n"), "{output}");
    for (name, value) in [("verdict", "DRIFT"), ("exit-code", "2"), ("drift", "true")] {
        let lines = format!("{name}<<{delimiter}\n{value}\n{delimiter}\n");
        assert!(output.contains(&lines), "{lines}: {output}");
    }
    // The delimiter is different each time, so that no text can contain it.
    step(&world, &["drift", "--parity", "--format", "github"]);
    assert_eq!(
        world.read("output").matches(delimiter).count(),
        output.matches(delimiter).count()
    );
    // No other format touches these files.
    let before = world.read("summary");
    step(&world, &["drift", "--parity"]);
    assert_eq!(world.read("summary"), before);
    fs::create_dir(world.path("folder")).unwrap();
    let mut command = world.command(&["drift", "--parity", "--format", "github"]);
    command.env("GITHUB_STEP_SUMMARY", world.path("folder"));
    let ran = Ran::of(&command.output().unwrap());
    ran.says("$GITHUB_STEP_SUMMARY");
}

#[test]
fn no_line_of_a_log_is_a_command_that_a_document_made() {
    let value = |end: &str| {
        let text = format!("x\n::error::planted\n##[set-output name=gate;]open {end}");
        format!("key: {}\n", serde_json::to_string(&text).unwrap())
    };
    let world = yaml(&value("1"), &value("2"), "");
    for format in [
        "text", "concise", "json", "markdown", "github", "sarif", "csv", "junit",
    ] {
        let ran = step(&world, &["drift", "--parity", "--format", format]);
        assert_eq!(ran.code, 2, "{format}: {}", ran.short());
        for line in ran.all().lines() {
            let is_command = line.trim_start().starts_with("::error::") || line.contains("##[");
            let is_own = format == "github" && line.starts_with("::error file=");
            assert!(!is_command || is_own, "{format}: {line}");
        }
    }
}

//! Reports in files: several formats at once, whole files, and nothing through a link.

use std::fs;
use std::os::unix::fs::symlink;

use evenkeel::report::Report;

use super::super::estate::yaml;
use super::super::world::{TestWorld, timeless};

/// Files have 100 columns.
fn differing() -> TestWorld {
    let mut world = yaml("level: debug\n", "level: info\n", "");
    world.variables.insert("COLUMNS".into(), "100".into());
    world
}

#[test]
fn each_format_has_its_own_place() {
    let world = differing();
    let plain = world.plain(&["drift", "--parity"]);
    assert_eq!(plain.code, 2);
    let ran = world.expect(2, &["drift", "--parity", "--format", "json=report.json"]);
    assert_eq!(timeless(&ran.out), timeless(&plain.out));
    let printed = world.expect(
        2,
        &[
            "drift",
            "--parity",
            "--format",
            "text=report.text",
            "--format",
            "json",
        ],
    );
    assert_eq!(
        timeless(&fs::read_to_string(world.path("report.text")).unwrap()),
        timeless(&plain.out)
    );
    let read = |text: &str| {
        let mut report: Report = serde_json::from_str(text).unwrap();
        let printed: Report = serde_json::from_str(&printed.out).unwrap();
        report.at = printed.at;
        (
            serde_json::to_string(&report).unwrap(),
            serde_json::to_string(&printed).unwrap(),
        )
    };
    let (kept, printed) = read(&fs::read_to_string(world.path("report.json")).unwrap());
    assert_eq!(kept, printed);
}

#[test]
fn a_failure_is_a_document_in_every_format() {
    let world = differing();
    world.write("environments/system.toml", "[system]\nname = 7\n");
    let plain = world.plain(&["drift"]);
    let ran = world.run(&[
        "drift",
        "--format",
        "json=report.json",
        "--format",
        "text=report.text",
    ]);
    assert_eq!((ran.code, &*ran.out), (1, ""));
    assert_eq!(timeless(&ran.err), timeless(&plain.err));
    assert_eq!(
        timeless(&fs::read_to_string(world.path("report.text")).unwrap()),
        timeless(&plain.err)
    );
    let document = fs::read_to_string(world.path("report.json")).unwrap();
    let report: Report = serde_json::from_str(&document).unwrap();
    assert_eq!((&*report.command, report.exit_code), ("drift", 1));
    assert!(report.failure.is_some());
    assert!(!report.findings.is_empty());
    assert!(report.findings[0].places[0].snippet.is_some());
}

#[test]
fn unwritable_files_are_refused_before_anything_is_done() {
    let world = TestWorld::small();
    world.write("target", "kept");
    symlink(world.path("target"), world.path("link")).unwrap();
    fs::create_dir(world.path("folder")).unwrap();
    for (file, says) in [
        ("link", "cannot write link: it is a symbolic link"),
        ("folder", "cannot write folder: it is a directory"),
        (
            "/dev/null",
            "cannot write /dev/null: it is not a regular file",
        ),
        (
            "missing/report",
            "cannot write missing/report: its directory is missing",
        ),
    ] {
        let format = format!("json={file}");
        world
            .expect(64, &["apply", "staging", "--format", &format])
            .says(says);
    }
    assert_eq!(fs::read_to_string(world.path("target")).unwrap(), "kept");
    assert!(!world.path(".evenkeel").exists(), "nothing was applied");
}

#[test]
fn invalid_formats_are_usage_errors() {
    let world = differing();
    for (formats, says) in [
        (&["--format", "xml"][..], "invalid value 'xml'"),
        (&["--format", "json="][..], "has no file"),
        (
            &["--format", "text", "--format", "json"][..],
            "only one format goes to standard output",
        ),
        (
            &["--format", "text=a", "--format", "json=a"][..],
            "two formats go to a",
        ),
    ] {
        let arguments = [&["drift", "--parity"], formats].concat();
        world.expect(64, &arguments).says(says);
    }
}

#[test]
fn places_are_relative_to_the_project_and_to_the_repository() {
    let world = TestWorld::empty();
    for (name, level) in [("staging", "debug"), ("production", "info")] {
        world.write(
            &format!("deploy/environments/{name}.toml"),
            &format!("[environment]\nname = \"{name}\"\n"),
        );
        world.write(&format!("charts/{name}.yaml"), &format!("level: {level}\n"));
    }
    world.write(
        "deploy/environments/system.toml",
        "[system]\nname = \"shop\"\npath = [\"staging\", \"production\"]\n\n[document.a]\npath = \"../charts/${environment}.yaml\"\n",
    );
    world.git(&["init", "-q"]);
    let report = world.json(
        2,
        &["drift", "--parity", "--environments", "deploy/environments"],
    );
    assert_eq!(report["project"], "deploy");
    let place = &report["findings"][0]["places"][0];
    assert_eq!(place["path"], "../charts/production.yaml");
    assert_eq!(place["repository-path"], "charts/production.yaml");
    assert_eq!(place["snippet"]["text"], "level: info\n");
}

//! The smallest unblocking set against the world: what `next:` prints is executed word for word, until the gate opens.
//!
//! Commands run in a shell. Instructions are for people, so each case says how the person follows them.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::world::{PROGRAM, Ran, SYSTEM, TestWorld};

/// Committed project with this policy.
fn project(policy: &str) -> TestWorld {
    let system = SYSTEM.replace("uncommitted = true\n", policy);
    let world = TestWorld::with(&system);
    world.commit();
    world
}

fn approve(world: &TestWorld) {
    let plan = world.json(0, &["deliver"])["verdict"]["plan"]
        .as_str()
        .unwrap()
        .to_owned();
    world.expect(0, &["approve", &plan, "--reason", "x"]);
}

/// Project that was released once.
fn released(policy: &str) -> TestWorld {
    let world = project(policy);
    if policy.contains("approvals = 0") {
        world.expect(0, &["deliver"]);
    } else {
        approve(&world);
    }
    world.expect(0, &["release"]);
    world
}

fn another_greeting(world: &TestWorld) {
    world.write(
        "environments/config.toml.j2",
        "greeting = \"{{ greeting }}, again\"\n",
    );
}

/// Returns the lines below `next:`.
fn next(ran: &Ran) -> Vec<String> {
    let below = ran
        .out
        .split("\nnext:\n")
        .nth(1)
        .unwrap_or_else(|| panic!("{}", ran.short()));
    below
        .lines()
        .take_while(|line| line.starts_with("  "))
        .map(|line| line.trim().to_owned())
        .collect()
}

/// Executes a line in a shell in which `evenkeel` is the program under test.
fn execute(world: &TestWorld, line: &str) {
    let folder = world.path("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let link = folder.join("evenkeel");
    if !link.exists() {
        std::os::unix::fs::symlink(PROGRAM, &link).unwrap();
    }
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    world.surround(&mut command);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", folder.display()));
    let ran = Ran::of(&command.output().unwrap());
    assert_eq!(ran.code, 0, "{line}\n{}", ran.short());
}

/// Follows what the shut gate prints, and expects that the release then passes. `person` follows an instruction.
/// Returns the lines.
fn follow(world: &TestWorld, person: impl Fn(&TestWorld, &str)) -> Vec<String> {
    let lines = next(&world.expect(3, &["release"]));
    for line in &lines {
        let Some(instruction) = line.strip_prefix("# ") else {
            execute(world, line);
            continue;
        };
        if instruction.starts_with("commit the definitions") {
            world.commit();
        } else if let Some(rest) = instruction.strip_prefix("approve the plan that `") {
            let (command, _) = rest.split_once('`').unwrap();
            let arguments: Vec<&str> = command.split(' ').skip(1).collect();
            let ran = world.run(&[&arguments[..], &["--format", "json"]].concat());
            let document = ran.document();
            let plan = document["verdict"]["plan"]
                .as_str()
                .or(document["plans"][0]["digest"].as_str())
                .unwrap_or_else(|| panic!("{}", ran.short()));
            world.expect(0, &["approve", plan, "--reason", "x"]);
        } else {
            person(world, instruction);
        }
    }
    let ran = world.run(&["release"]);
    assert_eq!(ran.code, 0, "after {lines:#?}\n{}", ran.short());
    lines
}

/// No instruction is expected.
fn no_person(_: &TestWorld, instruction: &str) {
    panic!("unexpected: {instruction}");
}

/// Checks the beginnings of lines.
#[track_caller]
fn begin(lines: &[String], beginnings: &[&str]) {
    let is_so = lines.len() == beginnings.len()
        && lines
            .iter()
            .zip(beginnings)
            .all(|(line, beginning)| line.starts_with(beginning));
    assert!(is_so, "{lines:#?}\nexpected {beginnings:#?}");
}

#[test]
fn a_project_that_was_never_delivered() {
    let world = project("approvals = 1\n");
    let lines = follow(&world, no_person);
    begin(&lines, &["evenkeel deliver", "evenkeel approve "]);
}

#[test]
fn definitions_without_a_repository() {
    let world = TestWorld::with(&SYSTEM.replace("uncommitted = true\n", "approvals = 1\n"));
    let lines = follow(&world, no_person);
    begin(
        &lines,
        &[
            "# commit the definitions",
            "evenkeel deliver",
            "evenkeel approve ",
        ],
    );
}

#[test]
fn an_edit_that_is_not_committed() {
    let world = released("approvals = 1\n");
    another_greeting(&world);
    let lines = follow(&world, no_person);
    begin(
        &lines,
        &[
            "# commit the definitions",
            "evenkeel deliver",
            "evenkeel approve ",
        ],
    );
}

#[test]
fn an_undeclared_difference() {
    let world = released("approvals = 1\n");
    world.add(
        "environments/production.toml",
        "\n[file.config]\nmode = \"0600\"\n",
    );
    world.commit();
    let lines = follow(&world, |world, _| {
        another_greeting(world);
        world.replace(
            "environments/production.toml",
            "\n[file.config]\nmode = \"0600\"\n",
            "",
        );
    });
    begin(
        &lines,
        &[
            "# run `evenkeel drift` and fix or declare",
            "# commit the definitions",
            "evenkeel deliver",
            "# approve the plan that `evenkeel deliver` shows then",
        ],
    );
}

#[test]
fn a_suite_that_changed_after_it_passed() {
    let world = project("approvals = 1\n");
    approve(&world);
    world.script("checks/smoke.sh", "exit 0 # another");
    world.commit();
    let lines = follow(&world, no_person);
    begin(&lines, &["evenkeel deliver", "evenkeel approve "]);
}

#[test]
fn staging_that_was_changed_outside_evenkeel() {
    let world = project("approvals = 1\n");
    approve(&world);
    world.write("run/staging/config.toml", "mine\n");
    let lines = follow(&world, no_person);
    begin(&lines, &["evenkeel deliver", "evenkeel approve "]);
}

#[test]
fn staging_that_was_changed_and_changed_back() {
    let world = project("approvals = 1\n");
    approve(&world);
    let before = world.read("run/staging/config.toml");
    world.write("run/staging/config.toml", "mine\n");
    world.write("run/staging/config.toml", &before);
    let lines = follow(&world, no_person);
    begin(&lines, &["evenkeel verify staging", "evenkeel approve "]);
}

#[test]
fn an_unmanaged_file_in_staging() {
    let system = SYSTEM
        .replace("uncommitted = true\n", "approvals = 1\n")
        .replace("mode = \"0755\"\n", "mode = \"0755\"\nexclusive = true\n");
    let world = TestWorld::with(&system);
    world.commit();
    approve(&world);
    world.write("run/staging/extra.conf", "x\n");
    let lines = follow(&world, |world, _| {
        std::fs::remove_file(world.path("run/staging/extra.conf")).unwrap();
    });
    begin(
        &lines,
        &[
            "# run `evenkeel drift staging` and remove",
            "evenkeel verify staging",
            "evenkeel approve ",
        ],
    );
}

#[test]
fn production_that_cannot_be_read() {
    let world = released("approvals = 1\n");
    another_greeting(&world);
    world.commit();
    approve(&world);
    // No symbolic link on the way to a resource is followed.
    std::fs::rename(world.path("run/production"), world.path("run/elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", world.path("run/production")).unwrap();
    let lines = follow(&world, |world, _| {
        std::fs::remove_file(world.path("run/production")).unwrap();
        std::fs::rename(world.path("run/elsewhere"), world.path("run/production")).unwrap();
    });
    assert!(
        lines[0].starts_with("# run `evenkeel drift production` and "),
        "{lines:#?}"
    );
}

#[test]
fn production_that_was_changed_after_a_release() {
    let world = released("approvals = 1\n");
    world.write("run/production/config.toml", "mine\n");
    let lines = follow(&world, no_person);
    assert_eq!(lines, ["evenkeel apply production"]);
    // Only exactly the released commit may be restored.
    let commit = world.git(&["rev-parse", "HEAD"]);
    world.write("notes.md", "x\n");
    world.commit();
    world.write("run/production/config.toml", "mine\n");
    let lines = follow(&world, no_person);
    assert_eq!(
        lines,
        [format!("evenkeel --at {} apply production", &commit[..10])]
    );
}

#[test]
fn a_head_that_is_missing() {
    let world = project("approvals = 1\n");
    approve(&world);
    std::fs::remove_file(world.path(".evenkeel/head")).unwrap();
    let lines = follow(&world, |world, _| {
        world.expect(0, &["audit", "verify", "--restore-head"]);
    });
    begin(
        &lines,
        &["# run `evenkeel audit verify --against CHECKPOINT`"],
    );
}

#[test]
fn a_freeze_that_outlasts_the_evidence() {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let end = jiff::Timestamp::from_second(i64::try_from(now).unwrap() + 20).unwrap();
    let world = project(&format!(
        "approvals = 1\nevidence-max-age = \"15s\"\nfreeze = [{{ from = 2020-01-01, to = {end}, reason = \"holidays\" }}]\n"
    ));
    world.expect(3, &["deliver"]);
    let lines = follow(&world, |_, _| {
        while SystemTime::now() < UNIX_EPOCH + Duration::from_secs(now + 20) {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    begin(
        &lines,
        &[
            "# wait until",
            "evenkeel verify staging",
            "evenkeel approve ",
        ],
    );
}

#[test]
fn a_rejected_plan() {
    let world = project("approvals = 1\n");
    let plan = world.json(0, &["deliver"])["verdict"]["plan"]
        .as_str()
        .unwrap()
        .to_owned();
    world.expect(0, &["reject", &plan, "--reason", "slow"]);
    let lines = follow(&world, no_person);
    begin(&lines, &["evenkeel withdraw ", "evenkeel approve "]);
}

#[test]
fn a_policy_that_is_weaker_than_at_the_last_release() {
    let world = released("approvals = 1\n");
    world.replace("environments/system.toml", "approvals = 1", "approvals = 0");
    another_greeting(&world);
    world.commit();
    let lines = follow(&world, no_person);
    begin(&lines, &["evenkeel deliver", "evenkeel approve "]);
}

#[test]
fn a_drill_that_the_policy_requires() {
    let world = project("approvals = 1\ndrill = \"30d\"\n");
    let lines = follow(&world, no_person);
    begin(
        &lines,
        &["evenkeel drill", "evenkeel deliver", "evenkeel approve "],
    );
}

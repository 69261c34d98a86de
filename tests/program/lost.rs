//! The whole folder of records is gone, while what was applied is in place and runs: it is told, nothing is made a second
//! time, and nothing is removed.

use std::fs;
use std::process::Command;

use super::inside::{expect, refused};
use super::tampering::watched;
use super::world::{SYSTEM, TestWorld};

const TOLD: &str = "the ledger in `.evenkeel` has no apply to staging, but ";

fn copy(world: &TestWorld, from: &str, to: &str) {
    let done = Command::new("cp")
        .arg("-a")
        .args([world.path(from), world.path(to)])
        .status()
        .unwrap();
    assert!(done.success());
}

/// A small system with a process that says nothing of whether it is ready.
fn running() -> TestWorld {
    let world = TestWorld::with(&format!(
        "{SYSTEM}\n[file.extra]\non = \"web\"\npath = \"${{directory.home.path}}/extra\"\ncontent = \"extra\\n\"\n\n[process.app]\non = \"web\"\ncommand = [\"sleep\", \"1000\"]\n"
    ));
    world.expect(0, &["apply", "staging"]);
    world
}

#[test]
fn without_its_ledger_nothing_is_made_twice_and_nothing_is_removed() {
    let world = running();
    let processes = world.processes();
    assert_eq!(processes.len(), 1);
    let there = world.snapshot("run");
    copy(&world, ".evenkeel", "backup");
    fs::remove_dir_all(world.path(".evenkeel")).unwrap();
    // Declared no longer, and nobody but the old ledger knows that it was.
    let system = world.read("environments/system.toml");
    let start = system.find("[file.extra]").unwrap();
    let end = system.find("[process.app]").unwrap();
    let less = format!("{}{}", &system[..start], &system[end..]);
    world.write("environments/system.toml", &less);
    for looking in [
        &["drift", "--live"][..],
        &["drift", "staging"],
        &["plan", "staging"],
        &["plan"],
    ] {
        let ran = world.run(looking);
        ran.says(TOLD).says("restore it from a backup");
        assert!(!world.path(".evenkeel").exists(), "{looking:?}");
    }
    let plan = world.json(2, &["plan", "staging"]);
    for step in plan["plans"][0]["steps"].as_array().unwrap() {
        let wanted = match step["address"].as_str().unwrap() {
            "process.app" => "create",
            _ => "record",
        };
        assert_eq!(step["verb"], wanted, "{step}");
    }
    // The process is not started a second time: it is found by what it writes to.
    let ran = world.expect(1, &["apply", "staging"]);
    ran.says(TOLD)
        .says(&format!(
            "process {} already writes to its log",
            processes[0]
        ))
        .says("has no record");
    assert_eq!(world.processes(), processes);
    assert!(there == world.snapshot("run"), "something was changed");
    // With the old ledger everything is known again, and what was forgotten would be removed.
    fs::remove_dir_all(world.path(".evenkeel")).unwrap();
    copy(&world, "backup", ".evenkeel");
    world.write("environments/system.toml", &system);
    world.expect(0, &["drift", "--live", "staging"]);
    world.expect(0, &["plan", "staging"]);
    world.write("environments/system.toml", &less);
    let plan = world.json(2, &["plan", "staging"]);
    let steps = plan["plans"][0]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 1);
    assert_eq!(
        (&steps[0]["verb"], &steps[0]["address"]),
        (&"remove".into(), &"file.extra".into())
    );
    world.expect(0, &["apply", "staging"]);
    assert_eq!(world.processes(), processes);
}

/// Another clone has no ledger of its own, and finds in place what the first one applied.
#[test]
fn from_another_clone_what_is_in_place_is_told_and_left() {
    let world = running();
    let there = world.snapshot("run");
    let clone = TestWorld::with(&world.read("environments/system.toml"));
    clone.replace(
        "environments/staging.toml",
        "local = true\n",
        &format!("local = true\nbase = \"{}\"\n", world.path("").display()),
    );
    // Without the process: its record and its log are of the first clone alone.
    let system = clone.read("environments/system.toml");
    let end = system.find("\n[process.app]").unwrap();
    clone.write("environments/system.toml", &system[..end]);
    clone.run(&["drift", "staging"]).says(TOLD);
    clone.expect(2, &["plan", "staging"]).says(TOLD);
    clone.expect(0, &["apply", "staging"]).says(TOLD);
    assert!(there == world.snapshot("run"), "something was changed");
    let again = clone.expect(0, &["apply", "staging"]);
    assert!(!again.all().contains(TOLD), "it is recorded now");
}

/// Where a target's own records lie elsewhere, its stamp names the ledger that is missing: nothing is applied at all.
#[test]
fn a_target_that_bears_the_stamp_of_the_lost_ledger_is_left_alone() {
    let inside = watched();
    expect(0, inside.apply("staging"));
    copy(&inside.world, ".evenkeel", "backup");
    let done = inside.asked("staging");
    fs::remove_dir_all(inside.world.path(".evenkeel")).unwrap();
    let told = |outcome: &super::inside::Outcome| super::inside::words(outcome);
    for outcome in [inside.drift(), inside.plan("staging")] {
        assert!(told(&outcome).contains(TOLD), "{}", told(&outcome));
        assert!(
            told(&outcome).contains("managed from another ledger; /srv/state/owner.json says"),
            "{}",
            told(&outcome)
        );
    }
    for outcome in [inside.apply("staging"), inside.deliver()] {
        refused(1, "managed from another ledger", &outcome);
        refused(1, "restore the ledger that manages it", &outcome);
    }
    refused(3, "only accepts releases", &inside.apply("production"));
    assert_eq!(
        (inside.asked("staging"), inside.asked("production")),
        (done, 0)
    );
    // The drill: what was backed up is put back, and all is as it was.
    fs::remove_dir_all(inside.world.path(".evenkeel")).unwrap();
    copy(&inside.world, "backup", ".evenkeel");
    expect(0, inside.plan("staging"));
    expect(0, inside.apply("staging"));
    expect(0, inside.audit());
    assert_eq!(inside.asked("staging"), done);
}

/// Whoever has nothing in place hears nothing of it.
#[test]
fn on_the_first_day_nothing_is_said_of_lost_ledgers() {
    let world = TestWorld::small();
    for arguments in [
        &["drift"][..],
        &["plan"],
        &["apply", "staging"],
        &["plan", "staging"],
        &["drift", "staging"],
    ] {
        let ran = world.run(arguments);
        assert!(!ran.all().contains("lost"), "{}", ran.short());
    }
}

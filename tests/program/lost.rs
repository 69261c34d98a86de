//! The whole folder of records is missing while applied resources exist and run: that is reported, nothing is created
//! twice, and nothing is removed.

use std::fs;
use std::process::Command;

use super::inside::{expect, refused};
use super::tampering::watched;
use super::world::{SYSTEM, TestWorld};

const WARNING: &str = "the ledger in `.evenkeel` has no apply to staging, but ";

fn copy(world: &TestWorld, from: &str, to: &str) {
    let done = Command::new("cp")
        .arg("-a")
        .args([world.path(from), world.path(to)])
        .status()
        .unwrap();
    assert!(done.success());
}

/// Returns a small system with a process without a readiness check.
fn running() -> TestWorld {
    let world = TestWorld::with(&format!(
        "{SYSTEM}\n[file.extra]\non = \"web\"\npath = \"${{directory.home.path}}/extra\"\ncontent = \"extra\\n\"\n\n[process.app]\non = \"web\"\ncommand = [\"sleep\", \"1000\"]\n"
    ));
    world.expect(0, &["apply", "staging"]);
    world
}

#[test]
fn without_its_ledger_nothing_is_created_twice_or_removed() {
    let world = running();
    let processes = world.processes();
    assert_eq!(processes.len(), 1);
    let there = world.snapshot("run");
    copy(&world, ".evenkeel", "backup");
    fs::remove_dir_all(world.path(".evenkeel")).unwrap();
    // Removed from the definitions, and known to the old ledger only.
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
        ran.says(WARNING).says("restore it from a backup");
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
    // The process is not started twice: it is found by its log.
    let ran = world.expect(1, &["apply", "staging"]);
    ran.says(WARNING)
        .says(&format!(
            "process {} already writes to its log",
            processes[0]
        ))
        .says("has no record");
    assert_eq!(world.processes(), processes);
    assert!(there == world.snapshot("run"), "something was changed");
    // With the old ledger the resource is known again, and would be removed.
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

/// Another clone has no ledger, and finds the resources applied by the first one.
#[test]
fn another_clone_reports_and_keeps_existing_resources() {
    let world = running();
    let there = world.snapshot("run");
    let clone = TestWorld::with(&world.read("environments/system.toml"));
    clone.replace(
        "environments/staging.toml",
        "local = true\n",
        &format!("local = true\nbase = \"{}\"\n", world.path("").display()),
    );
    // Without the process: its record and its log belong to the first clone.
    let system = clone.read("environments/system.toml");
    let end = system.find("\n[process.app]").unwrap();
    clone.write("environments/system.toml", &system[..end]);
    clone.run(&["drift", "staging"]).says(WARNING);
    clone.expect(2, &["plan", "staging"]).says(WARNING);
    clone.expect(0, &["apply", "staging"]).says(WARNING);
    assert!(there == world.snapshot("run"), "something was changed");
    let again = clone.expect(0, &["apply", "staging"]);
    assert!(!again.all().contains(WARNING), "it is recorded now");
}

/// If a target's own records exist, its stamp names the missing ledger: nothing is applied.
#[test]
fn a_target_with_the_stamp_of_the_lost_ledger_stays_unchanged() {
    let inside = watched();
    expect(0, inside.apply("staging"));
    copy(&inside.world, ".evenkeel", "backup");
    let done = inside.asked("staging");
    fs::remove_dir_all(inside.world.path(".evenkeel")).unwrap();
    let reported = |outcome: &super::inside::Outcome| super::inside::words(outcome);
    for outcome in [inside.drift(), inside.plan("staging")] {
        assert!(
            reported(&outcome).contains(WARNING),
            "{}",
            reported(&outcome)
        );
        assert!(
            reported(&outcome)
                .contains("managed from another ledger; /srv/state/owner.json contains"),
            "{}",
            reported(&outcome)
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
    // Recovery: the backup is restored, and everything is known again.
    fs::remove_dir_all(inside.world.path(".evenkeel")).unwrap();
    copy(&inside.world, "backup", ".evenkeel");
    expect(0, inside.plan("staging"));
    expect(0, inside.apply("staging"));
    expect(0, inside.audit());
    assert_eq!(inside.asked("staging"), done);
}

/// Without existing resources there is no warning.
#[test]
fn the_first_day_has_no_warning_of_lost_ledgers() {
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

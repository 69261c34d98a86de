//! Programs and inputs of suites are read like every other file: with a limit, at the revision of `--at`, and as part
//! of whether the definitions are committed.

use std::time::Instant;

use super::world::{HANGS, SYSTEM, TestWorld};

/// Returns a committed project whose suite has an input.
fn committed() -> TestWorld {
    let world = TestWorld::with(&SYSTEM.replace("uncommitted = true\n", "").replace(
        "[release]",
        "inputs = [\"../checks/expected.json\"]\n\n[release]",
    ));
    world.write("checks/expected.json", "{}\n");
    world.commit();
    world
}

fn ignore(world: &TestWorld, more: &str) {
    world.write(".gitignore", &format!("/.evenkeel\n/run\n/build\n{more}"));
}

fn is_dirty(world: &TestWorld) -> bool {
    let plan = world.run(&["plan", "staging", "--format", "json"]);
    assert!(matches!(plan.code, 0 | 2), "{}", plan.short());
    plan.document()["origin"]["dirty"].as_bool().unwrap()
}

#[test]
fn a_suite_that_differs_from_its_commit_is_not_committed() {
    let world = committed();
    assert!(!is_dirty(&world));
    world.write("checks/expected.json", "{ }\n");
    assert!(is_dirty(&world), "an input changed");
    world.git(&["checkout", "-q", "checks/expected.json"]);
    assert!(!is_dirty(&world));
    world.script("checks/smoke.sh", "exit 0 # changed");
    assert!(is_dirty(&world), "the program changed");
    std::fs::remove_file(world.path("checks/smoke.sh")).unwrap();
    assert!(is_dirty(&world), "the program is gone");
    world.git(&["checkout", "-q", "checks/smoke.sh"]);
    assert!(!is_dirty(&world));
    let ran = world.run(&["deliver"]);
    assert!(!ran.all().contains("not-committed"), "{}", ran.short());
    world.write("checks/expected.json", "[]\n");
    let ran = world.run(&["deliver"]);
    assert_eq!(ran.code, 3, "{}", ran.short());
    assert!(ran.all().contains("not-committed"), "{}", ran.short());
}

#[test]
fn a_program_that_is_built_needs_no_commit_and_one_that_git_would_add_does() {
    let world = committed();
    world.replace(
        "environments/system.toml",
        "../checks/smoke.sh",
        "../out/smoke",
    );
    ignore(&world, "/out\n");
    world.commit();
    // It is not built yet.
    assert!(!is_dirty(&world));
    world.script("out/smoke", "exit 0");
    assert!(!is_dirty(&world), "git ignores what is built");
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["verify", "staging"]);
    world.expect(0, &["verify", "staging", "--at", "HEAD"]);
    ignore(&world, "");
    world.git(&["add", ".gitignore"]);
    world.git(&["commit", "-qm", "Ignore less"]);
    assert!(is_dirty(&world), "neither committed nor ignored");
    // An input is not built: if the commit lacks it, it is uncommitted.
    ignore(&world, "/out\n/checks/other.json\n");
    world.replace("environments/system.toml", "expected.json", "other.json");
    world.write("checks/other.json", "{}\n");
    world.commit();
    assert!(
        is_dirty(&world),
        "an input that git ignores is in no commit"
    );
}

#[test]
fn inputs_are_those_of_the_commit_that_is_read() {
    let world = committed();
    let digest = |at: &[&str]| {
        let arguments = [&["verify", "staging", "--format", "json"], at].concat();
        let ran = world.run(&arguments);
        (ran.code, ran.all())
    };
    world.expect(0, &["apply", "staging"]);
    assert_eq!(digest(&["--at", "HEAD"]).0, 0);
    // The working tree's file would run, so it must equal the commit's; otherwise the evidence would be of another
    // file.
    world.write("checks/expected.json", "[]\n");
    assert_eq!(digest(&[]).0, 0);
    let (code, said) = digest(&["--at", "HEAD"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("checks/expected.json"), "{said}");
    // A file that the commit lacks is missing, even if the working tree has it.
    world.write("checks/new.json", "{}\n");
    world.replace("environments/system.toml", "expected.json", "new.json");
    world.git(&["add", "environments/system.toml"]);
    world.git(&["commit", "-qm", "Name another"]);
    let ran = world.run(&["plan", "staging", "--at", "HEAD"]);
    assert_eq!(ran.code, 1, "{}", ran.short());
    assert!(ran.err.contains("checks/new.json"), "{}", ran.short());
}

#[test]
fn special_files_are_an_error_at_their_place_and_do_not_block() {
    let begun = Instant::now();
    for (key, before) in [
        ("inputs", "../checks/expected.json"),
        ("run", "../checks/smoke.sh"),
    ] {
        let world = committed();
        let pipe = world.path("checks/pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        let huge = std::fs::File::create(world.path("checks/huge")).unwrap();
        huge.set_len(1 << 40).unwrap();
        for odd in [
            "../checks/pipe",
            "../checks",
            "../../../../../../../dev/zero",
            "../checks/huge",
        ] {
            world.replace("environments/system.toml", before, odd);
            let ran = world.run(&["validate"]);
            assert_eq!(ran.code, 1, "{key} {odd}: {}", ran.short());
            assert!(
                ran.err.contains("definition/unreadable"),
                "{key} {odd}: {}",
                ran.short()
            );
            assert!(
                ran.err.contains("system.toml:"),
                "{key} {odd}: {}",
                ran.short()
            );
            world.replace("environments/system.toml", odd, before);
        }
    }
    assert!(begun.elapsed() < HANGS);
}

//! An environment that was released to only accepts releases, regardless of `path`, of uncommitted edits, and of the
//! named commit or directory. And the exit code of deliver.

use super::world::{HANGS, SYSTEM, TestWorld, environment};

const STRICT: &str = "[release]\napprovals = 1\n";

fn strict() -> TestWorld {
    let world = TestWorld::with(&SYSTEM.replace("[release]\nuncommitted = true\n", STRICT));
    world.commit();
    world
}

fn release(world: &TestWorld) {
    let document = world.json(0, &["deliver"]);
    let plan = document["verdict"]["plan"].as_str().unwrap().to_owned();
    world.expect(0, &["approve", &plan, "--reason", "x"]);
    world.expect(0, &["release"]);
}

fn released() -> TestWorld {
    let world = strict();
    release(&world);
    world
}

fn another(world: &TestWorld, greeting: &str) {
    let text = format!("greeting = \"{{{{ greeting }}}}, {greeting}\"\n");
    world.write("environments/config.toml.j2", &text);
}

const PATH: &str = "path = [\"staging\", \"production\"]";

#[test]
fn an_uncommitted_path_does_not_make_production_another_environment() {
    type Edit = fn(&TestWorld);
    let edits: &[(&str, Edit)] = &[
        ("alone", |world| {
            world.replace("environments/system.toml", PATH, "path = [\"production\"]");
            std::fs::remove_file(world.path("environments/staging.toml")).unwrap();
        }),
        ("reversed", |world| {
            let reversed = "path = [\"production\", \"staging\"]";
            world.replace("environments/system.toml", PATH, reversed);
        }),
        ("one longer", |world| {
            let longer = "path = [\"staging\", \"production\", \"zzz\"]";
            world.replace("environments/system.toml", PATH, longer);
            world.write("environments/zzz.toml", &environment("zzz"));
        }),
    ];
    for (what, edit) in edits {
        for is_committed in [false, true] {
            for after_a_release in [true, false] {
                if !after_a_release && is_committed {
                    // There was no release yet, and a commit defines production.
                    continue;
                }
                let world = if after_a_release {
                    released()
                } else {
                    strict()
                };
                let before = world.snapshot("run/production");
                another(&world, "never tested");
                world.commit();
                edit(&world);
                if is_committed {
                    world.commit();
                }
                for arguments in [
                    &["apply", "production"][..],
                    &["apply", "production", "--confirm=production"],
                    &["deliver", "--confirm=production"],
                    &["deliver", "--allow-undeclared", "--confirm=production"],
                    &["release", "--confirm=production"],
                ] {
                    if *what == "alone" && arguments[0] != "apply" {
                        let ran = world.run(arguments);
                        assert_ne!(ran.code, 0, "{what}: {arguments:?}: {}", ran.short());
                    } else {
                        world.expect(3, arguments);
                    }
                    assert!(
                        world.snapshot("run/production") == before,
                        "{what}: {arguments:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn production_is_restored_exactly_or_not_at_all() {
    let world = released();
    let commit = world.git(&["rev-parse", "HEAD"]);
    let damage = || world.write("run/production/config.toml", "outside edit\n");
    damage();
    world.expect(0, &["apply", "production"]);
    // The same recipe with other values.
    damage();
    world.replace(
        "environments/production.toml",
        "root = \"run/production\"",
        "root = \"run/elsewhere\"",
    );
    let refused = world.expect(3, &["apply", "production"]);
    assert!(refused.all().contains("values"), "{}", refused.short());
    world.commit();
    world.expect(3, &["apply", "production"]);
    assert!(!world.path("run/elsewhere").exists());
    // Another commit of the same recipe and binding.
    world.git(&["revert", "--no-edit", "--quiet", "HEAD"]);
    let refused = world.run(&["apply", "production"]);
    assert_eq!(refused.code, 3, "{}", refused.short());
    let short = &commit[..10];
    refused.says(&format!("evenkeel --at {short} apply production"));
    world.expect(0, &["--at", short, "apply", "production"]);
    world.expect(0, &["drift", "--live", "production"]);
    // An uncommitted comment.
    world.git(&["checkout", "--quiet", &commit]);
    damage();
    world.add("environments/system.toml", "# a remark\n");
    world.expect(3, &["apply", "production"]);
    world.git(&["checkout", "--quiet", "."]);
    world.expect(0, &["apply", "production"]);
}

#[test]
fn an_older_commit_and_definitions_elsewhere_are_not_released() {
    let world = released();
    let older = world.git(&["rev-parse", "HEAD"]);
    another(&world, "second");
    world.commit();
    release(&world);
    let ran = world.expect(3, &["--at", &older, "deliver"]);
    ran.says("older-commit");
    world
        .expect(3, &["--at", &older, "release"])
        .says("older-commit");
    // A copy with its own policy, committed and uncommitted.
    let world = released();
    another(&world, "second");
    for name in [
        "system.toml",
        "staging.toml",
        "production.toml",
        "config.toml.j2",
    ] {
        let text = world.read(&format!("environments/{name}"));
        let text = text.replace(STRICT, "[release]\napprovals = 0\nuncommitted = true\n");
        world.write(&format!("others/{name}"), &text);
    }
    for _ in 0..2 {
        let ran = world.expect(3, &["--environments", "others", "deliver"]);
        ran.says("definitions-elsewhere");
        world
            .expect(3, &["--environments", "others", "release"])
            .says("definitions-elsewhere");
        world.commit();
    }
    // Outside of a repository.
    let world = released();
    std::fs::remove_dir_all(world.path(".git")).unwrap();
    another(&world, "second");
    world.replace(
        "environments/system.toml",
        STRICT,
        "[release]\napprovals = 0\nuncommitted = true\n",
    );
    world.expect(3, &["deliver"]).says("not-committed");
    world.expect(3, &["release"]).says("not-committed");
}

#[test]
fn a_weakening_needs_an_approval_and_is_reported() {
    let world = released();
    another(&world, "second");
    world.replace(
        "environments/system.toml",
        STRICT,
        "[release]\napprovals = 0\n\n[severity]\n\"parity/attribute-differs\" = \"advice\"\n",
    );
    world.replace(
        "environments/production.toml",
        "root = \"run/production\"",
        "root = \"run/production\"\ngreeting = \"hi\"",
    );
    world.add(
        "environments/production.toml",
        "\n[[difference]]\nat = \"parameter.greeting\"\nstaging = \"hello\"\nproduction = \"hi\"\nreason = \"x\"\nowner = \"y\"\nexpires = 2036-06-30\n",
    );
    world.commit();
    let document = world.json(0, &["deliver"]);
    let plan = document["verdict"]["plan"].as_str().unwrap().to_owned();
    world.expect(3, &["release"]).says("weakened");
    for arguments in [
        &["deliver"][..],
        &["approve", &plan, "--reason", "x"],
        &["release"],
    ] {
        let ran = world.expect(0, arguments);
        for words in [
            "the policy is weaker than at r-1: `approvals` was 1 and is 0",
            "severities are lower than at r-1: `parity/attribute-differs` was error and is advice",
            "1 difference declared since r-1: `parameter.greeting`",
        ] {
            assert!(ran.all().contains(words), "{arguments:?}: {}", ran.short());
        }
    }
    another(&world, "third");
    world.commit();
    // From then on that is required.
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
}

#[test]
fn delivers_exit_code_keeps_the_release_shut_also_where_production_is_up_to_date() {
    let world = strict();
    world.write("passes", "");
    world.script("checks/smoke.sh", "test -e ../../../../passes");
    world.commit();
    release(&world);
    world.expect(0, &["deliver"]);
    // A required suite fails, without anything to release.
    std::fs::remove_file(world.path("passes")).unwrap();
    world.expect(1, &["deliver"]).says("suite-not-passed");
    world.expect(3, &["release"]).says("suite-not-passed");
    world.write("passes", "");
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
    // A difference, without anything to release: nothing is applied.
    let before = world.read("run/staging/config.toml");
    world.write("values-staging.yaml", "tls: true\n");
    world.write("values-production.yaml", "tls: false\n");
    world.add(
        "environments/system.toml",
        "\n[document.values]\npath = \"values-${environment}.yaml\"\n",
    );
    world.commit();
    world.expect(3, &["deliver"]).says("parity");
    world.expect(3, &["release"]).says("parity");
    // A new recipe is not applied either, unless requested; the gate stays shut.
    another(&world, "second");
    world.commit();
    let ran = world.expect(3, &["deliver"]);
    ran.says("parity");
    ran.says("nothing was applied");
    assert_eq!(world.read("run/staging/config.toml"), before);
    world
        .expect(3, &["deliver", "--allow-undeclared"])
        .says("parity");
    assert_ne!(world.read("run/staging/config.toml"), before);
    // Uncommitted definitions are not applied either.
    let world = released();
    another(&world, "second");
    world.expect(3, &["deliver"]).says("not-committed");
    assert_eq!(
        world.read("run/staging/config.toml"),
        "greeting = \"hello\"\n"
    );
}

/// Inputs of parity belong to the definitions: an uncommitted edit counts.
#[test]
fn documents_and_what_commands_render_count_as_uncommitted() {
    let system = |document: &str| {
        let system = SYSTEM.replace("[release]\nuncommitted = true\n", STRICT);
        format!("{system}\n[document.values]\n{document}\n")
    };
    for document in [
        "path = \"values-${environment}.yaml\"",
        "path = \"values-${environment}*\"",
        "render = [\"cat\", \"values-${environment}.yaml\"]",
    ] {
        let world = TestWorld::with(&system(document));
        world.write("values-staging.yaml", "tls: true\n");
        world.write("values-production.yaml", "tls: false\n");
        world.commit();
        world.expect(3, &["deliver"]).says("parity");
        world.write("values-production.yaml", "tls: true\n");
        let ran = world.expect(3, &["deliver"]);
        assert!(
            ran.all().contains("not-committed"),
            "{document}: {}",
            ran.short()
        );
        world.commit();
        world.expect(0, &["deliver"]);
        // A file that git ignores is uncommitted.
        world.add(".gitignore", "/values-*\n");
        world.git(&["rm", "--quiet", "--cached", "-r", "values-production.yaml"]);
        world.commit();
        if document.starts_with("path") {
            world.expect(3, &["deliver"]).says("not-committed");
        }
    }
}

#[test]
fn interrupted_smoke_suites_are_not_reported_as_failed() {
    let world = TestWorld::small();
    let hold = world.path("hold");
    world.add(
        "environments/system.toml",
        &format!(
            "\n[suite.waits]\nkind = \"smoke\"\nrun = [\"sh\", \"-c\", \"test ! -e {} || sleep 60\"]\n",
            hold.display()
        ),
    );
    let delivered = world.json(0, &["deliver"]);
    let plan = delivered["verdict"]["plan"].as_str().unwrap().to_owned();
    world.run(&["approve", &plan, "--reason", "good"]);
    world.write("hold", "");
    let release = world.start(&["release"]);
    let begun = std::time::Instant::now();
    while !world.path("run/production/config.toml").exists() {
        assert!(begun.elapsed() < HANGS);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    std::thread::sleep(std::time::Duration::from_millis(700));
    let number = rustix::process::Pid::from_child(&release);
    rustix::process::kill_process(number, rustix::process::Signal::INT).unwrap();
    let ended = release.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(said.contains("its smoke suites were interrupted"), "{said}");
    std::fs::remove_file(hold).unwrap();
    world.expect(0, &["verify", "production"]);
}

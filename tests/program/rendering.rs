//! Number of runs of commands that print documents: no more than needed, and of no other environment.

use super::world::{SYSTEM, TestWorld};

/// Returns a project whose document is printed by a command that logs each of its runs.
fn project() -> TestWorld {
    let world = TestWorld::with(&format!(
        "{SYSTEM}\n[document.config]\nrender = [\"bin/render\", \"${{environment}}\"]\n"
    ));
    world.script("bin/render", "echo \"$1\" >> rendered; echo 'a: 1'");
    world
}

/// A foreign pull request is checked without running any of its programs, which are listed.
#[test]
fn validation_and_parity_of_a_fork_run_nothing_that_it_names() {
    let world = project();
    let mark = world.path("ran").display().to_string();
    world.replace(
        "environments/system.toml",
        "path = \"../build\"",
        &format!("path = \"../build\"\nbuild = [\"touch\", \"{mark}\"]"),
    );
    world.replace(
        "environments/system.toml",
        "[target.web]",
        "[parameter.password]\nvaries = \"secret\"\n\n[target.web]",
    );
    for name in ["staging", "production"] {
        world.replace(
            &format!("environments/{name}.toml"),
            "[values]",
            &format!("[values]\npassword = {{ command = [\"touch\", \"{mark}\"] }}"),
        );
    }
    world.script("checks/smoke.sh", &format!("touch {mark}"));
    world.script("bin/render", &format!("touch {mark}; echo 'a: 1'"));
    world.add(
        "environments/production.toml",
        "\n[[difference]]\nat = \"document.config.a\"\nstaging = 1\nproduction = 2\nreason = \"r\"\nowner = \"o\"\nexpires = 2099-01-01\n",
    );
    let validated = world.run(&["validate"]);
    for words in [
        "artifact.app runs `touch",
        "suite.smoke runs `",
        "document.config (production) runs `bin/render production`",
        "document.config (staging): not compared",
        "parameter.password (staging) runs `touch",
    ] {
        assert!(
            validated.all().contains(words),
            "{words}: {}",
            validated.short()
        );
    }
    world
        .expect(1, &["drift", "--parity"])
        .says("not compared: `bin/render production` prints it");
    assert!(!world.path("ran").exists());
    world.run(&["drift", "--parity", "--render"]);
    assert!(world.path("ran").exists());
}

/// Returns the environments whose command ran during a run of the program.
fn rendered(world: &TestWorld, codes: &[i32], arguments: &[&str]) -> String {
    let _ = std::fs::remove_file(world.path("rendered"));
    let ran = world.run(arguments);
    assert!(codes.contains(&ran.code), "{arguments:?}: {}", ran.short());
    let text = std::fs::read_to_string(world.path("rendered")).unwrap_or_default();
    let mut names: Vec<&str> = text.lines().collect();
    names.sort_unstable();
    names.join(" ")
}

#[test]
fn no_command_runs_a_render_command_that_it_does_not_need() {
    const BOTH: &str = "production staging";
    let world = project();
    let ran = |codes: &[i32], arguments: &[&str]| rendered(&world, codes, arguments);
    assert_eq!(ran(&[0], &["validate"]), "");
    assert_eq!(ran(&[2], &["plan"]), "");
    assert_eq!(ran(&[2], &["plan", "staging"]), "");
    assert_eq!(ran(&[2], &["plan", "staging", "-o", "the.plan"]), "");
    assert_eq!(ran(&[0], &["apply", "the.plan"]), "");
    assert_eq!(ran(&[0], &["apply", "staging"]), "");
    assert_eq!(ran(&[0], &["verify", "staging"]), "");
    assert_eq!(ran(&[2], &["drift", "--live"]), "");
    assert_eq!(ran(&[0], &["drift", "--live", "staging"]), "");
    assert_eq!(ran(&[0], &["status"]), "");
    assert_eq!(ran(&[0], &["log"]), "");
    assert_eq!(ran(&[0], &["lock", "show"]), "");
    assert_eq!(ran(&[0], &["audit", "verify"]), "");
    assert_eq!(ran(&[0], &["explain", "gate/not-committed"]), "");
    // Parity compares the documents of all environments, and so does the gate: each is printed once.
    assert_eq!(ran(&[0], &["drift", "--parity", "--render"]), BOTH);
    // No command of untrusted definitions runs: documents that were not compared are not in parity.
    assert_eq!(ran(&[1], &["drift", "--parity"]), "");
    assert_eq!(ran(&[2], &["drift"]), BOTH);
    assert_eq!(ran(&[0], &["baseline", "--dry-run"]), BOTH);
    assert_eq!(ran(&[0], &["deliver"]), BOTH);
    let plan = world.json(3, &["release"])["verdict"]["plan"].clone();
    let plan = plan.as_str().unwrap();
    assert_eq!(ran(&[0], &["approve", plan, "--reason", "good"]), BOTH);
    assert_eq!(ran(&[0], &["release"]), BOTH);
    assert_eq!(ran(&[0], &["apply", "production"]), "");
}

#[test]
fn an_environment_is_applied_though_the_render_command_of_another_fails() {
    let world = project();
    world.script("bin/render", "test \"$1\" = staging && echo 'a: 1'");
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["verify", "staging"]);
    world.expect(1, &["drift", "--parity"]);
}

#[test]
fn validation_reads_the_documents_that_declared_differences_name_and_no_others() {
    let world = project();
    world.write("deploy/staging.yaml", "a: 1\n");
    world.write("deploy/production.yaml", "a: 2\n");
    world.add(
        "environments/system.toml",
        "[document.file]\npath = \"deploy/${environment}.yaml\"\n",
    );
    let difference = |at: &str| {
        format!(
            "\n[[difference]]\nat = \"{at}\"\nstaging = 1\nproduction = 2\nreason = \"r\"\nowner = \"o\"\nexpires = 2099-01-01\n"
        )
    };
    world.add(
        "environments/production.toml",
        &difference("document.file.a"),
    );
    assert_eq!(rendered(&world, &[0], &["validate"]), "");
    // A declared difference without a document is still an error of the definitions.
    world.add(
        "environments/production.toml",
        &difference("document.file.b"),
    );
    assert_eq!(rendered(&world, &[1], &["validate"]), "");
}

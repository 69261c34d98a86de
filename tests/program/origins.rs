//! The origin of definitions is recorded truthfully, and planted files do not weaken the gate.

use super::world::{SYSTEM, TestWorld};

fn committed() -> TestWorld {
    let world = TestWorld::with(&SYSTEM.replace("uncommitted = true\n", ""));
    world.commit();
    world
}

/// Whether the definitions count as uncommitted.
fn is_dirty(world: &TestWorld) -> bool {
    let plan = world.run(&["plan", "staging", "--format", "json"]);
    assert!(matches!(plan.code, 0 | 2), "{}", plan.short());
    plan.document()["origin"]["dirty"].as_bool().unwrap()
}

/// Returns the codes of the rules that shut the gate.
fn shut_by(world: &TestWorld) -> Vec<String> {
    let ran = world.run(&["release", "--format", "json"]);
    assert_eq!(ran.code, 3, "{}", ran.short());
    let document = ran.document();
    let rules = document["verdict"]["rules"].as_array().unwrap();
    rules
        .iter()
        .filter(|rule| rule["holds"] == false)
        .map(|rule| rule["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn definitions_are_read_from_an_older_commit() {
    let world = committed();
    let old = world.git(&["rev-parse", "HEAD"]);
    world.write(
        "environments/config.toml.j2",
        "greeting = \"other {{ greeting }}\"\n",
    );
    world.replace(
        "environments/system.toml",
        "default = \"hello\"",
        "default = \"goodbye\"",
    );
    let new = world.commit();
    world.expect(0, &["apply", "staging", "--at", &old]);
    assert_eq!(
        world.read("run/staging/config.toml"),
        "greeting = \"hello\"\n"
    );
    let document = world.json(0, &["plan", "staging", "--at", &old]);
    assert_eq!(document["origin"]["commit"], old);
    assert_eq!(document["origin"]["dirty"], false);
    world.expect(0, &["apply", "staging", "--at", "HEAD"]);
    assert_eq!(
        world.read("run/staging/config.toml"),
        "greeting = \"other goodbye\"\n"
    );
    world.expect(0, &["plan", "staging", "--at", &new]);
    let status = world.json(0, &["status"]);
    assert_eq!(status["status"][0]["commit"], new);
    // The working tree does not matter for a commit, not even if it is missing.
    std::fs::remove_dir_all(world.path("environments")).unwrap();
    world.write("environments/system.toml", "broken");
    world.expect(0, &["plan", "staging", "--at", &new]);
    world.expect(1, &["plan", "staging"]);
}

#[test]
fn commit_and_dirtiness_are_recorded() {
    let world = committed();
    let commit = world.git(&["rev-parse", "HEAD"]);
    world.expect(0, &["apply", "staging"]);
    let document = world.json(0, &["plan", "staging"]);
    assert_eq!(document["origin"]["commit"], commit);
    assert_eq!(document["origin"]["dirty"], false);
    world.add("environments/config.toml.j2", "more = 1\n");
    assert!(is_dirty(&world), "an edited template");
    world.expect(0, &["apply", "staging"]).says("staging");
    world.expect(0, &["log"]).says("uncommitted");
    let lines = world.expect(0, &["log"]).out;
    let applies: Vec<&str> = lines
        .lines()
        .filter(|line| line.contains("apply-started"))
        .collect();
    assert!(!applies[0].contains("uncommitted"), "{applies:?}");
    assert!(applies[1].contains("uncommitted"), "{applies:?}");
    // Staged is not committed.
    world.git(&["add", "--all"]);
    assert!(is_dirty(&world), "staged");
    world.commit();
    assert!(!is_dirty(&world));
    // Unused files beside the definitions do not matter.
    world.write("notes.txt", "anything");
    assert!(!is_dirty(&world));
    std::fs::remove_file(world.path("environments/production.toml")).unwrap();
    assert_ne!(world.run(&["plan", "staging"]).code, 0);
}

#[test]
fn without_a_repository_there_is_no_commit() {
    let world = TestWorld::small();
    let document = world.json(2, &["plan", "staging"]);
    assert_eq!(document["origin"]["commit"], serde_json::Value::Null);
    assert_eq!(document["origin"]["dirty"], true);
    // A repository without a commit has none either.
    world.git(&["init", "--quiet"]);
    let document = world.json(2, &["plan", "staging"]);
    assert_eq!(document["origin"]["commit"], serde_json::Value::Null);
    assert_eq!(document["origin"]["dirty"], true);
}

/// Files that git is configured to ignore are still uncommitted.
#[test]
fn files_that_git_ignores_are_dirty() {
    let untracked = |world: &TestWorld| {
        world.git(&["rm", "--quiet", "--cached", "environments/config.toml.j2"]);
        world.git(&["commit", "--quiet", "-m", "Forget the template"]);
    };
    let world = committed();
    untracked(&world);
    assert!(is_dirty(&world), "an untracked template");

    let world = committed();
    untracked(&world);
    world.write(".git/info/exclude", "*.j2\n");
    assert!(
        is_dirty(&world),
        "an untracked template that is to be ignored"
    );

    let world = committed();
    world.add(".gitignore", "*.j2\n");
    untracked(&world);
    world.commit();
    assert!(is_dirty(&world), "the same by a committed file");

    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let world = committed();
        world.git(&["update-index", flag, "environments/config.toml.j2"]);
        world.add("environments/config.toml.j2", "more = 1\n");
        assert!(is_dirty(&world), "{flag}");
        let world = committed();
        world.git(&["update-index", flag, "environments/system.toml"]);
        world.add("environments/system.toml", "# more\n");
        assert!(is_dirty(&world), "{flag} of a definition");
    }

    // Beside the repository.
    let world = TestWorld::with(&SYSTEM.replace("config.toml.j2", "../../shared.j2"));
    let project = TestWorld::empty();
    std::fs::create_dir(project.path("project")).unwrap();
    for name in ["environments", "build", "checks", "run"] {
        std::fs::rename(world.path(name), project.path(&format!("project/{name}"))).unwrap();
    }
    project.write("shared.j2", "greeting = \"{{ greeting }}\"\n");
    project.git(&["init", "--quiet", "project"]);
    project.git(&["-C", "project", "add", "--all"]);
    project.git(&["-C", "project", "commit", "--quiet", "-m", "All"]);
    let arguments = ["--environments", "project/environments", "plan", "staging"];
    let document = project.json(2, &arguments);
    assert_eq!(document["origin"]["dirty"], true, "a template beside it");

    // The destination of a link out of the repository is in no commit.
    let world = committed();
    world.write("run/outside.j2", "greeting = \"{{ greeting }}\"\n");
    std::fs::remove_file(world.path("environments/config.toml.j2")).unwrap();
    std::os::unix::fs::symlink(
        "../run/outside.j2",
        world.path("environments/config.toml.j2"),
    )
    .unwrap();
    world.commit();
    assert!(is_dirty(&world), "a link out of the repository");
}

/// P37: variables and files that others may set do not open the gate.
#[test]
fn nothing_planted_weakens_the_gate() {
    let mut world = committed();
    world.expect(0, &["deliver"]);
    assert_eq!(shut_by(&world), ["gate/not-approved"]);
    world.add("environments/config.toml.j2", "more = 1\n");
    let shut = shut_by(&world);
    assert!(shut.contains(&"gate/not-committed".to_owned()), "{shut:?}");

    // Another repository in which everything would be committed.
    let other = committed();
    other.write(
        "environments/config.toml.j2",
        &world.read("environments/config.toml.j2"),
    );
    other.commit();
    let path = |name: &str| other.path(name).to_str().unwrap().to_owned();
    for (name, value) in [
        ("GIT_DIR", path(".git")),
        ("GIT_WORK_TREE", path("")),
        ("GIT_INDEX_FILE", path(".git/index")),
        ("GIT_OBJECT_DIRECTORY", path(".git/objects")),
        ("GIT_CONFIG_GLOBAL", path("config")),
        ("GIT_CEILING_DIRECTORIES", "/".into()),
        ("GIT_CONFIG_COUNT", "1".into()),
        ("GIT_CONFIG_KEY_0", "status.showUntrackedFiles".into()),
        ("GIT_CONFIG_VALUE_0", "no".into()),
        ("EVENKEEL_ENVIRONMENTS", path("environments")),
        ("EVENKEEL_UNCOMMITTED", "1".into()),
        ("EVENKEEL_APPROVALS", "0".into()),
        ("EVENKEEL_MODE", "deployment".into()),
        ("EVENKEEL_CLOCK", "2020-01-01T00:00:00Z".into()),
        ("USER", "another-user".into()),
        ("LOGNAME", "another-user".into()),
        ("SUDO_USER", "another-user".into()),
        ("RUST_LOG", "trace".into()),
        ("RUST_BACKTRACE", "full".into()),
    ] {
        world.variables.clear();
        world.variables.insert(name.into(), value);
        assert_eq!(shut_by(&world), shut, "{name}");
    }
    world.variables.clear();
    // The place of the ledger is no path to another folder.
    world
        .variables
        .insert("EVENKEEL_LEDGER".into(), path(".evenkeel"));
    world.expect(64, &["release"]);
    world.variables.clear();

    // Files that look like settings.
    for name in [
        ".evenkeel/config.toml",
        ".evenkeel/policy.toml",
        ".evenkeel/system.toml",
        ".evenkeel.toml",
        "evenkeel.toml",
        ".config/evenkeel/config.toml",
        ".gitconfig",
        ".env",
        "environments/.hidden.toml",
        "build/environments/system.toml",
    ] {
        let text = if name == ".gitconfig" {
            "[status]\nshowUntrackedFiles = no\n[core]\nexcludesFile = /dev/null\nworktree = /tmp\n"
        } else {
            "[release]\napprovals = 0\nuncommitted = true\nmode = \"deployment\"\n"
        };
        world.write(name, text);
        let now = shut_by(&world);
        assert!(
            shut.iter().all(|code| now.contains(code)),
            "{name}: {now:?}"
        );
        std::fs::remove_file(world.path(name)).unwrap();
    }
    assert!(!world.path("run/production").exists());

    // An approval counts for the account that runs it, by the system's list.
    world.commit();
    world.expect(0, &["deliver"]);
    world.variables.insert("USER".into(), "another-user".into());
    let verdict = world.json(3, &["release"])["verdict"]["plan"]
        .as_str()
        .unwrap()
        .to_owned();
    world.expect(0, &["approve", &verdict, "--reason", "x"]);
    assert!(!world.expect(0, &["log"]).out.contains("another-user"));
}

/// Below the project, the project's ledger counts, not one in the working directory.
#[test]
fn a_ledger_elsewhere_does_not_matter() {
    let world = committed();
    let other = committed();
    other.expect(0, &["apply", "staging"]);
    std::fs::create_dir_all(world.path("below/here")).unwrap();
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(other.path(".evenkeel"))
        .arg(world.path("below/here"))
        .status()
        .unwrap();
    assert!(copied.success());
    let mut command = world.command(&["status", "--format", "json"]);
    let output = command
        .current_dir(world.path("below/here"))
        .output()
        .unwrap();
    let ran = super::world::Ran::of(&output);
    assert_eq!(ran.code, 0, "{}", ran.short());
    let document = ran.document();
    let environments = document["status"].as_array().unwrap();
    assert_eq!(environments.len(), 2, "{}", ran.out);
    for environment in environments {
        assert_eq!(environment.get("apply"), None, "{}", ran.out);
    }
}

#[test]
fn the_file_of_differences_is_part_of_the_definitions() {
    let world = committed();
    let file = "environments/differences.toml";
    world.write(
        file,
        "[[difference]]\nat = \"file.config.mode\"\nstaging = 1\nproduction = 2\nreason = \"x\"\nowner = \"y\"\nexpires = 2999-01-01\n",
    );
    assert!(is_dirty(&world), "an untracked one");
    let commit = world.commit();
    assert!(!is_dirty(&world));
    std::fs::remove_file(world.path(file)).unwrap();
    assert!(is_dirty(&world), "a deleted one");
    world.expect(0, &["validate"]);
    world
        .expect(1, &["validate", "--at", &commit])
        .says("environments/differences.toml:2:6");
}

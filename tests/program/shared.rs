//! A ledger that a team shares: several clones, one record. With the real git and a bare remote; the stores themselves
//! are tested with the crate of the ledger.

use std::path::Path;
use std::process::Command;

use super::world::{PROGRAM, Ran, SYSTEM, TestWorld};

/// The key of the tests' team.
pub const KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

/// A team: clones of one remote, and what they deploy to, all in one directory.
pub struct Team {
    /// Contains the remote, the clones and the machine.
    pub world: TestWorld,
}

impl Team {
    /// Returns a team whose first clone is `first`, and whose definitions end with these lines.
    pub fn new(ledger: &str) -> Self {
        let world = TestWorld::empty();
        let small = TestWorld::with(&format!("{SYSTEM}\n{ledger}"));
        // What is deployed is in one place for all clones.
        let place = world.path("machine").display().to_string();
        for name in ["staging", "production"] {
            small.add(
                &format!("environments/{name}.toml"),
                &format!("base = \"{place}\"\nstate = \"{place}/state/{name}\"\n"),
            );
        }
        small.replace("environments/system.toml", "uncommitted = true\n", "");
        // The artifact is built by each clone, and is not in the repository.
        small.commit();
        world.git(&["init", "--quiet", "--bare", "-b", "main", "remote.git"]);
        let remote = world.path("remote.git").display().to_string();
        small.git(&["push", "--quiet", &remote, "HEAD:refs/heads/main"]);
        let team = Self { world };
        team.clone_as("first");
        team
    }

    /// Makes another clone.
    pub fn clone_as(&self, name: &str) {
        let remote = self.world.path("remote.git").display().to_string();
        self.world
            .git(&["clone", "--quiet", "-b", "main", &remote, name]);
        self.world
            .write(&format!("{name}/build/app"), "the artifact\n");
    }

    /// Returns the program in a clone, not started.
    pub fn command(&self, clone: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments);
        self.world.surround(&mut command);
        command
            .current_dir(self.world.path(clone))
            .env("EVENKEEL_LEDGER_KEY", KEY);
        command
    }

    /// Runs the program in a clone, and checks its code.
    #[track_caller]
    pub fn expect(&self, clone: &str, code: i32, arguments: &[&str]) -> Ran {
        let ran = Ran::of(&self.command(clone, arguments).output().unwrap());
        assert_eq!(ran.code, code, "{clone}: {arguments:?}\n{}", ran.short());
        ran
    }

    /// Returns the document of a command.
    #[track_caller]
    pub fn json(&self, clone: &str, code: i32, arguments: &[&str]) -> serde_json::Value {
        let ran = self.expect(clone, code, &[arguments, &["--format", "json"]].concat());
        ran.document()
    }

    /// Returns the digest of the plan of production.
    pub fn production_plan(&self, clone: &str) -> String {
        let document = self.json(clone, 0, &["plan", "production"]);
        document["plans"][0]["digest"].as_str().unwrap().to_owned()
    }
}

/// Everyone sees one ledger, whatever clone they work in.
#[test]
fn what_one_clone_delivers_another_approves_and_a_third_releases() {
    let team = Team::new("[ledger]\ngit = \"origin\"\n");
    team.clone_as("second");
    team.clone_as("third");
    team.expect("first", 0, &["deliver"]);
    let plan = team.production_plan("first");
    assert_eq!(team.production_plan("second"), plan);
    assert!(!plan.is_empty());
    let status = team.expect("second", 0, &["status"]);
    assert!(status.out.contains("awaits release"), "{}", status.out);
    let digest = plan.trim_start_matches("blake3:");
    team.expect(
        "second",
        0,
        &["approve", digest, "--reason", "looks right", "--yes"],
    );
    team.expect("third", 0, &["release", digest]);
    let status = team.expect("first", 0, &["status"]);
    assert!(status.out.contains("r-1"), "{}", status.out);
    let verified = team.expect("second", 0, &["audit", "verify"]);
    assert!(verified.out.contains("INTACT"), "{}", verified.out);
    // Nothing of it is in a checkout.
    for clone in ["first", "second", "third"] {
        let own = team.world.path(clone).join(".evenkeel/ledger.db");
        assert!(!own.exists(), "{}", own.display());
    }
    // An auditor exports it without the key.
    let export = team.world.path("export");
    let mut command = team.command("second", &["audit", "export", "-o"]);
    let ran = Ran::of(
        &command
            .arg(&export)
            .env_remove("EVENKEEL_LEDGER_KEY")
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, 0, "{}", ran.short());
    let verified = Command::new("python3")
        .arg("-B")
        .arg(export.join("verify.py"))
        .output()
        .unwrap();
    let verified = Ran::of(&verified);
    assert_eq!(verified.code, 0, "{}", verified.short());
    verified.says("INTACT: entries 1 to ");
    // No clone deploys another copy: everything is as the first one left it.
    let drift = team.expect("second", 0, &["drift"]);
    assert!(drift.out.contains("in sync"), "{}", drift.out);
}

/// `validate` contacts no remote: it shows what the clone last saw.
#[test]
fn a_check_shows_the_break_glass_that_the_clone_last_saw() {
    let team = Team::new("[ledger]\ngit = \"origin\"\n");
    team.clone_as("second");
    let state = team.world.path("state").display().to_string();
    let run = |clone: &str, arguments: &[&str]| {
        let mut command = team.command(clone, arguments);
        Ran::of(&command.env("XDG_STATE_HOME", &state).output().unwrap())
    };
    let broken = run(
        "first",
        &[
            "break-glass",
            "production",
            "--incident",
            "INC-42",
            "--reason",
            "down",
        ],
    );
    assert_eq!(broken.code, 0, "{}", broken.short());
    // The remote is gone, and nothing waits for it.
    let (remote, away) = (team.world.path("remote.git"), team.world.path("away.git"));
    std::fs::rename(&remote, &away).unwrap();
    let checked = run("first", &["validate"]);
    assert_eq!(checked.code, 0, "{}", checked.short());
    checked.says("b-1 (production): break-glass by");
    checked.says("when this checkout last read the shared ledger");
    let other = run("second", &["validate"]);
    assert_eq!(other.code, 0, "{}", other.short());
    assert!(!other.all().contains("b-1"), "{}", other.all());
    std::fs::rename(&away, &remote).unwrap();
    run("second", &["status"]).says("b-1 (production)");
    run("second", &["validate"]).says("b-1 (production)");
}

#[test]
fn a_clone_rolls_back_what_another_one_released_once_it_has_the_commit() {
    let team = Team::new("[ledger]\ngit = \"origin\"\n");
    let release = || {
        let document = team.json("first", 0, &["deliver"]);
        let plan = document["verdict"]["plan"].as_str().unwrap();
        team.expect("first", 0, &["approve", plan, "--reason", "x", "--yes"]);
        team.expect("first", 0, &["release"]);
    };
    release();
    let in_first = |arguments: &[&str]| {
        let directory = team.world.path("first").display().to_string();
        team.world.git(&[&["-C", &directory], arguments].concat());
    };
    team.world.write(
        "first/environments/config.toml.j2",
        "greeting = \"{{ greeting }}, again\"\n",
    );
    in_first(&["commit", "--quiet", "--all", "-m", "Greet again"]);
    in_first(&["push", "--quiet", "origin", "HEAD:main"]);
    release();
    let remote = format!("file://{}", team.world.path("remote.git").display());
    team.world.git(&[
        "clone", "--quiet", "--depth", "1", "-b", "main", &remote, "second",
    ]);
    let refused = team.expect("second", 1, &["rollback", "production"]);
    assert!(refused.all().contains("git fetch"), "{}", refused.short());
    let directory = team.world.path("second").display().to_string();
    team.world
        .git(&["-C", &directory, "fetch", "--quiet", "--unshallow"]);
    team.expect("second", 8, &["rollback", "production"]);
    assert_eq!(
        team.world.read("machine/run/production/config.toml"),
        "greeting = \"hello\"\n"
    );
    let status = team.expect("first", 0, &["status"]);
    assert!(
        status.out.contains("rolled back r-2 to r-1"),
        "{}",
        status.out
    );
}

/// A plan names no path of a checkout, so every clone makes the same bytes.
#[test]
fn every_clone_of_a_commit_makes_the_same_saved_plan() {
    let team = Team::new("[ledger]\ngit = \"origin\"\n");
    team.clone_as("second");
    let save = |clone: &str| {
        let path = team.world.path(&format!("{clone}.plan"));
        let path = path.display().to_string();
        team.expect(clone, 0, &["plan", "staging", "-o", &path]);
        std::fs::read_to_string(path).unwrap()
    };
    let (first, second) = (save("first"), save("second"));
    let plan = |text: &str| -> serde_json::Value {
        serde_json::from_str::<serde_json::Value>(text).unwrap()["plan"].clone()
    };
    assert_eq!(plan(&first), plan(&second));
    for (text, clone) in [(&first, "first"), (&second, "second")] {
        let path = team.world.path(clone).display().to_string();
        assert!(!text.contains(&path), "{text}");
    }
}

#[test]
fn another_key_or_none_is_refused_before_anything_is_compared() {
    let team = Team::new("[ledger]\ngit = \"origin\"\n");
    team.expect("first", 0, &["deliver"]);
    for (key, said) in [
        ("", "the key of the shared ledger is unavailable"),
        (&*"77".repeat(32), "its key is not the one of this ledger"),
        ("password", "expected a key of 64 hexadecimal digits"),
    ] {
        for arguments in [&["drift", "--live"][..], &["apply", "staging"]] {
            let mut command = team.command("first", arguments);
            let ran = Ran::of(&command.env("EVENKEEL_LEDGER_KEY", key).output().unwrap());
            assert_eq!(ran.code, 1, "{arguments:?}\n{}", ran.short());
            assert!(
                ran.err.contains(said) || ran.out.contains(said),
                "{}",
                ran.short()
            );
        }
        // What needs no key works without one.
        for arguments in [&["log"][..], &["audit", "verify"], &["drift", "--parity"]] {
            let mut command = team.command("first", arguments);
            let ran = Ran::of(&command.env("EVENKEEL_LEDGER_KEY", key).output().unwrap());
            assert_eq!(ran.code, 0, "{key} {arguments:?}\n{}", ran.short());
        }
    }
}

/// A checkout's own ledger moves to the team's place, and goes on there only.
#[test]
fn a_ledger_moves_and_goes_on_at_one_place() {
    let team = Team::new("");
    team.expect("first", 0, &["deliver"]);
    let log = |clone: &str| team.json(clone, 0, &["log", "--all", "--limit", "1000"]);
    let before = log("first");
    // Its secrets were sealed with its own key.
    let refused = team.expect("first", 1, &["ledger", "move", "folder", "git:origin"]);
    assert!(
        refused.err.contains("not the one of this ledger"),
        "{}",
        refused.err
    );
    let key = team.world.read("first/.evenkeel/key");
    let mut moving = team.command("first", &["ledger", "move", "folder", "git:origin"]);
    let moved = Ran::of(
        &moving
            .env("EVENKEEL_LEDGER_KEY", key.trim())
            .output()
            .unwrap(),
    );
    assert_eq!(moved.code, 0, "{}", moved.short());
    // The original accepts nothing more.
    let refused = team.expect("first", 1, &["deliver"]);
    assert!(refused.err.contains("was moved to"), "{}", refused.err);
    team.clone_as("second");
    let mut command = team.command(
        "second",
        &["log", "--all", "--limit", "1000", "--format", "json"],
    );
    command.env("EVENKEEL_LEDGER", "git:origin");
    let after = Ran::of(&command.output().unwrap()).document();
    assert_eq!(before["entries"], after["entries"]);
    // And back, into a checkout that has none.
    let mut back = team.command("second", &["ledger", "move", "git:origin", "folder"]);
    let back = Ran::of(
        &back
            .env("EVENKEEL_LEDGER_KEY", key.trim())
            .output()
            .unwrap(),
    );
    assert_eq!(back.code, 0, "{}", back.short());
    assert_eq!(team.world.read("second/.evenkeel/key"), key);
    team.expect("second", 0, &["audit", "verify"]);
    assert!(Path::new(&team.world.path("second/.evenkeel/ledger.db")).exists());
}

/// A remote that was rewritten, or that refuses, is no empty ledger.
#[test]
fn a_rewritten_remote_ends_every_command_with_7() {
    let team = Team::new("[ledger]\ngit = \"origin\"\n");
    team.expect("first", 0, &["deliver"]);
    let remote = team.world.path("remote.git").display().to_string();
    let reference = "refs/evenkeel/ledger";
    let root = team
        .world
        .git(&["-C", &remote, "rev-list", "--max-parents=0", reference]);
    team.world
        .git(&["-C", &remote, "update-ref", reference, &root]);
    for arguments in [
        &["status"][..],
        &["log"],
        &["drift", "--live"],
        &["deliver"],
        &["audit", "verify"],
    ] {
        let ran = team.expect("first", 7, arguments);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(said.contains("was rewritten"), "{arguments:?}: {said}");
    }
}

#[test]
fn a_malformed_place_is_named_with_its_line() {
    for (lines, said) in [
        ("[ledger]\n", "`postgres` or `git` is missing"),
        (
            "[ledger]\ngit = \"origin\"\npostgres = \"postgres://a@b/c\"\n",
            "two places",
        ),
        (
            "[ledger]\npostgres = \"postgres://a:hunter2@b/c\"\n",
            "contains a password",
        ),
        (
            "[ledger]\npostgres = \"postgres://a@b/c?password=hunter2\"\n",
            "contains a password",
        ),
        (
            "[ledger]\npostgres = \"postgres://a@b/c?sslmode=prefer\"\n",
            "without encryption",
        ),
        (
            "[ledger]\npostgres = \"mysql://a@b/c\"\n",
            "expected an address such as",
        ),
        (
            "[ledger]\ngit = \"origin\"\nkey = \"5a5a\"\n",
            "must not be written",
        ),
        ("[ledger]\ngti = \"origin\"\n", "did you mean `git`"),
    ] {
        let world = TestWorld::with(&format!("{SYSTEM}\n{lines}"));
        let ran = world.run(&["status"]);
        assert_eq!(ran.code, 1, "{lines}\n{}", ran.short());
        let all = format!("{}{}", ran.out, ran.err);
        assert!(all.contains(said), "{lines}\n{all}");
        assert!(all.contains("environments/system.toml:"), "{lines}\n{all}");
        assert!(!all.contains("hunter2"), "{all}");
    }
}

#[test]
fn a_new_key_is_random_and_usable() {
    let world = TestWorld::empty();
    let key = |code| world.expect(code, &["ledger", "key"]).out;
    let (one, two) = (key(0), key(0));
    assert_ne!(one, two);
    assert_eq!(one.trim().len(), 64);
}

/// A second ledger is refused before its first step, and takes over only by an explicit, recorded decision.
#[test]
fn a_second_ledger_is_refused_until_it_takes_over() {
    let team = Team::new("[ledger]\ngit = \"origin\"\n");
    team.clone_as("second");
    team.expect("first", 0, &["deliver"]);
    let own = |code: i32, arguments: &[&str]| {
        let mut command = team.command("second", arguments);
        let ran = Ran::of(&command.env("EVENKEEL_LEDGER", "folder").output().unwrap());
        assert_eq!(ran.code, code, "{arguments:?}\n{}", ran.short());
        ran
    };
    let refused = own(1, &["apply", "staging"]);
    for said in [
        "nothing was applied",
        "managed from another ledger",
        "evenkeel adopt staging --lineage --reason",
    ] {
        assert!(refused.err.contains(said), "{}", refused.err);
    }
    own(64, &["adopt", "staging", "--reason", "x"]);
    own(64, &["adopt", "staging", "--lineage", "--reason", " "]);
    own(3, &["adopt", "production", "--lineage", "--reason", "x"]);
    let reason = "the shared ledger is lost";
    own(0, &["adopt", "staging", "--lineage", "--reason", reason]);
    assert!(own(0, &["log"]).out.contains(reason));
    own(0, &["apply", "staging"]);
    own(3, &["adopt", "staging", "--lineage", "--reason", reason]);
    // Now the first one is the stranger.
    let refused = team.expect("first", 1, &["apply", "staging"]);
    assert!(
        refused.err.contains("managed from another ledger"),
        "{}",
        refused.err
    );
}

/// The key reaches no command that evenkeel starts: a build runs code of many strangers.
#[test]
fn the_key_is_not_in_the_environment_of_commands() {
    let team = Team::new("[ledger]\ngit = \"origin\"\n");
    team.world.replace(
        "first/environments/system.toml",
        "path = \"../build\"\n",
        "path = \"../build\"\nbuild = [\"sh\", \"-c\", \"env > ../seen-by-the-build\"]\n",
    );
    team.command("first", &["deliver", "--build"])
        .output()
        .unwrap();
    let seen = team.world.read("seen-by-the-build");
    assert!(seen.contains("PATH="), "{seen}");
    assert!(!seen.contains(KEY), "{seen}");
}

/// A key that is written into the definitions is in no message, whatever is wrong with its form.
#[test]
fn a_written_key_is_not_quoted() {
    for lines in [
        "git = \"origin\"\nkey = \"hunter22-hunter22\"",
        "git = \"origin\"\nkey = { evn = \"hunter22-hunter22\" }",
        "git = \"origin\"\nkey = { env = [\"hunter22-hunter22\"] }",
        "git = \"origin\"\nkey = [\"hunter22-hunter22\"]",
        "postgres = \"postgres://x@localhost/x\"\npassword = \"hunter22-hunter22\"",
    ] {
        let world = TestWorld::with(&format!("{SYSTEM}\n[ledger]\n{lines}\n"));
        for format in ["text", "json"] {
            let ran = world.expect(1, &["validate", "--format", format]);
            let said = format!("{}{}", ran.out, ran.err);
            assert!(!said.contains("hunter22"), "{lines}: {said}");
            assert!(said.contains("environments/system.toml"), "{said}");
        }
    }
}

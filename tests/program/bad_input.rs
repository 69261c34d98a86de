//! Bad input: each is rejected with its documented code and a place or a help, and nothing is written.

use evenkeel_ledger::Store as _;
use evenkeel_ledger::folder::FolderStore;

use super::world::{SYSTEM, TestWorld};

/// Expected result of one bad input.
struct Case<'a> {
    name: &'a str,
    spoil: &'a dyn Fn(&TestWorld),
    arguments: &'a [&'a str],
    code: i32,
    says: &'a [&'a str],
}

/// Damages an applied project, runs a command on it twice, and checks that nothing changes.
#[track_caller]
fn refused(case: &Case<'_>) {
    let world = TestWorld::small();
    world.expect(0, &["apply", "staging"]);
    (case.spoil)(&world);
    let before = (world.snapshot(".evenkeel"), world.snapshot("run"));
    let entries = entries(&world);
    let ran = world.run(case.arguments);
    assert_eq!(ran.code, case.code, "{}: {}", case.name, ran.short());
    for what in case.says {
        assert!(
            ran.all().contains(what),
            "{}: output lacks {what:?}:\n{}",
            case.name,
            ran.short()
        );
    }
    assert!(
        !ran.err.contains("panicked"),
        "{}: {}",
        case.name,
        ran.short()
    );
    if case.code != 64 || !ran.err.contains("--help'") {
        let json = world.run(&[case.arguments, &["--format", "json"]].concat());
        assert_eq!(json.code, case.code, "{}: {}", case.name, json.short());
        let document = json.document();
        assert_eq!(document["exit-code"], case.code, "{}", case.name);
        assert!(
            document["failure"]["reason"].is_string()
                || document["findings"][0].is_object()
                || document["messages"][0].is_string(),
            "{}: {document}",
            case.name
        );
    }
    let mut after = (world.snapshot(".evenkeel"), world.snapshot("run"));
    // A refused attempt is an entry, and nothing else is written.
    let added = self::entries(&world);
    if let (Some(entries), Some(added)) = (entries, added)
        && added.len() > entries.len()
    {
        let new = &added[entries.len()..];
        assert!(
            new.iter().all(|kind| kind == "refused"),
            "{}: {new:?}",
            case.name
        );
        for name in ["ledger.db", "head", "snapshot"] {
            let path = world.path(&format!(".evenkeel/{name}"));
            let kept = before.0.get(&path).cloned();
            after.0.remove(&path);
            after.0.extend(kept.map(|kept| (path, kept)));
        }
    }
    assert!(before == after, "{}: something was written", case.name);
}

/// Returns the kinds of all entries; `None` if the ledger is not readable.
fn entries(world: &TestWorld) -> Option<Vec<String>> {
    let ledger = FolderStore::new(&world.path(".evenkeel"))
        .open(None)
        .ok()??;
    let entries = ledger.read(0).ok()?;
    Some(entries.into_iter().map(|entry| entry.kind).collect())
}

fn refuse(name: &str, code: i32, arguments: &[&str], says: &[&str], spoil: &dyn Fn(&TestWorld)) {
    refused(&Case {
        name,
        spoil,
        arguments,
        code,
        says,
    });
}

const APPLY: &[&str] = &["apply", "staging"];
const SYSTEM_FILE: &str = "environments/system.toml";
const STAGING_FILE: &str = "environments/staging.toml";

#[test]
fn definitions_that_are_not_toml() {
    refuse(
        "no TOML",
        1,
        APPLY,
        &["definition/syntax", "environments/system.toml:26:6"],
        &|world| {
            world.replace(SYSTEM_FILE, "on = \"web\"\nartifact", "on = \nartifact");
        },
    );
    refuse(
        "not UTF-8",
        1,
        APPLY,
        &["environments/staging.toml"],
        &|world| {
            std::fs::write(
                world.path(STAGING_FILE),
                b"[environment]\nname = \"\xff\"\n",
            )
            .unwrap();
        },
    );
    refuse("empty", 1, APPLY, &["environments/system.toml"], &|world| {
        world.write(SYSTEM_FILE, "");
    });
    refuse("a directory", 1, APPLY, &["staging.toml"], &|world| {
        std::fs::remove_file(world.path(STAGING_FILE)).unwrap();
        std::fs::create_dir(world.path(STAGING_FILE)).unwrap();
    });
    refuse(
        "twice the same key",
        1,
        APPLY,
        &["environments/staging.toml:6:1"],
        &|world| {
            world.replace(STAGING_FILE, "root = ", "root = \"a\"\nroot = ");
        },
    );
    refuse(
        "deep nesting",
        1,
        APPLY,
        &["environments/staging.toml:9:"],
        &|world| {
            world.add(STAGING_FILE, &format!("x = {}\n", "[".repeat(100_000)));
        },
    );
}

#[test]
fn wrong_types_unknown_kinds_and_unknown_keys() {
    refuse(
        "wrong type",
        1,
        APPLY,
        &["definition/wrong-form", "environments/system.toml:19:8"],
        &|world| {
            world.replace(SYSTEM_FILE, "mode = \"0755\"", "mode = 755");
        },
    );
    refuse(
        "unknown kind",
        1,
        APPLY,
        &["environments/system.toml:", "direktory"],
        &|world| {
            world.replace(SYSTEM_FILE, "[directory.app]", "[direktory.app]");
        },
    );
    refuse(
        "unknown key",
        1,
        APPLY,
        &["did you mean", "environments/system.toml:19:1"],
        &|world| {
            world.replace(SYSTEM_FILE, "mode = \"0755\"", "mod = \"0755\"");
        },
    );
    refuse(
        "bad mode",
        1,
        APPLY,
        &["environments/system.toml:"],
        &|world| {
            world.replace(SYSTEM_FILE, "mode = \"0755\"", "mode = \"0999\"");
        },
    );
    refuse(
        "a name that is a path",
        1,
        APPLY,
        &["environments/system.toml:3:"],
        &|world| {
            world.replace(SYSTEM_FILE, "\"staging\"", "\"../staging\"");
        },
    );
    refuse(
        "a number out of range",
        1,
        APPLY,
        &["environments/system.toml:"],
        &|world| {
            world.add(SYSTEM_FILE, "approvals = 99999999999999999999\n");
        },
    );
    refuse(
        "not a number",
        1,
        APPLY,
        &["environments/system.toml:"],
        &|world| {
            world.add(SYSTEM_FILE, "rehearsal = nan\n");
        },
    );
}

#[test]
fn references_that_dangle_or_go_in_circles() {
    refuse(
        "dangling",
        1,
        APPLY,
        &[
            "definition/dangling-reference",
            "environments/system.toml:23:9",
            "directory.hme",
        ],
        &|world| {
            world.replace(
                SYSTEM_FILE,
                "${directory.home.path}/app",
                "${directory.hme.path}/app",
            );
        },
    );
    refuse(
        "circle",
        1,
        APPLY,
        &["definition/cycle", "directory.home", "directory.app"],
        &|world| {
            world.replace(
                SYSTEM_FILE,
                "mode = \"0755\"",
                "mode = \"0755\"\nafter = [\"directory.app\"]",
            );
        },
    );
    refuse("itself", 1, APPLY, &["directory.home"], &|world| {
        world.replace(
            SYSTEM_FILE,
            "path = \"${root}\"",
            "path = \"${directory.home.path}\"",
        );
    });
    refuse(
        "no such target",
        1,
        APPLY,
        &["environments/system.toml:", "wbe"],
        &|world| {
            world.replace(
                SYSTEM_FILE,
                "[directory.app]\non = \"web\"",
                "[directory.app]\non = \"wbe\"",
            );
        },
    );
    refuse(
        "no such artifact",
        1,
        APPLY,
        &["environments/system.toml:"],
        &|world| {
            world.replace(SYSTEM_FILE, "artifact = \"app\"", "artifact = \"apq\"");
        },
    );
    refuse(
        "no value",
        1,
        APPLY,
        &["environments/staging.toml", "root"],
        &|world| {
            world.replace(STAGING_FILE, "root = \"run/staging\"", "");
        },
    );
}

/// An unavailable secret is reported at its source, and not again as undefined in each template that uses it.
fn a_secret_that_is_missing_is_the_one_complaint() {
    let world = TestWorld::small();
    world.replace(
        SYSTEM_FILE,
        "[artifact.app]",
        "[parameter.password]\nvaries = \"secret\"\n\n[artifact.app]",
    );
    for name in ["staging", "production"] {
        world.replace(
            &format!("environments/{name}.toml"),
            "[values]\n",
            "[values]\npassword = { file = \"not-there\" }\n",
        );
    }
    world.add("environments/config.toml.j2", "{{ password }}\n");
    let ran = world.expect(1, APPLY);
    ran.says("definition/secret-unavailable")
        .says("1 error in the definitions");
    assert!(!ran.all().contains("not defined"), "{}", ran.short());
}

/// A wrong use of one thing is reported beside a wrong form of another.
#[test]
fn defects_of_forms_hide_no_others() {
    let world = TestWorld::small();
    world.add(
        SYSTEM_FILE,
        "approvals = -1\n\n[file.both]\non = \"web\"\npath = \"/tmp/both\"\ncontent = \"x\"\nsource = \"y\"\n",
    );
    world.add("environments/config.toml.j2", "{{ greting }}\n");
    world
        .expect(1, &["validate"])
        .says("approvals = -1")
        .says("use only one of `content` and `source`")
        .says("`greting` is not defined")
        .says("3 errors in the definitions");
    // A misspelled name causes no further errors.
    world.replace(SYSTEM_FILE, "[parameter.greeting]", "[parameter.Greeting]");
    let ran = world.expect(1, &["validate"]);
    assert!(!ran.all().contains("is not defined"), "{}", ran.short());
    ran.says("`Greeting` cannot name a parameter")
        .says("use only one of");
}

#[test]
fn plans_replace_nothing_but_plans() {
    let world = TestWorld::small();
    let before = world.read(SYSTEM_FILE);
    let ran = world.expect(1, &["plan", "staging", "-o", SYSTEM_FILE]);
    ran.says("it is not replaced");
    assert_eq!(world.read(SYSTEM_FILE), before);
    world.expect(2, &["plan", "staging", "-o", "the.plan"]);
    world.expect(2, &["plan", "staging", "-o", "the.plan"]);
}

#[test]
fn missing_secrets_templates_and_artifacts() {
    refuse(
        "no variable",
        1,
        APPLY,
        &[
            "definition/secret-unavailable",
            "STAGING_PASSWORD",
            "environments/staging.toml:5:12",
        ],
        &|world| {
            world.replace(
                SYSTEM_FILE,
                "[artifact.app]",
                "[parameter.password]\nvaries = \"secret\"\n\n[artifact.app]",
            );
            for name in ["staging", "production"] {
                world.replace(
                    &format!("environments/{name}.toml"),
                    "[values]\n",
                    &format!(
                        "[values]\npassword = {{ env = \"{}_PASSWORD\" }}\n",
                        name.to_uppercase()
                    ),
                );
            }
            world.add(
                "environments/config.toml.j2",
                "password = \"{{ password }}\"\n",
            );
        },
    );
    a_secret_that_is_missing_is_the_one_complaint();
    refuse(
        "undefined name",
        1,
        APPLY,
        &[
            "definition/template",
            "environments/config.toml.j2:2:",
            "greting",
        ],
        &|world| {
            world.add("environments/config.toml.j2", "{{ greting }}\n");
        },
    );
    refuse(
        "endless template",
        1,
        APPLY,
        &["definition/template", "config.toml.j2"],
        &|world| {
            world.add("environments/config.toml.j2", "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}\n");
        },
    );
    refuse(
        "no template",
        1,
        APPLY,
        &["config.toml.j2", "environments/system.toml:"],
        &|world| {
            std::fs::remove_file(world.path("environments/config.toml.j2")).unwrap();
        },
    );
    refuse(
        "no artifact",
        1,
        APPLY,
        &[
            "definition/artifact-unavailable",
            "environments/system.toml:",
        ],
        &|world| {
            std::fs::remove_dir_all(world.path("build")).unwrap();
        },
    );
    refuse(
        "a link in the artifact",
        1,
        APPLY,
        &["definition/artifact-unavailable"],
        &|world| {
            std::os::unix::fs::symlink("/etc/passwd", world.path("build/link")).unwrap();
        },
    );
}

#[test]
fn plan_files_that_are_not_what_was_saved() {
    let file: &[&str] = &["apply", "the.plan"];
    let saved = |world: &TestWorld| {
        world.replace("environments/config.toml.j2", "greeting", "greetings");
        world.expect(2, &["plan", "staging", "-o", "the.plan"]);
    };
    refuse(
        "edited",
        4,
        file,
        &["the.plan", "changed after it was saved", "evenkeel plan"],
        &|world| {
            saved(world);
            world.replace("the.plan", "\"unchanged\":3", "\"unchanged\":4");
        },
    );
    refuse(
        "truncated",
        4,
        file,
        &["the.plan", "evenkeel plan"],
        &|world| {
            saved(world);
            let text = world.read("the.plan");
            world.write("the.plan", &text[..text.len() / 2]);
        },
    );
    refuse("empty", 4, file, &["the.plan"], &|world| {
        world.write("the.plan", "");
    });
    refuse("future", 4, file, &["format"], &|world| {
        saved(world);
        world.replace("the.plan", "\"format\":2", "\"format\":3");
    });
    refuse("unknown field", 4, file, &["the.plan"], &|world| {
        saved(world);
        world.replace("the.plan", "\"format\":2", "\"format\":2,\"more\":1");
    });
    refuse(
        "no file",
        64,
        &["apply", "no.plan"],
        &["no.plan", "staging and production"],
        &|_| {},
    );
    refuse("a directory", 64, &["apply", "build"], &["build"], &|_| {});
    refuse("another system's", 4, file, &["`other`"], &|world| {
        let other = TestWorld::with(&SYSTEM.replace("\"small\"", "\"other\""));
        other.expect(2, &["plan", "staging", "-o", "the.plan"]);
        world.write("the.plan", &other.read("the.plan"));
    });
}

/// Refusals after an observation: the lease is taken and returned, and nothing else is written.
#[test]
fn plans_of_another_project_and_used_ones() {
    let world = TestWorld::small();
    let other = TestWorld::small();
    other.expect(2, &["plan", "staging", "-o", "the.plan"]);
    world.write("the.plan", &other.read("the.plan"));
    world
        .expect(4, &["apply", "the.plan"])
        .says("another project");
    assert!(world.snapshot("run").len() == 1, "nothing was made");
    world.expect(2, &["plan", "staging", "-o", "own.plan"]);
    world.expect(0, &["apply", "own.plan"]);
    let before = world.snapshot("run");
    world
        .expect(4, &["apply", "own.plan"])
        .says("already applied by a-1")
        .says("used once");
    world.json(4, &["apply", "own.plan"]);
    assert!(before == world.snapshot("run"));
    world.expect(2, &["plan", "production", "-o", "production.plan"]);
    world
        .expect(3, &["apply", "production.plan"])
        .says("evenkeel deliver");
    assert!(before == world.snapshot("run"));
}

#[test]
fn ledgers_of_other_owners() {
    let newer = |world: &TestWorld| {
        let database = rusqlite::Connection::open(world.path(".evenkeel/ledger.db")).unwrap();
        database.pragma_update(None, "user_version", 99).unwrap();
        database
            .pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))
            .unwrap();
    };
    for arguments in [
        APPLY,
        &["drift"],
        &["status"],
        &["log"],
        &["audit", "verify"],
        &["plan"],
    ] {
        refuse(
            "newer",
            1,
            arguments,
            &["format 99", "use a newer evenkeel"],
            &newer,
        );
    }
    refuse(
        "another system's",
        1,
        APPLY,
        &["belongs to system `small`"],
        &|world| {
            world.replace(SYSTEM_FILE, "name = \"small\"", "name = \"other\"");
        },
    );
}

#[test]
fn invalid_commands() {
    for (name, arguments) in [
        ("no command", &[][..]),
        ("unknown command", &["aply"]),
        ("unknown flag", &["drift", "--deep"]),
        (
            "flags that exclude each other",
            &["drift", "--live", "--parity"],
        ),
        ("no environment", &["apply"]),
        ("no reason", &["approve", "abc"]),
        (
            "no duration",
            &["apply", "staging", "--lock-timeout", "soon"],
        ),
        ("unknown format", &["drift", "--format", "yaml"]),
        ("environment unknown", &["drift", "stagin"]),
        ("environment unknown", &["plan", "stagin"]),
        ("environment unknown", &["verify", "stagin"]),
        ("environment unknown", &["apply", "stagin"]),
        ("suite unknown", &["verify", "staging", "smok"]),
        ("one plan for two", &["plan", "-o", "the.plan"]),
        ("code unknown", &["explain", "file/contents-differ"]),
        ("an empty reason", &["approve", "abc", "--reason", " "]),
    ] {
        refuse(name, 64, arguments, &[], &|_| {});
    }
    refuse(
        "no such commit",
        64,
        &["--at", "nowhere", "drift"],
        &["nowhere"],
        &|world| {
            world.commit();
        },
    );
    refuse(
        "an option for a commit",
        64,
        &["--at=--help", "drift"],
        &["--help"],
        &|world| {
            world.commit();
        },
    );
    refuse(
        "no repository",
        1,
        &["--at", "HEAD", "drift"],
        &["no git repository"],
        &|_| {},
    );
}

#[test]
fn missing_definitions() {
    let world = TestWorld::empty();
    for command in ["drift", "deliver", "status", "validate"] {
        world
            .expect(1, &[command])
            .says("environments/system.toml")
            .says("--environments");
        world.json(1, &[command]);
    }
    world.write("environments/staging.toml", "");
    world.expect(1, &["drift"]).says("environments/system.toml");
    world
        .expect(1, &["--environments", "environments", "drift"])
        .says("no system.toml");
    world
        .expect(1, &["--environments", "elsewhere", "drift"])
        .says("elsewhere");
    assert!(!world.path(".evenkeel").exists());
    refuse(
        "system.toml is gone",
        1,
        APPLY,
        &["environments/system.toml"],
        &|world| {
            std::fs::remove_file(world.path(SYSTEM_FILE)).unwrap();
        },
    );
    refuse(
        "staging.toml is gone",
        1,
        APPLY,
        &["environments/staging.toml"],
        &|world| {
            std::fs::remove_file(world.path(STAGING_FILE)).unwrap();
        },
    );
}

/// All defects are reported at once, including those of both environments.
#[test]
fn all_defects_are_reported_at_once() {
    let world = TestWorld::small();
    world.replace(SYSTEM_FILE, "mode = \"0755\"", "mode = 755\nmod = 1");
    world.replace(STAGING_FILE, "root =", "rot =");
    world.replace(
        "environments/production.toml",
        "local = true",
        "lokal = true",
    );
    let ran = world.expect(1, &["validate"]);
    ran.says("system.toml:19:8")
        .says("system.toml:20:1")
        .says("staging.toml:5:1")
        .says("production.toml:8:1");
    let document = world.json(1, &["validate"]);
    assert!(
        document["findings"].as_array().unwrap().len() >= 4,
        "{document}"
    );
}

/// A refused first run creates no ledger.
#[test]
fn a_refused_first_run_creates_no_ledger() {
    for spoil in [
        "environments/config.toml.j2",
        "environments/system.toml",
        "environments/staging.toml",
    ] {
        let world = TestWorld::small();
        world.add(spoil, "\n{{ nothing }}\n");
        for arguments in [
            &["apply", "staging"][..],
            &["deliver"],
            &["release"],
            &["verify", "staging"],
        ] {
            world.expect(1, arguments);
        }
        assert!(!world.path(".evenkeel/ledger.db").exists(), "{spoil}");
        assert_eq!(world.snapshot("run").len(), 1);
    }
}

/// An argument's name must differ from those of global ones: clap panics on a collision, and only when it is used.
#[test]
fn every_command_takes_the_global_arguments() {
    let world = TestWorld::small();
    for (code, command) in [
        (0, &["validate"][..]),
        (2, &["drift"]),
        (2, &["drift", "staging"]),
        (2, &["plan", "staging"]),
        (0, &["apply", "staging"]),
        (0, &["verify", "staging"]),
        (0, &["deliver"]),
        (3, &["release"]),
        (0, &["status"]),
        (0, &["log"]),
        (0, &["explain", "file/content-differs"]),
        (0, &["audit", "verify"]),
        (4, &["approve", "0000", "--reason", "x"]),
        (0, &["schema", "report"]),
        (0, &["man"]),
        (0, &["completions", "bash"]),
    ] {
        let global = ["--environments", "environments", "--color", "never"];
        world.expect(code, &[&global, command].concat());
    }
}

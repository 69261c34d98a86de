//! All reads are bounded, and only evenkeel's own files are removed.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use super::world::{Ran, TestWorld, environment};

/// One directory, one file, one suite that passes.
const MINI: &str = r#"[system]
name = "mini"
path = ["staging", "production"]
[parameter.root]
varies = "identity"
[directory.home]
on = "web"
path = "${root}"
[file.about]
on = "web"
path = "${directory.home.path}/about.txt"
content = "${environment}\n"
[suite.check]
kind = "smoke"
run = ["true"]
[release]
require = ["smoke"]
uncommitted = true
"#;

fn mini() -> TestWorld {
    let world = TestWorld::empty();
    world.write("environments/system.toml", MINI);
    for name in ["staging", "production"] {
        world.write(&format!("environments/{name}.toml"), &environment(name));
    }
    fs::create_dir(world.path("run")).unwrap();
    world
}

/// Runs it with limited memory and time.
fn limited(world: &TestWorld, arguments: &[&str]) -> Ran {
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "ulimit -v 4000000; exec timeout 60 \"$0\" \"$@\""])
        .arg(super::world::PROGRAM)
        .args(arguments);
    world.surround(&mut command);
    Ran::of(&command.output().unwrap())
}

fn pipe(path: &std::path::Path) {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RWXU).unwrap();
}

#[test]
fn reserved_places_cannot_be_declared() {
    for path in [
        ".evenkeel/ledger.db",
        ".evenkeel",
        ".evenkeel/targets/staging/web/about.txt",
        ".git/hooks/pre-commit",
        ".git",
        "environments/staging.toml",
        "environments/deep/er",
        "run/../.evenkeel/key",
    ] {
        let world = mini();
        world.expect(0, &["apply", "staging"]);
        let before = world.snapshot(".evenkeel");
        world.replace(
            "environments/system.toml",
            "${directory.home.path}/about.txt",
            path,
        );
        for arguments in [
            &["validate"][..],
            &["plan", "staging"],
            &["apply", "staging"],
        ] {
            let ran = world.expect(1, arguments);
            ran.says("definition/");
            if !path.contains("..") {
                ran.says("definition/reserved-path").says("system.toml:");
            }
        }
        assert_eq!(world.snapshot(".evenkeel"), before, "{path}");
        world.expect(0, &["audit", "verify"]);
    }
    let world = mini();
    for (kind, key, path) in [
        ("directory", "path", ".git/x"),
        ("directory", "path", "environments"),
        ("process", "log", ".evenkeel/head"),
        ("process", "log", "environments/staging.toml"),
    ] {
        let more = if kind == "process" {
            "command = [\"/bin/true\"]\n"
        } else {
            ""
        };
        world.write(
            "environments/system.toml",
            &format!("{MINI}[{kind}.more]\non = \"web\"\n{key} = \"{path}\"\n{more}"),
        );
        world
            .expect(1, &["validate"])
            .says("definition/reserved-path");
    }
}

#[test]
fn references_that_multiply_end_in_an_error_with_a_place() {
    let world = mini();
    let mut system = MINI.to_owned();
    system.push_str(&format!(
        "[link.l0]\non = \"web\"\npath = \"l0\"\nto = \"{}\"\n",
        "x".repeat(100)
    ));
    for level in 1..=12 {
        let reference = format!("${{link.l{}.to}}", level - 1).repeat(10);
        system.push_str(&format!(
            "[link.l{level}]\non = \"web\"\npath = \"l{level}\"\nto = \"{reference}\"\n"
        ));
    }
    world.write("environments/system.toml", &system);
    let begun = Instant::now();
    let ran = limited(&world, &["validate"]);
    assert_eq!(ran.code, 1, "{}", ran.short());
    ran.says("definition/too-large")
        .says("64 MiB")
        .says("system.toml:");
    assert!(begun.elapsed() < Duration::from_secs(40));
}

#[test]
fn many_long_texts_and_long_chains_end_in_an_error_with_a_place() {
    let world = mini();
    let mut system = format!(
        "{MINI}[parameter.long]\ndefault = \"{}\"\n",
        "x".repeat(1 << 20)
    );
    for number in 0..300 {
        system.push_str(&format!(
            "[file.f{number}]\non = \"web\"\npath = \"f{number}\"\ncontent = \"{number}${{long}}\"\n"
        ));
    }
    world.write("environments/system.toml", &system);
    let ran = limited(&world, &["validate"]);
    assert_eq!(ran.code, 1, "{}", ran.short());
    ran.says("definition/too-large").says("256 MiB together");

    let mut system = format!("{MINI}[link.l0]\non = \"web\"\npath = \"l0\"\nto = \"x\"\n");
    for number in 1..5_000 {
        system.push_str(&format!(
            "[link.l{number}]\non = \"web\"\npath = \"l{number}\"\nto = \"${{link.l{}.to}}\"\n",
            number - 1
        ));
    }
    world.write("environments/system.toml", &system);
    let ran = limited(&world, &["validate"]);
    assert_eq!(ran.code, 1, "{}", ran.short());
    ran.says("definition/too-large").says("1000 resources");
}

#[test]
fn stored_files_are_never_links_pipes_or_endless() {
    for name in ["head", "ledger.db-wal", "ledger.db", "key", "objects"] {
        for hostile in ["/dev/zero", "pipe", "elsewhere"] {
            let world = mini();
            world.expect(0, &["apply", "staging"]);
            let path = world.path(".evenkeel").join(name);
            if path.exists() {
                fs::rename(&path, world.path("moved")).unwrap();
            }
            match hostile {
                "pipe" => pipe(&path),
                "elsewhere" => symlink(world.path("moved"), &path).unwrap(),
                device => symlink(device, &path).unwrap(),
            }
            for arguments in [
                &["status"][..],
                &["plan"],
                &["drift", "staging"],
                &["log"],
                &["audit", "verify"],
                &["apply", "staging"],
            ] {
                let begun = Instant::now();
                let ran = limited(&world, arguments);
                assert!(
                    ![101, 124, 134, 137, 139].contains(&ran.code),
                    "{name} {hostile} {arguments:?}: {}",
                    ran.short()
                );
                assert!(
                    begun.elapsed() < Duration::from_secs(30),
                    "{name} {hostile}"
                );
            }
        }
    }
}

#[test]
fn a_pipe_in_the_place_of_a_log_is_refused_and_nothing_is_left_behind() {
    let world = mini();
    world.add(
        "environments/system.toml",
        "[process.app]\non = \"web\"\ncommand = [\"/bin/sleep\", \"4711\"]\nlog = \"${directory.home.path}/app.log\"\n",
    );
    fs::create_dir(world.path("run/staging")).unwrap();
    pipe(&world.path("run/staging/app.log"));
    let begun = Instant::now();
    let ran = limited(&world, &["apply", "staging"]);
    assert_eq!(ran.code, 1, "{}", ran.short());
    ran.says("not a regular file");
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert!(world.processes().is_empty());
}

#[test]
fn a_suites_directory_is_recreated_without_links() {
    let world = mini();
    world.expect(0, &["apply", "staging"]);
    world.write("home/staging/check/thesis.txt", "precious");
    for (link, to) in [
        (".evenkeel/suites", "home"),
        (".evenkeel/suites/staging", "home/staging"),
    ] {
        let _ = fs::remove_dir_all(world.path(".evenkeel/suites"));
        fs::create_dir_all(world.path(link).parent().unwrap()).unwrap();
        symlink(world.path(to), world.path(link)).unwrap();
        world
            .expect(1, &["verify", "staging"])
            .says("is not a regular directory");
        assert_eq!(world.read("home/staging/check/thesis.txt"), "precious");
        fs::remove_file(world.path(link)).unwrap();
    }
    world.expect(0, &["verify", "staging"]);
}

#[test]
fn a_pattern_of_results_removes_nothing() {
    let world = mini();
    world.write("pom.xml", "<project/>");
    world.write("elsewhere/notes.xml", "mine");
    world.expect(0, &["apply", "staging"]);
    let suite = |more: &str| {
        world.write(
            "environments/system.toml",
            &MINI.replace("run = [\"true\"]", more),
        );
    };
    let elsewhere = world.path("elsewhere/*").display().to_string();
    for pattern in ["*.xml", "../**/*.xml", &elsewhere] {
        suite(&format!(
            "run = [\"true\"]\ndirectory = \"..\"\njunit = \"{pattern}\""
        ));
        world
            .expect(1, &["verify", "staging"])
            .says("no result file");
        assert_eq!(world.read("pom.xml"), "<project/>");
        assert_eq!(world.read("elsewhere/notes.xml"), "mine");
    }
    // Files that the suite wrote count, beside files that it did not write.
    world.script(
        "checks/write.sh",
        "echo '<testsuite><testcase name=\"a\"/></testsuite>' > elsewhere/new.xml",
    );
    world.expect(0, &["apply", "staging"]);
    suite(&format!(
        "run = [\"../checks/write.sh\"]\ndirectory = \"..\"\njunit = \"{elsewhere}\""
    ));
    for _ in 0..2 {
        world.expect(0, &["verify", "staging"]);
    }
    assert_eq!(world.read("elsewhere/notes.xml"), "mine");
}

#[test]
fn documents_are_read_inside_of_the_repository_only() {
    let world = TestWorld::empty();
    for name in ["staging", "production"] {
        world.write(&format!("o-{name}.yaml"), &format!("x: outside-{name}\n"));
        world.write(&format!("in-{name}.yaml"), &format!("x: inside-{name}\n"));
        world.write(
            &format!("project/environments/{name}.toml"),
            &environment(name),
        );
    }
    let parity = |path: &str| {
        world.write(
            "project/environments/system.toml",
            &format!("{MINI}[document.d]\npath = \"{path}\"\n"),
        );
        world.run(&[
            "drift",
            "--parity",
            "--environments",
            "project/environments",
        ])
    };
    for path in [
        "../o-${environment}.yaml",
        "x/../../o-${environment}.yaml",
        "../**",
    ] {
        let ran = parity(path);
        ran.says("leads outside");
        assert!(!ran.all().contains("outside-"), "{}", ran.short());
        assert_ne!(ran.code, 0);
    }
    // In a repository above the project, `..` may lead to its root, but not beyond.
    world.git(&["init", "--quiet"]);
    let ran = parity("../in-${environment}.yaml");
    assert!(!ran.all().contains("leads outside"), "{}", ran.short());
    ran.says("1 pair in 2 files");
    parity("../../in-${environment}.yaml").says("leads outside");
}

#[test]
fn leftovers_of_killed_runs_are_swept_by_the_next() {
    let world = mini();
    world.expect(0, &["apply", "staging"]);
    fs::create_dir_all(world.path(".evenkeel/objects/ab")).unwrap();
    let left = [
        ".evenkeel/.head-abcdef",
        ".evenkeel/.new-abcdef",
        ".evenkeel/objects/ab/.new-abcdef",
    ];
    for name in left {
        world.write(name, "half of it");
    }
    // Reading changes nothing.
    world.expect(0, &["status"]);
    world.run(&["drift", "--live", "staging"]);
    assert!(world.path(left[0]).exists());
    world.expect(0, &["apply", "staging"]);
    for name in left {
        assert!(!world.path(name).exists(), "{name}");
    }
}

#[test]
fn absurd_variables_neither_hang_nor_crash() {
    let mut world = mini();
    for (name, value) in [
        ("RAYON_NUM_THREADS", "1000000000"),
        ("RAYON_NUM_THREADS", "18446744073709551615"),
        ("RAYON_NUM_THREADS", "-1"),
        ("RAYON_RS_NUM_CPUS", "1000000000"),
        ("RUST_MIN_STACK", "1000000000000"),
        ("RUST_MIN_STACK", "18446744073709551615"),
        ("RUST_MIN_STACK", "1"),
        ("TOKIO_WORKER_THREADS", "1000000000"),
        ("TOKIO_WORKER_THREADS", "0"),
    ] {
        world.variables = [(name.to_owned(), value.to_owned())].into();
        for arguments in [&["validate"][..], &["plan"], &["drift", "--parity"]] {
            let ran = limited(&world, arguments);
            assert!(
                [0, 2].contains(&ran.code),
                "{name}={value} {arguments:?}: {}",
                ran.short()
            );
        }
    }
}

//! Failures of the machine: every refusal is reported with its documented code, without side effects.

use std::io::Read as _;
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::inside::{Inside, code, expect, words};
use super::world::{HANGS, Ran, SYSTEM, TestWorld, small_disk};

/// Returns the small system with a process.
fn with_process(process: &str) -> TestWorld {
    TestWorld::with(&format!(
        "{SYSTEM}\n[process.app]\non = \"web\"\n{process}\n"
    ))
}

#[test]
fn a_target_that_cannot_be_written() {
    let world = TestWorld::small();
    world.write("run/staging", "a file is here");
    let ran = world.expect(1, &["apply", "staging"]);
    ran.says("staging")
        .says("it depends on directory.home, which was not done");
    assert_eq!(world.read("run/staging"), "a file is here");
    world.expect(0, &["audit", "verify"]);
    assert_ne!(world.run(&["drift", "staging"]).code, 0);
    std::fs::remove_file(world.path("run/staging")).unwrap();
    world.expect(0, &["apply", "staging"]);

    let world = TestWorld::small();
    let Some(disk) = small_disk(&world.path("run"), "size=1m") else {
        return;
    };
    disk.again("ro");
    world.expect(1, &["apply", "staging"]).says("read-only");
    assert_eq!(std::fs::read_dir(world.path("run")).unwrap().count(), 0);
    disk.again("rw");
    world.expect(0, &["apply", "staging"]);
    disk.again("ro");
    world.expect(0, &["drift", "--live", "staging"]);
    world.expect(0, &["plan", "staging"]);
}

#[test]
fn a_full_disk() {
    let world = TestWorld::small();
    let Some(_disk) = small_disk(&world.path("run"), "size=64k") else {
        return;
    };
    std::fs::write(world.path("build/large"), vec![7; 200_000]).unwrap();
    let ran = world.expect(1, &["apply", "staging"]);
    ran.says("no space left").says("installation.app");
    assert!(!world.path("run/staging/app/current").exists());
    assert_ne!(world.run(&["drift", "--live", "staging"]).code, 0);
    world.expect(0, &["audit", "verify"]);
    std::fs::remove_file(world.path("build/large")).unwrap();
    world.expect(0, &["apply", "staging"]);
    let left: Vec<String> = world
        .snapshot("run")
        .into_keys()
        .map(|path| path.display().to_string())
        .filter(|path| path.contains(".evenkeel") || path.contains(".new"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_disk_full_of_ledger() {
    let world = TestWorld::small();
    let Some(_disk) = small_disk(&world.path(".evenkeel"), "size=96k,mode=0700") else {
        return;
    };
    // Until the ledger's disk is full: then nothing is done.
    let mut last = None;
    for round in 0..200 {
        world.write("environments/config.toml.j2", &format!("round {round}\n"));
        let before = world.snapshot("run");
        let ran = world.run(&["apply", "staging"]);
        if ran.code != 0 {
            // The intent was recorded before.
            assert!(matches!(ran.code, 1 | 6), "{}: {}", ran.code, ran.short());
            last = Some((before == world.snapshot("run"), ran));
            break;
        }
    }
    let (untouched, ran) = last.expect("it fills up");
    assert!(untouched || ran.code == 6, "{}", ran.short());
    assert_eq!(world.run(&["audit", "verify"]).code, 0);
}

#[test]
fn a_path_that_leads_through_a_link() {
    let world = TestWorld::small();
    std::fs::create_dir(world.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(world.path("elsewhere"), world.path("run/staging")).unwrap();
    let ran = world.run(&["apply", "staging"]);
    assert_eq!(ran.code, 1, "{}", ran.short());
    ran.says("link");
    assert_eq!(
        std::fs::read_dir(world.path("elsewhere")).unwrap().count(),
        0
    );
}

#[test]
fn a_port_that_is_taken_and_a_process_that_dies_or_is_never_ready() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let begun = Instant::now();
    for (process, says) in [
        ("command = [\"false\"]", "process.app"),
        (
            "command = [\"sh\", \"-c\", \"echo the reason; exit 3\"]",
            "the reason",
        ),
        ("command = [\"no-such-program\"]", "no-such-program"),
        (
            "command = [\"sleep\", \"600\"]\nready = { tcp = \"127.0.0.1:1\", within = \"500ms\" }",
            "ready",
        ),
    ] {
        let world = with_process(process);
        let ran = world.expect(1, &["apply", "staging"]);
        ran.says("process.app").says(says);
        assert_ne!(
            world.run(&["drift", "--live", "staging"]).code,
            0,
            "{process}"
        );
        assert_ne!(world.run(&["plan", "staging"]).code, 0, "{process}");
        world.expect(0, &["audit", "verify"]);
        let again = world.expect(1, &["apply", "staging"]);
        again.says("process.app");
        assert!(
            world.processes().len() <= 1,
            "{process}: {:?}",
            world.processes()
        );
    }
    // Another program answers at the port: it is not the started process.
    let world = with_process(&format!(
        "command = [\"python3\", \"-c\", \"import socket; s = socket.socket(); s.bind(('127.0.0.1', {port})); s.listen()\"]\nready = {{ tcp = \"127.0.0.1:{port}\", within = \"2s\" }}"
    ));
    let ran = world.expect(1, &["apply", "staging"]);
    ran.says("process.app");
    assert_ne!(world.run(&["drift", "--live", "staging"]).code, 0);
    assert!(world.processes().is_empty());
    assert!(begun.elapsed() < HANGS, "{:?}", begun.elapsed());
}

/// A hanging suite is ended with all of its processes, and recorded as a failure.
#[test]
fn a_suite_that_hangs() {
    let world = TestWorld::with(&SYSTEM.replace(
        "run = [\"../checks/smoke.sh\"]",
        "run = [\"../checks/smoke.sh\"]\nwithin = \"700ms\"",
    ));
    world.script(
        "checks/smoke.sh",
        "sleep 1613 & (setsid sleep 1614 &) ; sleep 1615",
    );
    world.expect(0, &["apply", "staging"]);
    let begun = Instant::now();
    world.expect(1, &["verify", "staging"]).says("killed");
    assert!(begun.elapsed() < HANGS, "{:?}", begun.elapsed());
    let document = world.json(3, &["release"]);
    assert!(
        document.to_string().contains("gate/suite-not-passed"),
        "{document}"
    );
    world.expect(0, &["status"]).says("smoke");
    let left: Vec<String> = world
        .processes()
        .into_iter()
        .map(|number| {
            std::fs::read_to_string(format!("/proc/{number}/cmdline"))
                .unwrap_or_default()
                .replace('\0', " ")
        })
        .filter(|line| !line.contains("614"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn results_that_prove_nothing() {
    for (name, script) in [
        ("no file", "exit 0"),
        ("no cases", "echo '<testsuite tests=\"5\"/>' > r.xml"),
        ("empty", ": > r.xml"),
        ("not XML", "echo passed > r.xml"),
        ("cut", "printf '<testsuite><testcase name=\"a\"/>' > r.xml"),
        (
            "all skipped",
            "echo '<testsuite><testcase name=\"a\"><skipped/></testcase></testsuite>' > r.xml",
        ),
        (
            "entities",
            "printf '<!DOCTYPE t [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><testsuite><testcase name=\"&b;\"/></testsuite>' > r.xml",
        ),
        (
            "a file from outside",
            "printf '<!DOCTYPE t [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><testsuite><testcase name=\"&a;\"/></testsuite>' > r.xml",
        ),
        ("a link", "ln -s /etc/passwd r.xml"),
        (
            "deep",
            "i=0; while [ $i -lt 3000 ]; do printf '<testsuite>'; i=$((i+1)); done > r.xml",
        ),
        (
            "it passed and said so badly",
            "echo '<testsuite><testcase name=\"a\"/></testsuite>' > r.xml; exit 1",
        ),
        (
            "an error",
            "echo '<testsuite><testcase name=\"a\"><error/></testcase></testsuite>' > r.xml",
        ),
    ] {
        let world = TestWorld::with(&SYSTEM.replace(
            "run = [\"../checks/smoke.sh\"]",
            "run = [\"../checks/smoke.sh\"]\njunit = \"*.xml\"",
        ));
        world.script("checks/smoke.sh", script);
        let ran = world.run(&["deliver"]);
        assert_eq!(ran.code, 1, "{name}: {}", ran.short());
        ran.says("suite-not-passed");
        assert!(!ran.all().contains("root:"), "{name}: {}", ran.short());
        world.expect(1, &["verify", "staging"]);
        world.expect(0, &["audit", "verify"]);
    }
}

/// An artifact that changes while it is read is not a build result.
#[test]
fn an_artifact_that_changes_while_it_is_read() {
    let world = TestWorld::small();
    std::fs::write(world.path("build/app"), vec![1; 40 << 20]).unwrap();
    let path = world.path("build/app");
    let is_over = AtomicBool::new(false);
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| {
            use std::io::Write as _;
            let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
            while !is_over.load(Ordering::Relaxed) {
                file.write_all(b"x").unwrap();
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        let ran = world.run(&["apply", "staging"]);
        is_over.store(true, Ordering::Relaxed);
        ran
    });
    assert_eq!(ran.code, 1, "{}", ran.short());
    ran.says("artifact");
    assert!(!world.path("run/staging/app/current").exists());
}

#[test]
fn a_clock_that_was_set_back() {
    let inside = Inside::new(TestWorld::small());
    let report = expect(0, inside.deliver());
    let plan = report.verdict.unwrap().plan;
    inside.pass(-7200);
    let outcome = inside.release();
    assert_eq!(code(&outcome), 3);
    assert!(
        words(&outcome).contains("dated in the future"),
        "{}",
        words(&outcome)
    );
    assert_eq!(code(&inside.approve(&plan)), 3);
    // The ledger still accepts entries in order, and is whole.
    expect(0, inside.audit());
    expect(0, inside.deliver());
    expect(0, inside.audit());
    let entries = expect(0, inside.log()).entries;
    assert!(
        entries
            .windows(2)
            .all(|pair| pair[0].sequence + 1 == pair[1].sequence)
    );
}

#[test]
fn two_at_once() {
    let world = with_process(
        "command = [\"sleep\", \"600\"]\nready = { tcp = \"127.0.0.1:1\", within = \"10m\" }",
    );
    let mut first = world.start(&["apply", "staging"]);
    let begun = Instant::now();
    while !world
        .path(".evenkeel/targets/staging/web/app.process.json")
        .exists()
    {
        assert!(begun.elapsed() < HANGS);
        std::thread::sleep(Duration::from_millis(5));
    }
    let number = first.id().to_string();
    for arguments in [
        &["apply", "staging"][..],
        &["deliver"],
        &["verify", "staging"],
    ] {
        let ran = world.expect(5, arguments);
        ran.says("staging is locked by")
            .says(&format!("process {number}"))
            .says("--lock-timeout");
    }
    world.json(5, &["apply", "staging"]);
    world.expect(0, &["status"]).says(&number);
    // Reading is allowed, and another environment is unaffected.
    assert_ne!(world.run(&["drift", "--live", "staging"]).code, 5);
    assert_ne!(world.run(&["plan"]).code, 5);
    world.expect(3, &["apply", "production"]);
    // After a kill the next run starts immediately, without an unlock.
    first.kill().unwrap();
    first.wait().unwrap();
    world.replace(
        "environments/system.toml",
        "within = \"10m\"",
        "within = \"1s\"",
    );
    let ran = world.run(&["apply", "staging"]);
    assert_ne!(ran.code, 5, "{}", ran.short());
    world.expect(0, &["audit", "verify"]);
}

#[test]
fn a_waiting_run_continues_after_the_other() {
    let world = TestWorld::small();
    let many: Vec<_> = (0..6)
        .map(|_| world.start(&["apply", "staging", "--lock-timeout", "10m"]))
        .collect();
    for child in many {
        let ran = Ran::of(&child.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.short());
    }
    world.expect(0, &["audit", "verify"]);
    let log = world.expect(0, &["log"]).out;
    assert_eq!(log.matches("apply-started").count(), 1, "{log}");
    assert_eq!(log.matches("founded").count(), 1, "{log}");
}

/// P28, P29: damage of the ledger is found, and nothing is done on top of it.
#[test]
fn a_ledger_that_was_tampered_with() {
    let database =
        |world: &TestWorld| rusqlite::Connection::open(world.path(".evenkeel/ledger.db")).unwrap();
    type Spoil<'a> = (&'a str, &'a dyn Fn(&TestWorld), &'a [i32]);
    let spoils: &[Spoil<'_>] = &[
        (
            "an edited entry",
            &|world| {
                let database = database(world);
                database.execute_batch("DROP TRIGGER entry_is_never_changed; UPDATE entry SET line = replace(line, 'staging', 'stagin2') WHERE sequence = 3").unwrap();
            },
            &[7],
        ),
        (
            "a removed entry",
            &|world| {
                database(world)
                    .execute_batch(
                        "DROP TRIGGER entry_is_never_removed; DELETE FROM entry WHERE sequence = 4",
                    )
                    .unwrap();
            },
            &[7],
        ),
        (
            "a truncated ledger",
            &|world| {
                database(world)
                    .execute_batch(
                        "DROP TRIGGER entry_is_never_removed; DELETE FROM entry WHERE sequence > 3",
                    )
                    .unwrap();
            },
            &[7],
        ),
        (
            "a truncated ledger that looks whole",
            &|world| {
                let database = database(world);
                let trigger: String = database
                    .query_row(
                        "SELECT sql FROM sqlite_schema WHERE name = 'entry_is_never_removed'",
                        [],
                        |row| row.get(0),
                    )
                    .unwrap();
                database.execute_batch(&format!("DROP TRIGGER entry_is_never_removed; DELETE FROM entry WHERE sequence > 3; {trigger}")).unwrap();
            },
            &[7],
        ),
        (
            "a truncated file",
            &|world| {
                let path = world.path(".evenkeel/ledger.db");
                let bytes = std::fs::read(&path).unwrap();
                std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
            },
            &[7],
        ),
        (
            "an empty file",
            &|world| std::fs::write(world.path(".evenkeel/ledger.db"), "").unwrap(),
            &[7],
        ),
        (
            "another file",
            &|world| world.write(".evenkeel/ledger.db", &"nothing of the kind ".repeat(500)),
            &[7],
        ),
        (
            "a deleted ledger",
            &|world| std::fs::remove_file(world.path(".evenkeel/ledger.db")).unwrap(),
            &[7],
        ),
        (
            "a directory",
            &|world| {
                std::fs::remove_file(world.path(".evenkeel/ledger.db")).unwrap();
                std::fs::create_dir(world.path(".evenkeel/ledger.db")).unwrap();
            },
            &[1, 7],
        ),
    ];
    for (name, spoil, codes) in spoils {
        let world = TestWorld::small();
        world.expect(0, &["apply", "staging"]);
        spoil(&world);
        world.write("environments/config.toml.j2", "other\n");
        let before = world.snapshot("run");
        for arguments in [
            &["apply", "staging"][..],
            &["deliver"],
            &["release"],
            &["verify", "staging"],
            &["drift"],
            &["plan"],
            &["status"],
            &["log"],
            &["audit", "verify"],
        ] {
            let ran = world.run(arguments);
            assert!(
                codes.contains(&ran.code),
                "{name}: {arguments:?}: {} {}",
                ran.code,
                ran.short()
            );
            assert!(
                ran.all().contains("backup") || ran.all().contains("move it away"),
                "{name}: {arguments:?}: {}",
                ran.short()
            );
            let json = world.run(&[arguments, &["--format", "json"]].concat());
            assert_eq!(
                json.document()["exit-code"],
                ran.code,
                "{name}: {arguments:?}"
            );
        }
        assert!(
            before == world.snapshot("run"),
            "{name}: something was done"
        );
    }
}

/// After the whole ledger is removed, its existence is unknown: existing resources are neither silently adopted nor
/// removed.
#[test]
fn a_ledger_that_is_missing_without_a_trace() {
    let world = TestWorld::small();
    world.expect(0, &["apply", "staging"]);
    std::fs::remove_dir_all(world.path(".evenkeel")).unwrap();
    let before = world.snapshot("run");
    let plan = world.json(2, &["plan", "staging"]);
    let steps = plan["plans"][0]["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["verb"] == "record"), "{plan}");
    world
        .expect(0, &["drift", "--live", "staging"])
        .says("live/not-recorded");
    world.expect(0, &["apply", "staging"]);
    assert!(before == world.snapshot("run"), "only recorded");
}

/// P30: nothing happens before it is recorded.
#[test]
fn a_ledger_that_cannot_be_written() {
    for spoil in ["folder", "mount"] {
        let world = TestWorld::small();
        let disk = match spoil {
            "folder" => {
                world.write(".evenkeel", "a file is here");
                None
            }
            _ => {
                let Some(disk) = small_disk(&world.path(".evenkeel"), "size=4m,mode=0700") else {
                    return;
                };
                world.expect(0, &["apply", "staging"]);
                world.write("environments/config.toml.j2", "other\n");
                disk.again("ro");
                Some(disk)
            }
        };
        let before = world.snapshot("run");
        for arguments in [
            &["apply", "staging"][..],
            &["deliver"],
            &["verify", "staging"],
            &["approve", "abc", "--reason", "x"],
            &["release"],
        ] {
            let ran = world.run(arguments);
            assert_eq!(ran.code, 1, "{spoil}: {arguments:?}: {}", ran.short());
            ran.says(".evenkeel");
        }
        assert!(
            before == world.snapshot("run"),
            "{spoil}: something was done"
        );
        if let Some(disk) = disk {
            // Reading needs no writing.
            world.expect(2, &["drift", "--live", "staging"]);
            world.expect(2, &["plan", "staging"]);
            world.expect(0, &["status"]);
            world.expect(0, &["audit", "verify"]);
            disk.again("rw");
            world.expect(0, &["apply", "staging"]);
        }
    }
}

#[test]
fn a_key_that_is_missing_or_readable_by_others() {
    let world = TestWorld::small();
    world.expect(0, &["apply", "staging"]);
    world.write("environments/config.toml.j2", "other\n");
    let before = world.snapshot("run");
    world.mode(".evenkeel/key", 0o644);
    for arguments in [
        &["apply", "staging"][..],
        &["drift"],
        &["plan"],
        &["release"],
    ] {
        world.expect(1, arguments).says("chmod 600");
    }
    world.mode(".evenkeel/key", 0o600);
    let key = world.read(".evenkeel/key");
    world.write(".evenkeel/key", "short");
    world
        .expect(1, &["apply", "staging"])
        .says("64 hexadecimal digits");
    assert!(before == world.snapshot("run"));
    world.write(".evenkeel/key", &key);
    world.expect(0, &["apply", "staging"]);
}

/// A closed pipe and a full standard output cause no panic.
#[test]
fn closed_pipes_and_full_outputs() {
    let world = TestWorld::small();
    world.expect(0, &["apply", "staging"]);
    for arguments in [
        &["log"][..],
        &["drift"],
        &["plan", "--format", "json"],
        &["schema", "report"],
        &["man"],
    ] {
        let mut child = world.start(arguments);
        drop(child.stdout.take());
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        let status = child.wait().unwrap();
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        assert!(
            status.code().is_some_and(|code| code != 101),
            "{arguments:?}: {status}"
        );
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let status = world
            .command(arguments)
            .stdout(full)
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(
            status.code().is_some_and(|code| code != 0 && code != 101),
            "{arguments:?}: {status}"
        );
    }
}

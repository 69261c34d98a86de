//! Signals: every command ends soon after SIGINT and SIGTERM, whatever it waits for, and immediately after a second
//! one.
//!
//! The waits here last ten minutes, so that a slow machine is not mistaken for a command that ignores signals.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::world::{HANGS, SYSTEM, TestWorld};

/// Two seconds, plus a margin for a busy machine. The waits last far longer.
const SOON: Duration = Duration::from_secs(12);

/// Script that is waited for: it marks its start, and ends neither by itself nor on request.
const WAITS: &str = "touch \"$MARK\"; trap '' TERM; while :; do sleep 600; done";

/// Returns a project with a render command, a secret's command and a suite, all of which end immediately.
fn world() -> TestWorld {
    let system = SYSTEM
        .replace(
            "[artifact.app]",
            "[parameter.password]\nvaries = \"secret\"\n\n[artifact.app]",
        )
        .replace(
            "[file.config]",
            "[file.secret]\non = \"web\"\npath = \"${directory.home.path}/secret\"\ncontent = \"${password}\"\nmode = \"0600\"\n\n[file.config]",
        )
        .replace("uncommitted = true", "uncommitted = true\nrequire = [\"smoke\"]\napprovals = 0");
    let world = TestWorld::with(&format!(
        "{system}\n[document.rendered]\nrender = [\"bin/render\", \"${{environment}}\"]\n"
    ));
    world.script("bin/render", "echo 'a: 1'");
    for name in ["staging", "production"] {
        world.script(
            &format!("bin/secret-{name}"),
            &format!("echo secret-{name}"),
        );
        world.replace(
            &format!("environments/{name}.toml"),
            "[values]\n",
            &format!("[values]\npassword = {{ command = [\"./bin/secret-{name}\"] }}\n"),
        );
    }
    world
}

/// Waits until the script has started, or the command ended without it.
fn begun(world: &TestWorld, child: &mut Child) -> bool {
    let since = Instant::now();
    while since.elapsed() < HANGS {
        if world.path("mark").exists() {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("nothing began");
}

fn started(world: &TestWorld, arguments: &[&str]) -> Child {
    let mut command = world.command(arguments);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Checks that the command ends soon, with the code of its signal or with a more severe one.
#[track_caller]
fn ends(child: &mut Child, signal: Signal, codes: &[i32], what: &str) {
    let since = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if since.elapsed() > SOON {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{what}: it runs on {SOON:?} after {signal:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let own = if signal == Signal::INT { 130 } else { 143 };
    // A program that does not listen yet ends like any other.
    let code = status
        .code()
        .or_else(|| Some(128 + status.signal()?))
        .unwrap();
    assert!(
        code == own || codes.contains(&code),
        "{what}, {signal:?}: {status}"
    );
}

/// Returns the signals of a command: every second one, or both with `EVENKEEL_TEST_ALL=1`.
fn signals(number: usize) -> Vec<Signal> {
    let both = [Signal::INT, Signal::TERM];
    if std::env::var_os("EVENKEEL_TEST_ALL").is_some() {
        return both.to_vec();
    }
    vec![both[number % 2]]
}

/// Starts each command with its wait, sends each signal, and checks that it ends.
fn each(world: &TestWorld, what: &str, codes: &[i32], commands: &[&[&str]]) {
    for (number, arguments) in commands.iter().enumerate() {
        for signal in signals(number) {
            let _ = std::fs::remove_file(world.path("mark"));
            let mut child = started(world, arguments);
            let what = format!("{arguments:?} with {what}");
            assert!(begun(world, &mut child), "{what}: nothing waits");
            send(&child, signal);
            ends(&mut child, signal, codes, &what);
        }
    }
    assert!(
        world.processes().is_empty(),
        "{what}: something was left running"
    );
}

fn waits(world: &TestWorld, script: &str) {
    let mark = world.path("mark");
    world.script(script, &WAITS.replace("$MARK", mark.to_str().unwrap()));
}

#[test]
fn a_hanging_git_blocks_no_command() {
    let mut world = world();
    world.commit();
    world.expect(0, &["deliver"]);
    waits(&world, "slow/git");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", world.path("slow").display());
    world.variables.insert("PATH".into(), path);
    each(
        &world,
        "a git that hangs",
        &[],
        &[
            &["validate"],
            &["drift"],
            &["drift", "--parity"],
            &["plan"],
            &["apply", "staging"],
            &["verify", "staging"],
            &["deliver"],
            &["approve", "1234", "--reason", "so"],
            &["release"],
            &["baseline", "--dry-run"],
            &["init", "--dry-run"],
            &["explain", "1234"],
            &["--at", "HEAD", "plan"],
        ],
    );
}

#[test]
fn a_hanging_render_command_blocks_no_command() {
    let world = world();
    world.expect(0, &["deliver"]);
    waits(&world, "bin/render");
    each(
        &world,
        "a render command that hangs",
        &[],
        &[
            &["drift"],
            &["drift", "--parity", "--render"],
            &["deliver"],
            &["release"],
            &["baseline", "--dry-run"],
            &["explain", "1234"],
        ],
    );
}

#[test]
fn waiting_for_a_secret_blocks_no_command() {
    let world = world();
    world.expect(0, &["deliver"]);
    waits(&world, "bin/secret-staging");
    each(
        &world,
        "a secret's command that hangs",
        &[],
        &[
            &["drift"],
            &["drift", "--live", "staging"],
            &["plan", "staging"],
            &["apply", "staging"],
            &["verify", "staging"],
            &["deliver"],
            &["release"],
        ],
    );
}

#[test]
fn a_hanging_suite_blocks_no_command() {
    let world = world();
    world.expect(0, &["apply", "staging"]);
    waits(&world, "checks/smoke.sh");
    let commands: &[&[&str]] = &[&["verify", "staging"], &["deliver"]];
    each(&world, "a suite that hangs", &[], commands);
    world.expect(0, &["audit", "verify"]);
}

#[test]
fn a_process_that_does_not_start_blocks_no_command() {
    let world = world();
    world.expect(0, &["apply", "staging"]);
    waits(&world, "bin/never-ready");
    world.add(
        "environments/system.toml",
        &format!(
            "\n[process.slow]\non = \"web\"\ncommand = [\"{}\"]\nready = {{ tcp = \"127.0.0.1:1\", within = \"10m\" }}\nstop-within = \"1s\"\n",
            world.path("bin/never-ready").display()
        ),
    );
    let commands: &[&[&str]] = &[&["apply", "staging"], &["deliver"]];
    // A process whose start was abandoned has failed.
    each(&world, "a process that does not start", &[1], commands);
    world.expect(0, &["audit", "verify"]);
}

/// Starts a process that holds the ledger's write lock for a long time.
fn writer(world: &TestWorld) -> Child {
    let script = "import sqlite3, sys, time\n\
        c = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
        c.execute('BEGIN IMMEDIATE')\n\
        open(sys.argv[2], 'w').close()\n\
        time.sleep(600)";
    let mut writer = Command::new("python3")
        .args(["-c", script])
        .arg(world.path(".evenkeel/ledger.db"))
        .arg(world.path("mark"))
        .spawn()
        .unwrap();
    assert!(begun(world, &mut writer));
    writer
}

#[test]
fn a_ledger_in_use_blocks_no_command() {
    let world = world();
    world.expect(0, &["deliver"]);
    let mut writer = writer(&world);
    let commands = [
        &["apply", "staging"][..],
        &["verify", "staging"],
        &["deliver"],
        &["release"],
        &["audit", "verify"],
        &["status"],
        &["log"],
    ];
    for (number, arguments) in commands.into_iter().enumerate() {
        for signal in signals(number) {
            let mut child = started(&world, arguments);
            // Longer than the wait for the writer; a command that only reads has ended by then.
            std::thread::sleep(Duration::from_millis(1_200));
            if child.try_wait().unwrap().is_some() {
                assert!(
                    matches!(arguments[0], "audit" | "status" | "log"),
                    "{arguments:?} did not wait"
                );
                continue;
            }
            send(&child, signal);
            ends(
                &mut child,
                signal,
                &[0],
                &format!("{arguments:?} with a ledger that is written"),
            );
        }
    }
    writer.kill().unwrap();
    writer.wait().unwrap();
    world.expect(0, &["audit", "verify"]);
    world.expect(0, &["apply", "staging"]);
}

#[test]
fn a_locked_environment_blocks_no_command() {
    let world = world();
    world.expect(0, &["apply", "staging"]);
    waits(&world, "checks/smoke.sh");
    let mut holder = started(&world, &["verify", "staging"]);
    assert!(begun(&world, &mut holder));
    for command in [
        &["apply", "staging"][..],
        &["deliver"],
        &["verify", "staging"],
    ] {
        let arguments = [command, &["--lock-timeout", "10m"]].concat();
        for signal in [Signal::INT, Signal::TERM] {
            let mut child = started(&world, &arguments);
            std::thread::sleep(Duration::from_millis(700));
            assert!(
                child.try_wait().unwrap().is_none(),
                "{arguments:?} did not wait"
            );
            send(&child, signal);
            ends(
                &mut child,
                signal,
                &[],
                &format!("{arguments:?} with a lease that is held"),
            );
        }
    }
    send(&holder, Signal::INT);
    ends(&mut holder, Signal::INT, &[], "the holder");
}

/// Returns the write end of a full pipe, and the end that is not read.
fn full() -> (std::io::PipeReader, File) {
    let (reader, writer) = std::io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
    let mut writer = File::from(OwnedFd::from(writer));
    while writer.write(&[b'x'; 4096]).is_ok() {}
    while writer.write(b"x").is_ok() {}
    rustix::fs::fcntl_setfl(writer.as_fd(), rustix::fs::OFlags::empty()).unwrap();
    (reader, writer)
}

/// The reader of the output may be stopped: a pager, a terminal.
#[test]
fn an_unread_output_blocks_no_command() {
    let world = world();
    world.expect(0, &["deliver"]);
    world.write("a.yaml", "a: 1\n");
    world.write("b.yaml", "a: 2\n");
    let groups: [&[&[&str]]; 4] = [
        &[&["verify", "staging"], &["apply", "staging"], &["deliver"]],
        &[&["validate"], &["drift"], &["plan"], &["status"], &["log"]],
        &[
            &["explain", "file/content-differs"],
            &["audit", "verify"],
            &["audit", "checkpoint"],
            &["lock", "show"],
            &["schema", "report"],
        ],
        &[
            &["compare", "a.yaml", "b.yaml"],
            &["baseline", "--dry-run"],
            &["init", "--dry-run"],
            &["man"],
            &["completions", "bash"],
        ],
    ];
    std::thread::scope(|scope| {
        for group in groups {
            scope.spawn(|| {
                for (number, arguments) in group.iter().enumerate() {
                    for signal in signals(number) {
                        unread(&world, arguments, signal);
                    }
                }
            });
        }
    });
}

fn unread(world: &TestWorld, arguments: &[&str], signal: Signal) {
    let (_reader, output) = full();
    let mut command = world.command(arguments);
    command.stdout(output.try_clone().unwrap()).stderr(output);
    let mut child = command.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(400));
    let has_ended = child.try_wait().unwrap().is_some();
    assert!(!has_ended, "{arguments:?} wrote nothing");
    send(&child, signal);
    ends(&mut child, signal, &[], &format!("{arguments:?} unread"));
}

/// The second signal ends it immediately, even during a step.
#[test]
fn a_second_signal_ends_it_immediately() {
    let world = world();
    world.expect(0, &["apply", "staging"]);
    let system = world.read("environments/system.toml");
    let runs = |command: &str, ready: &str| {
        let process = format!(
            "\n[process.slow]\non = \"web\"\ncommand = [{command}]\n{ready}stop-within = \"1s\"\n"
        );
        world.write("environments/system.toml", &format!("{system}{process}"));
    };
    waits(&world, "bin/never-ready");
    let slow = format!("\"{}\"", world.path("bin/never-ready").display());
    for signal in [Signal::INT, Signal::TERM] {
        // It ran before, so its start is not abandoned after the first signal.
        runs("\"sleep\", \"600\"", "");
        world.expect(0, &["apply", "staging"]);
        let _ = std::fs::remove_file(world.path("mark"));
        runs(
            &slow,
            "ready = { tcp = \"127.0.0.1:1\", within = \"10m\" }\n",
        );
        let mut child = started(&world, &["apply", "staging"]);
        assert!(begun(&world, &mut child), "nothing was started");
        send(&child, signal);
        std::thread::sleep(Duration::from_millis(2_500));
        assert!(
            child.try_wait().unwrap().is_none(),
            "a start in place of what ran is waited for"
        );
        send(&child, signal);
        ends(&mut child, signal, &[], "a second signal");
    }
    world.expect(0, &["audit", "verify"]);
}

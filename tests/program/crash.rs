//! Crashes at any point, and disk failures at any point: the next run continues, and no false success is reported.
//!
//! `strace` kills the program as it enters its k-th system call of a sort, or makes that call fail. It counts for each
//! thread separately, so the calls of workers are covered by their own sorts; moments in between are covered at random.
//! `EVENKEEL_TEST_ALL=1` runs every k.

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::world::{HANGS, PROGRAM, Ran, SYSTEM, TestWorld};

/// Number of files besides the directories, the installation, the link and the process: 25 resources in all.
const FILES: usize = 19;

fn large() -> TestWorld {
    let mut system = String::from(
        r#"[system]
name = "large"
path = ["staging", "production"]

[parameter.root]
varies = "identity"

[artifact.app]
path = "../build"

[target.web]

[directory.home]
on = "web"
path = "${root}"

[directory.app]
on = "web"
path = "${directory.home.path}/app"

[directory.etc]
on = "web"
path = "${directory.home.path}/etc"
exclusive = true

[installation.app]
on = "web"
artifact = "app"
into = "${directory.app.path}"

[link.newest]
on = "web"
path = "${directory.home.path}/newest"
to = "app/current"

[process.app]
on = "web"
command = ["sleep", "600"]
restart-on = ["file.n-1", "installation.app"]
after = ["file.n-2"]
stop-within = "2s"

[release]
uncommitted = true
require = []
"#,
    );
    for number in 1..=FILES {
        system.push_str(&format!(
            "\n[file.n-{number}]\non = \"web\"\npath = \"${{directory.etc.path}}/{number}\"\ncontent = \"number {number}\"\n"
        ));
    }
    let world = TestWorld::with(&system);
    world.write("build/more/deep", "deeper\n");
    world
}

/// Returns the names beside and below the target.
fn names(world: &TestWorld) -> BTreeSet<String> {
    let start = world.path("run");
    world
        .snapshot("run")
        .into_keys()
        .map(|path| {
            path.strip_prefix(&start)
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// Whether everything exists, checked without evenkeel.
fn whole(world: &TestWorld) -> bool {
    let content = |name: &str| std::fs::read_to_string(world.path(name)).unwrap_or_default();
    (1..=FILES)
        .all(|number| content(&format!("run/staging/etc/{number}")) == format!("number {number}"))
        && content("run/staging/app/current/app") == "the artifact\n"
        && content("run/staging/newest/more/deep") == "deeper\n"
        && sleepers(world) == 1
}

/// Counts the running processes of the definition.
fn sleepers(world: &TestWorld) -> usize {
    world
        .processes()
        .into_iter()
        .filter(|number| {
            std::fs::read(format!("/proc/{number}/cmdline"))
                .is_ok_and(|line| line == b"sleep\x00600\x00")
        })
        .count()
}

/// Returns the result of an undisturbed run.
fn undisturbed() -> BTreeSet<String> {
    let world = large();
    world.expect(0, &["apply", "staging"]);
    assert!(whole(&world));
    names(&world)
}

pub(crate) fn has_strace() -> bool {
    let works = Command::new("strace")
        .args([
            "-f",
            "-D",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "inject=fsync:error=EIO:when=9999",
            "true",
        ])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        eprintln!("SKIPPED: strace is not here, or may not trace");
    }
    works
}

/// Call with an injected fault.
#[derive(Debug)]
pub(crate) struct Hit {
    /// Line of the trace, with the paths of its descriptors.
    call: String,
    /// Whether no ledger entry followed.
    is_last: bool,
}

/// Runs `apply staging` with one injected fault. The tracer is a grandchild, so that it does not block.
///
/// Returns the call with the fault as well.
pub(crate) fn traced(world: &TestWorld, injection: &str, arguments: &[&str]) -> (Ran, Option<Hit>) {
    let trace = world.path("trace");
    let mut command = Command::new("strace");
    command
        .args([
            "-f",
            "-D",
            "-y",
            "-qq",
            "-o",
            trace.to_str().unwrap(),
            "-e",
            "signal=none",
        ])
        .args(["-e", &format!("inject={injection}")])
        .arg(PROGRAM)
        .args(arguments);
    world.surround(&mut command);
    let output = world.path("output");
    let file = std::fs::File::create(&output).unwrap();
    // Files instead of pipes, which started processes may keep open.
    let status = command
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .status()
        .unwrap();
    for number in world.processes() {
        let name = std::fs::read_to_string(format!("/proc/{number}/comm")).unwrap_or_default();
        if name == "strace\n"
            && let Some(number) = rustix::process::Pid::from_raw(number)
        {
            let _ = rustix::process::kill_process(number, rustix::process::Signal::KILL);
        }
    }
    let mut ran = Ran::of(&std::process::Output {
        status,
        stdout: std::fs::read(&output).unwrap(),
        stderr: Vec::new(),
    });
    if ran.code < 128 && ran.out.is_empty() {
        ran.out.push_str("(said nothing)");
    }
    std::fs::remove_file(output).unwrap();
    let text = std::fs::read_to_string(&trace).unwrap_or_default();
    let mut lines = text.lines();
    let hit = lines.find(|line| line.contains("(INJECTED)"));
    // The head is written after each entry, so a call without a later head belonged to none.
    let is_last = !lines.any(|line| line.contains("/.head-"));
    let hit = hit.map(|hit| Hit {
        call: hit.to_owned(),
        is_last,
    });
    let _ = std::fs::remove_file(trace);
    (ran, hit)
}

/// Checks that reports are true, and that one more run completes the apply.
fn converges(world: &TestWorld, expected: &BTreeSet<String>, what: &str) {
    let founded = world.path(".evenkeel/ledger.db").exists();
    if founded {
        let audit = world.run(&["audit", "verify"]);
        assert_eq!(audit.code, 0, "{what}: {}", audit.short());
    }
    let drift = world.run(&["drift", "--live", "staging"]);
    assert!(matches!(drift.code, 0..=2), "{what}: {}", drift.short());
    assert!(
        drift.code != 0 || whole(world),
        "{what}: clean, and it is missing: {}",
        drift.short()
    );
    let again = world.run(&["apply", "staging"]);
    assert_eq!(again.code, 0, "{what}: the second apply: {}", again.short());
    assert!(
        whole(world),
        "{what}: not whole after {}; {} run",
        again.short(),
        sleepers(world)
    );
    assert_eq!(names(world), *expected, "{what}: something was left behind");
    let plan = world.run(&["plan", "staging"]);
    assert_eq!(plan.code, 0, "{what}: the plan after it: {}", plan.short());
    assert_eq!(
        world.run(&["drift", "--live", "staging"]).code,
        0,
        "{what}: drift after it"
    );
    assert_eq!(
        world.run(&["audit", "verify"]).code,
        0,
        "{what}: audit after it"
    );
    assert_eq!(
        world.processes().len(),
        1,
        "{what}: one process and no more"
    );
}

/// Runs k = 1, 2, … until no call is hit; sampled by default.
fn for_each_k(stride: usize, at_most: usize, task: impl Fn(usize) -> bool + Sync) -> usize {
    for_each_k_after(0, stride, at_most, task)
}

/// Runs like [`for_each_k`], without the first calls.
fn for_each_k_after(
    first: usize,
    stride: usize,
    at_most: usize,
    task: impl Fn(usize) -> bool + Sync,
) -> usize {
    let all = std::env::var_os("EVENKEEL_TEST_ALL").is_some();
    let (stride, at_most) = if all { (1, 10_000) } else { (stride, at_most) };
    let hit = Mutex::new(0);
    let next = Mutex::new(first + 1);
    let worker = || loop {
        let k = {
            let mut next = next.lock().unwrap();
            let k = *next;
            *next += if k < first + 4 { 1 } else { stride };
            k
        };
        if k > first + at_most || !task(k) {
            return;
        }
        *hit.lock().unwrap() += 1;
    };
    std::thread::scope(|scope| {
        scope.spawn(worker);
        scope.spawn(worker);
    });
    hit.into_inner().unwrap()
}

#[test]
fn killed_as_it_enters_its_kth_call_of_a_sort_it_converges() {
    if !has_strace() {
        return;
    }
    let expected = undisturbed();
    for (calls, stride, least) in [
        ("fsync,fdatasync,syncfs", 7, 5),
        ("pwrite64", 40, 5),
        ("renameat2,renameat,rename", 6, 3),
        ("mkdirat,mkdir", 3, 2),
        ("linkat,symlinkat,unlinkat,unlink", 9, 2),
        ("clone,clone3,vfork,execve", 5, 2),
        ("fchmod,fchmodat,fchown,fchownat", 9, 1),
        ("openat", 16, 3),
        ("mmap", 8, 3),
    ] {
        let hit = for_each_k_after(before_main(calls), stride, 400, |k| {
            let world = large();
            let (ran, _) = traced(
                &world,
                &format!("{calls}:signal=SIGKILL:when={k}"),
                &["apply", "staging"],
            );
            if ran.code == 0 {
                return false;
            }
            // Calls are counted in each process: a started one may reach its k-th call when evenkeel does not.
            let is_started_one = ran.code == 1
                && (ran.out.contains("it was killed by signal 9")
                    || ran.out.contains("it ended before it became ready"));
            assert!(
                ran.code == 137 || is_started_one,
                "{calls} {k}: {}: {}",
                ran.code,
                ran.short()
            );
            converges(&world, &expected, &format!("killed at {calls} {k}"));
            true
        });
        eprintln!("killed at {hit} calls of {calls}");
        assert!(hit >= least, "{calls}: only {hit} were hit");
    }
}

#[test]
fn every_disk_failure_is_reported_and_the_next_run_converges() {
    if !has_strace() {
        return;
    }
    let expected = undisturbed();
    for (calls, error, stride) in [
        ("fsync,fdatasync,syncfs", "EIO", 9),
        ("pwrite64", "ENOSPC", 60),
        ("renameat2,renameat,rename", "EIO", 9),
        ("mkdirat,mkdir", "ENOSPC", 5),
        ("linkat,symlinkat", "EIO", 5),
    ] {
        let hit = for_each_k(stride, 400, |k| {
            let world = large();
            let what = format!("{error} at {calls} {k}");
            let (ran, hit) = traced(
                &world,
                &format!("{calls}:error={error}:when={k}"),
                &["apply", "staging"],
            );
            if ran.code == 0 {
                // A refused call may have an alternative, or be only a cache; then the change is complete.
                assert!(
                    whole(&world),
                    "{what}: success, and it is missing: {}",
                    ran.short()
                );
                assert_eq!(world.run(&["audit", "verify"]).code, 0, "{what}");
                assert_eq!(world.run(&["plan", "staging"]).code, 0, "{what}");
            } else {
                assert!(
                    matches!(ran.code, 1 | 6 | 7),
                    "{what}: {} {}",
                    ran.code,
                    ran.short()
                );
                converges(&world, &expected, &what);
            }
            // A worker's calls are counted separately: few of them are beyond the first hundred. SQLite also syncs the
            // folder of a new log, and its log again when it closes the file; it continues if that fails.
            let is_of_sqlite = |hit: &Hit| {
                let path = hit.call.split(['<', '>']).nth(1).unwrap_or_default();
                path.ends_with("/.evenkeel")
                    || path.contains("/.founding-") && !path.contains(".db")
                    || path.contains("/ledger.db") && hit.is_last
            };
            if calls.contains("fsync") && hit.as_ref().is_some_and(|hit| !is_of_sqlite(hit)) {
                assert_ne!(ran.code, 0, "{what}: {hit:?}: {}", ran.short());
            }
            hit.is_some()
        });
        eprintln!("{error} at up to {hit} calls of {calls}");
    }
}

/// Counts the calls of a sort that the main thread makes before `main`, in the loader and the runtime, which evenkeel
/// cannot handle.
fn before_main(calls: &str) -> usize {
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace");
    let status = Command::new("strace")
        .args(["-qq", "-o", trace.to_str().unwrap()])
        .args(["-e", &format!("trace={calls}")])
        .args([PROGRAM, "--version"])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let text = std::fs::read_to_string(trace).unwrap();
    let is_call = |line: &&str| calls.split(',').any(|call| line.starts_with(call));
    // The tracer's child calls `execve` for the program itself.
    text.lines().filter(is_call).count() - usize::from(calls.contains("execve"))
}

/// A lack of memory, threads or descriptors ends with a documented code, not with a panic.
#[test]
fn every_kernel_failure_is_reported_and_the_next_run_converges() {
    if !has_strace() {
        return;
    }
    let expected = undisturbed();
    for (calls, error, stride, least) in [
        ("clone,clone3,vfork", "EAGAIN", 4, 2),
        ("mmap", "ENOMEM", 8, 2),
        ("openat", "EMFILE", 16, 3),
        ("openat", "EIO", 19, 3),
    ] {
        let hit = for_each_k_after(before_main(calls), stride, 400, |k| {
            let world = large();
            let what = format!("{error} at {calls} {k}");
            let (ran, hit) = traced(
                &world,
                &format!("{calls}:error={error}:when={k}"),
                &["apply", "staging"],
            );
            // Never 101, 127 or 134: a panic, the loader, an abort.
            assert!(
                matches!(ran.code, 0 | 1 | 5 | 6 | 7),
                "{what}: {} {}",
                ran.code,
                ran.short()
            );
            if ran.code == 0 {
                assert!(
                    whole(&world),
                    "{what}: success, and it is missing: {}",
                    ran.short()
                );
            }
            converges(&world, &expected, &what);
            hit.is_some()
        });
        eprintln!("{error} at up to {hit} calls of {calls}");
        assert!(hit >= least, "{calls}: only {hit} were hit");
    }
}

/// A run stopped at any moment blocks no other: others name it or work. It completes when it continues.
#[test]
fn a_run_stopped_at_any_moment_is_named_and_completes_later() {
    let began = Instant::now();
    large().expect(0, &["apply", "staging"]);
    let long = began.elapsed();
    let rounds = if std::env::var_os("EVENKEEL_TEST_ALL").is_some() {
        200
    } else {
        10
    };
    let mut random = 0x51ed_270b_u64;
    let (mut named, mut stopped) = (0, 0);
    for round in 0..rounds {
        let world = large();
        world.add(
            "environments/system.toml",
            "\n[suite.smoke]\nkind = \"smoke\"\nrun = [\"../checks/smoke.sh\"]\n",
        );
        if round % 2 == 1 {
            world.expect(0, &["apply", "staging"]);
            world.write("run/staging/etc/1", "outside edit");
            std::fs::remove_file(world.path("run/staging/etc/2")).unwrap();
        }
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let part = f64::from(u32::try_from(random >> 40).unwrap()) / f64::from(1 << 24);
        let mut child = world
            .command(&["apply", "staging"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The first run takes longer than later ones.
        std::thread::sleep(long.mul_f64(0.6 * part));
        let number = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(number, rustix::process::Signal::STOP).unwrap();
        let has_ended = child.try_wait().unwrap().is_some();
        stopped += usize::from(!has_ended);
        let what = format!("round {round}, stopped after {part:.2}");
        for arguments in [
            &["apply", "staging"][..],
            // Another environment, writing to the ledger.
            &["verify", "production"],
            &["status"],
            &["lock", "show"],
            &["drift", "--live", "staging"],
            &["audit", "verify"],
        ] {
            let since = Instant::now();
            let ran = world.run(arguments);
            // Five seconds, plus a margin for a busy machine.
            assert!(
                since.elapsed() < Duration::from_secs(30),
                "{what}: {arguments:?}"
            );
            if ran.code == 5 {
                named += 1;
                ran.says(&format!("process {}", child.id()));
            }
            let is_fine = match arguments[0] {
                "apply" => matches!(ran.code, 0 | 5),
                "drift" | "verify" => matches!(ran.code, 0..=2 | 5),
                _ => matches!(ran.code, 0 | 5),
            };
            assert!(
                is_fine,
                "{what}: {arguments:?}: {} {}",
                ran.code,
                ran.short()
            );
        }
        if !has_ended {
            rustix::process::kill_process(number, rustix::process::Signal::CONT).unwrap();
        }
        let status = child.wait().unwrap();
        // Another run may have done its work meanwhile, or have changed the expected state.
        assert!(
            matches!(status.code(), Some(0 | 1 | 4..=6)),
            "{what}: {status}"
        );
        world.expect(0, &["apply", "staging"]);
        assert!(whole(&world), "{what}");
        world.expect(0, &["plan", "staging"]);
        world.expect(0, &["drift", "--live", "staging"]);
        world.expect(0, &["audit", "verify"]);
    }
    eprintln!("stopped {stopped} of {rounds} runs, named {named} times");
    assert!(stopped > 0);
}

/// A kill at any moment, also while a definition changes and after an earlier kill.
#[test]
fn killed_at_any_moment_it_converges() {
    let expected = undisturbed();
    let began = Instant::now();
    large().expect(0, &["apply", "staging"]);
    let long = began.elapsed();
    let rounds = if std::env::var_os("EVENKEEL_TEST_ALL").is_some() {
        200
    } else {
        24
    };
    let world = large();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut killed = 0;
    let (mut is_done, mut others) = (false, false);
    for round in 0..rounds {
        if is_done {
            // Changes: new content, another release, a restarted process.
            others = !others;
            world.write(
                "build/app",
                if others {
                    "another\n"
                } else {
                    "the artifact\n"
                },
            );
            world.replace(
                "environments/system.toml",
                if others {
                    "content = \"number 1\""
                } else {
                    "content = \"other 1\""
                },
                if others {
                    "content = \"other 1\""
                } else {
                    "content = \"number 1\""
                },
            );
        }
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let after =
            long.mul_f64(f64::from(u32::try_from(random >> 40).unwrap()) / f64::from(1 << 24));
        let mut child = world
            .command(&["apply", "staging"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        std::thread::sleep(after);
        let _ = child.kill();
        is_done = child.wait().unwrap().success();
        killed += usize::from(!is_done);
        assert!(
            !world.path(".evenkeel/ledger.db").exists()
                || world.run(&["audit", "verify"]).code == 0,
            "round {round} after {after:?}"
        );
        assert!(sleepers(&world) <= 1, "round {round}: twice");
    }
    world.write("build/app", "the artifact\n");
    world.write(
        "environments/system.toml",
        &large().read("environments/system.toml"),
    );
    world.expect(0, &["apply", "staging"]);
    assert!(whole(&world));
    let kept = |names: &BTreeSet<String>| -> BTreeSet<String> {
        // Earlier releases are kept, as declared.
        names
            .iter()
            .filter(|name| !name.contains("/releases/"))
            .cloned()
            .collect()
    };
    assert_eq!(kept(&names(&world)), kept(&expected));
    world.expect(0, &["plan", "staging"]);
    eprintln!("killed in {killed} of {rounds} rounds");
    assert!(killed * 4 > rounds, "{killed} of {rounds}");
}

/// A command that prints a secret may wait for a person, who may cancel: that is an interruption, not a defect of the
/// definitions.
#[test]
fn waiting_for_a_secret_can_be_interrupted() {
    let world = TestWorld::with(&SYSTEM.replace(
        "[artifact.app]",
        "[parameter.password]\nvaries = \"secret\"\n\n[artifact.app]",
    ));
    world.script("wait.sh", "echo begun > begun\nexec sleep 600");
    for name in ["staging", "production"] {
        world.replace(
            &format!("environments/{name}.toml"),
            "[values]\n",
            "[values]\npassword = { command = [\"./wait.sh\"] }\n",
        );
    }
    let mut child = world
        .command(&["plan", "staging"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while !world.path("begun").exists() && began.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let number = rustix::process::Pid::from_child(&child);
    let _ = rustix::process::kill_process(number, rustix::process::Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(world.processes().is_empty());
}

/// The first signal ends after the current step with its documented code; the next run continues.
#[test]
fn an_interrupted_run_stops_after_its_step_and_continues() {
    let expected = undisturbed();
    for (signal, code) in [
        (rustix::process::Signal::INT, 130),
        (rustix::process::Signal::TERM, 143),
        (rustix::process::Signal::HUP, 129),
    ] {
        for wait in [0, 15, 40, 80] {
            let world = large();
            let mut child = world
                .command(&["apply", "staging"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            // A signal before the program listens ends it like any other; wait until it has started.
            let began = Instant::now();
            while !world.path(".evenkeel/key").exists() && began.elapsed() < HANGS {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(wait));
            let number = rustix::process::Pid::from_child(&child);
            let _ = rustix::process::kill_process(number, signal);
            let status = child.wait().unwrap();
            let what = format!("{signal:?} after {wait} ms");
            assert!(
                matches!(status.code(), Some(ended) if ended == code || ended == 0),
                "{what}: {status}"
            );
            converges(&world, &expected, &what);
        }
    }
}

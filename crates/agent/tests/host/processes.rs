//! Processes: started with their record, ready or stopped, stopped with all their children.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use evenkeel_host::Running;
use evenkeel_host::{Action, ActionError, Answer, ProcessState, Query, Ready, Text, process};

use super::support::{HANGS, HostFixture, Store};

/// A process to start, with the defaults of most tests.
struct App<'a> {
    world: &'a HostFixture,
    script: &'a str,
    ready: Option<Ready>,
    within: u64,
    stop_within: u64,
    expected: Option<Running>,
    environment: BTreeMap<String, Text>,
}

impl<'a> App<'a> {
    fn new(world: &'a HostFixture, script: &'a str) -> Self {
        Self {
            world,
            script,
            ready: None,
            within: 5000,
            stop_within: 2000,
            expected: None,
            environment: BTreeMap::new(),
        }
    }

    fn action(&self) -> Action {
        Action::Start(process::Start {
            record: self.world.text("app.json"),
            log: self.world.text("logs/app.log"),
            command: ["sh", "-c", self.script].map(str::to_owned).to_vec(),
            environment: self.environment.clone(),
            directory: None,
            ready: self.ready.clone(),
            within: self.within,
            stop_within: self.stop_within,
            started_as: BTreeMap::from([(
                "command".to_owned(),
                Text::Plain(self.script.to_owned()),
            )]),
            expected: self.expected,
        })
    }

    fn start(&self) -> Result<String, ActionError> {
        self.world
            .act(self.action(), &Store::default())
            .map(|done| done.note.unwrap_or_default())
    }

    fn failure(&self) -> String {
        match self.start() {
            Err(error @ ActionError::Failed { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }
}

fn stop(world: &HostFixture, expected: Option<Running>) -> Result<String, ActionError> {
    let stop = Action::Stop(process::Stop {
        record: world.text("app.json"),
        stop_within: 2000,
        expected,
    });
    world
        .act(stop, &Store::default())
        .map(|done| done.note.unwrap_or_default())
}

fn running(world: &HostFixture) -> Option<Running> {
    match world.process(None) {
        ProcessState::Running {
            pid, ticks, since, ..
        } => Some(Running { pid, ticks, since }),
        _ => None,
    }
}

/// Stops the processes that a failed test left.
struct Cleanup<'a>(&'a HostFixture);

impl Drop for Cleanup<'_> {
    fn drop(&mut self) {
        let _ = stop(self.0, running(self.0));
    }
}

#[test]
fn a_process_moves_to_another_record_and_keeps_running() {
    let world = HostFixture::new();
    let _cleanup = Cleanup(&world);
    let app = App::new(&world, "echo began; exec sleep 60");
    app.start().unwrap();
    let expected = running(&world).unwrap();
    let take_over = |from: &str, to: &str, expected: Running| {
        let action = Action::TakeOver(process::TakeOver {
            record: world.text(&format!("{to}.json")),
            from: world.text(&format!("{from}.json")),
            log: world.text(&format!("logs/{to}.log")),
            from_log: world.text(&format!("logs/{from}.log")),
            expected,
        });
        let done = world.act(action, &Store::default());
        done.map(|done| done.note.unwrap_or_default())
    };
    // A process other than the expected one is not touched.
    let other = Running {
        ticks: expected.ticks + 1,
        ..expected
    };
    let refused = take_over("app", "other", other);
    assert!(
        matches!(refused, Err(ActionError::Changed { .. })),
        "{refused:?}"
    );
    assert_eq!(running(&world), Some(expected));
    // A file at the new path of the log stays.
    fs::write(world.path("logs/other.log"), "old").unwrap();
    let note = take_over("app", "other", expected).unwrap();
    assert!(note.contains("and writes to"), "{note}");
    assert_eq!(
        fs::read_to_string(world.path("logs/other.log")).unwrap(),
        "old"
    );
    assert!(world.path("logs/app.log").exists() && !world.path("app.json").exists());
    assert_eq!(running(&world), None);
    // A repetition changes nothing; then back.
    assert_eq!(take_over("app", "other", expected).unwrap(), "already so");
    fs::remove_file(world.path("logs/app.log")).unwrap();
    let note = take_over("other", "app", expected).unwrap();
    assert_eq!(note, format!("process {} keeps running", expected.pid));
    assert_eq!(running(&world), Some(expected));
    assert_eq!(
        fs::read_to_string(world.path("logs/app.log")).unwrap(),
        "old"
    );
    // The record of a process that has ended is not moved.
    stop(&world, Some(expected)).unwrap();
    let refused = take_over("app", "other", expected);
    assert!(
        matches!(refused, Err(ActionError::Changed { .. })),
        "{refused:?}"
    );
}

#[test]
fn processes_may_share_a_log() {
    let world = HostFixture::new();
    let mut started = Vec::new();
    for name in ["web/app", "web/worker", "cache/app"] {
        let mut action = App::new(&world, "sleep 60").action();
        if let Action::Start(process::Start { record, .. }) = &mut action {
            *record = world.text(&format!("records/{name}.json"));
        }
        let done = world.act(action, &Store::default());
        started.push((name, done.map(|_| ()).map_err(|error| error.to_string())));
    }
    for (name, _) in &started {
        let record = world.text(&format!("records/{name}.json"));
        let ProcessState::Running {
            pid, ticks, since, ..
        } = world.process_of(record.clone(), None)
        else {
            continue;
        };
        let stop = Action::Stop(process::Stop {
            record,
            stop_within: 2000,
            expected: Some(Running { pid, ticks, since }),
        });
        world.act(stop, &Store::default()).unwrap();
    }
    for (name, done) in started {
        assert_eq!(done, Ok(()), "{name}");
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn server(port: u16) -> String {
    format!("exec python3 -m http.server {port} --bind 127.0.0.1")
}

fn alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_server_is_started_seen_replaced_and_stopped() {
    let world = HostFixture::new();
    let _cleanup = Cleanup(&world);
    assert_eq!(world.process(None), ProcessState::Missing);
    let port = free_port();
    let script = server(port);
    let ready = Some(Ready::Http(format!("http://127.0.0.1:{port}/")));
    let mut app = App {
        ready: ready.clone(),
        within: 20_000,
        ..App::new(&world, &script)
    };
    let note = app.start().unwrap();
    let first = running(&world).unwrap();
    assert_eq!(note, format!("started {}", first.pid));
    assert!(matches!(
        world.process(ready.clone()),
        ProcessState::Running {
            ready: Some(true),
            ..
        }
    ));
    // A run that does not know of the first: the same process stays.
    assert_eq!(app.start().unwrap(), "already so");
    assert_eq!(running(&world), Some(first));
    // It has its own session and only the inherited values it is given.
    let stat = fs::read_to_string(format!("/proc/{}/stat", first.pid)).unwrap();
    let session = stat
        .rsplit_once(") ")
        .unwrap()
        .1
        .split(' ')
        .nth(3)
        .unwrap()
        .to_owned();
    assert_eq!(session, first.pid.to_string());
    let environment = fs::read_to_string(format!("/proc/{}/environ", first.pid)).unwrap();
    // The test's own environment contains many variables of cargo.
    assert!(!environment.contains("CARGO_"), "{environment}");
    app.expected = Some(first);
    let note = app.start().unwrap();
    let second = running(&world).unwrap();
    assert_eq!(
        note,
        format!("stopped {}, started {}", first.pid, second.pid)
    );
    assert!(!alive(first.pid));
    assert!(matches!(
        stop(&world, Some(first)),
        Err(ActionError::Changed { .. })
    ));
    assert_eq!(
        stop(&world, Some(second)).unwrap(),
        format!("stopped {}", second.pid)
    );
    assert_eq!(world.process(None), ProcessState::Missing);
    assert_eq!(stop(&world, Some(second)).unwrap(), "already so");
}

#[test]
fn a_process_that_exits_early_is_reported_with_its_log_and_without_secrets() {
    let world = HostFixture::new();
    let mut app = App::new(
        &world,
        "echo starting; printf 'bad \\033[2J config: %s\\n' \"$TOKEN\" >&2; exit 3",
    );
    app.environment
        .insert("TOKEN".into(), Text::Sealed(world.sealer.seal(b"hunter2")));
    let mut store = Store::default();
    store.add_sealed(&world.sealer, b"hunter2");
    let error = world.act(app.action(), &store).unwrap_err().to_string();
    assert!(
        error.contains("exited with status 3 before it became ready"),
        "{error}"
    );
    assert!(
        error.contains("  starting\n  bad \\u{1b}[2J config: (secret)"),
        "{error}"
    );
    assert_eq!(world.process(None), ProcessState::Missing);
    // Without the secret, nothing starts.
    assert!(app.failure().contains("variable `TOKEN`"));
}

#[test]
fn a_missing_program_is_reported() {
    let world = HostFixture::new();
    let Action::Start(process::Start {
        record,
        log,
        environment,
        ..
    }) = App::new(&world, "").action()
    else {
        panic!()
    };
    let start = |command: &str, directory: Option<&str>| {
        let action = Action::Start(process::Start {
            record: record.clone(),
            log: log.clone(),
            command: vec![command.to_owned()],
            environment: environment.clone(),
            directory: directory.map(str::to_owned),
            ready: None,
            within: 1000,
            stop_within: 1000,
            started_as: BTreeMap::new(),
            expected: None,
        });
        world
            .act(action, &Store::default())
            .unwrap_err()
            .to_string()
    };
    let error = start("/no/such/program", None);
    assert!(
        error.contains("program `/no/such/program` not found"),
        "{error}"
    );
    let error = start("true", Some("/no/such/directory"));
    assert!(
        error.contains("working directory `/no/such/directory` not found"),
        "{error}"
    );
    let error = start("/etc/passwd", None);
    assert!(error.contains("permission denied"), "{error}");
    assert_eq!(world.process(None), ProcessState::Missing);
}

#[test]
fn a_process_that_never_becomes_ready_is_stopped() {
    let world = HostFixture::new();
    let ready = Some(Ready::Tcp(format!("127.0.0.1:{}", free_port())));
    let app = App {
        ready,
        within: 400,
        ..App::new(&world, "echo here I am; sleep 600")
    };
    let begun = Instant::now();
    let error = app.failure();
    assert!(
        error.contains("not ready after 400 ms") && error.contains("connection refused"),
        "{error}"
    );
    assert!(error.contains("here I am"), "{error}");
    assert!(begun.elapsed() < HANGS);
    assert_eq!(world.process(None), ProcessState::Missing);
}

#[test]
fn a_port_in_use_is_reported_before_the_start() {
    let world = HostFixture::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/healthz", other.local_addr().unwrap());
    let app = App {
        ready: Some(Ready::Http(url)),
        ..App::new(&world, "sleep 60")
    };
    let error = app.failure();
    assert!(
        error.contains("port in use: another program answers at 127.0.0.1:"),
        "{error}"
    );
    assert_eq!(world.process(None), ProcessState::Missing);
}

#[test]
fn a_reused_process_number_is_never_mistaken_for_the_recorded_process() {
    let world = HostFixture::new();
    App::new(&world, "exec sleep 60").start().unwrap();
    let ours = running(&world).unwrap();
    let record = fs::read_to_string(world.path("app.json")).unwrap();
    let mut innocent = Command::new("sleep").arg("60").spawn().unwrap();
    let pretend = |record: &str| fs::write(world.path("app.json"), record).unwrap();
    let number = format!("\"pid\":{}", ours.pid);
    assert!(record.contains(&number));
    pretend(&record.replace(&number, &format!("\"pid\":{}", innocent.id())));
    assert!(matches!(world.process(None), ProcessState::Ended { .. }));
    assert_eq!(stop(&world, Some(ours)).unwrap(), "already so");
    assert!(alive(innocent.id()));
    innocent.kill().unwrap();
    innocent.wait().unwrap();
    // The same number after another boot is another process, too.
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    pretend(&record.replace(boot.trim(), "00000000-0000-0000-0000-000000000000"));
    assert!(matches!(world.process(None), ProcessState::Ended { .. }));
    assert!(alive(ours.pid));
    pretend("{");
    let answer = world.ask(Query::Process(process::Query {
        record: world.text("app.json"),
        ready: None,
    }));
    assert!(
        matches!(&answer, Answer::Unreadable { reason } if reason.contains("damaged")),
        "{answer:?}"
    );
    assert!(matches!(
        stop(&world, None),
        Err(ActionError::Failed { .. })
    ));
    pretend(&record);
    stop(&world, Some(ours)).unwrap();
    assert!(!alive(ours.pid));
}

#[test]
fn a_process_that_ignores_sigterm_is_killed_with_its_children() {
    let world = HostFixture::new();
    let script = format!(
        "trap '' TERM; (trap '' TERM; sleep 61) & echo $! > {}; while :; do sleep 0.1; done",
        world.text("child")
    );
    let app = App {
        stop_within: 300,
        ..App::new(&world, &script)
    };
    app.start().unwrap();
    let ours = running(&world).unwrap();
    let child: u32 = fs::read_to_string(world.path("child"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let action = Action::Stop(process::Stop {
        record: world.text("app.json"),
        stop_within: 300,
        expected: Some(ours),
    });
    let note = world.act(action, &Store::default()).unwrap().note.unwrap();
    assert!(
        note.starts_with(&format!(
            "killed {} after it did not stop within 300 ms",
            ours.pid
        )),
        "{note}"
    );
    assert!(!alive(ours.pid) && !alive(child));
    assert_eq!(world.process(None), ProcessState::Missing);
}

#[test]
fn an_ended_process_leaves_no_zombie_and_is_reported_as_ended() {
    let world = HostFixture::new();
    App::new(&world, "sleep 0.6").start().unwrap();
    let ours = running(&world).unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let ProcessState::Ended { started_as } = world.process(None) else {
        panic!()
    };
    assert!(started_as.contains_key("command"));
    assert!(
        !fs::exists(format!("/proc/{}", ours.pid)).unwrap(),
        "it was reaped"
    );
}

#[test]
fn an_interruption_stops_a_process_that_is_not_ready() {
    let world = HostFixture::new();
    let ready = Some(Ready::Tcp(format!("127.0.0.1:{}", free_port())));
    let app = App {
        ready,
        within: 600_000,
        ..App::new(&world, "sleep 600")
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            world.interruption.interrupt();
        });
        let begun = Instant::now();
        assert_eq!(app.start(), Err(ActionError::Interrupted));
        assert!(begun.elapsed() < HANGS);
    });
    assert_eq!(world.process(None), ProcessState::Missing);
}

#[test]
fn an_interruption_does_not_stop_a_replacement() {
    let world = HostFixture::new();
    let _cleanup = Cleanup(&world);
    App::new(&world, "sleep 600").start().unwrap();
    let port = free_port();
    let script = format!("sleep 2; {}", server(port));
    let app = App {
        ready: Some(Ready::Http(format!("http://127.0.0.1:{port}/"))),
        within: 60_000,
        expected: running(&world),
        ..App::new(&world, &script)
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(700));
            world.interruption.interrupt();
        });
        let note = app.start().unwrap();
        assert!(note.contains("started"), "{note}");
    });
    assert!(running(&world).is_some());
    assert!(world.interruption.is_set());
}

/// Returns the name of a test of this module, as the test program lists it.
fn own(test: &str) -> String {
    let module = module_path!();
    let module = module.split_once("::").map_or(module, |(_, module)| module);
    format!("{module}::{test}")
}

/// Runs in its own process; see the test below.
#[test]
fn starter() {
    // Only when the next test runs it, as the program to kill.
    let Ok(home) = std::env::var("EVENKEEL_TEST_HOME") else {
        return;
    };
    let world = HostFixture::at(&home);
    App::new(&world, "exec sleep 60").start().unwrap();
    fs::write(world.path("started"), "").unwrap();
    std::thread::sleep(Duration::from_mins(1));
}

#[test]
fn a_process_outlives_its_starter_and_is_found_by_the_next_run() {
    let world = HostFixture::new();
    let _cleanup = Cleanup(&world);
    let mut starter = Command::new(std::env::current_exe().unwrap())
        .args([own("starter").as_str(), "--exact"])
        .env("EVENKEEL_TEST_HOME", world.text(""))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + HANGS;
    let begun =
        || running(&world).is_some() && (!HostFixture::NOTICES || world.path("started").exists());
    while !begun() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    let ours = running(&world).unwrap();
    starter.kill().unwrap();
    starter.wait().unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(running(&world), Some(ours));
    assert!(stop(&world, Some(ours)).is_ok());
    assert!(!alive(ours.pid));
}

/// Kills the starter at many moments: afterwards either a true record exists or the process does not run.
#[test]
fn a_starter_killed_at_any_moment_leaves_a_true_record() {
    let world = HostFixture::new();
    for round in 0..15_u64 {
        let marker = format!("6{}.{round}", std::process::id());
        let mut starter = Command::new(std::env::current_exe().unwrap())
            .args([own("marked_starter").as_str(), "--exact"])
            .env("EVENKEEL_TEST_HOME", world.text(""))
            .env("EVENKEEL_TEST_MARKER", &marker)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(round * 3));
        starter.kill().unwrap();
        starter.wait().unwrap();
        std::thread::sleep(Duration::from_millis(150));
        // What was begun may still be on its way to the program.
        let begun = Instant::now();
        loop {
            let found = sleeping(&marker);
            let recorded = running(&world).map(|ours| ours.pid);
            if found.first().copied() == recorded {
                break;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "round {round}: {found:?}, recorded {recorded:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        stop(&world, running(&world)).unwrap();
        assert!(sleeping(&marker).is_empty());
    }
}

/// Runs in its own process; see the test above.
#[test]
fn marked_starter() {
    // Only when another test runs it, as the program to kill.
    let (Ok(home), Ok(marker)) = (
        std::env::var("EVENKEEL_TEST_HOME"),
        std::env::var("EVENKEEL_TEST_MARKER"),
    ) else {
        return;
    };
    let world = HostFixture::at(&home);
    let script = format!("exec sleep {marker}");
    App::new(&world, &script).start().unwrap();
    std::thread::sleep(Duration::from_mins(1));
}

fn sleeping(marker: &str) -> Vec<u32> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            fs::read_to_string(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| line == format!("sleep\0{marker}\0"))
        })
        .collect()
}

//! Leases: display, and breaking the lease of a hanging run, which stops with a report; the next run continues.

use std::net::TcpListener;
use std::process::Child;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use evenkeel::operation::{self, ApplyRequest, Event, Listener};
use rustix::process::{Pid, Signal, kill_process};

use super::inside::{Inside, code, expect, words};
use super::world::{HANGS, Ran, SYSTEM, TestWorld, timeless};

/// An apply to staging that waits for a process to be ready, which is when a program listens at the port.
struct Waiting {
    world: TestWorld,
    apply: Child,
    port: u16,
}

impl Waiting {
    fn begin() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let world = TestWorld::with(&format!(
            "{SYSTEM}\n[process.app]\non = \"web\"\ncommand = [\"sleep\", \"600\"]\nready = {{ tcp = \"127.0.0.1:{port}\", within = \"60s\" }}\n"
        ));
        let apply = world.start(&["apply", "staging"]);
        let begun = Instant::now();
        while !world
            .path(".evenkeel/targets/staging/web/app.process.json")
            .exists()
        {
            assert!(begun.elapsed() < HANGS);
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { world, apply, port }
    }

    /// Returns the output without parts that differ between runs.
    fn even(&self, ran: &Ran) -> String {
        let text = format!("exit {}\n{}\n--\n{}", ran.code, ran.out, ran.err);
        let number = self.apply.id();
        let text = text.replace(&format!("process {number}"), "process NUMBER");
        even(&text.replace(&format!("kill {number}"), "kill NUMBER"))
    }
}

fn even(text: &str) -> String {
    let who = regex::Regex::new(r"[^ ]+ on [^ ,]+,? \(?process NUMBER").unwrap();
    who.replace_all(&timeless(text), "WHO, process NUMBER")
        .into_owned()
}

const BREAK: &[&str] = &[
    "lock",
    "break",
    "staging",
    "--reason",
    "it hangs since noon",
];

#[test]
fn a_run_whose_lease_was_broken_stops_with_a_report_and_the_next_one_continues() {
    let waiting = Waiting::begin();
    let world = &waiting.world;
    let shown = world.expect(0, &["lock", "show"]);
    insta::assert_snapshot!("lock-held", waiting.even(&shown));
    let report = world.json(0, &["lock", "show"]);
    let staging = &report["locks"][0];
    assert_eq!(staging["state"], "held");
    assert_eq!(staging["by"]["process"], waiting.apply.id());
    assert_eq!(staging["token"], 1);
    assert_eq!(staging["process"], "running");
    assert_eq!(report["locks"][1]["state"], "free");
    // Stopped: alive, but inactive.
    let process = Pid::from_child(&waiting.apply);
    kill_process(process, Signal::STOP).unwrap();
    let begun = Instant::now();
    while world.json(0, &["lock", "show"])["locks"][0]["process"] != "stopped" {
        assert!(begun.elapsed() < HANGS);
    }
    let broken = world.expect(0, BREAK);
    insta::assert_snapshot!("lock-broken", waiting.even(&broken));
    assert_eq!(
        world.json(0, &["lock", "show"])["locks"][0]["state"],
        "free"
    );
    world.expect(3, BREAK).says("staging is not locked");
    // It continues, its condition becomes true, and it can record nothing more.
    kill_process(process, Signal::CONT).unwrap();
    let _listener = TcpListener::bind(("127.0.0.1", waiting.port)).unwrap();
    let reported = waiting.apply.wait_with_output().unwrap();
    let reported = Ran::of(&reported);
    assert_eq!(reported.code, 6, "{}", reported.short());
    reported
        .says("could not be recorded")
        .says("broke the lock at")
        .says("it hangs since noon")
        .says("evenkeel apply staging");
    world.expect(0, &["audit", "verify"]);
    world
        .expect(0, &["status"])
        .says("a-1 of")
        .says("has no recorded outcome")
        .says("broke its lock")
        .says("it hangs since noon");
    let log = world.expect(0, &["log", "--all"]);
    log.says("lease-broken").says("it hangs since noon");
    let last = log.out.lines().last().unwrap();
    assert!(last.contains("lease-returned"), "{last}");
    // The next run observes the started step, and continues.
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["plan", "staging"]);
    world.expect(0, &["audit", "verify"]);
    let status = world.expect(0, &["status"]);
    assert!(!status.out.contains("broke its lock"), "{}", status.short());
}

#[test]
fn an_ended_holder_leaves_nothing_to_break() {
    let mut waiting = Waiting::begin();
    waiting.apply.kill().unwrap();
    waiting.apply.wait().unwrap();
    let world = &waiting.world;
    let shown = world.expect(0, &["lock", "show"]);
    insta::assert_snapshot!("lock-left", waiting.even(&shown));
    let report = world.json(0, &["lock", "show"]);
    assert_eq!(report["locks"][0]["state"], "left");
    assert_eq!(report["locks"][0]["process"], "ended");
    let refused = world.expect(3, BREAK);
    insta::assert_snapshot!("lock-nothing-to-break", waiting.even(&refused));
    let _listener = TcpListener::bind(("127.0.0.1", waiting.port)).unwrap();
    world.expect(0, &["apply", "staging"]);
}

#[test]
fn an_unbreakable_lock_is_refused_and_no_ledger_is_created() {
    let world = TestWorld::small();
    let free = world.expect(0, &["lock", "show"]);
    assert_eq!(free.out, "staging   not locked\nproduction   not locked\n");
    world.expect(3, BREAK);
    world.json(3, BREAK);
    world.expect(64, &["lock", "break", "staging"]);
    world
        .expect(64, &["lock", "break", "staging", "--reason", "  "])
        .says("needs a reason");
    world
        .expect(64, &["lock", "break", "stagin", "--reason", "why"])
        .says("unknown environment `stagin`");
    assert!(!world.path(".evenkeel").exists());
}

#[test]
fn a_lease_is_displayed_with_escaped_text_of_its_holder() {
    let inside = Inside::new(TestWorld::small());
    *inside.actor.borrow_mut() = "\u{1b}]0;eve\u{7}".into();
    let breaker = Breaker::at(&inside, &["lock", "show"]);
    expect(0, apply(&inside, &breaker, "staging"));
    let shown = breaker.ran();
    assert_eq!(shown.code, 0, "{}", shown.short());
    shown.says("process 1").says("on another host");
    assert!(
        !shown.all().contains(['\u{1b}', '\u{7}']),
        "{}",
        shown.short()
    );
}

/// Runs the program once, as soon as a step ended.
struct Breaker {
    command: Mutex<Option<std::process::Command>>,
    ran: Mutex<Option<Ran>>,
}

impl Breaker {
    fn at(inside: &Inside, arguments: &[&str]) -> Self {
        Self {
            command: Mutex::new(Some(inside.world.command(arguments))),
            ran: Mutex::new(None),
        }
    }

    fn ran(&self) -> Ran {
        self.ran.lock().unwrap().take().unwrap()
    }
}

impl Listener for Breaker {
    fn event(&self, event: Event<'_>) {
        if matches!(event, Event::StepEnded { .. })
            && let Some(mut command) = self.command.lock().unwrap().take()
        {
            *self.ran.lock().unwrap() = Some(Ran::of(&command.output().unwrap()));
        }
    }
}

fn apply(inside: &Inside, listener: &dyn Listener, environment: &str) -> super::inside::Outcome {
    let request = ApplyRequest {
        what: environment.into(),
        ..ApplyRequest::default()
    };
    inside.with_listener(listener, |world, location| {
        operation::apply(world, location, &request)
    })
}

#[test]
fn a_lease_broken_between_two_steps_stops_with_everything_recorded() {
    let inside = Inside::new(TestWorld::small());
    let breaker = Breaker::at(&inside, BREAK);
    let outcome = apply(&inside, &breaker, "staging");
    assert_eq!(code(&outcome), 5, "{}", words(&outcome));
    let broken = breaker.ran();
    assert_eq!(broken.code, 0, "{}", broken.short());
    let report = outcome.unwrap();
    let reported = serde_json::to_value(&report).unwrap();
    let apply = &reported["applies"][0];
    assert_eq!(
        (&apply["done"], &apply["outcome"]),
        (&1.into(), &"failed".into())
    );
    let not_done = apply["not-done"].as_array().unwrap();
    assert_eq!(not_done.len(), 3);
    assert!(not_done.iter().all(|step| step["outcome"].is_null()));
    let said = report.messages.join("\n");
    assert!(said.contains("so nothing was changed"), "{said}");
    assert!(said.contains("broke the lock"), "{said}");
    // The target has the first directory, and nothing after it.
    let target = inside.target("staging");
    let (there, not) = ("/srv/staging", "/srv/staging/app");
    let journal = format!("{:?}", target.journal());
    assert!(
        journal.contains(there) && !journal.contains(not),
        "{journal}"
    );
    expect(0, inside.audit());
    expect(0, inside.apply("staging"));
    expect(0, inside.audit());
    expect(0, inside.plan("staging"));
}

#[test]
fn productions_lease_is_broken_only_with_a_confirmation() {
    let inside = Inside::new(TestWorld::with(&SYSTEM.replace(
        "uncommitted = true\n",
        "uncommitted = true\napprovals = 0\nrequire = []\n",
    )));
    expect(0, inside.deliver());
    let release = |arguments: &[&str]| {
        let breaker = Breaker::at(&inside, arguments);
        let outcome = inside.with_listener(&breaker, |world, location| {
            operation::release(world, location, None, None, None)
        });
        (outcome, breaker.ran())
    };
    let with_reason = ["lock", "break", "production", "--reason", "it hangs"];
    let confirmed = [&with_reason[..], &["--confirm=production"]].concat();
    let (outcome, broken) = release(&confirmed);
    assert_eq!(broken.code, 0, "{}", broken.short());
    assert_eq!(code(&outcome), 5, "{}", words(&outcome));
    let said = outcome.unwrap().messages.join("\n");
    assert!(said.contains("r-1 did not finish"), "{said}");
    let status = expect(0, inside.status());
    let broken = status.status[1].unsettled[0].broken.as_ref().unwrap();
    assert_eq!(broken.reason, "it hangs");
    expect(0, inside.audit());
    // Production is brought to its recipe; this time without a confirmation.
    let breaker = Breaker::at(&inside, &with_reason);
    expect(0, apply(&inside, &breaker, "production"));
    let refused = breaker.ran();
    assert_eq!(refused.code, 3, "{}", refused.short());
    refused.says("--confirm=production").says("is production");
    expect(0, inside.audit());
}

#[test]
fn a_kind_of_entry_is_explained() {
    let world = TestWorld::small();
    world
        .expect(0, &["explain", "lease-broken"])
        .says("A lease was broken");
}

#[test]
fn a_writer_stopped_during_a_write_is_named_with_a_remedy() {
    let world = TestWorld::small();
    world.expect(0, &["apply", "staging"]);
    // Any process that holds the write lock, and then is stopped.
    let ledger = world.path(".evenkeel/ledger.db");
    let script = "import sqlite3, sys, time\n\
        c = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
        c.execute('BEGIN IMMEDIATE')\n\
        open(sys.argv[2], 'w').close()\n\
        time.sleep(600)";
    let mut writer = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(&ledger)
        .arg(world.path("writes"))
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !world.path("writes").exists() {
        assert!(begun.elapsed() < HANGS);
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = Pid::from_child(&writer);
    kill_process(pid, Signal::STOP).unwrap();
    let number = writer.id().to_string();
    for arguments in [
        &["verify", "staging"][..],
        &["apply", "staging"],
        &["deliver"],
        &["lock", "break", "staging", "--reason", "it hangs"],
    ] {
        let begun = Instant::now();
        let ran = world.run(arguments);
        assert!(begun.elapsed() < HANGS, "{arguments:?}");
        // Without a lock to break, there is no waiting.
        if arguments[0] == "lock" && ran.code == 3 {
            continue;
        }
        assert_eq!(ran.code, 5, "{arguments:?}: {}", ran.short());
        ran.says(&format!("process {number}"))
            .says("is stopped during a write")
            .says(&format!("kill -KILL {number}"));
        // Its arguments may contain secrets.
        assert!(!ran.all().contains("import"), "{}", ran.short());
    }
    // Reading needs no write access.
    world.expect(0, &["drift", "--live", "staging"]);
    world.expect(0, &["audit", "verify"]);
    writer.kill().unwrap();
    writer.wait().unwrap();
    world.expect(0, &["verify", "staging"]);
}

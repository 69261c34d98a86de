//! Runners of one team at the same time, each in its own clone, with a ledger in git and with one in PostgreSQL: several
//! at once, one that sleeps, one that is killed, and a ledger that disappears in the middle.
//!
//! A real git remote, a real server, real processes. The stores alone are tested with the crate of the ledger.

use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::pooler::Pooler;
use super::server::Server;
use super::shared::Team;
use super::world::{HANGS, Ran};

/// A team with its ledger.
struct Site {
    team: Team,
    /// The server of the ledger, if that is not the git remote.
    server: Option<Server>,
}

impl Site {
    /// Returns a team with a ledger in git, and these lines in its definitions.
    fn git(more: &str) -> Self {
        Self {
            team: Team::new(&format!("{more}\n[ledger]\ngit = \"origin\"\n")),
            server: None,
        }
    }

    /// Returns a team with a ledger in PostgreSQL; `None`, after a loud note, when that is not installed.
    fn postgres(more: &str) -> Option<Self> {
        let server = Server::start(&["fsync = off"])?;
        let address = server.address("postgres");
        Some(Self {
            team: Team::new(&format!("{more}\n[ledger]\npostgres = \"{address}\"\n")),
            server: Some(server),
        })
    }

    /// Makes the ledger unreachable.
    fn lose(&mut self) {
        match &mut self.server {
            Some(server) => server.kill(),
            None => self.move_remote("remote.git", "elsewhere.git"),
        }
    }

    /// Makes it reachable again.
    fn find(&mut self) {
        match &mut self.server {
            Some(server) => server.run(),
            None => self.move_remote("elsewhere.git", "remote.git"),
        }
    }

    fn move_remote(&self, from: &str, to: &str) {
        let world = &self.team.world;
        std::fs::rename(world.path(from), world.path(to)).unwrap();
    }

    /// Ends the lock of a run without life at once, and not only after half a minute.
    fn expire(&self, environment: &str) {
        match &self.server {
            Some(server) => {
                let statement = "UPDATE evenkeel.lock SET expires = now() - interval '1 second' WHERE environment = $1";
                let mut admin = server.connect("postgres").unwrap();
                admin.execute(statement, &[&environment]).unwrap();
            }
            None => {
                let confirm = format!("--confirm={environment}");
                let reason = "its run was killed";
                self.team.expect(
                    "second",
                    0,
                    &["lock", "break", environment, "--reason", reason, &confirm],
                );
            }
        }
    }

    /// Ends the lock of a killed run, if it has one.
    fn free(&self, environment: &str) {
        let locks = self.team.json("second", 0, &["lock", "show"]);
        let locks = locks["locks"].as_array().unwrap();
        if locks
            .iter()
            .any(|lock| lock["environment"] == environment && lock["state"] == "held")
        {
            self.expire(environment);
        }
    }

    fn start(&self, clone: &str, arguments: &[&str]) -> Child {
        let mut command = self.team.command(clone, arguments);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Returns the entries of the ledger, as `log` lists them.
    fn entries(&self, clone: &str) -> Vec<serde_json::Value> {
        let log = self
            .team
            .json(clone, 0, &["log", "--all", "--limit", "10000"]);
        log["entries"].as_array().unwrap().clone()
    }

    /// Returns how many entries are of a kind.
    fn count(&self, kind: &str) -> usize {
        let entries = self.entries("first");
        entries.iter().filter(|entry| entry["kind"] == kind).count()
    }

    /// Whether a process of staging was started.
    fn has_process(&self) -> bool {
        let state = self.team.world.path("machine/state/staging");
        walkdir::WalkDir::new(state)
            .into_iter()
            .flatten()
            .any(|entry| entry.file_name() == "app.process.json")
    }

    /// Starts an apply to staging in the first clone, and waits until it is in the middle of a step.
    fn in_the_middle(&self) -> Child {
        let apply = self.start("first", &["apply", "staging"]);
        let begun = Instant::now();
        while !self.has_process() {
            assert!(begun.elapsed() < HANGS);
            std::thread::sleep(Duration::from_millis(20));
        }
        apply
    }

    /// Checks that staging is as declared, that one process runs, and that the ledger is whole.
    fn is_settled(&self) {
        self.team
            .expect("second", 0, &["drift", "--live", "staging"]);
        self.team.expect("second", 0, &["audit", "verify"]);
        let status = self.team.expect("second", 0, &["status"]);
        assert!(
            !status.out.contains("no recorded outcome"),
            "{}",
            status.out
        );
        let sleepers = self.team.world.processes().into_iter().filter(|number| {
            std::fs::read(format!("/proc/{number}/cmdline"))
                .is_ok_and(|line| line == b"sleep\x00600\x00")
        });
        assert_eq!(sleepers.count(), 1);
    }
}

/// A process that is ready when the test listens at its port.
fn waiting() -> (u16, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let lines = format!(
        "[process.app]\non = \"web\"\ncommand = [\"sleep\", \"600\"]\nready = {{ tcp = \"127.0.0.1:{port}\", within = \"100s\" }}\n"
    );
    (port, lines)
}

fn ended(child: Child) -> Ran {
    Ran::of(&child.wait_with_output().unwrap())
}

/// Runners that start at once found one ledger, and change an environment one after the other.
fn several_at_once(site: &Site) {
    site.team.clone_as("second");
    let runners: Vec<Child> = ["first", "second", "first", "second"]
        .into_iter()
        .map(|clone| site.start(clone, &["apply", "staging", "--lock-timeout", "10m"]))
        .collect();
    for runner in runners {
        let ran = ended(runner);
        assert_eq!(ran.code, 0, "{}", ran.short());
    }
    site.team.expect("first", 0, &["audit", "verify"]);
    assert_eq!(site.count("founded"), 1);
    assert_eq!(site.count("apply-started"), 1);
    // Without patience, one of two delivers, and the other one names it.
    let runners = ["first", "second"].map(|clone| site.start(clone, &["deliver"]));
    let mut codes = Vec::new();
    for runner in runners {
        let ran = ended(runner);
        if ran.code == 5 {
            ran.says("staging is locked by").says("--lock-timeout");
        }
        codes.push(ran.code);
    }
    codes.sort_unstable();
    // The second one may also have started when the first one had ended.
    assert!(codes == [0, 5] || codes == [0, 0], "{codes:?}");
    site.team.expect("second", 0, &["audit", "verify"]);
}

#[test]
fn several_at_once_with_git() {
    several_at_once(&Site::git(""));
}

#[test]
fn several_at_once_with_postgres() {
    if let Some(site) = Site::postgres("") {
        several_at_once(&site);
    }
}

/// The ledger disappears while a step runs: the outcome is unknown, and the next run finds out.
fn a_ledger_disappears(mut site: Site, port: u16) {
    site.team.clone_as("second");
    let apply = site.in_the_middle();
    site.lose();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let begun = Instant::now();
    let ran = ended(apply);
    assert_eq!(ran.code, 6, "{}", ran.short());
    ran.says("could not be recorded")
        .says("evenkeel apply staging");
    // One outage is waited for once, and not by each statement of the run.
    assert!(
        begun.elapsed() < Duration::from_secs(40),
        "{:?}",
        begun.elapsed()
    );
    for arguments in [&["status"][..], &["apply", "staging"], &["audit", "verify"]] {
        let begun = Instant::now();
        let ran = site.team.expect("second", 1, arguments);
        assert!(begun.elapsed() < Duration::from_secs(10), "{arguments:?}");
        assert!(ran.err.contains("cannot"), "{}", ran.short());
    }
    site.find();
    site.expire("staging");
    let status = site.team.expect("second", 0, &["status"]);
    assert!(status.out.contains("no recorded outcome"), "{}", status.out);
    site.team.expect("second", 0, &["apply", "staging"]);
    site.is_settled();
    drop(listener);
}

#[test]
fn a_remote_disappears_in_the_middle_of_an_apply() {
    let (port, lines) = waiting();
    a_ledger_disappears(Site::git(&lines), port);
}

#[test]
fn a_server_disappears_in_the_middle_of_an_apply() {
    let (port, lines) = waiting();
    if let Some(site) = Site::postgres(&lines) {
        a_ledger_disappears(site, port);
    }
}

/// A ledger that is away for a moment is waited for.
fn a_ledger_returns(mut site: Site, port: u16) {
    site.team.clone_as("second");
    let apply = site.in_the_middle();
    site.lose();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::sleep(Duration::from_secs(4));
    site.find();
    let ran = ended(apply);
    assert_eq!(ran.code, 0, "{}", ran.short());
    site.is_settled();
    drop(listener);
}

#[test]
fn a_remote_that_returns_during_an_apply_is_waited_for() {
    let (port, lines) = waiting();
    a_ledger_returns(Site::git(&lines), port);
}

#[test]
fn a_server_that_returns_during_an_apply_is_waited_for() {
    let (port, lines) = waiting();
    if let Some(site) = Site::postgres(&lines) {
        a_ledger_returns(site, port);
    }
}

/// A run that was suspended for longer than its lock lives records nothing more.
fn a_sleeper_is_overtaken(site: &Site, port: u16) {
    site.team.clone_as("second");
    let apply = site.in_the_middle();
    let process = Pid::from_child(&apply);
    kill_process(process, Signal::STOP).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let held = site.team.expect("second", 0, &["lock", "show"]);
    held.says(&format!("process {}", apply.id()));
    if site.server.is_some() {
        site.expire("staging");
    }
    // In git, the waiting run itself measures that the lock shows no life.
    site.team
        .expect("second", 0, &["apply", "staging", "--lock-timeout", "100s"]);
    let before = site.entries("second");
    kill_process(process, Signal::CONT).unwrap();
    let ran = ended(apply);
    assert!(matches!(ran.code, 5 | 6), "{}", ran.short());
    ran.says("staging");
    assert_eq!(site.entries("second"), before, "{}", ran.short());
    site.is_settled();
    let free = site.team.expect("second", 0, &["lock", "show"]);
    assert!(free.out.contains("staging   not locked"), "{}", free.out);
    drop(listener);
}

#[test]
fn a_laptop_that_slept_with_a_lock_in_git_records_nothing_more() {
    let (port, lines) = waiting();
    a_sleeper_is_overtaken(&Site::git(&lines), port);
}

#[test]
fn a_laptop_that_slept_with_a_lock_in_postgres_records_nothing_more() {
    let (port, lines) = waiting();
    if let Some(site) = Site::postgres(&lines) {
        a_sleeper_is_overtaken(&site, port);
    }
}

/// A remote that refuses pushes stops everything before the first change, with its own words.
#[test]
fn a_refused_push_changes_nothing() {
    let site = Site::git("");
    let team = &site.team;
    let hook = "remote.git/hooks/pre-receive";
    team.world
        .script(hook, "echo 'only the pipeline may push' >&2; exit 1");
    for arguments in [&["deliver"][..], &["apply", "staging"]] {
        let ran = team.expect("first", 1, arguments);
        ran.says("only the pipeline may push");
        assert!(!team.world.path("machine/run").exists(), "{}", ran.short());
    }
    std::fs::remove_file(team.world.path(hook)).unwrap();
    team.expect("first", 0, &["deliver"]);
    // An auditor who may not push reads everything.
    team.world
        .script(hook, "echo 'you may only read' >&2; exit 1");
    team.clone_as("auditor");
    let export = team.world.path("export").display().to_string();
    for arguments in [
        &["status"][..],
        &["log"],
        &["audit", "verify"],
        &["audit", "replay"],
        &["audit", "export", "-o", &export],
    ] {
        team.expect("auditor", 0, arguments);
    }
    let plan = team.production_plan("auditor");
    team.expect("auditor", 1, &["approve", &plan, "--reason", "x", "--yes"])
        .says("you may only read");
    std::fs::remove_file(team.world.path(hook)).unwrap();
    assert_eq!(site.count("approved"), 0);
    // It refuses from the outcome on: the steps ran, and the next run records it.
    team.world.write(
        "first/environments/config.toml.j2",
        "greeting = \"again\"\n",
    );
    team.world.script(
        hook,
        "while read -r _ new _; do if git show \"$new\" | grep -q steps-ended; then echo 'closed' >&2; exit 1; fi; done",
    );
    let ran = team.expect("first", 6, &["apply", "staging"]);
    ran.says("could not be recorded").says("closed");
    std::fs::remove_file(team.world.path(hook)).unwrap();
    let status = team.expect("first", 0, &["status"]);
    assert!(status.out.contains("no recorded outcome"), "{}", status.out);
    team.expect("first", 0, &["apply", "staging"]);
    team.expect("first", 0, &["audit", "verify"]);
}

/// A clone that a CI cache restores is older than the ledger, and no second truth.
#[test]
fn a_clone_restored_by_a_cache_sees_the_whole_ledger() {
    let site = Site::git("");
    let team = &site.team;
    team.expect("first", 0, &["deliver"]);
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([team.world.path("first"), team.world.path("cached")])
        .status();
    assert!(copied.unwrap().success());
    let plan = team.production_plan("first");
    team.expect("first", 0, &["approve", &plan, "--reason", "x", "--yes"]);
    team.expect("first", 0, &["release"]);
    let status = team.expect("cached", 0, &["status"]);
    assert!(status.out.contains("r-1"), "{}", status.out);
    team.expect("cached", 0, &["deliver"]);
    team.expect("cached", 0, &["audit", "verify"]);
    assert_eq!(site.entries("cached"), site.entries("first"));
    assert_eq!(site.count("founded"), 1);
}

/// A delivery to a release through a pooler in transaction mode, which shares few connections.
#[test]
fn a_release_goes_through_a_pooler() {
    let Some(server) = Server::start(&["fsync = off"]) else {
        return;
    };
    let Some(pooler) = Pooler::start(&server) else {
        return;
    };
    let port = pooler.port;
    let team = Team::new(&format!(
        "[ledger]\npostgres = \"postgres://postgres@127.0.0.1:{port}/postgres\"\n"
    ));
    team.clone_as("second");
    team.expect("first", 0, &["deliver"]);
    let plan = team.production_plan("second");
    team.expect("second", 0, &["approve", &plan, "--reason", "x", "--yes"]);
    team.expect("first", 0, &["release"]);
    let status = team.expect("second", 0, &["status"]);
    assert!(status.out.contains("r-1"), "{}", status.out);
    team.expect("second", 0, &["audit", "verify"]);
}

/// What stops a run right before it records its first step.
enum Barrier {
    /// A hook of the remote, which kills the run.
    Hook,
    /// A trigger of the table that waits; its connection holds what it waits for.
    Trigger(Box<postgres::Client>),
}

impl Barrier {
    fn raise(site: &Site) -> Self {
        let Some(server) = &site.server else {
            let world = &site.team.world;
            let number = world.path("number").display().to_string();
            world.script(
                "remote.git/hooks/pre-receive",
                &format!(
                    "while read -r _ new _; do\nif git log -1 --format=%s \"$new\" | grep -q apply-started; then\n\
                     while [ ! -s {number} ]; do sleep 0.1; done\nkill -9 \"$(cat {number})\"; exit 1\nfi\ndone"
                ),
            );
            return Self::Hook;
        };
        let mut admin = server.connect("postgres").unwrap();
        admin
            .batch_execute(
                "SELECT pg_advisory_lock(7);\
                 CREATE FUNCTION evenkeel.barrier() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN \
                 IF NEW.line LIKE '%\"kind\":\"apply-started\"%' THEN PERFORM pg_advisory_xact_lock(7); END IF; \
                 RETURN NEW; END $body$;\
                 CREATE TRIGGER barrier BEFORE INSERT ON evenkeel.entry FOR EACH ROW EXECUTE FUNCTION evenkeel.barrier()",
            )
            .unwrap();
        Self::Trigger(Box::new(admin))
    }

    /// Kills the run when it is at the barrier, and takes the barrier away.
    fn kill_at(self, site: &Site, mut run: Child) {
        let world = &site.team.world;
        match self {
            Self::Hook => {
                world.write("number", &run.id().to_string());
                run.wait().unwrap();
                std::fs::remove_file(world.path("remote.git/hooks/pre-receive")).unwrap();
            }
            Self::Trigger(mut admin) => {
                let begun = Instant::now();
                let waiting = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted";
                while admin.query(waiting, &[]).unwrap().is_empty() {
                    assert!(begun.elapsed() < HANGS);
                    assert!(run.try_wait().unwrap().is_none(), "{}", ended(run).short());
                    std::thread::sleep(Duration::from_millis(20));
                }
                run.kill().unwrap();
                run.wait().unwrap();
                admin
                    .batch_execute(&format!(
                        "SELECT pg_terminate_backend(pid) FROM ({waiting}) AS waiting; SELECT pg_advisory_unlock(7);\
                         DROP TRIGGER barrier ON evenkeel.entry; DROP FUNCTION evenkeel.barrier"
                    ))
                    .unwrap();
            }
        }
    }
}

/// A run is killed when it has recorded that it breaks the glass, and has changed nothing.
fn killed_before_the_first_step(site: &Site) {
    let team = &site.team;
    team.clone_as("second");
    // The ledger exists.
    team.expect("first", 0, &["apply", "staging"]);
    let break_glass = [
        "break-glass",
        "production",
        "--incident",
        "INC-42",
        "--reason",
        "checkout is down",
    ];
    let barrier = Barrier::raise(site);
    let run = site.start("first", &break_glass);
    barrier.kill_at(site, run);
    assert!(!team.world.path("machine/run/production").exists());
    assert_eq!(site.count("glass-broken"), 1);
    assert_eq!(site.count("release-started"), 1);
    // Only the one to staging.
    assert_eq!(site.count("apply-started"), 1);
    team.expect("second", 0, &["audit", "verify"]);
    let status = team.expect("second", 0, &["status"]);
    status.says("INC-42: checkout is down");
    site.expire("production");
    let status = team.expect("second", 0, &["status"]);
    status
        .says("INC-42: checkout is down")
        .says("r-1 (no recorded outcome)")
        .says("evenkeel apply production");
    team.expect("second", 0, &["apply", "production"])
        .says("finished r-1");
    assert!(
        team.world
            .path("machine/run/production/config.toml")
            .exists()
    );
    let status = team.expect("second", 0, &["status"]);
    status.says("evenkeel follow-up b-1");
    team.expect("second", 0, &["audit", "verify"]);
}

#[test]
fn a_break_glass_killed_before_its_first_step_is_finished_with_git() {
    killed_before_the_first_step(&Site::git(""));
}

#[test]
fn a_break_glass_killed_before_its_first_step_is_finished_with_postgres() {
    if let Some(site) = Site::postgres("") {
        killed_before_the_first_step(&site);
    }
}

/// A run that is killed at any moment leaves a whole ledger, and work that the next run completes.
fn killed_at_any_moment(site: &Site) {
    let team = &site.team;
    team.clone_as("second");
    team.expect("first", 0, &["apply", "staging"]);
    for (round, after) in [30, 90, 170, 260, 380, 520].into_iter().enumerate() {
        for clone in ["first", "second"] {
            team.world.write(
                &format!("{clone}/environments/config.toml.j2"),
                &format!("round = {round}\n"),
            );
        }
        let mut run = site.start("first", &["apply", "staging"]);
        std::thread::sleep(Duration::from_millis(after));
        run.kill().unwrap();
        run.wait().unwrap();
        team.expect("second", 0, &["audit", "verify"]);
        site.free("staging");
        team.expect("second", 0, &["apply", "staging"]);
        assert_eq!(
            team.world.read("machine/run/staging/config.toml"),
            format!("round = {round}\n")
        );
        team.expect("first", 0, &["plan", "staging", "--exit-code"]);
    }
    team.expect("first", 0, &["audit", "verify"]);
}

#[test]
fn a_run_killed_at_any_moment_is_continued_with_git() {
    killed_at_any_moment(&Site::git(""));
}

#[test]
fn a_run_killed_at_any_moment_is_continued_with_postgres() {
    if let Some(site) = Site::postgres("") {
        killed_at_any_moment(&site);
    }
}

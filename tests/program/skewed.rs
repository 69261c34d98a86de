//! Two runners of a team whose clocks differ by an hour, with a ledger in git and with one in PostgreSQL: the order of
//! entries is legal, and dates in the future open no gate.

use evenkeel_model::Moment;

use super::inside::{Inside, code, expect, refused, words};
use super::server::Server;
use super::shared::KEY;
use super::world::{SYSTEM, TestWorld};

const HOUR: i64 = 3600;

/// Two people of a team, each with a clone and a clock.
struct Pair {
    /// Has the right time.
    ada: Inside,
    /// Has another time.
    bea: Inside,
    /// Contains the remote.
    _home: TestWorld,
}

impl Pair {
    /// Returns two people whose ledger is at a place, and whose clocks differ by these seconds.
    fn new(ledger: &str, seconds: i64) -> Self {
        let policy = SYSTEM.replace("uncommitted = true\n", "approvals = 1\n");
        let origin = TestWorld::with(&format!("{policy}\n[ledger]\n{ledger}\n"));
        for name in ["staging", "production"] {
            origin.replace(
                &format!("environments/{name}.toml"),
                &format!("run/{name}"),
                &format!("/srv/{name}"),
            );
            // Where evenkeel keeps its records there is the same for everyone.
            origin.add(
                &format!("environments/{name}.toml"),
                &format!("base = \"/srv\"\nstate = \"/srv/state/{name}\"\n"),
            );
        }
        origin.commit();
        let home = TestWorld::empty();
        home.git(&["init", "--quiet", "--bare", "-b", "main", "remote.git"]);
        let remote = home.path("remote.git").display().to_string();
        origin.git(&["push", "--quiet", &remote, "HEAD:refs/heads/main"]);
        let cloned = || {
            let world = TestWorld::empty();
            world.git(&["clone", "--quiet", "-b", "main", &remote, "."]);
            world.write("build/app", "the artifact\n");
            world
        };
        let ada = Inside::of(cloned());
        let bea = ada.beside(cloned());
        for (inside, name) in [(&ada, "ada"), (&bea, "bea")] {
            let mut variables = inside.variables.borrow_mut();
            variables.insert("EVENKEEL_LEDGER_KEY".into(), KEY.into());
            name.clone_into(&mut inside.actor.borrow_mut());
        }
        bea.pass(seconds);
        Self {
            ada,
            bea,
            _home: home,
        }
    }

    /// Lets both clocks go on.
    fn pass(&self, seconds: i64) {
        self.ada.pass(seconds);
        self.bea.pass(seconds);
    }

    /// Checks that the ledger is whole, and that both read the same entries in the same order.
    fn is_whole(&self) {
        for inside in [&self.ada, &self.bea] {
            expect(0, inside.audit());
            expect(0, inside.status());
        }
        let numbers = |inside: &Inside| -> Vec<(u64, Moment)> {
            let report = expect(0, inside.log());
            let entries = report.entries.iter();
            entries.map(|entry| (entry.sequence, entry.time)).collect()
        };
        let entries = numbers(&self.ada);
        assert_eq!(entries, numbers(&self.bea));
        let mut sequences: Vec<u64> = entries.iter().map(|(sequence, _)| *sequence).collect();
        sequences.sort_unstable();
        assert!(sequences.iter().copied().eq(1..=sequences.len() as u64));
        let goes_back = entries.windows(2).any(|two| two[0].1 > two[1].1);
        assert!(goes_back, "the clocks differ in the ledger");
    }
}

/// Evidence and an approval of a clock that is ahead do not count until that time has come.
fn ahead(ledger: &str) {
    let pair = Pair::new(ledger, HOUR);
    let plan = expect(0, pair.bea.deliver()).verdict.unwrap().plan;
    let outcome = pair.ada.release();
    refused(3, "dated in the future", &outcome);
    refused(3, "clock", &outcome);
    expect(0, pair.ada.status());
    // The way out is to test again, by the right clock.
    let verdict = expect(0, pair.ada.deliver()).verdict.unwrap();
    assert_eq!(verdict.plan, plan);
    let shut = verdict.rules.iter().filter(|rule| !rule.holds);
    let codes: Vec<&str> = shut.map(|rule| &*rule.code).collect();
    assert_eq!(codes, ["gate/not-approved"], "{verdict:?}");
    expect(0, pair.bea.approve(&plan));
    let outcome = pair.ada.release();
    refused(3, "one of the clocks is wrong", &outcome);
    pair.is_whole();
    // The same person approves again when its clock is right.
    pair.bea.pass(-HOUR);
    let again = pair.bea.approve(&plan);
    assert_eq!(code(&again), 0, "{}", words(&again));
    pair.pass(1);
    expect(0, pair.ada.release());
    pair.is_whole();
    // After an hour everything goes on.
    pair.pass(HOUR);
    expect(0, pair.bea.deliver());
    expect(0, pair.ada.drift());
}

/// A clock that is behind makes evidence look older, and never fresher.
fn behind(ledger: &str) {
    let pair = Pair::new(ledger, -HOUR);
    let verdict = expect(0, pair.bea.deliver()).verdict.unwrap();
    expect(0, pair.ada.status());
    // To the clock that is behind, what the other one wrote is in the future.
    expect(0, pair.ada.approve(&verdict.plan));
    refused(3, "one of the clocks is wrong", &pair.bea.release());
    pair.pass(1);
    expect(0, pair.ada.release());
    pair.is_whole();
    expect(0, pair.bea.deliver());
    pair.is_whole();
}

#[test]
fn a_clock_an_hour_ahead_opens_no_gate_with_git() {
    ahead("git = \"origin\"");
}

#[test]
fn a_clock_an_hour_behind_opens_no_gate_with_git() {
    behind("git = \"origin\"");
}

#[test]
fn clocks_an_hour_apart_open_no_gate_with_postgres() {
    for test in [ahead, behind] {
        let Some(server) = Server::start(&["fsync = off"]) else {
            return;
        };
        test(&format!("postgres = \"{}\"", server.address("postgres")));
    }
}

//! Rollbacks: what is restored, what the gate requires, what is recorded, and every failure on the way.

use evenkeel::operation::{ProjectLocation, RollbackRequest};
use evenkeel::report::{Headline, Report, SmokeState};
use evenkeel_core::gate::StoredDossier;
use evenkeel_host::recorded::{Fault, Thing};
use evenkeel_ledger::folder::{FolderStore, SqliteLedger};
use evenkeel_ledger::record::{ApplyOutcome, RollbackCause};
use evenkeel_ledger::{Ledger as _, Record, State, Store as _, chain};
use evenkeel_model::Moment;

use super::inside::{Inside, code, expect, newest_dossier, refused, words};
use super::world::{SYSTEM, TestWorld};

const CONFIG: &str = "/srv/production/config.toml";

fn with_policy(policy: &str) -> Inside {
    with_system(&SYSTEM.replace("uncommitted = true\n", policy))
}

fn with_system(system: &str) -> Inside {
    let inside = Inside::new(TestWorld::with(system));
    inside.world.commit();
    inside
}

/// Commits another greeting and another build.
fn change(inside: &Inside, greeting: &str) {
    let text = format!("greeting = \"{{{{ greeting }}}}, {greeting}\"\n");
    inside.world.write("environments/config.toml.j2", &text);
    inside
        .world
        .write("build/app", &format!("build of {greeting}\n"));
    inside.world.commit();
}

/// Delivers, approves if that is needed, and releases.
fn release(inside: &Inside) -> Report {
    let report = expect(0, inside.deliver());
    let verdict = report.verdict.unwrap();
    if !verdict.open {
        expect(0, inside.approve(&verdict.plan));
    }
    expect(0, inside.release())
}

/// Returns a project with the releases r-1 and r-2.
fn released_twice() -> Inside {
    twice(with_policy("approvals = 1\n"))
}

fn twice(inside: Inside) -> Inside {
    release(&inside);
    change(&inside, "second");
    release(&inside);
    assert!(config(&inside).contains("second"));
    inside
}

fn config(inside: &Inside) -> String {
    let host = inside.target("production").world();
    let Some((Thing::File { bytes, .. }, _)) = host.things.get(CONFIG) else {
        panic!("{CONFIG} is no file");
    };
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn state(inside: &Inside) -> State {
    let store = FolderStore::new(&inside.world.path(".evenkeel"));
    let ledger = store.open(Some("small")).unwrap().unwrap();
    State::of(&*ledger).unwrap()
}

/// Returns the dossier of the newest verdict.
fn dossier(inside: &Inside) -> StoredDossier {
    newest_dossier(inside, "small")
}

fn replays(inside: &Inside) {
    let replayed =
        inside.with(|world, location| evenkeel::operation::audit_replay(world, location, &[]));
    expect(0, replayed);
    expect(0, inside.audit());
}

#[test]
fn the_release_before_is_restored_from_its_commit_whatever_the_working_tree_has() {
    let inside = released_twice();
    let build = |inside: &Inside| {
        let host = inside.target("production").world();
        host.installations["/srv/production/app"].current
    };
    let second = build(&inside);
    inside
        .world
        .write("environments/system.toml", "not = [a definition");
    let report = expect(8, inside.rollback());
    let rollback = report.rollback.clone().unwrap();
    assert_eq!(
        (&*rollback.id, &*rollback.restores, &*rollback.undoes),
        ("r-3", "r-1", "r-2")
    );
    assert_eq!(rollback.cause, RollbackCause::Request);
    assert_eq!(report.suites.len(), 1);
    assert!(report.suites[0].passed);
    assert_eq!(config(&inside), "greeting = \"hello\"\n");
    assert_ne!(build(&inside), second);
    // Again: nothing to do, and nothing is recorded or changed.
    let asked = inside.asked("production");
    let again = expect(0, inside.rollback());
    assert!(words(&Ok(again)).contains("already runs r-1"));
    assert_eq!(inside.asked("production"), asked);
    inside.world.git(&["checkout", "--quiet", "."]);
    assert_eq!(state(&inside).releases.len(), 3);
    let status = expect(0, inside.status());
    let last = status.status[1].release.clone().unwrap();
    assert_eq!(last.id, "r-3");
    assert_eq!(last.outcome, Some(ApplyOutcome::Done));
    assert_eq!(last.smoke, SmokeState::Passed);
    assert_eq!(last.rollback.unwrap().undoes, "r-2");
    let log = words(&inside.log());
    assert!(
        log.contains("r-3 to production: rolls back r-2 to r-1"),
        "{log}"
    );
    let shown = inside.with(|world, location| evenkeel::operation::show(world, location, "r-2"));
    assert!(words(&shown).contains("by r-3, "), "{}", words(&shown));
    replays(&inside);
    // Drift of the restored state is repaired by the same command.
    refused(
        3,
        "evenkeel rollback production",
        &inside.apply("production"),
    );
    inside
        .target("production")
        .change(|world| world.put_file(CONFIG, b"mine", 0o640));
    expect(8, inside.rollback());
    assert_eq!(config(&inside), "greeting = \"hello\"\n");
    // The rolled back commit can be released again, and the next one as well.
    release(&inside);
    assert!(config(&inside).contains("second"));
    change(&inside, "third");
    release(&inside);
    assert!(config(&inside).contains("third"));
    expect(8, inside.rollback());
    assert!(config(&inside).contains("second"));
    replays(&inside);
}

#[test]
fn a_named_release_is_restored_and_a_later_release_is_based_on_it() {
    let inside = released_twice();
    change(&inside, "third");
    release(&inside);
    let to = |release| {
        inside.rollback_with(RollbackRequest {
            to: Some(release),
            reason: Some("customers complain"),
            ..RollbackRequest::default()
        })
    };
    refused(64, "unknown release `r-9`", &to("r-9"));
    let current = to("r-3");
    assert_eq!(code(&current), 0, "{}", words(&current));
    expect(8, to("r-1"));
    assert_eq!(config(&inside), "greeting = \"hello\"\n");
    let state = state(&inside);
    let record = state.releases[3].started.record.rollback.clone().unwrap();
    assert_eq!(record.reason.as_deref(), Some("customers complain"));
    refused(3, "r-2 is newer than r-1", &to("r-2"));
    // A fix on top of all: everything since r-1 counts as rehearsed.
    change(&inside, "fixed");
    release(&inside);
    assert!(config(&inside).contains("fixed"));
}

#[test]
fn environments_and_releases_that_cannot_be_rolled_back_are_refused() {
    let inside = with_policy("approvals = 1\n");
    refused(3, "never released to", &inside.rollback());
    release(&inside);
    refused(3, "no successful release precedes r-1", &inside.rollback());
    let staging = inside.with(|world, location| {
        let request = RollbackRequest {
            environment: "staging",
            ..RollbackRequest::default()
        };
        evenkeel::operation::rollback(world, location, &request)
    });
    refused(3, "staging was never released to", &staging);
    // Of uncommitted definitions.
    let inside = Inside::new(TestWorld::with(&SYSTEM.replace(
        "uncommitted = true\n",
        "uncommitted = true\napprovals = 0\n",
    )));
    for greeting in ["first", "second"] {
        let text = format!("greeting = \"{greeting}\"\n");
        inside.world.write("environments/config.toml.j2", &text);
        release(&inside);
    }
    refused(3, "uncommitted definitions", &inside.rollback());
}

#[test]
fn a_missing_commit_is_named_with_the_way_to_get_it() {
    let inside = released_twice();
    std::fs::remove_dir_all(inside.world.path(".git")).unwrap();
    refused(1, "in no git repository", &inside.rollback());
    inside.world.commit();
    let asked = inside.asked("production");
    refused(1, "git fetch", &inside.rollback());
    assert_eq!(inside.asked("production"), asked);
}

#[test]
fn secrets_come_from_todays_sources_and_no_report_contains_them() {
    let inside = Inside::new(TestWorld::with(&SYSTEM.replace(
        "[release]\nuncommitted = true\n",
        "[parameter.password]\nvaries = \"secret\"\n\n[release]\napprovals = 0\n",
    )));
    for name in ["staging", "production"] {
        inside.world.replace(
            &format!("environments/{name}.toml"),
            "[values]\n",
            &format!("[values]\npassword = {{ env = \"PASSWORD_{name}\" }}\n"),
        );
    }
    let set = |value: &str| {
        for name in ["staging", "production"] {
            let value = format!("{value} of {name}");
            let name = format!("PASSWORD_{name}");
            inside.variables.borrow_mut().insert(name, value);
        }
    };
    set("the first secret");
    for greeting in ["one", "two"] {
        let text = format!("{greeting} = \"{{{{ password }}}}\"\n");
        inside.world.write("environments/config.toml.j2", &text);
        inside.world.commit();
        release(&inside);
    }
    set("a rotated secret");
    // Only production is resolved.
    inside.variables.borrow_mut().remove("PASSWORD_staging");
    let report = expect(8, inside.rollback());
    assert_eq!(
        config(&inside),
        "one = \"a rotated secret of production\"\n"
    );
    let said = words(&Ok(report));
    assert!(!said.contains("secret of production"), "{said}");
    replays(&inside);
}

/// The commit has the definitions, and the files of its suites, at another place.
#[test]
fn definitions_that_were_moved_since_are_found_in_the_commit() {
    let inside = released_twice();
    for name in ["environments", "checks", "build", ".evenkeel", ".gitignore"] {
        std::fs::create_dir_all(inside.world.path("deploy")).unwrap();
        let to = inside.world.path(&format!("deploy/{name}"));
        std::fs::rename(inside.world.path(name), to).unwrap();
    }
    inside.world.commit();
    let rolled = inside.with(|world, _| {
        let location = ProjectLocation {
            environments: Some("deploy/environments".into()),
            revision: None,
        };
        let request = RollbackRequest {
            environment: "production",
            ..RollbackRequest::default()
        };
        evenkeel::operation::rollback(world, &location, &request)
    });
    let report = expect(8, rolled);
    assert_eq!(config(&inside), "greeting = \"hello\"\n");
    assert!(report.suites[0].passed);
}

#[test]
fn a_freeze_does_not_stop_a_rollback_and_the_verdict_records_it() {
    let inside = twice(with_policy(
        "freeze = [{ from = 2026-11-24, to = 2026-11-24, reason = \"a feast\" }]\n",
    ));
    inside.pass(24 * 3600);
    change(&inside, "third");
    let report = expect(3, inside.deliver());
    assert!(words(&Ok(report)).contains("a feast"));
    let report = expect(8, inside.rollback());
    assert!(words(&Ok(report)).contains("freeze does not stop a rollback: frozen until"));
    let stored = dossier(&inside);
    let rules = stored.verdict.unwrap().rules;
    let freeze = rules
        .iter()
        .find(|rule| rule.code == "gate/freeze")
        .unwrap();
    assert!(freeze.holds);
    assert!(freeze.waived[0].contains("a feast"), "{freeze:?}");
    let older = rules
        .iter()
        .find(|rule| rule.code == "gate/older-commit")
        .unwrap();
    assert!(older.holds && older.waived.len() == 1, "{older:?}");
    assert_eq!(stored.dossier.rollback.unwrap().restores, "r-1");
    replays(&inside);
}

#[test]
fn the_policy_in_force_decides_how_many_people_approve_a_rollback() {
    // The restored commit has the weaker policy.
    let inside = with_policy("approvals = 1\n");
    release(&inside);
    inside.world.replace(
        "environments/system.toml",
        "approvals = 1\n",
        "approvals = 1\nrollback-approvals = 1\n",
    );
    change(&inside, "second");
    release(&inside);
    let asked = inside.asked("production");
    let report = expect(3, inside.rollback());
    let verdict = report.verdict.unwrap();
    assert!(verdict.releasable && !verdict.open);
    assert_eq!(inside.asked("production"), asked);
    let approved = expect(0, inside.approve(&verdict.plan));
    assert_eq!(approved.next, ["evenkeel rollback production --to r-1"]);
    // It is for this plan only.
    inside
        .target("production")
        .change(|world| world.put_file(CONFIG, b"mine", 0o640));
    expect(3, inside.rollback());
    inside.target("production").change(|world| {
        world.put_file(CONFIG, b"greeting = \"hello, second\"\n", 0o640);
    });
    expect(8, inside.rollback());
    assert_eq!(config(&inside), "greeting = \"hello\"\n");
    replays(&inside);
    // Neither an uncommitted edit nor the older commit lowers it for the next release.
    change(&inside, "third");
    release(&inside);
    inside.world.replace(
        "environments/system.toml",
        "rollback-approvals = 1\n",
        "rollback-approvals = 0\n",
    );
    expect(3, inside.rollback());
}

#[test]
fn status_says_that_the_recipe_of_staging_was_rolled_back() {
    let inside = released_twice();
    let awaits = |inside: &Inside| {
        let status = expect(0, inside.status());
        let shown = super::reports::rendered(&status, evenkeel::report::ReportFormat::Text);
        (
            status.status.last().unwrap().awaits.clone(),
            status.next,
            shown,
        )
    };
    assert!(awaits(&inside).0.is_none());
    expect(
        8,
        inside.rollback_with(RollbackRequest {
            reason: Some("the page is blank"),
            ..RollbackRequest::default()
        }),
    );
    let (waits, next, shown) = awaits(&inside);
    let rolled = waits.unwrap().rolled_back.unwrap();
    assert_eq!((&*rolled.release, &*rolled.by), ("r-2", "r-3"));
    assert_eq!(rolled.reason.as_deref(), Some("the page is blank"));
    assert!(
        shown.contains("was released by r-2 and rolled back by r-3"),
        "{shown}"
    );
    assert!(!shown.contains("awaits release"), "{shown}");
    assert_eq!(
        next,
        ["fix r-2 in a new commit, then run `evenkeel deliver`"]
    );
    // Another recipe was never released, and waits.
    change(&inside, "third");
    expect(0, inside.deliver());
    let (waits, _, shown) = awaits(&inside);
    assert!(waits.unwrap().rolled_back.is_none());
    assert!(shown.contains("awaits release"), "{shown}");
}

#[test]
fn unmanaged_files_shut_the_gate_for_a_rollback_too() {
    let system = SYSTEM
        .replace("uncommitted = true\n", "approvals = 1\n")
        .replace("[directory.app]\n", "[directory.app]\nexclusive = true\n");
    let inside = twice(with_system(&system));
    inside
        .target("production")
        .change(|world| world.put_file("/srv/production/app/extra", b"mine", 0o640));
    let report = expect(3, inside.rollback());
    assert!(words(&Ok(report)).contains("production-drift"));
    assert!(config(&inside).contains("second"));
}

#[test]
fn removals_need_a_confirmation() {
    let inside = with_policy("approvals = 1\n");
    release(&inside);
    inside.world.replace(
        "environments/system.toml",
        "[suite.smoke]",
        "[file.note]\non = \"web\"\npath = \"${directory.home.path}/note\"\ncontent = \"new\"\n\n[suite.smoke]",
    );
    inside.world.commit();
    release(&inside);
    refused(3, "--confirm=production", &inside.rollback());
    expect(
        8,
        inside.rollback_with(RollbackRequest {
            confirm: Some("production"),
            ..RollbackRequest::default()
        }),
    );
    let host = inside.target("production").world();
    assert!(!host.things.contains_key("/srv/production/note"));
}

/// The smoke suite fails in production as often as the file `failures` has lines.
const FLAKY: &str = "cd ../../../..
test \"$EVENKEEL_ENVIRONMENT\" = production || exit 0
test -s failures || exit 0
sed -i 1d failures
exit 1";

fn automatic(policy: &str) -> Inside {
    let system = SYSTEM.replace(
        "uncommitted = true\n",
        &format!("rollback = \"after-failed-smoke\"\n{policy}"),
    );
    let inside = Inside::new(TestWorld::with(&system));
    inside.world.script("checks/smoke.sh", FLAKY);
    inside.world.commit();
    inside
}

#[test]
fn a_release_whose_smoke_suites_fail_is_rolled_back() {
    let inside = automatic("approvals = 0\n");
    // There is nothing to roll the first release back to.
    inside.world.write("failures", "1\n");
    expect(0, inside.deliver());
    let first = expect(1, inside.release());
    assert!(words(&Ok(first)).contains("no successful release precedes r-1"));
    change(&inside, "good");
    release(&inside);
    // It adds a resource: the policy confirms its removal.
    inside.world.replace(
        "environments/system.toml",
        "[suite.smoke]",
        "[file.note]\non = \"web\"\npath = \"${directory.home.path}/note\"\ncontent = \"new\"\n\n[suite.smoke]",
    );
    change(&inside, "bad");
    inside.world.write("failures", "1\n");
    expect(0, inside.deliver());
    let mut report = expect(8, inside.release());
    report.conclude(8);
    assert_eq!(report.headline, Some(Headline::RolledBack));
    assert!(report.release.is_none());
    let rollback = report.rollback.clone().unwrap();
    assert_eq!((&*rollback.restores, &*rollback.undoes), ("r-2", "r-3"));
    assert_eq!(rollback.cause, RollbackCause::FailedSmoke);
    assert_eq!(
        rollback.reason.as_deref(),
        Some("1 smoke suite of r-3 failed: smoke")
    );
    assert!(config(&inside).contains("good"));
    let state = state(&inside);
    let ends: Vec<_> = state
        .releases
        .iter()
        .map(|release| {
            let ended = release.ended.as_ref().unwrap();
            (ended.record.outcome, ended.record.smoke)
        })
        .collect();
    let done = ApplyOutcome::Done;
    assert_eq!(
        ends,
        [
            (done, Some(false)),
            (done, Some(true)),
            (done, Some(false)),
            (done, Some(true))
        ]
    );
    replays(&inside);
}

/// The smoke suite of the newer release would fail on the restored one.
#[test]
fn smoke_suites_are_those_of_the_restored_commit() {
    let inside = with_policy("approvals = 1\n");
    inside.world.script(
        "checks/smoke.sh",
        "test \"$(cat ../../../../checks/word)\" = first && test -d \"$EVENKEEL_ROOT/environments\"",
    );
    inside.world.write("checks/word", "first\n");
    inside.world.commit();
    release(&inside);
    inside.world.script(
        "checks/smoke.sh",
        "test \"$(cat ../../../../checks/word)\" = second",
    );
    inside.world.write("checks/word", "second\n");
    change(&inside, "second");
    release(&inside);
    let report = expect(8, inside.rollback());
    assert_eq!(report.suites.len(), 1);
    assert!(report.suites[0].passed, "{:?}", report.suites);
    assert_eq!(inside.world.read("checks/word"), "second\n");
    replays(&inside);
}

#[test]
fn deployment_releases_when_the_gate_is_open_and_rolls_back() {
    let inside = automatic("mode = \"deployment\"\n");
    assert_eq!(expect(0, inside.deliver()).release.as_deref(), Some("r-1"));
    change(&inside, "good");
    assert_eq!(expect(0, inside.deliver()).release.as_deref(), Some("r-2"));
    change(&inside, "bad");
    inside.world.write("failures", "1\n");
    let mut report = expect(8, inside.deliver());
    report.conclude(8);
    assert_eq!(report.headline, Some(Headline::RolledBack));
    assert_eq!(report.rollback.unwrap().undoes, "r-3");
    assert!(config(&inside).contains("good"));
    // A shut gate releases nothing.
    inside
        .target("production")
        .change(|world| world.put_file(CONFIG, b"mine", 0o640));
    inside.target("production").blind(CONFIG);
    change(&inside, "blocked");
    assert_ne!(code(&inside.deliver()), 0);
    assert_eq!(state(&inside).releases.len(), 4);
}

#[test]
fn smoke_suites_that_fail_after_the_rollback_are_a_failure() {
    let inside = automatic("mode = \"deployment\"\n");
    expect(0, inside.deliver());
    change(&inside, "bad");
    inside.world.write("failures", "1\n2\n");
    let mut report = expect(1, inside.deliver());
    report.conclude(1);
    assert_eq!(report.headline, Some(Headline::Failed));
    let said = words(&Ok(report));
    assert!(said.contains("r-2: production runs the new recipe, but its smoke suites failed"));
    assert!(
        said.contains(
            "r-3 rolled back r-2: production runs r-1 again, but its smoke suites failed"
        )
    );
    assert_eq!(config(&inside), "greeting = \"hello\"\n");
}

#[test]
fn failed_and_unknown_steps_are_reported_and_the_next_rollback_continues() {
    for (fault, expected) in [
        (Fault::FailBefore, 1),
        (Fault::Lie, 1),
        (Fault::Blind, 6),
        (Fault::Interrupt, 130),
    ] {
        let inside = released_twice();
        let target = inside.target("production");
        target.fail(target.journal().len(), fault);
        let outcome = inside.rollback();
        assert_eq!(code(&outcome), expected, "{fault:?}: {}", words(&outcome));
        let said = words(&outcome);
        assert!(said.contains("r-2") && said.contains("r-1"), "{said}");
        target.heal();
        expect(8, inside.rollback());
        assert_eq!(config(&inside), "greeting = \"hello\"\n");
        replays(&inside);
    }
}

/// The ledger of a rollback that was killed before it changed anything.
#[test]
fn a_killed_rollback_is_repeated_and_its_record_ends() {
    let entries = |inside: &Inside| {
        let store = FolderStore::new(&inside.world.path(".evenkeel"));
        let ledger = store.open(Some("small")).unwrap().unwrap();
        ledger.read(0).unwrap()
    };
    let whole = released_twice();
    let before = entries(&whole).len();
    expect(8, whole.rollback());
    let records: Vec<Record> = entries(&whole)[before..]
        .iter()
        .map(|entry| chain::understand(entry).unwrap().unwrap())
        .filter(|record| !matches!(record, Record::LeaseTaken(_)))
        .collect();
    for last in ["release-started", "apply-started", "steps-intended"] {
        let inside = released_twice();
        let kept = records.iter().position(|record| record.kind() == last);
        let store = FolderStore::new(&inside.world.path(".evenkeel"));
        let objects = FolderStore::new(&whole.world.path(".evenkeel"));
        for digest in objects.objects().list().unwrap() {
            let bytes = objects.objects().get(&digest).unwrap().unwrap();
            store.objects().put(&bytes).unwrap();
        }
        let folder = inside.world.path(".evenkeel");
        let now = inside.now.get();
        let ledger = SqliteLedger::open_or_found(&folder, "small", now, "lineage").unwrap();
        let kept = &records[..=kept.unwrap()];
        ledger.append(now, kept, None).unwrap();
        let status = expect(0, inside.status());
        assert_eq!(status.next, ["evenkeel rollback production"], "{last}");
        expect(8, inside.rollback());
        assert_eq!(config(&inside), "greeting = \"hello\"\n");
        let ends = state(&inside);
        assert!(ends.releases.iter().all(|it| it.ended.is_some()), "{last}");
        assert_eq!(code(&inside.rollback()), 0);
        // The dossier of r-3 is of the other project, so it names that one's approvals.
        assert!(store.verify(&[]).unwrap().is_whole(), "{last}");
    }
}

/// The whole program is killed at several moments of a rollback.
#[test]
fn a_program_that_is_killed_while_it_rolls_back_leaves_work_for_the_next_run() {
    let world = TestWorld::with(&SYSTEM.replace("uncommitted = true\n", "approvals = 0\n"));
    world.commit();
    let release = |greeting: &str| {
        let text = format!("greeting = \"{{{{ greeting }}}}, {greeting}\"\n");
        world.write("environments/config.toml.j2", &text);
        world.write("build/app", greeting);
        world.commit();
        world.expect(0, &["deliver"]);
        world.expect(0, &["release"]);
    };
    release("first");
    for after in [20, 60, 100, 150, 220] {
        release(&format!("after {after} ms"));
        let mut killed = world.start(&["rollback", "production", "--to", "r-1"]);
        std::thread::sleep(std::time::Duration::from_millis(after));
        killed.kill().unwrap();
        killed.wait().unwrap();
        let ran = world.run(&["rollback", "production", "--to", "r-1"]);
        assert!(matches!(ran.code, 0 | 8), "{after}: {}", ran.short());
        assert_eq!(
            world.read("run/production/config.toml"),
            "greeting = \"hello, first\"\n"
        );
        assert_eq!(world.read("run/production/app/current/app"), "first");
        world.expect(0, &["rollback", "production"]);
        world.expect(0, &["audit", "verify"]);
    }
}

#[test]
fn an_unfinished_release_is_rolled_back() {
    for fault in [Fault::FailBefore, Fault::Blind] {
        let inside = with_policy("approvals = 1\n");
        release(&inside);
        change(&inside, "second");
        let verdict = expect(0, inside.deliver()).verdict.unwrap();
        expect(0, inside.approve(&verdict.plan));
        let target = inside.target("production");
        target.fail(target.journal().len(), fault);
        assert_ne!(code(&inside.release()), 0);
        target.heal();
        let report = expect(8, inside.rollback());
        assert_eq!(report.rollback.unwrap().undoes, "r-2");
        assert_eq!(config(&inside), "greeting = \"hello\"\n");
    }
}

#[test]
fn an_artifact_comes_from_the_store_and_a_missing_one_stops_everything_before_a_step() {
    let system = SYSTEM
        .replace("uncommitted = true\n", "approvals = 0\n")
        .replace("artifact = \"app\"\n", "artifact = \"app\"\nkeep = 1\n");
    // Without a store.
    let inside = twice(with_system(&system));
    let asked = inside.asked("production");
    for says in [
        "no `[artifacts] store` is declared",
        "the target does not keep it",
        "another build",
    ] {
        refused(1, says, &inside.rollback());
    }
    assert_eq!(inside.asked("production"), asked);
    assert_eq!(state(&inside).releases.len(), 2);
    // The checkout may have the same build.
    inside.world.write("build/app", "the artifact\n");
    expect(8, inside.rollback());
    // With a store.
    let home = tempfile::tempdir().unwrap();
    let store = home.path().join("store");
    let declared = format!(
        "{system}\n[artifacts]\nstore = \"{}\"\nkeep = 2\n",
        store.display()
    );
    let inside = twice(with_system(&declared));
    let entries = || {
        let lineage = state(&inside).founded.unwrap().lineage;
        let releases = store.join("small").join(lineage).join("releases");
        let mut entries: Vec<_> = std::fs::read_dir(releases)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        entries
    };
    assert_eq!(entries().len(), 2);
    expect(8, inside.rollback());
    // The number is bounded.
    for greeting in ["third", "fourth", "fifth"] {
        change(&inside, greeting);
        release(&inside);
    }
    assert_eq!(entries().len(), 3);
    // An altered entry is not used.
    for entry in entries() {
        std::fs::write(entry.join("app"), "altered").unwrap();
    }
    let asked = inside.asked("production");
    refused(1, "was changed", &inside.rollback());
    assert_eq!(inside.asked("production"), asked);
    std::fs::remove_dir_all(&store).unwrap();
    refused(1, "has no entry for it", &inside.rollback());
}

#[test]
fn a_store_inside_the_checkout_is_refused() {
    let inside = with_system(&format!(
        "{}\n[artifacts]\nstore = \"../store\"\n",
        SYSTEM.replace("uncommitted = true\n", "approvals = 0\n")
    ));
    refused(1, "inside the checkout", &inside.deliver());
}

#[test]
fn an_automatic_rollback_cannot_wait_for_people() {
    let inside = with_policy("rollback = \"after-failed-smoke\"\nrollback-approvals = 1\n");
    refused(1, "cannot wait for approvals", &inside.deliver());
}

/// Differences that were declared when the release was judged count, also if they expired since.
#[test]
fn an_expired_declaration_does_not_change_what_is_restored() {
    let inside = with_policy("approvals = 1\n");
    inside.world.replace(
        "environments/production.toml",
        "root = \"/srv/production\"",
        "root = \"/srv/production\"\ngreeting = \"hi\"",
    );
    inside.world.add(
        "environments/production.toml",
        "\n[[difference]]\nat = \"parameter.greeting\"\nstaging = \"hello\"\nproduction = \"hi\"\nreason = \"x\"\nowner = \"y\"\nexpires = 2026-12-30\n",
    );
    inside.world.commit();
    release(&inside);
    change(&inside, "second");
    release(&inside);
    inside.now.set(Moment::from_millisecond(
        inside.now.get().as_millisecond() + 90 * 24 * 3_600_000,
    ));
    expect(8, inside.rollback());
    assert_eq!(config(&inside), "greeting = \"hi\"\n");
    replays(&inside);
}

/// The release that is rolled back has another resource, which the rehearsal removes and creates again.
#[test]
fn staging_rehearses_the_rollback_and_the_gate_requires_it() {
    let inside = with_policy("approvals = 0\nrehearse-rollback = true\n");
    // There is nothing to roll back to yet.
    let first = expect(0, inside.deliver());
    assert_eq!(first.suites.len(), 1);
    expect(0, inside.release());
    inside.world.replace(
        "environments/system.toml",
        "[suite.smoke]",
        "[file.note]\non = \"web\"\npath = \"${directory.home.path}/note\"\ncontent = \"new\"\n\n[suite.smoke]",
    );
    change(&inside, "second");
    let delivered = expect(0, inside.deliver());
    let names: Vec<&str> = delivered.suites.iter().map(|suite| &*suite.suite).collect();
    assert_eq!(names, ["rollback rehearsal", "smoke"]);
    assert!(delivered.suites.iter().all(|suite| suite.passed));
    let purposes: Vec<String> = delivered
        .applies
        .iter()
        .map(|apply| apply.environment.clone())
        .collect();
    assert_eq!(purposes, ["staging"; 3]);
    expect(0, inside.release());
    // The steps of the rollback were rehearsed.
    let report = expect(
        8,
        inside.rollback_with(RollbackRequest {
            confirm: Some("production"),
            ..RollbackRequest::default()
        }),
    );
    let plan = report.plans.last().unwrap();
    assert!(
        plan.steps.iter().all(|step| step.rehearsed == Some(true)),
        "{plan:?}"
    );
    // The release is rehearsed again with the next delivery, and not without one.
    change(&inside, "third");
    expect(0, inside.deliver());
    let apply = inside.apply("staging");
    expect(0, apply);
    inside.pass(25 * 3600);
    let report = expect(3, inside.release());
    let said = words(&Ok(report));
    assert!(
        said.contains("the rehearsal of the rollback is 1 d old")
            || said.contains("rehearsal of the rollback is 25 h"),
        "{said}"
    );
    expect(0, inside.deliver());
    expect(0, inside.release());
    replays(&inside);
}

#[test]
fn a_rollback_that_cannot_be_rehearsed_shuts_the_gate_and_staging_is_delivered_to() {
    let system = SYSTEM
        .replace(
            "uncommitted = true\n",
            "approvals = 0\nrehearse-rollback = true\n",
        )
        .replace("artifact = \"app\"\n", "artifact = \"app\"\nkeep = 1\n");
    let inside = with_system(&system);
    release(&inside);
    change(&inside, "second");
    let report = expect(1, inside.deliver());
    let said = words(&Ok(report));
    assert!(
        said.contains("the rollback was not rehearsed: artifact `app` of r-1"),
        "{said}"
    );
    assert!(said.contains("rollback-not-rehearsed"), "{said}");
    let host = inside.target("staging").world();
    assert!(host.things.contains_key("/srv/staging/config.toml"));
}

#[test]
fn a_rollback_that_fails_on_staging_shuts_the_gate() {
    let inside = with_policy("approvals = 0\nrehearse-rollback = true\n");
    release(&inside);
    change(&inside, "second");
    let target = inside.target("staging");
    // The release has two steps.
    target.fail(target.journal().len() + 2, Fault::FailBefore);
    let report = expect(1, inside.deliver());
    let said = words(&Ok(report));
    assert!(
        said.contains("the rollback to r-1 did not succeed"),
        "{said}"
    );
    target.heal();
    let report = expect(3, inside.release());
    assert!(words(&Ok(report)).contains("rollback-not-rehearsed"));
    expect(0, inside.deliver());
    expect(0, inside.release());
}

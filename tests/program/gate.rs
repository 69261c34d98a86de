//! Promotion from end to end, and everything that must shut its gate.

use evenkeel::report::Report;
use evenkeel_host::recorded::Fault;
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_model::Moment;

use super::inside::{Inside, code, expect, refused, words};
use super::world::{SYSTEM, TestWorld};

const STRICT: &str = "[release]\napprovals = 1\n";

/// Returns a committed project with a strict policy.
fn strict() -> Inside {
    with_policy(STRICT)
}

fn with_policy(policy: &str) -> Inside {
    let system = SYSTEM.replace("[release]\nuncommitted = true\n", policy);
    let inside = Inside::new(TestWorld::with(&system));
    inside.world.commit();
    inside
}

fn plan_of(report: &Report) -> String {
    report.verdict.as_ref().unwrap().plan.clone()
}

/// Returns the codes of the rules that shut it.
fn shut_by(report: &Report) -> Vec<String> {
    let verdict = report.verdict.as_ref().unwrap();
    assert!(!verdict.open);
    assert!(!verdict.remedies.is_empty(), "{verdict:?}");
    let mut codes: Vec<String> = verdict
        .rules
        .iter()
        .filter(|rule| !rule.holds)
        .map(|rule| rule.code.to_string())
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

/// Delivers and approves, so that the next release would pass.
fn approved(inside: &Inside) -> String {
    let plan = plan_of(&expect(0, inside.deliver()));
    let report = expect(0, inside.approve(&plan));
    assert!(report.verdict.unwrap().open);
    plan
}

/// Returns a project that was released once.
fn released() -> Inside {
    let inside = strict();
    approved(&inside);
    expect(0, inside.release());
    inside
}

/// Changes the definitions, and commits them.
fn another_greeting(inside: &Inside, greeting: &str) {
    inside.world.write(
        "environments/config.toml.j2",
        &format!("greeting = \"{{{{ greeting }}}}, {greeting}\"\n"),
    );
    inside.world.commit();
}

#[test]
fn the_whole_promotion() {
    let inside = strict();
    let delivered = expect(0, inside.deliver());
    assert!(delivered.verdict.as_ref().unwrap().releasable);
    assert_eq!(shut_by(&delivered), ["gate/not-approved"]);
    assert_eq!(
        inside.asked("production"),
        0,
        "delivering does not touch production"
    );
    let refused = expect(3, inside.release());
    assert_eq!(shut_by(&refused), ["gate/not-approved"]);
    assert_eq!(inside.asked("production"), 0);
    let plan = plan_of(&delivered);
    expect(0, inside.approve(&plan));
    let released = expect(0, inside.release());
    assert_eq!(released.release.as_deref(), Some("r-1"));
    assert!(inside.asked("production") > 0);
    expect(0, inside.drift());
    let staging = inside.target("staging").world();
    let production = inside.target("production").world();
    assert_eq!(staging.things.len(), production.things.len());
    let again = expect(0, inside.release());
    assert!(words(&Ok(again)).contains("nothing to release"));
    let again = expect(0, inside.deliver());
    assert!(words(&Ok(again)).contains("already runs this recipe"));
    expect(0, inside.audit());
}

#[test]
fn approvals_are_for_one_plan_and_one_evidence() {
    let inside = strict();
    let plan = approved(&inside);
    another_greeting(&inside, "again");
    assert!(shut_by(&expect(3, inside.release())).contains(&"gate/not-approved".to_owned()));
    refused(
        4,
        "is out of date; the current plan is",
        &inside.approve(&plan),
    );
    expect(0, inside.deliver());
    assert_eq!(shut_by(&expect(3, inside.release())), ["gate/not-approved"]);
    assert_eq!(inside.asked("production"), 0);
    // New evidence on the same plan voids it as well.
    approved(&inside);
    expect(0, inside.deliver());
    assert_eq!(shut_by(&expect(3, inside.release())), ["gate/not-approved"]);
    // An approval is not recorded if the gate is shut for other reasons.
    another_greeting(&inside, "and again");
    let report = expect(3, inside.release());
    refused(3, "not approved", &inside.approve(&plan_of(&report)));
    expect(0, inside.deliver());
    assert_eq!(shut_by(&expect(3, inside.release())), ["gate/not-approved"]);
}

#[test]
fn two_approvals_are_two_people() {
    let inside = with_policy("[release]\napprovals = 2\n");
    let plan = plan_of(&expect(0, inside.deliver()));
    expect(0, inside.approve(&plan));
    expect(0, inside.approve(&plan));
    assert_eq!(shut_by(&expect(3, inside.release())), ["gate/not-approved"]);
    *inside.actor.borrow_mut() = "grace".into();
    expect(0, inside.approve(&plan));
    expect(0, inside.release());
}

#[test]
fn a_change_outside_evenkeel_shuts_it() {
    let inside = strict();
    approved(&inside);
    inside
        .target("staging")
        .change(|world| world.put_file("/srv/staging/config.toml", b"mine", 0o640));
    let codes = shut_by(&expect(3, inside.release()));
    assert!(
        codes.contains(&"gate/staging-drift".to_owned()),
        "{codes:?}"
    );
    assert!(
        codes.contains(&"gate/evidence-stale".to_owned()),
        "{codes:?}"
    );
    // Reverted outside evenkeel: nothing differs, but the tested state was touched.
    inside.target("staging").change(|world| {
        world.put_file("/srv/staging/config.toml", b"greeting = \"hello\"\n", 0o640);
    });
    let codes = shut_by(&expect(3, inside.release()));
    assert_eq!(codes, ["gate/evidence-stale"]);
    approved(&inside);
    expect(0, inside.release());

    let inside = released();
    inside
        .target("production")
        .change(|world| world.put_file("/srv/production/config.toml", b"mine", 0o640));
    let report = expect(3, inside.release());
    assert!(shut_by(&report).contains(&"gate/production-drift".to_owned()));
    let remedies = report.verdict.unwrap().remedies;
    assert!(
        remedies.contains(&"evenkeel apply production".to_owned()),
        "{remedies:?}"
    );
    expect(0, inside.apply("production"));
    expect(0, inside.drift());
    expect(0, inside.release());
}

/// A change that the release repairs needs no rehearsal: staging has no such change.
#[test]
fn a_change_outside_evenkeel_does_not_shut_later_releases() {
    let inside = released();
    inside.world.replace(
        "environments/system.toml",
        "[suite.smoke]",
        "[file.note]\non = \"web\"\npath = \"${directory.home.path}/note\"\ncontent = \"new\"\n\n[suite.smoke]",
    );
    inside.world.commit();
    inside
        .target("production")
        .change(|world| world.put_file("/srv/production/config.toml", b"mine", 0o640));
    refused(3, "evenkeel --at ", &inside.apply("production"));
    approved(&inside);
    expect(0, inside.release());
    expect(0, inside.drift());
}

#[test]
fn an_unreadable_state_shuts_it() {
    for environment in ["staging", "production"] {
        let inside = strict();
        approved(&inside);
        inside
            .target(environment)
            .blind(&format!("/srv/{environment}/config.toml"));
        let codes = shut_by(&expect(3, inside.release()));
        assert!(codes.contains(&"gate/not-observed".to_owned()), "{codes:?}");
        assert_eq!(inside.asked("production"), 0);
        assert_eq!(code(&inside.drift()), 1);
        assert_eq!(code(&inside.plan(environment)), 1);
        assert_eq!(
            code(&inside.apply("staging")),
            u8::from(environment == "staging")
        );
    }
}

#[test]
fn a_recipe_that_staging_has_not_run_shuts_it() {
    let inside = strict();
    let codes = shut_by(&expect(3, inside.release()));
    assert!(
        codes.contains(&"gate/recipe-not-proven".to_owned()),
        "{codes:?}"
    );
    assert!(
        codes.contains(&"gate/suite-not-passed".to_owned()) || codes.len() > 2,
        "{codes:?}"
    );
    assert_eq!(inside.asked("production"), 0);
    refused(3, "only accepts releases", &inside.apply("production"));
    assert_eq!(inside.asked("production"), 0);
    // A failed apply of staging proves nothing.
    let inside = strict();
    approved(&inside);
    another_greeting(&inside, "again");
    let target = inside.target("staging");
    target.fail(target.journal().len(), Fault::FailBefore);
    expect(1, inside.deliver());
    target.heal();
    let codes = shut_by(&expect(3, inside.release()));
    assert!(
        codes.contains(&"gate/recipe-not-proven".to_owned()),
        "{codes:?}"
    );
}

#[test]
fn uncommitted_definitions_shut_it() {
    let inside = strict();
    approved(&inside);
    inside.world.add("environments/system.toml", "# a remark\n");
    let codes = shut_by(&expect(3, inside.release()));
    assert!(
        codes.contains(&"gate/not-committed".to_owned()),
        "{codes:?}"
    );
    inside.world.commit();
    assert_eq!(inside.asked("production"), 0);
    // In no repository at all.
    let inside = Inside::new(TestWorld::with(&SYSTEM.replace("uncommitted = true\n", "")));
    let report = expect(3, inside.deliver());
    assert!(shut_by(&report).contains(&"gate/not-committed".to_owned()));
    let remedies = report.verdict.unwrap().remedies;
    assert!(
        remedies.iter().any(|line| line.contains("git init")),
        "{remedies:?}"
    );
}

#[test]
fn undeclared_differences_shut_it() {
    let inside = strict();
    inside.world.add(
        "environments/production.toml",
        "\n[file.config]\nmode = \"0644\"\n",
    );
    inside.world.commit();
    let report = expect(3, inside.deliver());
    let codes = shut_by(&report);
    assert!(codes.contains(&"gate/parity".to_owned()), "{codes:?}");
    assert!(
        codes.contains(&"gate/recipe-not-proven".to_owned()),
        "{codes:?}"
    );
    assert_eq!(code(&inside.drift()), 2);
}

#[test]
fn old_evidence_future_evidence_and_freezes_shut_it() {
    let inside = strict();
    approved(&inside);
    let then = inside.now.get();
    inside.pass(25 * 3600);
    let report = expect(3, inside.release());
    assert_eq!(shut_by(&report), ["gate/evidence-stale"]);
    inside
        .now
        .set(Moment::from_millisecond(then.as_millisecond() - 3_600_000));
    let codes = shut_by(&expect(3, inside.release()));
    assert!(
        codes.contains(&"gate/evidence-stale".to_owned()),
        "{codes:?}"
    );
    assert!(
        codes.contains(&"gate/not-approved".to_owned()),
        "the approval is of the future too: {codes:?}"
    );
    assert_eq!(inside.asked("production"), 0);
    expect(0, inside.audit());

    let inside = with_policy(
        "[release]\nfreeze = [{ from = 2026-11-23, to = 2026-11-23, reason = \"a feast\" }]\n",
    );
    let codes = shut_by(&expect(3, inside.deliver()));
    assert!(
        codes.iter().any(|code| code.contains("freeze")),
        "{codes:?}"
    );
    inside.pass(24 * 3600);
    approved(&inside);
    expect(0, inside.release());
}

#[test]
fn a_failing_suite_shuts_it_and_is_named() {
    let inside = strict();
    inside
        .world
        .script("checks/smoke.sh", "echo broken; exit 1");
    inside.world.commit();
    let report = expect(1, inside.deliver());
    let verdict = report.verdict.unwrap();
    assert!(
        verdict
            .rules
            .iter()
            .flat_map(|rule| &rule.reasons)
            .any(|words| words.contains("staging: suite `smoke` failed")),
        "{verdict:?}"
    );
    assert!(!verdict.releasable);
    assert_eq!(inside.asked("production"), 0);
    assert_eq!(
        code(&inside.with(|world, location| {
            evenkeel::operation::verify(world, location, "staging", &[], None)
        })),
        1
    );
    // A later pass of another program than the committed one does not count.
    inside.world.script("checks/smoke.sh", "exit 0");
    inside.world.commit();
    let report = expect(3, inside.release());
    assert!(words(&Ok(report)).contains("smoke"));
    approved(&inside);
    inside.world.script("checks/smoke.sh", "exit 0 # another");
    inside.world.commit();
    assert_eq!(
        shut_by(&expect(3, inside.release())),
        ["gate/suite-not-passed"]
    );
}

#[test]
fn removals_in_production_need_a_confirmation() {
    let inside = released();
    let system = inside.world.read("environments/system.toml");
    let start = system.find("[file.config]").unwrap();
    let end = system.find("[suite.smoke]").unwrap();
    inside.world.write(
        "environments/system.toml",
        &format!("{}{}", &system[..start], &system[end..]),
    );
    inside.world.commit();
    let plan = plan_of(&expect(0, inside.deliver()));
    let reported = expect(0, inside.approve(&plan)).next;
    assert_eq!(reported, ["evenkeel release --confirm=production"]);
    let before = inside.asked("production");
    refused(3, "--confirm=production", &inside.release());
    let wrong = inside.with(|world, location| {
        evenkeel::operation::release(world, location, None, Some("staging"), None)
    });
    refused(3, "--confirm=production", &wrong);
    assert_eq!(inside.asked("production"), before);
    expect(0, inside.release_confirmed());
    assert!(
        !inside
            .target("production")
            .world()
            .things
            .contains_key("/srv/production/config.toml")
    );
    expect(0, inside.drift());
}

#[test]
fn a_failed_release_is_reported_and_continued() {
    for fault in [
        Fault::FailBefore,
        Fault::FailAfter,
        Fault::Lie,
        Fault::Blind,
        Fault::Interrupt,
    ] {
        let inside = strict();
        approved(&inside);
        let target = inside.target("production");
        target.fail(1, fault);
        let outcome = inside.release();
        let expected = match fault {
            Fault::Blind => 6,
            Fault::Interrupt => 130,
            _ => 1,
        };
        assert_eq!(code(&outcome), expected, "{fault:?}: {}", words(&outcome));
        assert!(
            outcome
                .as_ref()
                .map_or(true, |report| report.release.is_none()),
            "{fault:?}: {}",
            words(&outcome)
        );
        target.heal();
        let status = expect(0, inside.status());
        let last = status.status[1].release.as_ref().unwrap();
        assert_eq!(last.id, "r-1", "{fault:?}");
        assert_ne!(last.outcome, Some(ApplyOutcome::Done), "{fault:?}");
        assert_ne!(code(&inside.drift()), 0, "{fault:?}");
        expect(0, inside.apply("production"));
        expect(0, inside.drift());
        let after = inside.release();
        assert!(
            matches!(code(&after), 0 | 3),
            "{fault:?}: {}",
            words(&after)
        );
        expect(0, inside.audit());
    }
}

#[test]
fn production_is_only_restored() {
    let inside = released();
    another_greeting(&inside, "again");
    let before = inside.asked("production");
    refused(3, "this one differs", &inside.apply("production"));
    expect(0, inside.deliver());
    refused(3, "this one differs", &inside.apply("production"));
    assert_eq!(inside.asked("production"), before);
}

#[test]
fn a_release_by_another_plans_name_is_refused() {
    let inside = strict();
    approved(&inside);
    let outcome = inside.with(|world, location| {
        evenkeel::operation::release(world, location, Some("000000000000"), None, None)
    });
    refused(4, "is out of date; the current plan is", &outcome);
    assert_eq!(inside.asked("production"), 0);
}

#[test]
fn without_a_person_the_gate_still_judges() {
    let inside = with_policy("[release]\nmode = \"deployment\"\n");
    expect(0, inside.deliver());
    assert!(inside.asked("production") > 0);
    expect(0, inside.drift());
    another_greeting(&inside, "again");
    inside.world.script("checks/smoke.sh", "exit 1");
    inside.world.commit();
    let before = inside.asked("production");
    expect(1, inside.deliver());
    assert_eq!(inside.asked("production"), before);
}

/// P37: a weakened policy is reported to the person who approves or releases.
#[test]
fn a_weakened_policy_is_reported() {
    let inside = released();
    const WARNING: &str = "the policy is weaker than at r-1: ";
    another_greeting(&inside, "second");
    assert!(
        !words(&inside.deliver()).contains(WARNING),
        "it is the same"
    );
    inside.world.replace(
        "environments/system.toml",
        STRICT,
        "[release]\napprovals = 0\nevidence-max-age = \"7d\"\n",
    );
    inside.world.commit();
    let less =
        format!("{WARNING}`approvals` was 1 and is 0; `evidence-max-age` was 24 h and is 7 days");
    let delivered = inside.deliver();
    assert!(words(&delivered).contains(&less), "{}", words(&delivered));
    let plan = plan_of(&expect(0, delivered));
    for outcome in [inside.approve(&plan), inside.release()] {
        assert!(words(&outcome).contains(&less), "{}", words(&outcome));
    }
    // A stricter policy is not reported.
    inside.world.replace(
        "environments/system.toml",
        "approvals = 0\nevidence-max-age = \"7d\"\n",
        "approvals = 2\nevidence-max-age = \"1h\"\n",
    );
    another_greeting(&inside, "third");
    assert!(!words(&inside.deliver()).contains("is weaker than at r-"));
}

/// A suite during which a file was exchanged and restored tested another state.
#[test]
fn a_reverted_change_during_suites_voids_the_evidence() {
    for (path, other) in [
        ("run/staging/config.toml", "other = 1\n"),
        ("run/staging/app/current/app", "another program\n"),
    ] {
        let world = TestWorld::with(&SYSTEM.replace("uncommitted = true\n", "approvals = 0\n"));
        let file = world.path(path);
        let file = file.display();
        world.script(
            "checks/smoke.sh",
            &format!(
                "sleep 0.05; cp -p {file} kept; printf '{other}' > {file}; sleep 0.05; cat kept > {file}"
            ),
        );
        world.commit();
        let ran = world.expect(3, &["deliver"]);
        assert!(
            ran.all().contains("changed while `smoke` ran"),
            "{path}: {}",
            ran.short()
        );
        world.expect(0, &["drift", "--live", "staging"]);
    }
}

/// A service that is not ready at the end of a suite, and then is again without a restart, was not changed.
#[test]
fn a_service_that_recovers_from_a_suite_keeps_its_evidence() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let world = TestWorld::with(&SYSTEM.replace("uncommitted = true\n", "approvals = 0\n"));
    let (server, busy) = (world.path("server.py"), world.path("run/busy"));
    world.replace(
        "environments/system.toml",
        "[suite.smoke]",
        &format!(
            "[process.web]\non = \"web\"\ncommand = [\"python3\", \"{}\", \"{port}\", \"{}\"]\nready = {{ http = \"http://127.0.0.1:{port}/\" }}\n\n[suite.smoke]",
            server.display(),
            busy.display()
        ),
    );
    world.write(
        "server.py",
        "import http.server, os, sys, time\n\
class Handler(http.server.BaseHTTPRequestHandler):\n    def do_GET(self):\n        path = sys.argv[2]\n        \
busy = os.path.exists(path) and time.time() - os.path.getmtime(path) < 2\n        \
self.send_response(503 if busy else 200)\n        self.end_headers()\n\
http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()\n",
    );
    world.script("checks/smoke.sh", &format!("touch {}", busy.display()));
    world.commit();
    let delivered = world.expect(0, &["deliver"]);
    delivered.silent_about("changed while");
    assert!(busy.exists());
}

/// The same for an edit after the suites passed.
#[test]
fn a_reverted_change_after_suites_voids_the_evidence() {
    for path in ["run/staging/config.toml", "run/staging/app/current/app"] {
        let world = TestWorld::with(&SYSTEM.replace("uncommitted = true\n", "approvals = 0\n"));
        world.commit();
        world.expect(0, &["deliver"]);
        let before = std::fs::read(world.path(path)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        std::fs::write(world.path(path), "edited").unwrap();
        std::fs::write(world.path(path), before).unwrap();
        world.expect(0, &["drift", "--live", "staging"]);
        let ran = world.expect(3, &["release"]);
        assert!(
            ran.all().contains("staging changed after `smoke` passed"),
            "{path}: {}",
            ran.short()
        );
    }
}

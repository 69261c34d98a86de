//! Break-glass: releases although the gate is shut, records it first, and appears until another person follows it up.

use std::time::Instant;

use evenkeel::operation::{self, BreakGlassRequest};
use evenkeel::report::{BreakGlassDocument, Report, ReportFormat};
use evenkeel_host::recorded::Fault;
use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::{Record, Store as _, chain};
use evenkeel_model::Moment;

use super::crash::{has_strace, traced};
use super::inside::{Inside, Outcome, code, expect, refused, words};
use super::reports::rendered;
use super::world::{HANGS, SYSTEM, TestWorld, kill};

const REQUEST: BreakGlassRequest<'static> = BreakGlassRequest {
    environment: "production",
    reason: "checkout is down",
    incident: "INC-42",
    plan: None,
    confirm: None,
    wait: None,
    key: None,
};

fn strict(policy: &str) -> Inside {
    let inside = Inside::new(TestWorld::with(
        &SYSTEM.replace("uncommitted = true\n", policy),
    ));
    inside.world.commit();
    inside
}

fn broken(inside: &Inside, request: BreakGlassRequest<'_>) -> Outcome {
    inside.with(|world, location| operation::break_glass(world, location, request))
}

fn followed_up(inside: &Inside, by: &str) -> Outcome {
    by.clone_into(&mut inside.actor.borrow_mut());
    inside.with(|world, location| operation::follow_up(world, location, "b-1", "reviewed", None))
}

/// Returns the kinds of the ledger's entries.
fn kinds(world: &TestWorld) -> Vec<String> {
    let store = FolderStore::new(&world.path(".evenkeel"));
    let Some(ledger) = store.open(Some("small")).unwrap() else {
        return Vec::new();
    };
    let entries = ledger.read(0).unwrap();
    entries.iter().map(|entry| entry.kind.clone()).collect()
}

#[test]
fn a_shut_gate_is_passed_over_and_recorded_first() {
    let inside = strict("approvals = 1\n");
    expect(3, inside.release());
    assert_eq!(inside.asked("production"), 0);
    let report = expect(0, broken(&inside, REQUEST));
    assert_eq!(report.release.as_deref(), Some("r-1"));
    assert!(inside.asked("production") > 0);
    let glass = &report.break_glass[0];
    assert_eq!((&*glass.name, &*glass.by), ("b-1", "ada"));
    assert!(glass.shut_by.contains(&"gate/recipe-not-proven".to_owned()));
    let kinds = kinds(&inside.world);
    let at = |kind: &str| kinds.iter().position(|it| it == kind);
    assert!(at("verdict-given") < at("glass-broken"), "{kinds:?}");
    assert!(at("glass-broken") < at("release-started"), "{kinds:?}");
    assert!(at("glass-broken") < at("apply-started"), "{kinds:?}");
    assert!(at("suite-ended").is_some() && at("release-ended").is_some());
    expect(0, inside.audit());
    // The dossier of the record can be judged again, with the same result.
    expect(
        0,
        inside.with(|world, location| operation::audit_replay(world, location, &[])),
    );
}

#[test]
fn every_report_shows_it_until_another_person_follows_it_up() {
    let inside = strict("approvals = 1\n");
    expect(0, broken(&inside, REQUEST));
    let reports = || {
        [
            ("status", inside.status()),
            ("drift", inside.drift()),
            ("plan", inside.plan("production")),
            ("deliver", inside.deliver()),
            ("release", inside.release()),
            ("log", inside.log()),
            ("apply", inside.apply("staging")),
            (
                "verify",
                inside.with(|world, location| {
                    operation::verify(world, location, "staging", &[], None)
                }),
            ),
        ]
    };
    for (command, outcome) in reports() {
        let report = outcome.unwrap_or_else(|failure| panic!("{command}: {failure}"));
        assert_eq!(report.break_glass.len(), 1, "{command}");
    }
    refused(
        3,
        "another person must follow it up",
        &followed_up(&inside, "ada"),
    );
    refused(3, "CI runner", &followed_up(&inside, "ci:github"));
    expect(0, followed_up(&inside, "grace"));
    for (command, outcome) in reports() {
        let report = outcome.unwrap_or_else(|failure| panic!("{command}: {failure}"));
        assert!(report.break_glass.is_empty(), "{command}");
    }
    // Once more changes nothing.
    let before = kinds(&inside.world).len();
    let again = expect(0, followed_up(&inside, "heidi"));
    assert!(words(&Ok(again)).contains("was followed up by grace"));
    assert_eq!(kinds(&inside.world).len(), before);
}

#[test]
fn what_it_never_passes_over() {
    let request = REQUEST;
    let inside = strict("approvals = 1\n");
    refused(
        64,
        "reason",
        &broken(
            &inside,
            BreakGlassRequest {
                reason: " ",
                ..request
            },
        ),
    );
    refused(
        64,
        "incident",
        &broken(
            &inside,
            BreakGlassRequest {
                incident: "",
                ..request
            },
        ),
    );
    refused(
        64,
        "only production has a gate",
        &broken(
            &inside,
            BreakGlassRequest {
                environment: "staging",
                ..request
            },
        ),
    );
    refused(
        4,
        "out of date",
        &broken(
            &inside,
            BreakGlassRequest {
                plan: Some("000000"),
                ..request
            },
        ),
    );
    *inside.actor.borrow_mut() = "ci:github".into();
    refused(3, "CI runner", &broken(&inside, request));
    *inside.actor.borrow_mut() = "ada".into();
    std::fs::remove_file(inside.world.path(".evenkeel/head")).unwrap();
    refused(3, "gate/ledger-broken", &broken(&inside, request));
    assert_eq!(inside.asked("production"), 0);
    assert!(!kinds(&inside.world).contains(&"glass-broken".to_owned()));

    let forbidden = strict("approvals = 1\nbreak-glass = false\n");
    refused(
        3,
        "the policy forbids break-glass",
        &broken(&forbidden, request),
    );

    // An open gate needs no break-glass.
    let open = strict("approvals = 0\n");
    expect(0, open.deliver());
    refused(3, "the gate is open", &broken(&open, request));
    expect(0, open.release());
    let nothing = expect(0, broken(&open, request));
    assert!(words(&Ok(nothing)).contains("nothing to do"));
    assert!(!kinds(&open.world).contains(&"glass-broken".to_owned()));
}

#[test]
fn removals_need_their_confirmation() {
    let inside = strict("approvals = 1\n");
    expect(0, broken(&inside, REQUEST));
    let system = inside.world.read("environments/system.toml");
    let start = system.find("[file.config]").unwrap();
    let end = system.find("[suite.smoke]").unwrap();
    inside.world.write(
        "environments/system.toml",
        &format!("{}{}", &system[..start], &system[end..]),
    );
    inside.world.commit();
    let before = inside.asked("production");
    refused(3, "--confirm=production", &broken(&inside, REQUEST));
    assert_eq!(inside.asked("production"), before);
    let breaks = |kinds: Vec<String>| kinds.iter().filter(|it| *it == "glass-broken").count();
    assert_eq!(breaks(kinds(&inside.world)), 1);
    let confirm = Some("production");
    expect(0, broken(&inside, BreakGlassRequest { confirm, ..REQUEST }));
    assert_eq!(breaks(kinds(&inside.world)), 2);
}

#[test]
fn a_failed_one_is_recorded_and_restored() {
    let inside = strict("approvals = 1\n");
    let target = inside.target("production");
    target.fail(1, Fault::FailBefore);
    assert_eq!(code(&broken(&inside, REQUEST)), 1);
    let status = expect(0, inside.status());
    assert_eq!(status.break_glass.len(), 1);
    target.heal();
    expect(0, inside.apply("production"));
    expect(0, inside.plan("production"));
}

/// Its weaker policy is not what the next release is compared with.
#[test]
fn it_lowers_no_requirement_of_the_next_release() {
    let inside = strict("approvals = 1\n");
    let plan = expect(0, inside.deliver()).verdict.unwrap().plan;
    expect(0, inside.approve(&plan));
    expect(0, inside.release());
    inside
        .world
        .replace("environments/system.toml", "approvals = 1", "approvals = 0");
    inside.world.write(
        "environments/config.toml.j2",
        "greeting = \"{{ greeting }}, again\"\n",
    );
    inside.world.commit();
    expect(0, broken(&inside, REQUEST));
    inside.world.write(
        "environments/config.toml.j2",
        "greeting = \"{{ greeting }}, and again\"\n",
    );
    inside.world.commit();
    let report = expect(0, inside.deliver());
    let verdict = report.verdict.unwrap();
    let weakened = verdict
        .rules
        .iter()
        .find(|rule| rule.code == "gate/weakened");
    assert!(!weakened.unwrap().holds, "{verdict:?}");
}

#[test]
fn one_that_was_killed_is_in_the_ledger_and_can_be_finished() {
    let world = TestWorld::with(&SYSTEM.replace("uncommitted = true\n", "approvals = 1\n"));
    world.script("checks/smoke.sh", "touch \"$HOME/run/began\"; sleep 600");
    world.commit();
    let arguments = [
        "break-glass",
        "production",
        "--incident",
        "INC-42",
        "--reason",
        "down",
    ];
    let mut child = world.start(&arguments);
    let start = Instant::now();
    while !world.path("run/began").exists() {
        assert!(start.elapsed() < HANGS, "the smoke suite did not start");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    kill(&world.processes());
    let kinds = kinds(&world);
    assert!(kinds.contains(&"glass-broken".to_owned()), "{kinds:?}");
    assert!(!kinds.contains(&"release-ended".to_owned()), "{kinds:?}");
    world.expect(0, &["status"]).says("INC-42: down");
    world
        .expect(0, &["apply", "production"])
        .says("finished r-1");
    world
        .expect(0, &["status"])
        .says("evenkeel follow-up b-1 --reason '…'");
}

/// The program is killed when it has recorded that it breaks the glass, and has changed nothing. With shared ledgers:
/// see `runners`.
#[test]
fn one_that_was_killed_before_its_first_step_is_outstanding_and_can_be_finished() {
    if !has_strace() {
        return;
    }
    // Killed as it enters its k-th write: the more writes, the more entries.
    let killed = |k: usize| {
        let world = TestWorld::with(&SYSTEM.replace("uncommitted = true\n", "approvals = 1\n"));
        world.commit();
        world.expect(0, &["apply", "staging"]);
        let arguments = [
            "break-glass",
            "production",
            "--incident",
            "INC-42",
            "--reason",
            "down",
        ];
        traced(
            &world,
            &format!("pwrite64:signal=SIGKILL:when={k}"),
            &arguments,
        );
        world
    };
    let has = |world: &TestWorld, kind: &str| kinds(world).contains(&kind.to_owned());
    let (mut before, mut after) = (0, 400);
    while after - before > 1 {
        let k = usize::midpoint(before, after);
        if has(&killed(k), "glass-broken") {
            after = k;
        } else {
            before = k;
        }
    }
    let world = killed(after);
    assert!(has(&world, "glass-broken") && has(&world, "release-started"));
    // Only the one to staging.
    let applies = kinds(&world);
    let applies = applies.iter().filter(|kind| *kind == "apply-started");
    assert_eq!(applies.count(), 1);
    assert!(!world.path("run/production").exists());
    world.expect(0, &["audit", "verify"]);
    world
        .expect(0, &["status"])
        .says("INC-42: down")
        .says("r-1 (no recorded outcome)")
        .says("evenkeel apply production");
    world
        .expect(0, &["apply", "production"])
        .says("finished r-1");
    assert!(world.path("run/production/config.toml").exists());
    world
        .expect(0, &["status"])
        .says("evenkeel follow-up b-1 --reason '…'");
    world.expect(0, &["audit", "verify"]);
}

#[test]
fn the_command_line_requires_a_reason_and_an_incident() {
    let world = TestWorld::with(SYSTEM);
    for arguments in [
        &["break-glass", "production", "--incident", "INC-42"][..],
        &["break-glass", "production", "--reason", "down"],
        &["follow-up", "b-1"],
    ] {
        world.expect(64, arguments);
    }
    world
        .expect(64, &["follow-up", "b-1", "--reason", "x"])
        .says("no break-glass `b-1`");
}

/// Every record of a break-glass is readable as a whole.
#[test]
fn its_record_names_everything() {
    let inside = strict("approvals = 1\n");
    expect(0, broken(&inside, REQUEST));
    let store = FolderStore::new(&inside.world.path(".evenkeel"));
    let ledger = store.open(Some("small")).unwrap().unwrap();
    let entries = ledger.read(0).unwrap();
    let mut records = entries
        .iter()
        .map(|entry| chain::understand(entry).unwrap());
    let glass = records.find_map(|record| match record {
        Some(Record::GlassBroken(it)) => Some(it),
        _ => None,
    });
    let glass = glass.unwrap();
    assert_eq!(glass.release, "r-1");
    assert_eq!(
        (&*glass.incident, &*glass.reason),
        ("INC-42", "checkout is down")
    );
    assert!(store.objects().get(&glass.dossier).unwrap().is_some());
}

/// Returns a report with one break-glass.
fn with_break_glass() -> Report {
    let mut report = Report::new("validate", "shop", at("2026-11-28T10:00:00Z"));
    report.break_glass.push(BreakGlassDocument {
        name: "b-1".into(),
        environment: "production".into(),
        release: "r-2".into(),
        at: at("2026-11-20T09:00:00Z"),
        by: "ada".into(),
        reason: "checkout is down".into(),
        incident: "INC-42".into(),
        shut_by: vec!["gate/suite-not-passed".into()],
    });
    report.conclude(0);
    report
}

fn at(text: &str) -> Moment {
    text.parse().map(Moment::new).unwrap()
}

#[test]
fn every_format_shows_it() {
    let report = with_break_glass();
    let mut without = report.clone();
    without.break_glass.clear();
    for format in ReportFormat::ALL {
        let shown = rendered(&report, *format);
        assert_ne!(shown, rendered(&without, *format), "{}", format.name());
        // Metrics have numbers only.
        let words: &[&str] = match format {
            ReportFormat::Prometheus => &["break_glass_outstanding{", "} 1\n"],
            _ => &["b-1", "INC-42"],
        };
        for word in words {
            assert!(
                shown.contains(word),
                "{} lacks {word}: {shown}",
                format.name()
            );
        }
    }
}

/// It is no finding: no format makes a failure of it.
#[test]
fn no_format_makes_a_failure_of_it() {
    let report = with_break_glass();
    let junit = rendered(&report, ReportFormat::Junit);
    assert!(
        junit.contains("failures=\"0\"") && junit.contains("<skipped"),
        "{junit}"
    );
    let github = rendered(&report, ReportFormat::Github);
    assert!(
        github.contains("::warning title=break-glass") && !github.contains("::error"),
        "{github}"
    );
    let sarif = rendered(&report, ReportFormat::Sarif);
    let sarif: serde_json::Value = serde_json::from_str(&sarif).unwrap();
    let run = &sarif["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 0);
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert_eq!(
        run["invocations"][0]["toolExecutionNotifications"][0]["level"],
        "warning"
    );
}

/// Commands that print no report: text for a shell, a reader or a file.
const WITHOUT_REPORT: &[&str] = &["completions", "ledger key", "man", "schema"];

/// Commands with only subcommands.
const GROUPS: &[&str] = &["audit", "ledger", "lock", "report"];

/// Every command of the command line, with arguments that end it early or late: the report has the break-glass either way.
const COMMANDS: &[(&str, &[&str])] = &[
    ("init", &["init", "--dry-run"]),
    ("validate", &["validate"]),
    ("baseline", &["baseline", "--dry-run"]),
    ("baseline", &["baseline", "--unmanaged", "--dry-run"]),
    ("ledger move", &["ledger", "move", "folder", "git:nowhere"]),
    ("ledger grant", &["ledger", "grant", "auditor"]),
    ("drift", &["drift"]),
    ("drift", &["drift", "--parity"]),
    (
        "compare",
        &[
            "compare",
            "environments/staging.toml",
            "environments/production.toml",
        ],
    ),
    ("plan", &["plan"]),
    ("explain", &["explain", "gate/not-committed"]),
    ("explain", &["explain", "0000"]),
    ("deliver", &["deliver"]),
    ("apply", &["apply", "staging"]),
    ("verify", &["verify", "staging"]),
    ("approve", &["approve", "0000", "--reason", "good"]),
    ("reject", &["reject", "0000", "--reason", "bad"]),
    ("withdraw", &["withdraw", "0000", "--reason", "so"]),
    ("release", &["release"]),
    (
        "break-glass",
        &[
            "break-glass",
            "production",
            "--incident",
            "INC-43",
            "--reason",
            "down",
        ],
    ),
    ("follow-up", &["follow-up", "b-7", "--reason", "reviewed"]),
    ("rollback", &["rollback", "production"]),
    ("lock show", &["lock", "show"]),
    (
        "lock break",
        &["lock", "break", "staging", "--reason", "stuck"],
    ),
    (
        "adopt",
        &["adopt", "staging", "--lineage", "--reason", "moved"],
    ),
    ("adopt", &["adopt", "file.page", "staging", "--dry-run"]),
    ("import", &["import", "web", "staging"]),
    ("status", &["status"]),
    ("log", &["log"]),
    ("show", &["show", "r-1"]),
    ("audit verify", &["audit", "verify"]),
    ("audit checkpoint", &["audit", "checkpoint"]),
    ("audit export", &["audit", "export", "-o", "export"]),
    ("audit replay", &["audit", "replay"]),
    ("audit doubts", &["audit", "doubts"]),
    ("report dora", &["report", "dora"]),
    ("drill", &["drill"]),
];

#[test]
fn every_command_shows_it() {
    let reference = include_str!("../../docs/commands.md");
    let headings = reference
        .lines()
        .filter_map(|line| line.strip_prefix("## `evenkeel ")?.strip_suffix('`'));
    for command in headings {
        let is_known = WITHOUT_REPORT.contains(&command)
            || GROUPS.contains(&command)
            || COMMANDS.iter().any(|(name, _)| *name == command);
        assert!(is_known, "{command} is not tested");
    }
    let world = TestWorld::with(&SYSTEM.replace("uncommitted = true\n", "approvals = 1\n"));
    world.commit();
    world.expect(
        0,
        &[
            "break-glass",
            "production",
            "--incident",
            "INC-42",
            "--reason",
            "down",
        ],
    );
    for (_, arguments) in COMMANDS {
        let ran = world.run(&[*arguments, &["--format", "json"]].concat());
        let document = ran.document();
        let names: Vec<&str> = document["break-glass"]
            .as_array()
            .unwrap()
            .iter()
            .map(|glass| glass["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["b-1"], "{arguments:?}: {}", ran.short());
    }
    // Errors of the definitions come before the ledger, and hide nothing.
    world.write("environments/system.toml", "not = [a definition");
    let document = world.run(&["validate", "--format", "json"]).document();
    assert_eq!(document["break-glass"][0]["name"], "b-1");
}

#[test]
fn a_command_without_a_ledger_makes_none_and_does_not_fail() {
    let world = TestWorld::with(SYSTEM);
    for arguments in [
        &["validate"][..],
        &["drift", "--parity"],
        &["explain", "gate/not-committed"],
        &["report", "dora"],
    ] {
        let document = world.json(0, arguments);
        assert_eq!(document["break-glass"], serde_json::json!([]));
    }
    assert!(!world.path(".evenkeel").exists());
    // A ledger that cannot be read is a message.
    std::fs::create_dir(world.path(".evenkeel")).unwrap();
    world.mode(".evenkeel", 0o777);
    let ran = world.expect(0, &["validate"]);
    assert!(
        ran.all()
            .contains("unknown, since the ledger cannot be read"),
        "{}",
        ran.all()
    );
}

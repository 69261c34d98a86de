//! Unfinished work of a killed run: each thing is reported once, and a release that is finished later shows its state.
//!
//! A killed run has no final entries in the ledger: the tests write its earlier ones.

use evenkeel::operation;
use evenkeel::report::{Report, SmokeState, UnsettledState};
use evenkeel_core::gate::StoredDossier;
use evenkeel_ledger::folder::{FolderStore, SqliteLedger};
use evenkeel_ledger::record::{
    Actor, ApplyOutcome, ApplyStarted, Origin, ReleaseStarted, StepsIntended, Verb,
};
use evenkeel_ledger::{Ledger as _, Record, Store as _, chain};
use evenkeel_model::{Address, Digest, EnvironmentName, Moment};
use serde_json::Value;

use super::inside::{Inside, code, expect, words};
use super::world::{SYSTEM, TestWorld};

fn actor() -> Actor {
    Actor {
        name: "ada".into(),
        host: "here".into(),
        process: 1,
    }
}

/// Writes the entries of a run before it was killed.
fn said(world: &TestWorld, records: &[Record]) {
    let folder = world.path(".evenkeel");
    let now: Moment = "2026-11-23T12:00:00Z".parse().map(Moment::new).unwrap();
    SqliteLedger::open_or_found(&folder, "small", now, "lineage")
        .unwrap()
        .append(now, records, None)
        .unwrap();
}

/// Returns an apply that started to change the configuration.
fn began(apply: &str, environment: &str, recipe: Digest, purpose: &str) -> [Record; 2] {
    let environment = EnvironmentName::new(environment);
    [
        ApplyStarted {
            apply: apply.into(),
            environment: environment.clone(),
            plan: Digest::of(b"plan"),
            recipe,
            origin: Origin {
                commit: None,
                dirty: true,
                definitions: Digest::of(b"definitions"),
            },
            steps: 1,
            by: actor(),
            purpose: purpose.into(),
            from_file: false,
        }
        .into(),
        StepsIntended {
            apply: apply.into(),
            environment,
            steps: vec![(Address::new("file", "config").into(), Verb::Update)],
        }
        .into(),
    ]
}

/// Stores the dossier of a release of a plan that needed no approval, so that the ledger proves it: that of the first
/// verdict, with another plan.
fn dossier(inside: &Inside, plan: &Digest) -> Digest {
    let store = FolderStore::new(&inside.world.path(".evenkeel"));
    let ledger = store.open(None).unwrap().unwrap();
    let entries = ledger.read(0).unwrap();
    let given = entries
        .iter()
        .find_map(|entry| match chain::understand(entry).unwrap() {
            Some(Record::VerdictGiven(given)) => Some(given.dossier),
            _ => None,
        });
    let bytes = store.objects().get(&given.unwrap()).unwrap().unwrap();
    let mut stored = StoredDossier::read(&bytes).unwrap();
    stored.dossier.release.plan = *plan;
    stored.dossier.policy.approvals = 0;
    let text = evenkeel_model::canonical::to_string(&stored).unwrap();
    store.objects().put(text.as_bytes()).unwrap()
}

#[test]
fn an_unrecorded_repair_is_closed_by_the_next_run() {
    let world = TestWorld::small();
    world.expect(0, &["deliver"]);
    said(
        &world,
        &began("a-2", "staging", Digest::of(b"recipe"), "deliver"),
    );
    world
        .expect(2, &["plan", "staging"])
        .says("matches its definition; a-2 recorded no outcome for it");
    world.expect(0, &["deliver"]).says("WAITING FOR APPROVAL");
    world.expect(0, &["plan", "staging"]);
    let drift = world.json(0, &["drift", "--live", "staging"]);
    assert!(about_the_configuration(&drift).is_empty(), "{drift:#}");
}

/// A started step of an undeclared resource has no definition to match: it is closed as well.
#[test]
fn a_step_of_an_unknown_resource_is_closed_by_the_next_run() {
    let world = TestWorld::small();
    world.expect(0, &["deliver"]);
    let environment = EnvironmentName::new("staging");
    let mut records = began("a-2", "staging", Digest::of(b"recipe"), "deliver");
    records[1] = StepsIntended {
        apply: "a-2".into(),
        environment,
        steps: vec![(Address::new("file", "unknown").into(), Verb::Create)],
    }
    .into();
    said(&world, &records);
    world.expect(2, &["plan", "staging"]).says("file.unknown");
    world.expect(0, &["deliver"]).says("WAITING FOR APPROVAL");
    world.expect(0, &["plan", "staging"]);
}

fn about_the_configuration(report: &Value) -> Vec<Value> {
    report["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|finding| finding["subject"] == "file.config")
        .cloned()
        .collect()
}

#[test]
fn each_started_step_of_a_killed_run_is_reported_once() {
    let world = TestWorld::small();
    world.expect(0, &["apply", "staging"]);
    world.replace(
        "environments/system.toml",
        "default = \"hello\"",
        "default = \"again\"",
    );
    said(
        &world,
        &began("a-2", "staging", Digest::of(b"recipe"), "apply"),
    );

    let before = world.json(2, &["drift", "--live", "staging"]);
    let reported = about_the_configuration(&before);
    assert_eq!(reported.len(), 1, "not yet there: {reported:#?}");
    assert_eq!(reported[0]["corner"], "pending");
    let message = reported[0]["message"].as_str().unwrap();
    assert!(
        message.contains("a-2 started changing it and recorded no outcome"),
        "{message}"
    );

    world.replace("run/staging/config.toml", "hello", "again");
    let after = world.json(0, &["drift", "--live", "staging"]);
    let reported = about_the_configuration(&after);
    assert_eq!(reported.len(), 1, "there, and not recorded: {reported:#?}");
    assert_eq!(reported[0]["code"], "live/interrupted-step");

    world.expect(0, &["apply", "staging"]);
    let settled = world.json(0, &["drift", "--live", "staging"]);
    assert!(about_the_configuration(&settled).is_empty(), "{settled:#}");
}

#[test]
fn an_open_step_is_not_an_empty_plan() {
    let world = TestWorld::small();
    world
        .expect(0, &["status"])
        .says("staging      nothing deployed yet");
    world.write("run/staging", "a file is here");
    world.expect(1, &["apply", "staging"]);
    world
        .expect(0, &["status"])
        .says("staging      no apply has finished yet")
        .says("production   nothing deployed yet");
}

#[test]
fn a_plan_reports_overwritten_outside_changes() {
    let world = TestWorld::small();
    world.expect(0, &["apply", "staging"]);
    world.replace(
        "environments/system.toml",
        "default = \"hello\"",
        "default = \"again\"",
    );
    world
        .expect(2, &["plan", "staging"])
        .says("content changed in the definition\n");
    world.mode("run/staging/config.toml", 0o600);
    world.expect(2, &["plan", "staging"]).says(
        "content changed in the definition; overwrites mode changed outside evenkeel since a-1",
    );
    world.add("run/staging/config.toml", "outside edit");
    world.expect(2, &["plan", "staging"]).says(
        "the definition changed; overwrites content and mode changed outside evenkeel since a-1",
    );
}

/// Returns a project whose release was killed while it changed production.
fn killed_in_a_release() -> (Inside, Digest) {
    let system = SYSTEM.replace(
        "[release]\nuncommitted = true\n",
        "[release]\napprovals = 1\n",
    );
    let inside = Inside::new(TestWorld::with(&system));
    inside.world.commit();
    let verdict = expect(0, inside.deliver()).verdict.unwrap();
    expect(0, inside.approve(&verdict.plan));
    let recipe = verdict.recipe.parse().unwrap();
    let started = ReleaseStarted {
        release: "r-1".into(),
        environment: EnvironmentName::new("production"),
        plan: verdict.plan.parse().unwrap(),
        recipe,
        dossier: dossier(&inside, &verdict.plan.parse().unwrap()),
        by: actor(),
        binding: None,
        definitions: None,
        origin: None,
        rollback: None,
    };
    let mut records = vec![started.into()];
    records.extend(began("a-2", "production", recipe, "release"));
    said(&inside.world, &records);
    (inside, recipe)
}

/// The last release to production (number, outcome, result of its smoke suites), and unsettled work there.
type Production = (
    (String, Option<ApplyOutcome>, SmokeState),
    Vec<(String, Option<String>, UnsettledState)>,
);

fn production(report: &Report) -> Production {
    let status = &report.status[1];
    let release = status.release.as_ref().unwrap();
    let unsettled = status.unsettled.iter().map(|unsettled| {
        (
            unsettled.apply.clone(),
            unsettled.instance.clone(),
            unsettled.state,
        )
    });
    (
        (release.id.clone(), release.outcome, release.smoke),
        unsettled.collect(),
    )
}

fn release(
    id: &str,
    outcome: impl Into<Option<ApplyOutcome>>,
    smoke: SmokeState,
) -> (String, Option<ApplyOutcome>, SmokeState) {
    (id.to_owned(), outcome.into(), smoke)
}

#[test]
fn a_killed_release_that_apply_finishes_has_a_result() {
    let (inside, _) = killed_in_a_release();
    let killed = expect(0, inside.status());
    let (last, unsettled) = production(&killed);
    assert_eq!(last, release("r-1", None, SmokeState::NotRun));
    assert_eq!(
        unsettled,
        [
            ("a-2".into(), None, UnsettledState::Started),
            (
                "a-2".into(),
                Some("file.config".into()),
                UnsettledState::Started
            ),
        ]
    );
    assert_eq!(killed.next, ["evenkeel apply production"]);

    let finished = expect(0, inside.apply("production"));
    let said = finished.messages.join("\n");
    assert!(said.contains("r-1"), "{said}");
    assert!(said.contains("its smoke suites have not run"), "{said}");
    assert_eq!(finished.next, ["evenkeel verify production smoke"]);
    assert!(finished.suites.is_empty(), "nothing was tested by that");

    let open = expect(0, inside.status());
    let (last, unsettled) = production(&open);
    assert_eq!(last, release("r-1", ApplyOutcome::Done, SmokeState::NotRun));
    assert!(unsettled.is_empty(), "{unsettled:?}");
    assert_eq!(open.next, ["evenkeel verify production smoke"]);

    let smoke = ["smoke".to_owned()];
    let verify = || {
        inside
            .with(|world, location| operation::verify(world, location, "production", &smoke, None))
    };
    inside.world.script("checks/smoke.sh", "exit 1");
    expect(1, verify());
    assert_eq!(
        production(&expect(0, inside.status())).0,
        release("r-1", ApplyOutcome::Done, SmokeState::Failed)
    );
    inside.world.script("checks/smoke.sh", "exit 0");
    expect(0, verify());
    let settled = expect(0, inside.status());
    assert_eq!(
        production(&settled),
        (
            release("r-1", ApplyOutcome::Done, SmokeState::Passed),
            Vec::new()
        )
    );
    assert!(settled.next.is_empty(), "{:?}", settled.next);
    let again = inside.release();
    assert!(
        words(&again).contains("already runs this recipe"),
        "{}",
        words(&again)
    );
    expect(0, inside.audit());
}

#[test]
fn a_release_that_was_killed_after_its_last_step_is_finished_as_well() {
    let (inside, recipe) = killed_in_a_release();
    expect(0, inside.apply("production"));
    // Another one, killed between its apply and its last entry: there is nothing left to do or to report.
    let started = ReleaseStarted {
        release: "r-2".into(),
        environment: EnvironmentName::new("production"),
        plan: Digest::of(b"plan"),
        recipe,
        dossier: dossier(&inside, &Digest::of(b"plan")),
        by: actor(),
        binding: None,
        definitions: None,
        origin: None,
        rollback: None,
    };
    said(&inside.world, &[started.into()]);
    let before = inside.asked("production");
    let finished = expect(0, inside.apply("production"));
    assert_eq!(inside.asked("production"), before);
    assert_eq!(finished.next, ["evenkeel verify production smoke"]);
    assert_eq!(
        production(&expect(0, inside.status())).0,
        release("r-2", ApplyOutcome::Done, SmokeState::NotRun)
    );
    let quiet = expect(0, inside.apply("production"));
    assert!(quiet.messages.is_empty(), "{:?}", quiet.messages);
}

#[test]
fn an_abandoned_release_is_reported() {
    let (inside, _) = killed_in_a_release();
    expect(0, inside.apply("production"));
    let started = ReleaseStarted {
        release: "r-2".into(),
        environment: EnvironmentName::new("production"),
        plan: Digest::of(b"plan"),
        recipe: Digest::of(b"another recipe"),
        dossier: dossier(&inside, &Digest::of(b"plan")),
        by: actor(),
        binding: None,
        definitions: None,
        origin: None,
        rollback: None,
    };
    said(&inside.world, &[started.into()]);
    let back = expect(0, inside.apply("production"));
    let said = back.messages.join("\n");
    assert!(said.contains("r-2 did not finish"), "{said}");
    assert_eq!(
        production(&expect(0, inside.status())).0,
        release("r-2", ApplyOutcome::Failed, SmokeState::NotRun)
    );
    assert_eq!(code(&inside.audit()), 0);
}

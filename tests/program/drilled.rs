//! Drill: each fault shuts the gate in a copy, nothing else changes, and the policy can require it.

use evenkeel::operation;
use evenkeel::report::TrialResultDocument;

use super::inside::{Inside, Outcome, expect};
use super::world::{SYSTEM, TestWorld};

fn strict(policy: &str) -> Inside {
    let inside = Inside::new(TestWorld::with(
        &SYSTEM.replace("uncommitted = true\n", policy),
    ));
    inside.world.commit();
    inside
}

fn drilled(inside: &Inside) -> Outcome {
    inside.with(operation::drill)
}

/// At every stage of a project: before the first delivery, delivered, approved, released, with edits and with drift.
#[test]
fn every_fault_shuts_the_gate_for_the_right_reason() {
    let inside = strict("approvals = 1\n");
    let drill = |inside: &Inside| {
        let actions = (inside.asked("staging"), inside.asked("production"));
        let drill = expect(0, drilled(inside)).drill.unwrap();
        assert!(drill.trials.len() >= 25, "{}", drill.trials.len());
        for trial in &drill.trials {
            assert_eq!(trial.result, TrialResultDocument::Shut, "{trial:?}");
            assert!(trial.reason.is_some(), "{trial:?}");
        }
        let after = (inside.asked("staging"), inside.asked("production"));
        assert_eq!(actions, after, "a drill changes no target");
    };
    drill(&inside);
    let plan = expect(0, inside.deliver()).verdict.unwrap().plan;
    drill(&inside);
    expect(0, inside.approve(&plan));
    drill(&inside);
    // It voids no approval.
    expect(0, inside.release());
    drill(&inside);
    inside.world.write(
        "environments/config.toml.j2",
        "greeting = \"{{ greeting }}, again\"\n",
    );
    drill(&inside);
    inside
        .target("staging")
        .change(|world| world.put_file("/srv/staging/config.toml", b"mine", 0o640));
    drill(&inside);
    expect(0, inside.audit());
}

#[test]
fn the_policy_requires_a_recent_one() {
    let inside = strict("approvals = 0\ndrill = \"30d\"\n");
    let report = expect(3, inside.deliver());
    let verdict = report.verdict.unwrap();
    assert_eq!(verdict.remedies, ["evenkeel drill"]);
    expect(0, drilled(&inside));
    expect(0, inside.deliver());
    expect(0, inside.release());
    inside.world.write(
        "environments/config.toml.j2",
        "greeting = \"{{ greeting }}, again\"\n",
    );
    inside.world.commit();
    inside.pass(31 * 24 * 3600);
    let verdict = expect(3, inside.deliver()).verdict.unwrap();
    let failed: Vec<&str> = verdict
        .rules
        .iter()
        .filter(|rule| !rule.holds)
        .map(|rule| &*rule.code)
        .collect();
    assert_eq!(failed, ["gate/not-drilled"]);
    expect(0, drilled(&inside));
    expect(0, inside.release());
}

#[test]
fn its_record_is_evidence() {
    let world = TestWorld::with(SYSTEM);
    let document = world.json(0, &["drill"]);
    let trials = document["drill"]["trials"].as_array().unwrap().len();
    world.expect(0, &["drill"]).says(&format!(
        "{trials} of {trials} faults shut the gate for the right reason"
    ));
    world
        .expect(0, &["log", "--kind", "drilled"])
        .says(&format!("{trials} of {trials} faults"));
    world
        .expect(0, &["audit", "verify"])
        .says("objects, all unchanged");
}

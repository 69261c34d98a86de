//! Risky steps on hosts in memory: confirmed, not confirmed, and after a revert.

use crate::in_memory::Project;
use evenkeel_host::recorded::RecordedHost;
use evenkeel_ledger::record::{ApplyOutcome, StepOutcome};

fn resources(content: &str, more: &str) -> String {
    format!(
        "[file.one]\non = \"web\"\npath = \"/srv/one\"\ncontent = \"{content}\"\nrisky = true\n{more}\n\
         [file.two]\non = \"web\"\npath = \"/srv/two\"\ncontent = \"{content}\"\nafter = [\"file.one\"]\n"
    )
}

#[test]
fn a_confirmed_change_leaves_nothing_armed() {
    let project = Project::fleet(&["a", "b"]);
    let report = project.apply(&resources("x", ""));
    assert_eq!(report.outcome, ApplyOutcome::Done, "{report:?}");
    for host in project.hosts.values() {
        assert_eq!(host.world().armed_revert(), None);
        let journal = format!("{:?}", host.journal());
        assert!(
            journal.contains("Arm") && journal.contains("Disarm"),
            "{journal}"
        );
    }
    assert_eq!(project.open(), 0);
    assert!(project.drift(&resources("x", "")).is_empty());
}

#[test]
fn an_unconfirmed_change_fails_and_is_not_recorded_as_applied() {
    let project = Project::fleet(&["a", "b"]);
    project.hosts["a"].change(RecordedHost::refuse_logins);
    let report = project.apply(&resources("x", ""));
    assert_eq!(report.outcome, ApplyOutcome::Failed);
    let failed: Vec<_> = report
        .steps
        .iter()
        .filter(|step| step.outcome == Some(StepOutcome::Failed))
        .map(|step| (step.instance.to_string(), step.reason.clone().unwrap()))
        .collect();
    let [(instance, reason)] = &*failed else {
        panic!("{report:?}");
    };
    assert_eq!(instance, "file.one@a");
    assert!(
        reason.starts_with("not confirmed over a new connection: "),
        "{reason}"
    );
    assert!(reason.ends_with("within 60.0 s of the change"), "{reason}");
    assert!(project.hosts["a"].world().armed_revert().is_some());
    assert_eq!(project.hosts["b"].world().armed_revert(), None);
    assert_eq!(project.open(), 0);
}

#[test]
fn the_next_run_reports_a_revert() {
    let project = Project::fleet(&["a"]);
    project.hosts["a"].change(RecordedHost::refuse_logins);
    project.apply(&resources("x", ""));
    project.hosts["a"].change(|host| {
        host.revert();
        host.accept_logins();
    });
    let report = project.apply(&resources("y", ""));
    assert_eq!(report.outcome, ApplyOutcome::Done, "{report:?}");
    let reasons: String = report
        .steps
        .iter()
        .filter_map(|step| step.reason.clone())
        .collect();
    assert!(reasons.contains("restored its earlier state"), "{report:?}");
}

#[test]
fn a_resource_that_is_not_risky_arms_nothing() {
    let project = Project::fleet(&["a"]);
    project.hosts["a"].change(RecordedHost::refuse_logins);
    let report = project.apply(&resources("x", "").replace("risky = true", "risky = false"));
    assert_eq!(report.outcome, ApplyOutcome::Done);
    let journal = format!("{:?}", project.hosts["a"].journal());
    assert!(!journal.contains("Arm"), "{journal}");
}

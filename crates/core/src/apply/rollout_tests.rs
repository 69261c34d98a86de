//! Rollouts over hosts in memory: order, limits, commands, and what is left for the next run.

use super::{ApplyReport, RolloutReport};
use crate::in_memory::Project;
use evenkeel_host::recorded::Fault;
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_model::HostName;

const HOSTS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn resources(content: &str) -> String {
    format!("[file.one]\non = \"web\"\npath = \"/srv/one\"\ncontent = \"{content}\"\n")
}

fn fleet(rollout: &'static str) -> Project {
    let mut project = Project::fleet(&HOSTS);
    project.rollout = rollout;
    project
}

/// Returns the hosts that have this content.
fn with(project: &Project, content: &str) -> String {
    let has = |name: &&str| {
        let world = project.hosts[*name].world();
        let there = format!("{:?}", world.things.get("/srv/one"));
        there.contains(&format!("{:?}", content.as_bytes()))
    };
    HOSTS.iter().copied().filter(has).collect()
}

fn rollout(report: &ApplyReport) -> &RolloutReport {
    assert_eq!(report.rollouts.len(), 1);
    &report.rollouts[0]
}

fn names(report: &RolloutReport) -> [String; 3] {
    [
        report.done.iter().map(HostName::as_str).collect(),
        report
            .failed
            .iter()
            .map(|(host, _)| HostName::as_str(host))
            .collect(),
        report.untouched.iter().map(HostName::as_str).collect(),
    ]
}

#[test]
fn hosts_are_changed_in_batches_with_commands_around_each() {
    let project = fleet(
        r#"{ batch = "50%", canary = 1, wait = "5s", check = "suite.smoke", before = ["drain", "{host}"], after = ["join", "{host}", "{destination}"] }"#,
    );
    let report = project.apply(&resources("x"));
    assert_eq!(report.outcome, ApplyOutcome::Done);
    assert_eq!(names(rollout(&report)), ["abcdef", "", ""]);
    assert_eq!(with(&project, "x"), "abcdef");
    let done = project.around.done.lock().unwrap().join(", ");
    assert_eq!(
        done,
        "drain a, join a a, wait 5, check smoke, \
         drain b, drain c, drain d, join b b, join c c, join d d, wait 5, check smoke, \
         drain e, drain f, join e e, join f f, wait 5, check smoke"
    );
    // Nothing to do: nothing is drained.
    project.around.done.lock().unwrap().clear();
    let report = project.apply(&resources("x"));
    assert_eq!(
        (report.outcome, report.rollouts),
        (ApplyOutcome::Done, Vec::new())
    );
    assert!(project.around.done.lock().unwrap().is_empty());
}

#[test]
fn a_canary_that_fails_stops_and_the_next_run_resumes() {
    let project = fleet("{ batch = 2, canary = 1, max-failures = 3 }");
    project.apply(&resources("x"));
    project.hosts["a"].fail(project.hosts["a"].journal().len(), Fault::FailBefore);
    let report = project.apply(&resources("y"));
    assert_eq!(report.outcome, ApplyOutcome::Failed);
    let rolled = rollout(&report);
    assert_eq!(names(rolled), ["", "a", "bcdef"]);
    assert_eq!(
        rolled.stopped.as_deref(),
        Some("the rollout of `web` stopped: 1 of 6 hosts failed: a")
    );
    assert!(report.steps[1].reason.as_ref().unwrap().contains("stopped"));
    assert_eq!(
        (with(&project, "y"), with(&project, "x")),
        (String::new(), "abcdef".into())
    );
    let report = project.apply(&resources("y"));
    assert_eq!(report.outcome, ApplyOutcome::Done);
    assert_eq!(with(&project, "y"), "abcdef");
}

#[test]
fn a_rollout_goes_on_until_more_hosts_fail_than_may() {
    for (may, expected) in [("0", "a"), ("1", "abcd"), ("2", "abcdef")] {
        let mut project = fleet("{ batch = 2 }");
        project.apply(&resources("x"));
        project.rollout = match may {
            "0" => "{ batch = 2, max-failures = 0 }",
            "1" => "{ batch = 2, max-failures = 1 }",
            _ => "{ batch = 2, max-failures = 2 }",
        };
        for host in ["b", "d"] {
            let next = project.hosts[host].journal().len();
            project.hosts[host].fail(next, Fault::Lie);
        }
        let report = project.apply(&resources("y"));
        assert_eq!(report.outcome, ApplyOutcome::Failed, "{may}");
        let reached: String = expected
            .chars()
            .filter(|host| !"bd".contains(*host))
            .collect();
        assert_eq!(with(&project, "y"), reached, "{may}");
        project.hosts["d"].heal();
        // Those that are done stay done: the next run changes the rest only.
        let report = project.apply(&resources("y"));
        assert_eq!(report.outcome, ApplyOutcome::Done, "{may}");
        let rolled = names(rollout(&report));
        assert!(reached.chars().all(|host| !rolled[0].contains(host)));
        assert_eq!(with(&project, "y"), "abcdef", "{may}");
    }
}

#[test]
fn a_command_that_fails_keeps_its_host_unchanged_and_a_suite_stops_the_rest() {
    let mut project =
        fleet(r#"{ batch = 2, max-failures = 1, before = ["drain", "{host}"], check = "smoke" }"#);
    project.around.fails = vec!["drain b"];
    let report = project.apply(&resources("x"));
    assert_eq!(report.outcome, ApplyOutcome::Failed);
    assert_eq!(names(rollout(&report)), ["acdef", "b", ""]);
    assert_eq!(with(&project, "x"), "acdef");
    let step = report
        .steps
        .iter()
        .find(|step| step.instance.to_string() == "file.one@b")
        .unwrap();
    assert_eq!(
        step.reason.as_deref(),
        Some("not started: its command before the change failed")
    );
    project.around.fails = vec!["check smoke"];
    let report = project.apply(&resources("y"));
    let rolled = rollout(&report);
    assert_eq!(names(rolled), ["ab", "", "cdef"]);
    assert_eq!(
        rolled.stopped.as_deref(),
        Some("the rollout of `web` stopped: smoke did not pass after a and b of `web`: failed")
    );
}

#[test]
fn removals_happen_within_the_batch_of_their_host() {
    let mut project = fleet("{}");
    let both = format!(
        "{}[link.two]\non = \"web\"\npath = \"/srv/two\"\nto = \"one\"\n",
        resources("x")
    );
    project.apply(&both);
    project.rollout = "{ batch = 1 }";
    let next = project.hosts["c"].journal().len();
    project.hosts["c"].fail(next, Fault::FailBefore);
    let report = project.apply(&resources("y"));
    assert_eq!(names(rollout(&report)), ["ab", "c", "def"]);
    let has_two = |host: &&&str| {
        project.hosts[**host]
            .world()
            .things
            .contains_key("/srv/two")
    };
    let left: String = HOSTS.iter().filter(has_two).copied().collect();
    assert_eq!(left, "cdef");
}

/// Each host of eight that is skipped, unreachable, wrong or lies keeps the fleet from being done, and is named.
#[test]
fn a_fleet_is_done_only_when_every_host_is() {
    let hosts = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for host in hosts {
        for fault in ["skipped", "unreachable", "wrong", "reverted", "lies"] {
            let mut project = Project::fleet(&hosts);
            project.rollout =
                r#"{ batch = "25%", max-failures = 8, before = ["drain", "{host}"] }"#;
            let named = format!("@{host}");
            if fault == "unreachable" {
                project.hosts[host].cut("no answer");
                let unseen = project.planned(&resources("x"), |_, plan| {
                    let names = plan.unseen.iter().map(|it| it.instance.to_string());
                    names.collect::<Vec<_>>().join(" ")
                });
                assert_eq!(unseen, format!("file.one{named}"));
                continue;
            }
            match fault {
                "skipped" => {
                    let command = format!("drain {host}");
                    project.around.fails = vec![Box::leak(command.into_boxed_str())];
                }
                "wrong" => project.hosts[host].fail(0, Fault::FailAfter),
                "lies" => project.hosts[host].fail(0, Fault::Lie),
                _ => {}
            }
            let report = project.apply(&resources("x"));
            if fault == "reverted" {
                assert_eq!(report.outcome, ApplyOutcome::Done);
                project.hosts[host].change(|it| it.things.remove("/srv/one"));
                let steps = project.steps(&resources("x"));
                assert_eq!(steps.len(), 1);
                assert!(steps[0].0.ends_with(&named), "{steps:?}");
                continue;
            }
            assert_eq!(report.outcome, ApplyOutcome::Failed, "{host} {fault}");
            let [done, failed, _] = names(rollout(&report));
            assert_eq!(failed, host, "{fault}");
            assert!(!done.contains(host), "{fault}");
        }
    }
}

#[test]
fn a_target_whose_batches_are_over_is_not_judged_again_while_another_goes_on() {
    let project = fleet(
        r#"{ batch = 6, after = ["web", "{host}"], check = "smoke" }
[target.db]
hosts = ["a=root@a", "b=root@b", "c=root@c"]
rollout = { batch = 1, after = ["db", "{host}"] }"#,
    );
    let both = format!(
        "{}[file.two]\non = \"db\"\npath = \"/srv/two\"\ncontent = \"y\"\n",
        resources("x")
    );
    let report = project.apply(&both);
    assert_eq!(report.outcome, ApplyOutcome::Done);
    let done: Vec<String> = report
        .rollouts
        .iter()
        .map(|rolled| names(rolled)[0].clone())
        .collect();
    assert_eq!(done, ["abc", "abcdef"]);
    let mut around = project.around.done.lock().unwrap().clone();
    around.sort_unstable();
    assert_eq!(
        around.join(", "),
        "check smoke, db a, db b, db c, web a, web b, web c, web d, web e, web f"
    );
}

//! Rollouts over hosts in memory: order, limits, commands, and what is left for the next run.

use super::{ApplyReport, RolloutReport};
use crate::in_memory::Project;
use crate::plan::unreachable;
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
            match fault {
                "unreachable" => project.hosts[host].cut("no answer"),
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
fn hosts_that_cannot_be_read_are_left_out_if_they_may_fail() {
    let mut project =
        fleet(r#"{ batch = 2, canary = 1, max-failures = 1, before = ["drain", "{host}"] }"#);
    project.hosts["a"].cut("no answer");
    let report = project.apply(&resources("x"));
    assert_eq!(report.outcome, ApplyOutcome::Failed);
    assert_eq!(names(rollout(&report)), ["bcdef", "a", ""]);
    assert_eq!(rollout(&report).failed[0].1, "no answer");
    let done = project.around.done.lock().unwrap().join(", ");
    assert_eq!(done, "drain b, drain c, drain d, drain e, drain f");

    // With nothing else to do, the run tells that the host is unknown, as without a rollout.
    project.planned(&resources("x"), |situation, plan| {
        let refused = unreachable(situation, plan).unwrap_err();
        assert_eq!(refused.instance.to_string(), "file.one@a");
    });

    // It counts as a failure: one more stops the rollout.
    project.hosts["c"].fail(project.hosts["c"].journal().len(), Fault::FailAfter);
    let report = project.apply(&resources("y"));
    let rolled = rollout(&report);
    assert_eq!(names(rolled), ["bd", "ac", "ef"]);
    assert_eq!(
        rolled.stopped.as_deref(),
        Some("the rollout of `web` stopped: 2 of 6 hosts failed: a and c")
    );

    // The next run goes on, with the host that answers again.
    project.hosts["a"].heal();
    project.hosts["c"].heal();
    let report = project.apply(&resources("y"));
    assert_eq!(report.outcome, ApplyOutcome::Done);
    assert_eq!(names(rollout(&report)), ["aef", "", ""]);

    // More than may fail, a host that answers in part, and a target without a rollout keep everything from being changed.
    let refused = |project: &Project| {
        project.planned(&resources("z"), |situation, plan| {
            unreachable(situation, plan).is_err()
        })
    };
    assert!(!refused(&project));
    project.hosts["a"].cut("no answer");
    assert!(!refused(&project));
    project.hosts["b"].cut("no answer");
    assert!(refused(&project));
    project.hosts["b"].heal();
    project.rollout = "{ max-failures = 0 }";
    assert!(refused(&project));
    let mut plain = Project::fleet(&HOSTS);
    plain.hosts["a"].cut("no answer");
    assert!(plain.planned(&resources("z"), |situation, plan| {
        unreachable(situation, plan).is_err()
    }));
    plain.rollout = "{ max-failures = 2 }";
    plain.hosts["a"].heal();
    plain.hosts["a"].blind("/srv/one");
    let two = format!(
        "{}[file.two]\non = \"web\"\npath = \"/srv/two\"\ncontent = \"y\"\n",
        resources("z")
    );
    assert!(plain.planned(&two, |situation, plan| {
        unreachable(situation, plan).is_err()
    }));
}

#[test]
fn what_depends_on_a_host_that_cannot_be_read_is_not_changed() {
    let project = fleet(
        r#"{ max-failures = 1 }
[target.db]
hosts = ["b=root@b", "c=root@c"]
rollout = { max-failures = 1 }"#,
    );
    let both = format!(
        "{}after = [\"file.two\"]\n[file.two]\non = \"db\"\npath = \"/srv/two\"\ncontent = \"y\"\n[file.free]\non = \"web\"\npath = \"/srv/free\"\ncontent = \"y\"\n",
        resources("x")
    );
    // The host of both targets: what is on the other hosts of `web` waits for every host of `db`.
    project.hosts["c"].cut("no answer");
    let report = project.apply(&both);
    assert_eq!(report.outcome, ApplyOutcome::Failed);
    assert_eq!(with(&project, "x"), "");
    let waits = report
        .steps
        .iter()
        .filter(|step| step.instance.to_string().starts_with("file.one@"));
    for step in waits {
        assert_eq!(step.outcome, None);
        assert_eq!(
            step.reason.as_deref(),
            Some("it depends on file.two@c, which cannot be read")
        );
    }
    let done = report.steps.iter().filter(|step| step.outcome.is_some());
    let done: Vec<String> = done.map(|step| step.instance.to_string()).collect();
    assert_eq!(
        done,
        [
            "file.free@a",
            "file.free@b",
            "file.free@d",
            "file.free@e",
            "file.free@f",
            "file.two@b"
        ]
    );
}

#[test]
fn commands_on_the_host_run_between_those_around_it() {
    let mut project = fleet(
        r#"{ batch = 6, max-failures = 6, before = ["drain", "{host}"], before-on-host = ["stop", "{host}"], after-on-host = ["start"], after = ["join", "{destination}"] }"#,
    );
    project.around.fails = vec!["web@b: stop b", "web@c: start", "drain d"];
    let report = project.apply(&resources("x"));
    let rolled = rollout(&report);
    assert_eq!(names(rolled), ["aef", "bdc", ""]);
    let reasons: Vec<&str> = rolled
        .failed
        .iter()
        .map(|(_, reason)| reason.as_str())
        .collect();
    assert_eq!(
        reasons,
        [
            "its command on the host before the change failed",
            "its command before the change failed",
            "its command on the host after the change failed"
        ]
    );
    let done = project.around.done.lock().unwrap();
    let of = |host: &str| {
        let own = done.iter().filter(|what| what.contains(host));
        own.map(String::as_str).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(of(" a"), "drain a, web@a: stop a, join a");
    assert_eq!(of(" b"), "drain b, web@b: stop b");
    assert_eq!(of(" c"), "drain c, web@c: stop c");
    assert_eq!(of(" d"), "drain d");
    assert!(done.contains(&"web@a: start".to_owned()));
    assert_eq!(with(&project, "x"), "acef");
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

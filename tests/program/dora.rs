//! DORA figures of a history of releases: in the report, in every format, and what they leave out.

use evenkeel::operation::{self, RollbackRequest};
use evenkeel::report::{Report, ReportFormat};
use evenkeel_host::recorded::Fault;

use super::inside::{Inside, code, expect, refused, words};
use super::reports::rendered;
use super::world::{SYSTEM, TestWorld};

const DAY: i64 = 86_400;

fn project() -> Inside {
    let inside = Inside::new(TestWorld::with(
        &SYSTEM.replace("uncommitted = true\n", "approvals = 0\n"),
    ));
    inside.world.commit();
    inside
}

/// Commits another greeting at the time of the test's clock, some hours before now.
fn change(inside: &Inside, greeting: &str, hours: i64) {
    let text = format!("greeting = \"{{{{ greeting }}}}, {greeting}\"\n");
    inside.world.write("environments/config.toml.j2", &text);
    let at = inside.now.get().as_millisecond() / 1000 - hours * 3600;
    inside.world.commit_at(at);
}

fn figures(inside: &Inside, since: Option<&str>, until: Option<&str>) -> Report {
    expect(
        0,
        inside.with(|world, location| operation::report_dora(world, location, since, until)),
    )
}

/// Six releases, one a day; the fourth fails and is rolled back, the others are good.
#[test]
fn a_history_of_releases_has_its_figures() {
    let inside = project();
    for number in 1..=6 {
        change(&inside, &format!("number {number}"), number);
        expect(0, inside.deliver());
        if number == 4 {
            let target = inside.target("production");
            target.fail(inside.asked("production"), Fault::FailBefore);
            assert_eq!(code(&inside.release()), 1);
            target.heal();
            inside.pass(1800);
            expect(8, inside.rollback_with(RollbackRequest::default()));
        } else {
            expect(0, inside.release());
        }
        inside.pass(DAY);
    }
    let report = figures(&inside, Some("30d"), None);
    let dora = report.dora.as_ref().unwrap();
    assert_eq!((dora.releases, dora.rollbacks, dora.break_glass), (6, 1, 0));
    assert_eq!(dora.failed, ["r-4"]);
    assert!(dora.open.is_empty() && dora.unknown.is_empty() && dora.unfinished.is_empty());
    // Six days since the founding.
    let frequency = dora.deployment_frequency;
    assert_eq!(frequency.events, 5);
    assert!(
        (5.0..=6.0).contains(&frequency.value.unwrap()),
        "{frequency:?}"
    );
    let rate = dora.change_failure_rate;
    assert_eq!((rate.events, rate.value), (6, Some(0.1667)));
    // The commit of the failed release came with the next one.
    let lead_time = dora.lead_time;
    assert_eq!(lead_time.events, 6);
    let hours = |seconds: Option<u64>| seconds.unwrap() / 3600;
    assert_eq!(hours(lead_time.median), 3);
    assert_eq!(hours(lead_time.ninetieth), 28);
    let recovery = dora.recovery_time;
    assert_eq!((recovery.events, recovery.median), (1, None));
    let shown = rendered(&report, ReportFormat::Text);
    for line in [
        "change failure rate",
        "17 %",
        "1 of 6 releases failed",
        "n/a: fewer than 5 events",
        "failed or rolled back: r-4",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    for format in [
        ReportFormat::Concise,
        ReportFormat::Markdown,
        ReportFormat::Csv,
        ReportFormat::Html,
    ] {
        let shown = rendered(&report, format);
        assert!(shown.contains("17 %"), "{}: {shown}", format.name());
        assert!(shown.contains("n/a"), "{}: {shown}", format.name());
    }
    let metrics = rendered(&report, ReportFormat::Prometheus);
    assert!(
        metrics.contains("evenkeel_dora_change_failure_ratio{"),
        "{metrics}"
    );
    assert!(
        !metrics.contains("evenkeel_dora_recovery_seconds"),
        "{metrics}"
    );
    // Of the last two days, nothing is enough.
    let report = figures(&inside, Some("2d"), None);
    let dora = report.dora.unwrap();
    assert!(dora.releases < 5);
    assert_eq!(dora.change_failure_rate.value, None);
    assert_eq!(dora.deployment_frequency.value, None);
}

#[test]
fn a_project_without_releases_has_no_figures() {
    let inside = project();
    let report = figures(&inside, None, None);
    let dora = report.dora.as_ref().unwrap();
    assert_eq!((dora.releases, dora.lead_time.events), (0, 0));
    assert!(words(&Ok(report)).contains("no entries yet"));
    assert!(!inside.world.path(".evenkeel/ledger.db").exists());
}

#[test]
fn an_empty_period_is_refused() {
    let inside = project();
    refused(
        64,
        "the period is empty",
        &inside.with(|world, location| {
            operation::report_dora(world, location, Some("1d"), Some("2d"))
        }),
    );
    refused(
        64,
        "expected a date",
        &inside.with(|world, location| operation::report_dora(world, location, Some("soon"), None)),
    );
}

#[test]
fn the_command_line_reports_them() {
    let world = TestWorld::with(SYSTEM);
    let ran = world.expect(0, &["report", "dora"]);
    assert!(ran.out.contains("deployment frequency"), "{}", ran.out);
    let json = world.json(0, &["report", "dora", "--since", "7d"]);
    assert_eq!(json["command"], "report dora");
    assert_eq!(json["dora"]["deployment-frequency"]["events"], 0);
    world.expect(64, &["report"]);
}

//! `drift --since TIME`: findings that are new, that ended, that came back and that cannot be judged, over recorded checks.

use evenkeel::operation::{self, DriftRequest};
use evenkeel::report::{Report, ReportFormat};
use evenkeel_host::recorded::RecordedTarget;
use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::{Record, Store as _};
use evenkeel_model::defect::Novelty;
use std::sync::Arc;

use super::inside::{Inside, Outcome, expect, refused};
use super::reports::rendered;
use super::world::TestWorld;

const SYSTEM: &str = r#"[system]
name = "small"
path = ["staging", "production"]

[target.web]

[file.a]
on = "web"
path = "/srv/a"
content = "a\n"
mode = "0644"

[file.b]
on = "web"
path = "/srv/b"
content = "b\n"
mode = "0644"

[release]
uncommitted = true
require = []
"#;

/// Staging with two hosts in memory, applied at 10:00:00.
struct Fleet {
    inside: Inside,
    one: Arc<RecordedTarget>,
    two: Arc<RecordedTarget>,
}

impl Fleet {
    fn new() -> Self {
        let world = TestWorld::with(SYSTEM);
        for (name, hosts) in [("staging", r#""one", "two""#), ("production", r#""three""#)] {
            world.write(
                &format!("environments/{name}.toml"),
                &format!("[environment]\nname = \"{name}\"\n\n[target.web]\nhosts = [{hosts}]\n"),
            );
        }
        world.commit();
        let inside = Inside::of(world);
        let (one, two) = (inside.host("staging", "one"), inside.host("staging", "two"));
        let fleet = Self { inside, one, two };
        expect(0, fleet.inside.apply("staging"));
        fleet
    }

    fn drift(&self, since: Option<&str>, record: bool) -> Outcome {
        let request = DriftRequest {
            environments: vec!["staging".into()],
            live_only: true,
            no_history: true,
            since: since.map(str::to_owned),
            record,
            ..DriftRequest::default()
        };
        self.inside
            .with(|world, location| operation::drift(world, location, &request))
    }

    /// Records a check a minute after the one before.
    fn check(&self, code: u8) {
        expect(code, self.drift(None, true));
        self.inside.pass(59);
    }
}

fn put(host: &RecordedTarget, path: &str, bytes: &[u8], mode: u32) {
    host.change(|world| world.put_file(path, bytes, mode));
}

/// Returns the ended and the unknown findings, by subject.
fn past(report: &Report) -> (Vec<&str>, Vec<&str>) {
    let since = report.since.as_ref().unwrap();
    let ended = since.ended.iter();
    let unknown = since.unknown.iter();
    (
        ended.filter_map(|past| past.subject.as_deref()).collect(),
        unknown.filter_map(|past| past.subject.as_deref()).collect(),
    )
}

fn novelty(report: &Report, subject: &str) -> Option<Novelty> {
    let mut findings = report.findings.iter();
    let finding = findings.find(|finding| finding.subject == subject)?;
    finding.seen.as_ref()?.novelty
}

#[test]
fn findings_are_new_ended_back_or_unknown_since_a_time() {
    let fleet = Fleet::new();
    // 10:00:01: nothing. 10:01:01: a@one. 10:02:01: a@one and b@two. 10:03:01: b@two.
    fleet.check(0);
    put(&fleet.one, "/srv/a", b"a\n", 0o666);
    fleet.check(2);
    put(&fleet.two, "/srv/b", b"other\n", 0o644);
    fleet.check(2);
    put(&fleet.one, "/srv/a", b"a\n", 0o644);
    fleet.check(2);
    let report = expect(2, fleet.drift(Some("2026-11-23T10:02:30Z"), false));
    assert_eq!(past(&report), (vec!["file.a@one"], vec![]));
    assert_eq!(novelty(&report, "file.b@two"), Some(Novelty::Before));
    let report = expect(2, fleet.drift(Some("2026-11-23T10:01:30Z"), false));
    assert_eq!(novelty(&report, "file.b@two"), Some(Novelty::New));
    let text = rendered(&report, ReportFormat::Text);
    // The first line has the commit.
    let (_, below) = text.split_once('\n').unwrap();
    insta::assert_snapshot!("sightings", below);

    // An unreachable host: nothing on it ended.
    fleet.two.cut("the host `two` cannot be reached");
    let report = expect(1, fleet.drift(Some("2026-11-23T10:01:30Z"), false));
    assert_eq!(past(&report), (vec!["file.a@one"], vec!["file.b@two"]));
    fleet.check(1);
    // Meanwhile it changed further, and came back.
    put(&fleet.two, "/srv/a", b"a\n", 0o600);
    fleet.two.heal();
    fleet.check(2);
    let report = expect(2, fleet.drift(Some("2026-11-23T10:03:30Z"), false));
    assert_eq!(past(&report).1, Vec::<&str>::new());
    let seen = |subject: &str| {
        let mut findings = report.findings.iter();
        let finding = findings.find(|finding| finding.subject == subject);
        finding.unwrap().seen.clone().unwrap()
    };
    // It existed all the time, although one check did not see it.
    assert_eq!(seen("file.b@two").first.time(), "10:02:01");
    assert_eq!(seen("file.b@two").novelty, Some(Novelty::Before));
    // The check before could not judge this one, and the one before that did not find it.
    assert_eq!(seen("file.a@two").novelty, Some(Novelty::New));
    let since = report.findings.iter().find(|it| it.subject == "file.a@two");
    let since = since.unwrap().since.as_ref().unwrap();
    assert!(
        since
            .known
            .contains("not found by the check of 2026-11-23 10:03:01"),
        "{}",
        since.known
    );

    // A finding that ended and came back.
    put(&fleet.one, "/srv/a", b"a\n", 0o666);
    let report = expect(2, fleet.drift(Some("1h"), false));
    let back = report.findings.iter().find(|it| it.subject == "file.a@one");
    let back = back.unwrap().seen.as_ref().unwrap();
    let earlier = back.earlier.unwrap();
    assert_eq!(
        (earlier.first.time(), earlier.last.time()),
        ("10:01:01".into(), "10:02:01".into())
    );
    assert!(
        past(&report)
            .0
            .iter()
            .all(|subject| *subject != "file.a@one")
    );
    // No check is as old as an hour.
    let since = report.since.as_ref().unwrap();
    assert!(since.baselines[0].late);
    for format in [
        ReportFormat::Json,
        ReportFormat::Csv,
        ReportFormat::Html,
        ReportFormat::Markdown,
        ReportFormat::Concise,
        ReportFormat::Sarif,
    ] {
        let text = rendered(&report, format);
        assert!(text.contains("target.web@two"), "{}: {text}", format.name());
    }
    let sarif = rendered(&report, ReportFormat::Sarif);
    assert!(sarif.contains("\"baselineState\": \"new\""), "{sarif}");
    assert!(sarif.contains("\"firstDetectionTimeUtc\""), "{sarif}");
}

#[test]
fn a_check_describes_only_what_the_check_before_did_not_have() {
    let fleet = Fleet::new();
    put(&fleet.one, "/srv/a", b"a\n", 0o666);
    fleet.check(2);
    fleet.check(2);
    put(&fleet.two, "/srv/a", b"a\n", 0o666);
    fleet.check(2);
    fleet.two.cut("the host `two` cannot be reached");
    fleet.check(1);
    let store = FolderStore::new(&fleet.inside.world.path(".evenkeel"));
    let ledger = store.open(Some("small")).unwrap().unwrap();
    let mut checks = Vec::new();
    ledger
        .each_record(0, &mut |_, record| {
            if let Some(Record::DriftChecked(check)) = record {
                let subjects = check.described.into_iter().map(|it| it.subject);
                let unknown = check.unknown.map(|unknown| unknown.len());
                checks.push((subjects.collect::<Vec<_>>(), unknown));
            }
            Ok(())
        })
        .unwrap();
    let described = |subject: &str| vec![subject.to_owned()];
    assert_eq!(
        checks,
        [
            (described("file.a@one"), None),
            (vec![], None),
            (described("file.a@two"), None),
            (described("target.web@two"), Some(1)),
        ]
    );
}

#[test]
fn a_time_and_a_revision_are_distinguished() {
    let fleet = Fleet::new();
    let world = &fleet.inside.world;
    let ask = |since: &str, parity_only: bool, live_only: bool| {
        let request = DriftRequest {
            environments: vec!["staging".into(), "production".into()],
            parity_only,
            live_only,
            no_history: true,
            since: Some(since.to_owned()),
            ..DriftRequest::default()
        };
        fleet
            .inside
            .with(|world, location| operation::drift(world, location, &request))
    };
    let outcome = ask("HEAD", false, true);
    refused(64, "it is a revision, which needs --parity", &outcome);
    refused(64, "expected a date", &ask("yesterday", false, true));
    refused(64, "or a revision", &ask("yesterday", false, false));
    refused(64, "is in the future", &ask("2030-01-01", false, true));
    refused(64, "2d", &ask("2d", true, false));
    // Production was never applied, so its files are pending.
    let report = expect(2, ask("HEAD", false, false));
    assert!(report.since.is_none());
    let report = expect(2, ask("2d", false, false));
    let since = report.since.as_ref().unwrap();
    assert!(since.baselines.iter().all(|it| it.check.is_none()));
    assert_eq!(since.baselines.len(), 3, "both environments, and parity");
    assert!(
        report
            .next
            .iter()
            .any(|next| next == "evenkeel drift --record")
    );
    world.git(&["tag", "2026-11-20"]);
    refused(
        64,
        "is a time and a revision: add --parity for the revision, or write the time as 2026-11-20T00:00:00Z",
        &ask("2026-11-20", false, false),
    );
    expect(2, ask("2026-11-20T00:00:00Z", false, false));
    expect(2, ask("2026-11-20", false, true));
    expect(0, ask("2026-11-20", true, false));
}

//! Realistic report of a delivery of a small shop: three environments, two months of history, every sort of section.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::example::{at, code, digest, span};
use evenkeel::report::{
    ApplyDocument, AwaitsDocument, CaseDocument, CheckedDocument, DocumentsDocument,
    EnvironmentReport, EventDocument, NotDone, OriginDocument, ParityDocument, PlanReport,
    ReleaseDocument, Report, RuleDocument, SmokeState, StaleDocument, StatusDocument, StepDocument,
    SuiteDocument, SuiteStatusDocument, VerdictDocument,
};
use evenkeel_core::gate;
use evenkeel_core::plan::Change;
use evenkeel_ledger::record::{ApplyOutcome, StepOutcome, Verb};
use evenkeel_ledger::{EventKind, EventOutcome};
use evenkeel_model::defect::{Allowed, Also, Corner, Defect, Severity, Since};
use evenkeel_model::source::SourceFile;
use evenkeel_model::text::unified;
use evenkeel_model::{Address, Digest, EnvironmentName, Instance, Moment};

const CHART: &str = "image:\n  repository: registry.example.org/shop/web\n  tag: \"4.18.2\"\n\nresources:\n  limits:\n    memory: 512Mi\n    cpu: \"1\"\n\ningress:\n  host: shop.example.org\n  tls: true\n\nfeatures:\n  new-checkout: true\n  audit-log: false\n";
const SYSTEM: &str = "[system]\nname = \"shop\"\npath = [\"integration\", \"staging\", \"production\"]\n\n[file.nginx]\npath = \"/etc/nginx/conf.d/shop.conf\"\nsource = \"templates/shop.conf\"\nmode = \"0644\"\n\n[process.web]\nartifact = \"web\"\nready = { http = \"http://127.0.0.1:8302/\", status = 200 }\n";
const DIFFERENCES: &str = "[[difference]]\nat = \"document.values.resources.limits.memory\"\nstaging = \"256Mi\"\nproduction = \"512Mi\"\nreason = \"staging carries a tenth of the traffic\"\nowner = \"platform\"\nexpires = 2027-06-30\n\n[[difference]]\nat = \"parameter.mail_sender\"\nreason = \"no mail leaves staging\"\nowner = \"shop team\"\nexpires = 2026-12-12\n";
const BEFORE: &str = "server {\n    listen 8302;\n    server_name shop.example.org;\n\n    client_max_body_size 8m;\n    proxy_read_timeout 30s;\n\n    location / {\n        proxy_pass http://127.0.0.1:9000;\n        proxy_set_header Host $host;\n    }\n}\n";
const AFTER: &str = "server {\n    listen 8302;\n    server_name shop.example.org;\n\n    client_max_body_size 64m;\n    proxy_read_timeout 120s;\n\n    location / {\n        proxy_pass http://127.0.0.1:9000;\n        proxy_set_header Host $host;\n        proxy_buffering off;\n    }\n}\n";

/// Returns the report.
pub fn report() -> Report {
    let mut report = Report::new("deliver", "shop", at("2026-11-28T07:53:05Z"));
    report.tool = "evenkeel".into();
    report.project = Some("deploy".into());
    report.origin = Some(OriginDocument {
        commit: Some("468b861c1d4e8f1f04fd14e6c7fb05d88a1f7b2e".into()),
        dirty: false,
    });
    report.defects(defects());
    report.parity = Some(ParityDocument {
        not_compared: Vec::new(),
        left_out: 2,
        unread: 0,
        undeclared: 2,
        places: 4,
        lesser: 1,
        declared: 2,
        first_expiry: Some(at("2026-12-12T00:00:00Z")),
        documents: Some(DocumentsDocument {
            pairs: 14,
            files: 28,
            values: 3_412,
            raw: 286,
            by_position: 0,
        }),
    });
    for (name, declared, observed, corners, apply) in [
        ("integration", 46, 46, &[][..], "a-211"),
        ("staging", 46, 46, &[], "a-212"),
        (
            "production",
            46,
            43,
            &[("changed-outside", 3), ("pending", 1)],
            "a-206",
        ),
    ] {
        let mut environment =
            EnvironmentReport::new(&EnvironmentName::new(name), declared, observed);
        environment.in_sync = corners.is_empty();
        environment.corners = corners
            .iter()
            .map(|(name, number)| ((*name).to_owned(), *number))
            .collect();
        environment.apply = Some(apply.into());
        report.environments.push(environment);
        report.status.push(status(name, apply));
    }
    report.plans.push(plan());
    report.applies.push(ApplyDocument {
        notes: Vec::new(),
        rollouts: Vec::new(),
        apply: Some("a-212".into()),
        environment: "staging".into(),
        outcome: ApplyOutcome::Done,
        done: 2,
        changed: vec!["file.app".into(), "process.app".into()],
        unchanged: 44,
        seconds: 0.2,
        not_done: Vec::new(),
    });
    report.applies.push(ApplyDocument {
        notes: Vec::new(),
        rollouts: Vec::new(),
        apply: Some("a-213".into()),
        environment: "integration".into(),
        outcome: ApplyOutcome::Failed,
        done: 1,
        changed: vec!["file.app".into()],
        unchanged: 43,
        seconds: 12.4,
        not_done: vec![
            NotDone {
                address: "process.web".into(),
                verb: Verb::Replace,
                outcome: Some(StepOutcome::Failed),
                reason: Some(
                    "not ready after 10 s: GET http://127.0.0.1:8302/ → 502, expected 200".into(),
                ),
            },
            NotDone {
                address: "file.nginx".into(),
                verb: Verb::Update,
                outcome: None,
                reason: None,
            },
        ],
    });
    suites(&mut report);
    timeline(&mut report);
    report.verdict = Some(verdict());
    report.next("evenkeel explain 4e56ea");
    report.next("evenkeel apply production");
    report.conclude(3);
    report
}

fn changed() -> Since {
    Since {
        at: at("2026-11-28T07:48:01Z"),
        until: Some(at("2026-11-28T07:53:05Z")),
        known: "the last check and this one".into(),
        by: None,
    }
}

fn defects() -> Vec<Defect> {
    let system = SourceFile::new("environments/system.toml", SYSTEM);
    let staging = SourceFile::new("charts/staging/values.yaml", CHART);
    let production = SourceFile::new("charts/production/values.yaml", CHART);
    let name = EnvironmentName::new("production");
    let mut nginx = Defect::new(
        code("file/content-differs"),
        "file.nginx",
        "file.nginx (production): content differs from its definition; changed outside evenkeel",
    )
    .within(&name)
    .attribute("content")
    .at(
        &span(&system, "source = \"templates/shop.conf\""),
        "expected contents",
    )
    .help("restore the file, or take the change into the definition:\n  evenkeel apply production");
    nginx.difference = Some(unified(BEFORE, AFTER));
    nginx.corner = Some(Corner::ChangedOutside);
    nginx.since = Some(changed());
    nginx.why = Some("error: a live file differs from its definition".into());
    let mut process = Defect::new(
        code("process/not-ready"),
        "process.web",
        "process.web (production): not ready: GET http://127.0.0.1:8302/ → 403, expected 200",
    )
    .within(&name)
    .attribute("ready")
    .expected_found("status 200", "status 403")
    .at(
        &span(
            &system,
            "ready = { http = \"http://127.0.0.1:8302/\", status = 200 }",
        ),
        "this check fails",
    );
    process.severity = Severity::Critical;
    process.corner = Some(Corner::ChangedOutside);
    process.why = Some("critical: the process does not answer".into());
    let mut mode = Defect::new(
        code("file/mode-differs"),
        "file.nginx",
        "file.nginx (production): mode is 0666, expected 0644; changed outside evenkeel",
    )
    .within(&name)
    .attribute("mode")
    .expected_found("0644", "0666")
    .at(&span(&system, "mode = \"0644\""), "expected mode");
    mode.corner = Some(Corner::ChangedOutside);
    mode.since = Some(changed());
    let mut host = Defect::new(
        code("parity/foreign-identity"),
        "document.values",
        "document.values (staging): ingress.host is shop.example.org, the host of production",
    )
    .attribute("ingress.host")
    .expected_found(
        "https://shop.staging.example.org/checkout",
        "https://shop.example.org/checkout",
    )
    .at(&span(&staging, "shop.example.org"), "staging has this")
    .at(&span(&production, "tls: true"), "production has this");
    host.severity = Severity::Critical;
    host.since = Some(Since {
        at: at("2026-11-11T09:12:44Z"),
        until: None,
        known: "commit 8c1f9be2d0".into(),
        by: Some("Ada Example".into()),
    });
    host.why = Some(
        "critical: staging mentions production; listed first since it can touch production's data"
            .into(),
    );
    for number in 1..=3 {
        host.also.push(Also {
            code: code("parity/foreign-identity"),
            severity: Severity::Critical,
            subject: format!("document.worker-{number}"),
            attribute: Some("env.SHOP_URL".into()),
            fingerprint: Digest::of(&[number]),
            message: format!(
                "document.worker-{number} (staging): env.SHOP_URL names shop.example.org"
            ),
            values: (None, Some("https://shop.example.org".into())),
            labels: host.labels.clone(),
        });
    }
    let mut flag = Defect::new(
        code("parity/flag-differs"),
        "document.values",
        "document.values: features.audit-log is false in staging and true in production",
    )
    .attribute("features.audit-log")
    .expected_found("true", "false")
    .at(&span(&staging, "audit-log: false"), "staging");
    flag.severity = Severity::Warning;
    let mut description = Defect::new(
        code("parity/name-on-one-side"),
        "document.labels",
        "document.labels: description mentions staging in one environment only",
    )
    .attribute("description");
    description.severity = Severity::Advice;
    let mut pending = Defect::new(
        code("file/content-differs"),
        "file.app",
        "file.app (production): content changes with the next release",
    )
    .within(&name)
    .attribute("content")
    .at(&span(&system, "[process.web]"), "declared here");
    pending.corner = Some(Corner::Pending);
    vec![
        host,
        process,
        nginx,
        mode,
        flag,
        description,
        pending,
        declared(
            "document.values",
            Some("resources.limits.memory"),
            ("256Mi", "512Mi"),
            "staging carries a tenth of the traffic",
            "2027-06-30T00:00:00Z",
        ),
        declared(
            "parameter.mail_sender",
            None,
            ("noreply@example.org", "null@staging.example.org"),
            "no mail leaves staging",
            "2026-12-12T00:00:00Z",
        ),
    ]
}

fn declared(
    subject: &str,
    attribute: Option<&str>,
    values: (&str, &str),
    reason: &str,
    expires: &str,
) -> Defect {
    let file = SourceFile::new("environments/differences.toml", DIFFERENCES);
    let mut defect = Defect::new(
        code("parity/value-differs"),
        subject,
        format!("{subject} differs"),
    )
    .expected_found(values.0, values.1);
    if let Some(attribute) = attribute {
        defect = defect.attribute(attribute);
    }
    defect.declared = Some(Arc::new(Allowed {
        reason: reason.into(),
        owner: "platform".into(),
        expires: at(expires),
        ticket: Some("OPS-412".into()),
        span: span(&file, subject),
    }));
    defect
}

fn status(name: &str, apply: &str) -> StatusDocument {
    StatusDocument {
        environment: name.into(),
        apply: Some(apply.into()),
        since: Some(at("2026-11-27T16:20:11Z")),
        recipe: Some(digest(if name == "production" {
            "former"
        } else {
            "recipe"
        })),
        plan: Some(digest("plan")),
        commit: Some("468b861c1d4e8f1f04fd14e6c7fb05d88a1f7b2e".into()),
        release: (name == "production").then(|| ReleaseDocument {
            id: "r-31".into(),
            plan: digest("plan"),
            recipe: digest("former"),
            commit: None,
            started: at("2026-11-25T14:02:10Z"),
            ended: Some(at("2026-11-25T14:03:40Z")),
            outcome: Some(ApplyOutcome::Done),
            smoke: SmokeState::Passed,
            rollback: None,
        }),
        unsettled: Vec::new(),
        suites: vec![SuiteStatusDocument {
            suite: "smoke".into(),
            passed: true,
            summary: "4 passed".into(),
            ended: Some(at("2026-11-27T16:21:40Z")),
            stale: (name == "integration").then(|| StaleDocument {
                reason: "a-213 changed the environment".into(),
                since: at("2026-11-28T07:50:00Z"),
            }),
        }],
        running: None,
        awaits: (name == "production").then(|| AwaitsDocument {
            rolled_back: None,
            recipe: digest("recipe"),
            runs_in: "staging".into(),
            since: at("2026-11-28T07:51:20Z"),
            shut_by: vec!["gate/suite-not-passed".into(), "gate/not-approved".into()],
            decisions: Vec::new(),
        }),
        checked: Some(CheckedDocument {
            at: at("2026-11-28T07:48:01Z"),
            findings: 0,
            complete: true,
        }),
        held: false,
        held_by: None,
    }
}

fn plan() -> PlanReport {
    let step = |kind: &'static str,
                name: &str,
                verb,
                reason: &'static str,
                changes: Vec<Change>,
                rehearsed| StepDocument {
        risky: false,
        successor: None,
        instance: Instance::from(Address::new(kind, name)),
        verb,
        word: if matches!(verb, Verb::Replace) {
            "restart"
        } else {
            ""
        }
        .into(),
        path: (kind == "file").then(|| format!("/etc/shop/{name}")),
        reason: reason.into(),
        changes: changes.into(),
        after: Arc::from([]),
        rehearsed: Some(rehearsed),
    };
    let change = |attribute: &'static str, before: &'static str, after: &'static str| Change {
        attribute: attribute.into(),
        before: before.into(),
        after: after.into(),
        difference: None,
    };
    let content = Change {
        difference: Some(unified(AFTER, BEFORE)),
        ..change("content", "blake3:77aa01", "blake3:93bc10")
    };
    let mut restart = step(
        "process",
        "web",
        Verb::Replace,
        "file.nginx changes",
        Vec::new(),
        true,
    );
    restart.after = Arc::from([Instance::from(Address::new("file", "nginx"))]);
    PlanReport {
        environment: "production".into(),
        digest: digest("plan"),
        recipe: digest("recipe"),
        steps: vec![
            step(
                "file",
                "app",
                Verb::Create,
                "missing",
                vec![change("mode", "", "0755"), change("owner", "", "shop:shop")],
                true,
            ),
            step(
                "file",
                "nginx",
                Verb::Update,
                "mode, content",
                vec![change("mode", "0666", "0644"), content],
                true,
            ),
            restart,
            step(
                "file",
                "legacy",
                Verb::Remove,
                "removed from the definitions",
                Vec::new(),
                false,
            ),
        ],
        unchanged: 42,
        removals: 1,
        unseen: Vec::new(),
        rehearsed: Some(3),
    }
}

fn suites(report: &mut Report) {
    for (name, kind, passed, summary, seconds) in [
        ("smoke", "smoke", true, "4 passed", 0.8),
        ("e2e", "e2e", false, "2 of 3 passed", 14.2),
        (
            "load",
            "performance",
            true,
            "p95 1.5 ms, at most 100 ms; 0 of 150 errors",
            3.0,
        ),
    ] {
        report.suites.push(SuiteDocument {
            suite: name.into(),
            kind: kind.into(),
            environment: "staging".into(),
            passed,
            summary: summary.into(),
            failures: if passed {
                Vec::new()
            } else {
                vec![CaseDocument {
                    name: "checkout::greets".into(),
                    message: "AssertionError: expected \"Welcome back\", found \"Welcome\"".into(),
                }]
            },
            figures: if kind == "performance" {
                BTreeMap::from([
                    ("p50".into(), 0.9),
                    ("p95".into(), 1.5),
                    ("p99".into(), 4.25),
                ])
            } else {
                BTreeMap::new()
            },
            output: Some(digest(name)),
            seconds,
        });
    }
}

fn timeline(report: &mut Report) {
    let mut sequence = 0;
    let mut add = |day: usize, hour: usize, environment: &str, kind, name: String, outcome| {
        sequence += 3;
        let month = if day < 31 { 10 } else { 11 };
        let started = at(&format!(
            "2026-{month}-{:02}T{hour:02}:20:11Z",
            day % 31 + 1
        ));
        report.timeline.push(EventDocument {
            sequence,
            at: started,
            ended: Some(Moment::from_millisecond(started.as_millisecond() + 42_500)),
            environment: environment.into(),
            kind,
            name,
            words: matches!(kind, EventKind::Apply).then(|| "deliver".to_owned()),
            by: Some("ada".into()),
            outcome: Some(outcome),
        });
    };
    for (number, day) in [3, 7, 12, 14, 21, 27, 33, 38, 44, 52, 56]
        .into_iter()
        .enumerate()
    {
        let good = number % 4 != 2;
        let outcome = |good| {
            if good {
                EventOutcome::Done
            } else {
                EventOutcome::Failed
            }
        };
        add(
            day,
            9,
            "integration",
            EventKind::Apply,
            format!("a-{}", number * 3),
            outcome(number != 6),
        );
        add(
            day,
            10,
            "staging",
            EventKind::Apply,
            format!("a-{}", number * 3 + 1),
            EventOutcome::Done,
        );
        add(
            day,
            11,
            "staging",
            EventKind::Suite,
            "e2e".into(),
            if good {
                EventOutcome::Passed
            } else {
                EventOutcome::Failed
            },
        );
        add(
            day,
            12,
            "production",
            EventKind::Verdict,
            format!("{:012x}", number * 7_919),
            if good {
                EventOutcome::Open
            } else {
                EventOutcome::Shut
            },
        );
        if good {
            add(
                day,
                13,
                "production",
                EventKind::Approval,
                format!("{:012x}", number * 7_919),
                EventOutcome::Done,
            );
            add(
                day,
                14,
                "production",
                EventKind::Release,
                format!("r-{}", number + 20),
                outcome(number != 4),
            );
        }
    }
}

fn verdict() -> VerdictDocument {
    VerdictDocument {
        environment: "production".into(),
        plan: digest("plan"),
        recipe: digest("recipe"),
        open: false,
        releasable: false,
        rules: gate::CODES
            .iter()
            .map(|code| {
                let reasons: &[&str] = match code.name {
                    "gate/suite-failed" | "gate/suite-not-passed" => {
                        &["staging: suite e2e failed: 2 of 3 passed"]
                    }
                    "gate/not-approved" => &["0 of 1 approval given"],
                    _ => &[],
                };
                RuleDocument {
                    code: code.name.into(),
                    title: code.title.into(),
                    help: code.help.into(),
                    holds: reasons.is_empty(),
                    reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
                    waived: Vec::new(),
                }
            })
            .collect(),
        remedies: vec![
            "evenkeel verify staging e2e".into(),
            "evenkeel approve 7a3b76dd69d8 --reason '…'".into(),
        ],
        decisions: Vec::new(),
        void: Vec::new(),
    }
}

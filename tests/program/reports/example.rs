//! Example report that every format renders: it has every field of the document.
//!
//! No run produces all of it. It is one report, so that a format that omits something is noticed.

use std::collections::BTreeMap;
use std::sync::Arc;

use evenkeel::operation::{Failure, codes};
use evenkeel::report::{
    ApplyDocument, ApprovalDocument, AttemptDocument, AwaitsDocument, BaselineDocument,
    BreakGlassDocument, BrokenDocument, CaseDocument, CheckedDocument, CheckpointDocument,
    DecisionDocument, DecisionKind, DocumentsDocument, DoraDocument, DoubtDocument, DrillDocument,
    EntryDocument, EnvironmentReport, EventDocument, EvidenceDocument, ExceptionDocument,
    FactChangeDocument, Headline, HeldDocument, HolderDocument, HolderProcess, HostFailure,
    IntervalDocument, LockDocument, LockState, NotDone, ObjectDocument, ObjectState,
    ObjectsDocument, OriginDocument, ParityDocument, PastFindingDocument, PlanReport,
    ProofDocument, RatioDocument, RegisterDocument, RegisterRow, ReleaseDocument, ReleasedDocument,
    ReplayDocument, ReplayPart, ReplayResult, Report, RollbackDocument, RolledBackDocument,
    RolloutDocument, RuleDocument, RunningDocument, ShownDocument, ShownStep, SightingDocument,
    SinceTimeDocument, SmokeState, StaleDocument, StatusDocument, StepDocument, SuiteDocument,
    SuiteStatusDocument, TimesDocument, TrialDocument, TrialResultDocument, UnsettledDocument,
    UnsettledState, VerdictDocument, VoidDocument,
};
use evenkeel_core::plan::{Change, Unseen};
use evenkeel_ledger::record::{ApplyOutcome, RollbackCause, StepOutcome, Verb};
use evenkeel_ledger::{EventKind, EventOutcome};
use evenkeel_model::defect::{Allowed, Also, Code, Corner, Defect, Novelty, Seen, Severity, Since};
use evenkeel_model::source::{SourceFile, Span};
use evenkeel_model::{Address, Digest, EnvironmentName, Instance, Moment};

const SYSTEM: &str = "[system]\nname = \"shop\"\n\n[file.config]\npath = \"/srv/shop.toml\"\nmode = \"0640\"\n\n[parameter.workers]\nvaries = \"scale\"\n";
const PRODUCTION: &str = "[environment]\nname = \"production\"\n\n[file.config]\nmode = \"0644\"\n\n[values]\nworkers = 8\n";

/// Returns a moment.
pub fn at(text: &str) -> Moment {
    serde_json::from_value(text.into()).unwrap()
}

/// Returns a code by its name.
pub fn code(name: &str) -> &'static Code {
    codes().find(|code| code.name == name).unwrap()
}

/// Returns the place of a text in a file.
pub fn span(file: &Arc<SourceFile>, words: &str) -> Span {
    let start = file.text.find(words).unwrap();
    Span::new(file, start..start + words.len())
}

/// Returns the digest of a text.
pub fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

/// Returns the example.
pub fn example() -> Report {
    let refused = Failure::Stale {
        reason: "production changed since the plan was saved".into(),
        changes: vec!["file.config: mode is 0644, it was 0640".into()],
    };
    let mut report = refused.report("drift", at("2026-11-28T10:00:00Z"), Some("deploy".into()));
    if let Some(failure) = &mut report.failure {
        failure.causes.push("the disk is full".into());
    }
    report.tool = "evenkeel".into();
    report.system = "shop".into();
    report.headline = Some(Headline::Drift);
    report.origin = Some(OriginDocument {
        commit: Some("4b825dc642cb6eb9a060e54bf8d69288fbee4904".into()),
        dirty: true,
    });
    report.since = Some(Box::new(since()));
    report.defects(defects());
    report.parity = Some(ParityDocument {
        not_compared: vec![vec!["a/staging.yaml".into(), "a/production.yaml".into()]],
        left_out: 2,
        unread: 0,
        undeclared: 1,
        places: 2,
        lesser: 0,
        declared: 1,
        first_expiry: Some(at("2027-06-30T00:00:00Z")),
        documents: Some(DocumentsDocument {
            pairs: 1,
            files: 2,
            values: 159,
            raw: 86,
            by_position: 1,
        }),
    });
    let mut production = EnvironmentReport::new(&EnvironmentName::new("production"), 31, 30);
    production.corners = BTreeMap::from([("changed-outside".into(), 2), ("pending".into(), 1)]);
    production.apply = Some("a-7".into());
    report.environments.push(production);
    done(&mut report);
    standing(&mut report);
    report.cut("entries", 12, "--limit");
    report.say("this sentence is a message");
    report.next("evenkeel apply production");
    report.release = Some("r-4".into());
    report.rollback = Some(rollback());
    report.path = vec!["staging".into(), "production".into()];
    let mut shown = ShownDocument::new("apply", "a-8");
    shown.fact("environment", "production");
    shown.steps.push(ShownStep {
        address: "file.config".into(),
        verb: "update".into(),
        outcome: Some("failed".into()),
        reason: Some("permission denied".into()),
    });
    shown.text = Some("what a suite printed".into());
    report.shown = Some(shown);
    let code = report.exit_code;
    report.conclude(code);
    report
}

fn defects() -> Vec<Defect> {
    let system = SourceFile::new("environments/system.toml", SYSTEM);
    let production = SourceFile::new("environments/production.toml", PRODUCTION);
    let name = EnvironmentName::new("production");
    let mut open = Defect::new(
        code("parity/attribute-differs"),
        "file.config",
        "the mode of file.config is 0644 in production and 0640 in staging",
    )
    .within(&name)
    .attribute("mode")
    .expected_found("0640", "0644")
    .at(&span(&production, "\"0644\""), "production overrides it")
    .at(&span(&system, "\"0640\""), "staging uses this value")
    .help("delete the override, or declare the difference");
    open.difference = Some("-0640\n+0644".into());
    open.corner = Some(Corner::ChangedOutside);
    open.since = Some(Since {
        at: at("2026-11-20T09:00:00Z"),
        until: Some(at("2026-11-20T09:30:00Z")),
        known: "between a-7 and this check".into(),
        by: Some("ada".into()),
    });
    open.seen = Some(Seen {
        first: at("2026-11-20T09:30:00Z"),
        last: at("2026-11-28T10:00:00Z"),
        novelty: Some(Novelty::New),
        earlier: Some((at("2026-11-12T09:00:00Z"), at("2026-11-13T09:00:00Z"))),
    });
    open.why = Some("error: everything is equal unless a line says otherwise; listed by its severity and its 2 places".into());
    open.also.push(Also {
        code: code("live/cannot-tell"),
        severity: Severity::Error,
        subject: "file.other".into(),
        attribute: Some("mode".into()),
        fingerprint: Digest::of(b"also"),
        message: "the mode of file.other is 0644 in production and 0640 in staging".into(),
        values: (Some("0640".into()), Some("0644".into())),
        labels: open.labels.clone(),
    });
    let mut declared = Defect::new(
        code("parity/attribute-differs"),
        "parameter.workers",
        "workers is 8 in production and 1 in staging",
    )
    .expected_found("1", "8");
    declared.declared = Some(Arc::new(Allowed {
        reason: "staging carries a tenth of the traffic".into(),
        owner: "platform".into(),
        expires: at("2027-06-30T00:00:00Z"),
        ticket: Some("OPS-12".into()),
        span: span(&production, "workers = 8"),
    }));
    vec![
        outside(&system, &name),
        open,
        unread(),
        pending(&name),
        declared,
    ]
}

/// Returns findings and facts since a time.
fn since() -> SinceTimeDocument {
    let past = |subject: &str, gone: Option<&str>| PastFindingDocument {
        environment: Some("production".into()),
        fingerprint: Digest::of(subject.as_bytes()).short(),
        code: Some("file/mode-differs".into()),
        subject: Some(subject.into()),
        attribute: Some("mode".into()),
        first: at("2026-11-18T09:00:00Z"),
        last: at("2026-11-20T09:00:00Z"),
        gone: gone.map(at),
    };
    SinceTimeDocument {
        since: at("2026-11-19T00:00:00Z"),
        baselines: vec![BaselineDocument {
            environment: Some("production".into()),
            check: Some(at("2026-11-18T09:00:00Z")),
            late: false,
            later: 3,
        }],
        new: 0,
        before: 0,
        unclear: 0,
        ended: vec![past("file.past", Some("2026-11-20T09:30:00Z"))],
        unknown: vec![past("file.hidden", None)],
        facts: vec![FactChangeDocument {
            survey: "web".into(),
            environment: "production".into(),
            host: "web-1".into(),
            fact: "packages.openssl".into(),
            before: Some("3.0.18-1".into()),
            before_seen: IntervalDocument {
                first: at("2026-11-12T09:00:00Z"),
                last: at("2026-11-20T09:00:00Z"),
            },
            now: Some("3.0.19-1".into()),
            now_first: Some(at("2026-11-20T09:30:00Z")),
        }],
    }
}

/// Returns a change outside evenkeel.
fn outside(system: &Arc<SourceFile>, name: &EnvironmentName) -> Defect {
    let mut found = Defect::new(
        code("file/content-differs"),
        "file.config",
        "file.config (production): content differs from its definition",
    )
    .within(name)
    .attribute("content")
    .at(&span(system, "path = \"/srv/shop.toml\""), "defined here")
    .help("apply restores it");
    found.severity = Severity::Critical;
    found.difference =
        Some("@@ -1,2 +1,2 @@\n workers = 8\n-debug = false\n+debug = true\n".into());
    found.corner = Some(Corner::ChangedOutside);
    found
}

/// Returns an unreadable part without a place in a file.
fn unread() -> Defect {
    Defect::new(
        code("live/cannot-tell"),
        "file.key",
        "file.key (production): permission denied",
    )
    .within(&EnvironmentName::new("production"))
}

/// Returns a change of the next apply, without one outside evenkeel.
fn pending(name: &EnvironmentName) -> Defect {
    let mut found = Defect::new(
        code("file/owner-differs"),
        "file.config",
        "file.config (production): owner is root, expected shop",
    )
    .within(name)
    .attribute("owner")
    .expected_found("shop", "root");
    found.corner = Some(Corner::Pending);
    found
}

fn rollback() -> RollbackDocument {
    RollbackDocument {
        id: "r-3".into(),
        restores: "r-1".into(),
        undoes: "r-2".into(),
        cause: RollbackCause::FailedSmoke,
        reason: Some("1 smoke suite of r-2 failed: smoke".into()),
        done: true,
    }
}

fn done(report: &mut Report) {
    report.plans.push(PlanReport {
        environment: "production".into(),
        digest: digest("plan"),
        recipe: digest("recipe"),
        steps: vec![StepDocument {
            risky: true,
            successor: Some(Instance::from(Address::new("file", "moved"))),
            instance: Instance::from(Address::new("file", "config")),
            verb: Verb::Update,
            word: "update".into(),
            path: Some("/srv/shop.toml".into()),
            reason: "mode".into(),
            changes: Arc::from([Change {
                attribute: "mode".into(),
                before: "0644".into(),
                after: "0640".into(),
                difference: Some("-0644\n+0640\n".into()),
            }]),
            after: Arc::from([Instance::from(Address::new("directory", "home"))]),
            rehearsed: Some(true),
        }],
        unchanged: 13,
        removals: 0,
        unseen: vec![Unseen {
            instance: Instance::from(Address::new("file", "key")),
            reason: "permission denied".into(),
        }],
        rehearsed: Some(1),
    });
    report.applies.push(ApplyDocument {
        notes: vec![
            "file.config: an earlier change of this host was reverted at 2026-11-22 10:00:00 UTC"
                .into(),
        ],
        rollouts: vec![RolloutDocument {
            target: "web".into(),
            done: vec!["web-1".into()],
            failed: vec![HostFailure {
                host: "web-2".into(),
                reason: "file.config: no space left on the device".into(),
            }],
            untouched: vec!["web-3".into()],
            stopped: Some("the rollout of `web` stopped: 1 of 3 hosts failed: web-2".into()),
        }],
        apply: Some("a-8".into()),
        environment: "production".into(),
        outcome: ApplyOutcome::Failed,
        done: 2,
        changed: vec!["directory.home".into(), "file.site".into()],
        unchanged: 11,
        seconds: 1.25,
        not_done: vec![NotDone {
            address: "file.config".into(),
            verb: Verb::Update,
            outcome: Some(StepOutcome::Failed),
            reason: Some("permission denied".into()),
        }],
    });
    report.suites.push(SuiteDocument {
        suite: "latency".into(),
        kind: "performance".into(),
        environment: "staging".into(),
        passed: false,
        summary: "p95 210 ms, at most 200 ms".into(),
        failures: vec![CaseDocument {
            name: "p95".into(),
            message: "210 ms".into(),
        }],
        figures: BTreeMap::from([("p95".into(), 210.0)]),
        output: Some(digest("output")),
        seconds: 10.0,
    });
    report.entries.push(EntryDocument {
        sequence: 42,
        time: at("2026-11-28T09:59:00Z"),
        kind: "apply-ended".into(),
        words: "a-8 on production: failed".into(),
        digest: digest("entry"),
    });
}

fn standing(report: &mut Report) {
    report.verdict = Some(VerdictDocument {
        environment: "production".into(),
        plan: digest("plan"),
        recipe: digest("recipe"),
        open: false,
        releasable: false,
        rules: vec![RuleDocument {
            code: "gate/not-approved".into(),
            title: "not enough people approved exactly this".into(),
            help: "An approval is for one plan and its evidence.".into(),
            holds: false,
            reasons: vec!["0 of 1 approval given".into()],
            waived: vec!["frozen until 2026-12-01 00:00:00 UTC: a feast".into()],
        }],
        remedies: vec!["evenkeel approve PLAN --reason '…'".into()],
        decisions: vec![DecisionDocument {
            by: "ada@example.com".into(),
            approves: true,
            signed: true,
            key: Some("SHA256:4A9jyZBOhnKZvcGQ6TRFbf5Gymb41AfYvYaVmWHD+G4".into()),
            at: at("2026-11-28T09:58:00Z"),
            reason: "seen on staging".into(),
        }],
        void: vec![VoidDocument {
            by: "bea@example.com".into(),
            why: "it is for other evidence".into(),
        }],
    });
    report.status.push(StatusDocument {
        environment: "production".into(),
        apply: Some("a-7".into()),
        since: Some(at("2026-11-27T10:00:00Z")),
        recipe: Some(digest("recipe")),
        plan: Some(digest("plan")),
        commit: Some("4b825dc642cb6eb9a060e54bf8d69288fbee4904".into()),
        release: Some(ReleaseDocument {
            id: "r-3".into(),
            plan: digest("plan"),
            recipe: digest("recipe"),
            commit: Some("4b825dc642cb6eb9a060e54bf8d69288fbee4904".into()),
            started: at("2026-11-27T09:58:00Z"),
            ended: Some(at("2026-11-27T10:00:00Z")),
            outcome: Some(ApplyOutcome::Done),
            smoke: SmokeState::Passed,
            rollback: Some(rollback()),
        }),
        unsettled: vec![
            UnsettledDocument {
                apply: "a-8".into(),
                instance: None,
                verb: None,
                state: UnsettledState::Failed,
                started: Some(at("2026-11-28T09:58:00Z")),
                broken: None,
            },
            UnsettledDocument {
                apply: "a-9".into(),
                instance: None,
                verb: None,
                state: UnsettledState::Started,
                started: Some(at("2026-11-28T09:59:00Z")),
                broken: Some(BrokenDocument {
                    by: "bob".into(),
                    at: at("2026-11-28T09:59:30Z"),
                    reason: "it hangs".into(),
                }),
            },
            UnsettledDocument {
                apply: "a-8".into(),
                instance: Some("file.config".into()),
                verb: Some(Verb::Update),
                state: UnsettledState::Started,
                started: None,
                broken: None,
            },
        ],
        suites: vec![SuiteStatusDocument {
            suite: "smoke".into(),
            passed: true,
            summary: "4 passed".into(),
            ended: Some(at("2026-11-27T09:00:00Z")),
            stale: Some(StaleDocument {
                reason: "a-7 changed the environment".into(),
                since: at("2026-11-27T09:58:00Z"),
            }),
        }],
        running: Some(RunningDocument {
            what: "a-9".into(),
            since: at("2026-11-28T09:58:00Z"),
        }),
        awaits: Some(AwaitsDocument {
            rolled_back: Some(RolledBackDocument {
                release: "r-2".into(),
                by: "r-3".into(),
                reason: Some("1 smoke suite of r-2 failed: smoke".into()),
            }),
            recipe: digest("recipe"),
            runs_in: "staging".into(),
            since: at("2026-11-28T09:00:00Z"),
            shut_by: vec!["gate/not-approved".into()],
            decisions: vec![
                "approved by ada@example.com (signed with SHA256:4A9jyZBOhnKZvcGQ6TRFbf5Gymb41AfYvYaVmWHD+G4)".into(),
            ],
        }),
        checked: Some(CheckedDocument {
            at: at("2026-11-28T08:00:00Z"),
            findings: 2,
            complete: true,
        }),
        held: true,
        held_by: Some(HeldDocument {
            by: HolderDocument {
                name: "alice".into(),
                host: "build-1".into(),
                process: 4242,
            },
            since: at("2026-11-28T09:58:00Z"),
            purpose: "apply".into(),
        }),
    });
    report.timeline.push(EventDocument {
        sequence: 31,
        at: at("2026-11-27T09:58:00Z"),
        ended: Some(at("2026-11-27T10:00:00Z")),
        environment: "production".into(),
        kind: EventKind::Release,
        name: "r-3".into(),
        words: None,
        by: Some("alice".into()),
        outcome: Some(EventOutcome::Done),
    });
    report.timeline.push(EventDocument {
        sequence: 40,
        at: at("2026-11-28T09:58:00Z"),
        ended: Some(at("2026-11-28T09:59:00Z")),
        environment: "production".into(),
        kind: EventKind::Apply,
        name: "a-8".into(),
        words: Some("apply".into()),
        by: Some("alice".into()),
        outcome: Some(EventOutcome::Failed),
    });
    report.locks.push(LockDocument {
        environment: "production".into(),
        state: LockState::Held,
        by: Some(HolderDocument {
            name: "alice".into(),
            host: "build-1".into(),
            process: 4242,
        }),
        purpose: Some("apply".into()),
        since: Some(at("2026-11-28T09:58:00Z")),
        token: Some(9),
        process: Some(HolderProcess::Running),
    });
    report.checkpoint = Some(CheckpointDocument {
        format: "evenkeel checkpoint 1".into(),
        system: "shop".into(),
        lineage: "0123456789abcdef".into(),
        sequence: 42,
        digest: Digest::of(b"entry"),
        time: at("2026-11-28T09:59:00Z"),
    });
    report.proofs.push(ProofDocument {
        file: "kept/first.json".into(),
        sequence: 11,
        proven: true,
        time: Some(at("2026-11-20T10:00:00Z")),
        reason: None,
    });
    report.proofs.push(ProofDocument {
        file: "kept/other.json".into(),
        sequence: 12,
        proven: false,
        time: None,
        reason: Some("the ledger has another entry 12".into()),
    });
    report.objects = Some(ObjectsDocument {
        named: 30,
        missing: 0,
        altered: 1,
        findings: vec![ObjectDocument {
            digest: Digest::of(b"object"),
            entry: 12,
            role: "the dossier of a verdict".into(),
            state: ObjectState::Altered,
            reason: Some("objects/ab: its content does not match the digest in its name".into()),
        }],
    });
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
    report.dora = Some(Box::new(DoraDocument {
        environment: "production".into(),
        since: at("2026-08-30T10:00:00Z"),
        until: at("2026-11-28T10:00:00Z"),
        releases: 12,
        break_glass: 1,
        rollbacks: 1,
        failed: vec!["r-4".into(), "r-9".into()],
        unfinished: vec!["r-13".into()],
        unknown: vec!["r-1".into()],
        open: vec!["r-9".into()],
        deployment_frequency: RatioDocument {
            events: 11,
            value: Some(0.8556),
        },
        lead_time: TimesDocument {
            events: 40,
            median: Some(26 * 3600),
            ninetieth: Some(4 * 86_400),
        },
        change_failure_rate: RatioDocument {
            events: 12,
            value: Some(0.1667),
        },
        recovery_time: TimesDocument {
            events: 1,
            median: None,
            ninetieth: None,
        },
    }));
    report.drill = Some(DrillDocument {
        environment: "production".into(),
        rules: 5,
        passed: false,
        trials: vec![
            TrialDocument {
                fault: "evidence-old".into(),
                what: "the evidence is older than the policy permits".into(),
                expected: "gate/evidence-stale".into(),
                result: TrialResultDocument::Shut,
                shut_by: vec!["gate/evidence-stale".into()],
                reason: Some("the evidence of `smoke` is 2 days old".into()),
            },
            TrialDocument {
                fault: "plan-rejected".into(),
                what: "a person rejected the plan".into(),
                expected: "gate/rejected".into(),
                result: TrialResultDocument::Open,
                shut_by: Vec::new(),
                reason: None,
            },
        ],
    });
    report.doubts.push(DoubtDocument {
        decision: DecisionKind::OpenVerdict,
        subject: digest("plan"),
        entry: 13,
        time: at("2026-11-20T10:00:02Z"),
        environment: "staging".into(),
        in_sync: Some(SightingDocument {
            entry: 9,
            time: at("2026-11-20T10:00:00Z"),
        }),
        drifted: SightingDocument {
            entry: 20,
            time: at("2026-11-21T10:00:00Z"),
        },
        shown_by: "a drift check".into(),
        findings: vec![digest("finding")],
        observed: true,
    });
    report.replays.push(ReplayDocument {
        entry: Some(12),
        time: Some(at("2026-11-20T10:00:01Z")),
        file: Some("dossier.json".into()),
        release: Some("r-3".into()),
        dossier: digest("replayed"),
        environment: Some("production".into()),
        plan: Some(digest("plan")),
        at: Some(at("2026-11-20T10:00:00Z")),
        rules: Some(1),
        result: ReplayResult::Different,
        open: Some(false),
        shut_by: vec!["gate/not-approved".into()],
        differences: vec![ReplayPart {
            part: "verdict".into(),
            recorded: vec!["open".into()],
            replayed: vec!["shut".into()],
        }],
        reason: Some("judged by version 1 of the rules; this evenkeel has version 2".into()),
    });
    report.register = Some(register());
}

/// Returns a register with every field.
fn register() -> RegisterDocument {
    let attempt = |what: &str| AttemptDocument {
        entry: 14,
        time: at("2026-11-20T10:00:02Z"),
        what: what.into(),
        environment: Some("production".into()),
        by: Some("bea".into()),
        reason: "staging drifted".into(),
    };
    RegisterDocument {
        from: Some(at("2026-11-01T00:00:00Z")),
        to: Some(at("2026-12-01T00:00:00Z")),
        first: 2,
        last: 40,
        releases: vec![ReleasedDocument {
            release: "r-3".into(),
            entry: 17,
            time: at("2026-11-20T10:00:03Z"),
            environment: "production".into(),
            outcome: Some("done".into()),
            plan: digest("plan"),
            recipe: digest("recipe"),
            commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
            subject: Some("Raise the limit (#42)".into()),
            authors: Some(vec!["ada@example.com".into()]),
            ticket: Some("#42".into()),
            by: "cid".into(),
            required: 1,
            approvals: vec![ApprovalDocument {
                by: "bea@example.com".into(),
                key: Some("SHA256:abc".into()),
                time: at("2026-11-20T10:00:01Z"),
                reason: "seen on staging".into(),
            }],
            suites: vec![EvidenceDocument {
                suite: "e2e".into(),
                environment: "staging".into(),
                passed: true,
                summary: "3 passed".into(),
                ended: at("2026-11-20T09:59:00Z"),
            }],
            shared_duties: vec!["bea@example.com wrote and approved".into()],
            dossier: Some(digest("dossier")),
        }],
        exceptions: vec![ExceptionDocument {
            at: "parameter.workers".into(),
            reason: Some("production is larger".into()),
            owner: Some("ada".into()),
            expires: Some(at("2027-06-30T00:00:00Z")),
            ticket: Some("#7".into()),
            first_used: "r-1".into(),
            entry: 5,
            time: at("2026-11-02T10:00:00Z"),
        }],
        denied: vec![attempt("release")],
        overrides: vec![attempt("lock break")],
        rows: vec![RegisterRow {
            entry: 16,
            time: at("2026-11-20T10:00:01Z"),
            kind: "approved".into(),
            environment: Some("production".into()),
            subject: Some("r-3".into()),
            result: Some("open".into()),
            by: Some("bea@example.com".into()),
            account: Some("bea@host".into()),
            key: Some("SHA256:abc".into()),
            plan: Some(digest("plan")),
            commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
            reason: Some("seen on staging".into()),
            words: "plan approved by bea".into(),
            digest: digest("entry"),
        }],
    }
}

//! Two toy kinds, each one file and one line in `kinds!`, go through everything that core does with a kind.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::apply::{Apply, ApplyReport, Journal, Progress, execute};
use crate::drift::live;
use crate::environment::resolve::Surroundings;
use crate::environment::secrets::NoSecrets;
use crate::environment::{Files, Resolved, read, reference_page, resolve, schema};
use crate::kind::{Declared, KINDS};
use crate::observe::{Observers, Situation, look};
use crate::plan::{Plan, Step, make, recipe};
use evenkeel_host::recorded::Fault;
use evenkeel_host::{Interruption, RecordedTarget, Target};
use evenkeel_ledger::memory::MemoryLedger;
use evenkeel_ledger::record::{Actor, ApplyOutcome, LeaseTaken, StepOutcome, Verb};
use evenkeel_ledger::{EnvironmentState, Fence, Ledger, State};
use evenkeel_model::moment::FixedClock;
use evenkeel_model::{Digest, EnvironmentName, Instance, Moment, Sealer};

const TOYS: &str = r#"
[toy-package.nginx]
on = "web"
package = "nginx"
version = "1.26"

[file.config]
on = "web"
path = "/srv/nginx.conf"
content = "for ${toy-package.nginx.version}"

[toy-service.nginx]
on = "web"
unit = "nginx"
restart-on = ["file.config"]
after = ["toy-package.nginx"]
"#;

/// Definitions in memory.
struct InMemory(BTreeMap<&'static str, String>);

impl InMemory {
    fn with(resources: &str) -> Self {
        let system = format!(
            "[system]\nname = \"toys\"\npath = [\"staging\"]\n[target.web]\n[release]\nrequire = []\n{resources}"
        );
        let staging = "[environment]\nname = \"staging\"\n[target.web]\nlocal = true\n";
        Self([("system.toml", system), ("staging.toml", staging.into())].into())
    }
}

impl Files for InMemory {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).map(|text| text.as_bytes().to_vec()))
    }

    fn definitions(&self) -> Result<Vec<String>, String> {
        Ok(self.0.keys().map(|name| (*name).to_owned()).collect())
    }

    fn shown(&self, path: &str) -> String {
        path.to_owned()
    }
}

struct Quiet;

impl Progress for Quiet {
    fn begun(&self, _steps: &[&Step]) {}
    fn ended(&self, _step: &Step, _outcome: StepOutcome, _reason: Option<&str>) {}
}

/// A target and a ledger, both in memory.
struct Project {
    name: EnvironmentName,
    target: RecordedTarget,
    ledger: MemoryLedger,
    now: Moment,
}

impl Project {
    fn new() -> Self {
        let now = Moment::from_millisecond(1_790_000_000_000);
        let ledger = MemoryLedger::found("toys", now, "lineage").unwrap();
        let name = EnvironmentName::new("staging");
        let lease = LeaseTaken {
            environment: name.clone(),
            token: 1,
            by: Actor {
                name: "ada".into(),
                host: "engine".into(),
                process: 7,
            },
            purpose: "test".into(),
        };
        ledger.append(now, &[lease.into()], None).unwrap();
        let target = RecordedTarget::new(Sealer::new([7; 32]));
        target.change(|host| host.put_directory("/srv", 0o755));
        Self {
            name,
            target,
            ledger,
            now,
        }
    }

    /// Resolves definitions, observes the target, makes the plan, and passes all of it on.
    fn planned<T>(&self, resources: &str, then: impl FnOnce(&Situation<'_>, &Plan) -> T) -> T {
        let files = InMemory::with(resources);
        let (definition, complaints) = read(&files);
        assert!(complaints.is_empty(), "{complaints:#?}");
        let definition = definition.unwrap();
        let sealer = Sealer::new([7; 32]);
        let surroundings = Surroundings {
            files: &files,
            root: Path::new("/project"),
            directory: Path::new("/project/environments"),
            sealer: &sealer,
            secrets: &NoSecrets,
            artifacts: &BTreeMap::new(),
        };
        let resolved: Resolved = resolve(&definition, &self.name, &surroundings).unwrap();
        let state = State::of(&self.ledger).unwrap();
        let nothing = EnvironmentState::default();
        let kept = &state.environment(&self.name).unwrap_or(&nothing).applied;
        let observers: Observers<'_> = [(Arc::from("web"), &self.target as _)].into();
        let situation = look(&resolved, kept, BTreeMap::new(), &observers, self.now).unwrap();
        let recipe = recipe(&definition, &resolved, &BTreeSet::new());
        let definitions = Digest::of(resources.as_bytes());
        let plan = make(&situation, &recipe, definitions, "toys", "lineage", "test");
        then(&situation, &plan)
    }

    fn steps(&self, resources: &str) -> Vec<(String, Verb)> {
        self.planned(resources, |_, plan| {
            assert!(plan.unseen.is_empty(), "{:?}", plan.unseen);
            let step = |step: &Step| (step.instance.to_string(), step.verb);
            plan.steps.iter().map(step).collect()
        })
    }

    fn apply(&self, resources: &str) -> ApplyReport {
        self.planned(resources, |situation, plan| {
            let removed: BTreeMap<Instance, Declared> = situation
                .applied
                .iter()
                .map(|(instance, applied)| (instance.clone(), applied.declared.clone()))
                .collect();
            let fence = Fence {
                environment: self.name.clone(),
                token: 1,
            };
            let apply = Apply {
                plan,
                resolved: situation.resolved,
                removed: &removed,
                targets: &[(Arc::from("web"), &self.target as &dyn Target)].into(),
                materials: &situation.resolved.materials,
                journal: Journal {
                    ledger: &self.ledger,
                    fence: &fence,
                    clock: &FixedClock(self.now),
                    apply: "a-1",
                    environment: &self.name,
                },
                interruption: &Interruption::default(),
            };
            let (report, written) = execute(&apply, &Quiet);
            written.unwrap();
            report
        })
    }

    fn drift(&self, resources: &str) -> Vec<(&'static str, String)> {
        self.planned(resources, |situation, _| {
            live(situation)
                .into_iter()
                .map(|defect| {
                    let place = defect.labels.first().map(|label| label.span.text());
                    (defect.code.name, place.unwrap_or_default().to_owned())
                })
                .collect()
        })
    }

    fn toys(&self) -> Vec<String> {
        self.target
            .world()
            .others
            .into_iter()
            .map(|((class, name), value)| format!("{class} {name} {value}"))
            .collect()
    }

    fn actions(&self) -> Vec<String> {
        let journal = self.target.journal();
        journal
            .iter()
            .map(|happening| {
                let action = serde_json::to_value(&happening.action).unwrap();
                let word = |key: &str| action[key].as_str().unwrap_or_default().to_owned();
                format!("{} {}", word("action"), word("class"))
            })
            .collect()
    }
}

#[test]
fn toy_kinds_go_from_their_definition_to_an_empty_plan_and_away_again() {
    let project = Project::new();
    let step = |instance: &str, verb| (instance.to_owned(), verb);
    assert_eq!(
        project.steps(TOYS),
        [
            step("file.config", Verb::Create),
            step("toy-package.nginx", Verb::Create),
            step("toy-service.nginx", Verb::Create),
        ]
    );
    assert_eq!(project.apply(TOYS).outcome, ApplyOutcome::Done);
    assert_eq!(
        project.actions(),
        [
            "set-toy package",
            "file ",
            "set-toy enabled",
            "set-toy running",
        ]
    );
    assert_eq!(project.steps(TOYS), []);
    assert_eq!(project.drift(TOYS), []);

    assert_eq!(project.apply("").outcome, ApplyOutcome::Done);
    assert_eq!(project.toys(), [] as [&str; 0]);
    let actions = project.actions();
    assert_eq!(
        actions[4..6],
        ["drop-toy running", "drop-toy enabled"],
        "a service is removed first: {actions:?}"
    );
    assert_eq!(project.steps(""), []);
}

#[test]
fn drift_of_a_toy_points_to_the_key_that_declares_it() {
    let project = Project::new();
    project.apply(TOYS);
    project.target.change(|host| {
        let thing = ("package".to_owned(), "nginx".to_owned());
        host.others.insert(thing, "1.24".to_owned());
    });
    assert_eq!(
        project.drift(TOYS),
        [("toy-package/version-differs", "\"1.26\"".to_owned())]
    );
    assert_eq!(
        project.steps(TOYS),
        [("toy-package.nginx".to_owned(), Verb::Update),]
    );
}

#[test]
fn a_toy_restarts_with_what_it_restarts_on() {
    let project = Project::new();
    project.apply(TOYS);
    project
        .target
        .change(|host| host.put_file("/srv/nginx.conf", b"other", 0o644));
    assert_eq!(
        project.steps(TOYS),
        [
            ("file.config".to_owned(), Verb::Update),
            ("toy-service.nginx".to_owned(), Verb::Replace),
        ]
    );
}

#[test]
fn two_toys_do_not_claim_one_thing() {
    let twice = format!(
        "{TOYS}\n[toy-package.other]\non = \"web\"\npackage = \"nginx\"\nversion = \"2\"\n"
    );
    let files = InMemory::with(&twice);
    let definition = read(&files).0.unwrap();
    let surroundings = Surroundings {
        files: &files,
        root: Path::new("/project"),
        directory: Path::new("/project/environments"),
        sealer: &Sealer::new([7; 32]),
        secrets: &NoSecrets,
        artifacts: &BTreeMap::new(),
    };
    let complaints = resolve(&definition, &EnvironmentName::new("staging"), &surroundings)
        .err()
        .unwrap();
    let messages: Vec<&str> = complaints.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        messages,
        ["toy-package.other and toy-package.nginx both claim package nginx on `web` in staging"]
    );
}

#[test]
fn a_step_that_was_interrupted_between_its_actions_is_not_reported_as_untouched() {
    let project = Project::new();
    // Package, file, enabled: the service is enabled and not started yet.
    project.target.fail(2, Fault::Interrupt);
    let report = project.apply(TOYS);
    let service = report.steps.last().unwrap();
    assert_eq!(service.outcome, Some(StepOutcome::Failed));
    assert_eq!(
        service.reason.as_deref(),
        Some("interrupted after 1 of 2 actions")
    );
    assert_eq!(
        project.steps(TOYS),
        [("toy-service.nginx".to_owned(), Verb::Replace)]
    );
    assert_eq!(project.apply(TOYS).outcome, ApplyOutcome::Done);
    assert_eq!(project.steps(TOYS), []);
}

#[test]
fn the_schema_and_the_reference_page_have_every_kind() {
    let schemas = format!("{}{}", schema::system(), schema::environment());
    let page = reference_page();
    for kind in KINDS {
        assert!(schemas.contains(&format!("\"{}\"", kind.name)));
        assert!(page.contains(&format!("[{}.", kind.name)), "{}", kind.name);
        for field in kind.fields {
            assert!(page.contains(&format!("`{}`", field.name)));
        }
    }
    assert!(KINDS.iter().any(|kind| kind.name == "toy-service"));
}

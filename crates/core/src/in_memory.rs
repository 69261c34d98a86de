//! A project in memory, for tests that go through all of core: definitions, a target and a ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::apply::{Apply, ApplyReport, Journal, Progress, execute};
use crate::drift::live;
use crate::environment::resolve::Surroundings;
use crate::environment::secrets::NoSecrets;
use crate::environment::{Files, Resolved, read, resolve};
use crate::kind::{ArtifactFacts, Declared};
use crate::observe::{Observers, Situation, look};
use crate::plan::{Plan, Step, make, recipe};
use evenkeel_host::{Interruption, RecordedTarget, Target};
use evenkeel_ledger::memory::MemoryLedger;
use evenkeel_ledger::record::{Actor, LeaseTaken, StepOutcome, Verb};
use evenkeel_ledger::{EnvironmentState, Fence, Ledger, State};
use evenkeel_model::moment::FixedClock;
use evenkeel_model::{Digest, EnvironmentName, Instance, Moment, Sealer};

/// Definitions in memory.
pub(crate) struct InMemory(BTreeMap<&'static str, String>);

impl InMemory {
    pub(crate) fn with(resources: &str) -> Self {
        let system = format!(
            "[system]\nname = \"toys\"\npath = [\"staging\"]\n[target.web]\n[artifact.app]\npath = \"app\"\n[release]\nrequire = []\n{resources}"
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
pub(crate) struct Project {
    name: EnvironmentName,
    pub(crate) target: RecordedTarget,
    ledger: MemoryLedger,
    now: Moment,
}

impl Project {
    pub(crate) fn new() -> Self {
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
    pub(crate) fn planned<T>(
        &self,
        resources: &str,
        then: impl FnOnce(&Situation<'_>, &Plan) -> T,
    ) -> T {
        let files = InMemory::with(resources);
        let (definition, complaints) = read(&files);
        assert!(complaints.is_empty(), "{complaints:#?}");
        let definition = definition.unwrap();
        let sealer = Sealer::new([7; 32]);
        let app = ArtifactFacts {
            name: "app".into(),
            digest: Digest::of(b"app"),
        };
        let surroundings = Surroundings {
            files: &files,
            root: Path::new("/project"),
            directory: Path::new("/project/environments"),
            sealer: &sealer,
            secrets: &NoSecrets,
            artifacts: &[(Arc::from("app"), app)].into(),
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

    pub(crate) fn steps(&self, resources: &str) -> Vec<(String, Verb)> {
        self.planned(resources, |_, plan| {
            assert!(plan.unseen.is_empty(), "{:?}", plan.unseen);
            let step = |step: &Step| (step.instance.to_string(), step.verb);
            plan.steps.iter().map(step).collect()
        })
    }

    pub(crate) fn apply(&self, resources: &str) -> ApplyReport {
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

    pub(crate) fn drift(&self, resources: &str) -> Vec<(&'static str, String)> {
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

    pub(crate) fn toys(&self) -> Vec<String> {
        self.target
            .world()
            .others
            .into_iter()
            .map(|((class, name), value)| format!("{class} {name} {value}"))
            .collect()
    }

    pub(crate) fn actions(&self) -> Vec<String> {
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

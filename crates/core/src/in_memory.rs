//! Project in memory, for tests of all of core: definitions, a target and a ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::apply::{Apply, ApplyReport, Journal, JournalError, Progress, RolloutWorld, execute};
use crate::drift::{by_machine, live};
use crate::environment::inventories::NoInventories;
use crate::environment::resolve::Surroundings;
use crate::environment::secrets::NoSecrets;
use crate::environment::{Files, Resolved, read, resolve};
use crate::kind::ArtifactFacts;
use crate::observe::{Handover, Observers, Situation, look_with_things};
use crate::plan::{Digests, Plan, Step, make, recipe, unreachable};
use evenkeel_host::recorded::Fault;
use evenkeel_host::{
    Action, ActionError, Answer, Interruption, Materials, Observer, Performed, Query,
    RecordedTarget, Target,
};
use evenkeel_ledger::memory::MemoryLedger;
use evenkeel_ledger::record::{Actor, LeaseTaken, StepOutcome, Verb};
use evenkeel_ledger::{Entry, EnvironmentState, Fence, Ledger, LedgerError, Record, State};
use evenkeel_model::moment::FixedClock;
use evenkeel_model::{Digest, EnvironmentName, HostName, Member, Moment, Sealer};

/// Definitions in memory.
pub(crate) struct InMemory(BTreeMap<&'static str, String>);

impl InMemory {
    pub(crate) fn with(resources: &str) -> Self {
        Self::on(resources, "local = true")
    }

    /// Returns definitions whose target has this place.
    fn on(resources: &str, place: &str) -> Self {
        let system = format!(
            "[system]\nname = \"toys\"\npath = [\"staging\"]\n[target.web]\n[artifact.app]\npath = \"app\"\n[release]\nrequire = []\n{resources}"
        );
        let staging = format!("[environment]\nname = \"staging\"\n[target.web]\n{place}\n");
        Self([("system.toml", system), ("staging.toml", staging)].into())
    }
}

impl Files for InMemory {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).map(|text| text.as_bytes().to_vec()))
    }

    fn definitions(&self) -> Result<Vec<String>, String> {
        let names = self.0.keys().filter(|name| !name.contains('/'));
        Ok(names.map(|name| (*name).to_owned()).collect())
    }

    fn shown(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// Ledger of a killed run: it accepts no entries from some point on.
struct Killed<'a> {
    ledger: &'a MemoryLedger,
    interruption: &'a Interruption,
    /// Remaining entries until that point.
    entries: Mutex<Option<usize>>,
}

impl Ledger for Killed<'_> {
    fn belongs_to(&self, system: &str) -> Result<(), LedgerError> {
        self.ledger.belongs_to(system)
    }

    fn each(
        &self,
        after: u64,
        take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        self.ledger.each(after, take)
    }

    fn append(
        &self,
        time: Moment,
        records: &[Record],
        fence: Option<&Fence>,
    ) -> Result<u64, LedgerError> {
        let mut entries = self.entries.lock().unwrap();
        let is_last = entries.as_mut().is_some_and(|left| {
            let is_last = *left == 0;
            *left = left.saturating_sub(1);
            is_last
        });
        if is_last {
            self.interruption.interrupt();
        }
        if self.interruption.is_set() {
            return Err(LedgerError::Foreign {
                path: "ledger".into(),
                found: "killed".into(),
                expected: "alive".into(),
            });
        }
        self.ledger.append(time, records, fence)
    }
}

/// Target of a killed run: it performs no actions from some point on.
struct Reached<'a> {
    target: &'a RecordedTarget,
    interruption: &'a Interruption,
}

impl Observer for Reached<'_> {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        self.target.observe(queries)
    }
}

impl Target for Reached<'_> {
    fn perform(
        &self,
        actions: &[Action],
        materials: &dyn Materials,
        _interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>> {
        self.target.perform(actions, materials, self.interruption)
    }
}

struct Quiet;

impl Progress for Quiet {
    fn begun(&self, _steps: &[&Step]) {}
    fn ended(&self, _step: &Step, _outcome: StepOutcome, _reason: Option<&str>) {}
}

/// What a rollout did besides steps, in order; some of it fails.
#[derive(Default)]
pub(crate) struct Around {
    pub(crate) done: Mutex<Vec<String>>,
    pub(crate) fails: Vec<&'static str>,
}

impl Around {
    fn note(&self, what: String) -> Result<(), String> {
        let is_wrong = self.fails.iter().any(|fail| what == *fail);
        self.done.lock().unwrap().push(what);
        if is_wrong {
            Err("failed".to_owned())
        } else {
            Ok(())
        }
    }
}

impl RolloutWorld for Around {
    fn run(&self, command: &[String]) -> Result<(), String> {
        self.note(command.join(" "))
    }

    fn run_on(&self, member: &Member, command: &[String]) -> Result<(), String> {
        self.note(format!("{member}: {}", command.join(" ")))
    }

    fn wait(&self, time: Duration) -> bool {
        time.is_zero() || self.note(format!("wait {}", time.as_secs())).is_ok()
    }

    fn check(&self, suite: &str) -> Result<(), String> {
        self.note(format!("check {suite}"))
    }
}

/// Target and ledger in memory.
pub(crate) struct Project {
    name: EnvironmentName,
    pub(crate) target: RecordedTarget,
    /// Hosts of the target, by name; without any, it is one machine.
    pub(crate) hosts: BTreeMap<&'static str, RecordedTarget>,
    /// Hosts that the definitions list.
    pub(crate) listed: Vec<&'static str>,
    /// Rollout of the target, as a table of TOML.
    pub(crate) rollout: &'static str,
    pub(crate) around: Around,
    /// The file `baselines/web.toml`.
    pub(crate) baseline: Option<String>,
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
        Self {
            name,
            target: Self::machine(),
            hosts: BTreeMap::new(),
            listed: Vec::new(),
            rollout: "{}",
            around: Around::default(),
            baseline: None,
            ledger,
            now,
        }
    }

    /// Creates one whose target has these hosts.
    pub(crate) fn fleet(hosts: &[&'static str]) -> Self {
        Self {
            hosts: hosts.iter().map(|name| (*name, Self::machine())).collect(),
            listed: hosts.to_vec(),
            ..Self::new()
        }
    }

    fn machine() -> RecordedTarget {
        let target = RecordedTarget::new(Sealer::new([7; 32]));
        target.change(|host| host.put_directory("/srv", 0o755));
        target
    }

    fn definitions(&self, resources: &str) -> InMemory {
        let mut files = if self.hosts.is_empty() {
            InMemory::with(resources)
        } else {
            let (hosts, rollout) = (&self.listed, self.rollout);
            let suite = "[suite.smoke]\nkind = \"smoke\"\nrun = [\"true\"]\n";
            let place = format!("hosts = {hosts:?}\nrollout = {rollout}");
            InMemory::on(&format!("{suite}{resources}"), &place)
        };
        if let Some(text) = &self.baseline {
            files.0.insert("baselines/web.toml", text.clone());
        }
        files
    }

    /// Returns the machines that the definitions list; `target` is the only one of a project without hosts.
    fn machines<'a>(&'a self, target: &'a dyn Target) -> BTreeMap<Member, &'a dyn Target> {
        let web: Arc<str> = Arc::from("web");
        if self.hosts.is_empty() {
            return [(Member::new(&web, None), target)].into();
        }
        // A second target may be on the same hosts.
        let mut machines = BTreeMap::new();
        for target in [web, Arc::from("db")] {
            for name in &self.listed {
                let member = Member::new(&target, HostName::parse(name).as_ref());
                machines.insert(member, &self.hosts[name] as &dyn Target);
            }
        }
        machines
    }

    /// Resolves definitions, observes the target, makes the plan, and passes all of it on.
    pub(crate) fn planned<T>(
        &self,
        resources: &str,
        then: impl FnOnce(&Situation<'_>, &Plan) -> T,
    ) -> T {
        let files = self.definitions(resources);
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
            machine: None,
            sealer: &sealer,
            secrets: &NoSecrets,
            inventories: &NoInventories,
            artifacts: &[(Arc::from("app"), app)].into(),
        };
        let resolved: Resolved = resolve(&definition, &self.name, &surroundings).unwrap();
        let state = State::of(&self.ledger).unwrap();
        let nothing = EnvironmentState::default();
        let standing = state.environment(&self.name).unwrap_or(&nothing);
        let observers: Observers<'_> = self
            .machines(&self.target)
            .into_iter()
            .map(|(member, target)| (member, target as &dyn Observer))
            .collect();
        let situation = look_with_things(&resolved, standing, &observers, self.now).unwrap();
        let recipe = recipe(&definition, &resolved, &BTreeSet::new());
        let definitions = Digest::of(resources.as_bytes());
        let plan = make(
            &situation,
            &recipe,
            Digests::of(&situation),
            (definitions, Digest::of(b"requirements")),
            "toys",
            "lineage",
            "test",
        );
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
        let interruption = Interruption::default();
        let (report, written) = self.run(resources, &self.ledger, &self.target, &interruption);
        written.unwrap();
        report
    }

    /// Applies through a target that may do more than requested.
    pub(crate) fn apply_through(&self, resources: &str, target: &dyn Target) -> ApplyReport {
        let (report, written) = self.run(resources, &self.ledger, target, &Interruption::default());
        written.unwrap();
        report
    }

    /// Applies and stops before the action or ledger entry with this number. Even numbers are actions, odd ones are
    /// entries.
    pub(crate) fn apply_killed(&self, resources: &str, number: usize) {
        let interruption = Interruption::default();
        let ledger = Killed {
            ledger: &self.ledger,
            interruption: &interruption,
            entries: Mutex::new((!number.is_multiple_of(2)).then_some(number / 2)),
        };
        if number.is_multiple_of(2) {
            let action = self.target.journal().len() + number / 2;
            self.target.fail(action, Fault::Interrupt);
        }
        // The result of a killed run is discarded.
        let target = Reached {
            target: &self.target,
            interruption: &interruption,
        };
        let _ = self.run(resources, &ledger, &target, &interruption);
        self.target.heal();
    }

    /// Returns the number of steps with an intent and no outcome.
    pub(crate) fn open(&self) -> usize {
        let state = State::of(&self.ledger).unwrap();
        state.environment(&self.name).map_or(0, |it| it.open.len())
    }

    fn run(
        &self,
        resources: &str,
        ledger: &dyn Ledger,
        target: &dyn Target,
        interruption: &Interruption,
    ) -> (ApplyReport, Result<(), JournalError>) {
        self.planned(resources, |situation, plan| {
            let unreachable = unreachable(situation, plan).unwrap();
            let handover = Handover::of(situation);
            let (removed, former) = (handover.removed(), handover.former_places());
            let moved = handover.moved();
            let fence = Fence {
                environment: self.name.clone(),
                token: 1,
            };
            let clock = FixedClock(self.now);
            let held = || Ok(());
            let apply = Apply {
                plan,
                resolved: situation.resolved,
                removed: &removed,
                former: &former,
                moved: &moved,
                targets: &self.machines(target),
                materials: &situation.resolved.materials,
                journal: Journal::new(ledger, (&fence, &held), &clock, "a-1", &self.name),
                rollouts: &self.around,
                unreachable: &unreachable,
                interruption,
            };
            execute(&apply, &Quiet)
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

    /// Returns the messages of the drift, by machine where one cannot be read.
    pub(crate) fn findings(&self, resources: &str) -> Vec<String> {
        let (definition, _) = read(&self.definitions(resources));
        let definition = definition.unwrap();
        self.planned(resources, |situation, _| {
            let defects = by_machine(&definition, situation.resolved, live(situation));
            defects.into_iter().map(|defect| defect.message).collect()
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

//! Operations inside the test process: recorded targets, a fixed clock, a silent listener.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use evenkeel::operation::{
    self, ApplyRequest, DecisionRequest, DeliverRequest, DriftRequest, Event, Failure, Listener,
    ProjectLocation, RollbackRequest, Stores, TargetMaker, World,
};
use evenkeel::report::Report;
use evenkeel::world::processes::LocalProcesses;
use evenkeel::world::redaction::RunSecrets;
use evenkeel_core::environment::resolve::{TargetHosts, TargetPlace};
use evenkeel_core::gate::StoredDossier;
use evenkeel_host::recorded::RecordedTarget;
use evenkeel_host::{Interruption, Target};
use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::record::Actor;
use evenkeel_ledger::{Record, Store as _, chain};
use evenkeel_model::moment::FixedClock;
use evenkeel_model::{EnvironmentName, HostName, Member, Moment, Sealer};

use super::reports::is_all_in_the_document;
use super::world::TestWorld;

/// Project whose targets are in memory.
pub struct Inside {
    /// Project on disk.
    pub world: TestWorld,
    /// Environment variables.
    pub variables: RefCell<BTreeMap<String, String>>,
    /// Current time.
    pub now: Cell<Moment>,
    /// Account.
    pub actor: RefCell<String>,
    targets: Arc<Recorded>,
}

/// One target for each environment, or for each host of one with several.
struct Recorded(Mutex<BTreeMap<String, Arc<RecordedTarget>>>);

impl TargetMaker for Recorded {
    fn make(
        &self,
        environment: &EnvironmentName,
        member: &Member,
        _place: &TargetPlace,
        sealer: &Sealer,
    ) -> Arc<dyn Target> {
        let mut targets = self.0.lock().unwrap();
        let name = match &member.host {
            None => environment.to_string(),
            Some(host) => format!("{environment}@{host}"),
        };
        let target = targets.entry(name).or_insert_with(|| {
            let target = RecordedTarget::new(sealer.clone());
            target.change(|world| world.put_directory("/srv", 0o755));
            Arc::new(target)
        });
        Arc::clone(target) as Arc<dyn Target>
    }
}

/// Listener that ignores events.
struct Silence;

impl Listener for Silence {
    fn event(&self, _event: Event<'_>) {}
}

/// Operation by which a person decides.
pub type Deciding = fn(&World<'_>, &ProjectLocation, DecisionRequest<'_>) -> Outcome;

/// Result of an operation.
pub type Outcome = Result<Report, Failure>;

impl Inside {
    /// Creates one for a project whose environments are at `/srv/…` of targets in memory.
    pub fn new(world: TestWorld) -> Self {
        for name in ["staging", "production"] {
            world.replace(
                &format!("environments/{name}.toml"),
                &format!("run/{name}"),
                &format!("/srv/{name}"),
            );
        }
        Self::of(world)
    }

    /// Creates one for a project as it is.
    pub fn of(world: TestWorld) -> Self {
        // The key exists before the first observation, so that all of them seal alike.
        std::fs::create_dir_all(world.path(".evenkeel")).unwrap();
        world.mode(".evenkeel", 0o700);
        FolderStore::new(&world.path(".evenkeel"))
            .make_key()
            .unwrap();
        Self {
            world,
            variables: RefCell::new(
                std::env::vars()
                    .filter(|(name, _)| name == "PATH")
                    .collect(),
            ),
            now: Cell::new("2026-11-23T10:00:00Z".parse().map(Moment::new).unwrap()),
            actor: RefCell::new("ada".into()),
            targets: Arc::new(Recorded(Mutex::default())),
        }
    }

    /// Returns one for another project with the targets of this one.
    pub fn beside(&self, world: TestWorld) -> Self {
        Self {
            targets: Arc::clone(&self.targets),
            ..Self::of(world)
        }
    }

    /// Returns the target of an environment; created on first use.
    pub fn target(&self, environment: &str) -> Arc<RecordedTarget> {
        self.member(environment, None)
    }

    /// Returns the target of a host; created on first use.
    pub fn host(&self, environment: &str, host: &str) -> Arc<RecordedTarget> {
        self.member(environment, HostName::parse(host))
    }

    fn member(&self, environment: &str, host: Option<HostName>) -> Arc<RecordedTarget> {
        let sealer = FolderStore::new(&self.world.path(".evenkeel"))
            .make_key()
            .unwrap();
        let sealer = sealer.for_target(environment, "web");
        let place = TargetPlace {
            base: "/".into(),
            state: "/".into(),
            hosts: TargetHosts::Here,
            rollout: None,
            revert_after: std::time::Duration::from_mins(1),
        };
        let name = match &host {
            None => environment.to_owned(),
            Some(host) => format!("{environment}@{host}"),
        };
        let member = Member::new(&"web".into(), host.as_ref());
        self.targets
            .make(&EnvironmentName::new(environment), &member, &place, &sealer);
        Arc::clone(&self.targets.0.lock().unwrap()[&name])
    }

    /// Returns the number of requested actions of an environment's target.
    pub fn asked(&self, environment: &str) -> usize {
        self.target(environment).journal().len()
    }

    /// Advances the clock.
    pub fn pass(&self, seconds: i64) {
        self.now.set(Moment::from_millisecond(
            self.now.get().as_millisecond() + seconds * 1000,
        ));
    }

    /// Calls a function with the program's world.
    pub fn with<T>(&self, task: impl FnOnce(&World<'_>, &ProjectLocation) -> T) -> T {
        self.with_interruption(Interruption::default(), task)
    }

    /// Calls a function with the program's world and the test's interruption.
    pub fn with_interruption<T>(
        &self,
        interruption: Interruption,
        task: impl FnOnce(&World<'_>, &ProjectLocation) -> T,
    ) -> T {
        self.with_all(interruption, &Silence, task)
    }

    /// Calls a function with the program's world and a listener.
    pub fn with_listener<T>(
        &self,
        listener: &dyn Listener,
        task: impl FnOnce(&World<'_>, &ProjectLocation) -> T,
    ) -> T {
        self.with_all(Interruption::default(), listener, task)
    }

    fn with_all<T>(
        &self,
        interruption: Interruption,
        listener: &dyn Listener,
        task: impl FnOnce(&World<'_>, &ProjectLocation) -> T,
    ) -> T {
        let clock = FixedClock(self.now.get());
        let variables = self.variables.borrow().clone();
        let input = std::io::stdin();
        let world = World {
            clock: &clock,
            environment: &variables,
            directory: self.world.path(""),
            input: input.as_fd(),
            processes: &LocalProcesses,
            interruption,
            actor: Actor {
                name: self.actor.borrow().clone(),
                host: "here".into(),
                process: 1,
            },
            state_home: self.world.path("state"),
            listener,
            targets: &*self.targets,
            stores: &Stores,
            secrets: RunSecrets::default(),
        };
        let outcome = task(&world, &ProjectLocation::default());
        self.pass(1);
        outcome
    }

    /// Runs `evenkeel apply ENVIRONMENT`.
    pub fn apply(&self, environment: &str) -> Outcome {
        self.apply_confirmed(environment, None)
    }

    /// Runs `evenkeel apply` with a confirmation.
    pub fn apply_confirmed(&self, what: &str, confirm: Option<&str>) -> Outcome {
        let request = ApplyRequest {
            what: what.into(),
            confirm: confirm.map(str::to_owned),
            wait: None,
        };
        self.with(|world, location| operation::apply(world, location, &request))
    }

    /// Runs `evenkeel plan ENVIRONMENT`.
    pub fn plan(&self, environment: &str) -> Outcome {
        self.with(|world, location| {
            operation::plan(
                world,
                location,
                operation::PlanRequest {
                    environment: Some(environment),
                    output: None,
                    exit_code: true,
                },
            )
        })
    }

    /// Runs `evenkeel drift`.
    pub fn drift(&self) -> Outcome {
        self.with(|world, location| operation::drift(world, location, &DriftRequest::default()))
    }

    /// Runs `evenkeel deliver`.
    pub fn deliver(&self) -> Outcome {
        self.with(|world, location| operation::deliver(world, location, &DeliverRequest::default()))
    }

    /// Runs `evenkeel approve PLAN`.
    pub fn approve(&self, plan: &str) -> Outcome {
        self.decide(operation::approve, plan, None)
    }

    /// Runs `evenkeel approve PLAN --key KEY`, or another decision.
    pub fn decide(&self, decision: Deciding, plan: &str, key: Option<&Path>) -> Outcome {
        self.with(|world, location| {
            decision(
                world,
                location,
                DecisionRequest {
                    plan,
                    reason: "it is good",
                    key,
                    confirm: &|_| true,
                },
            )
        })
    }

    /// Runs `evenkeel release`.
    pub fn release(&self) -> Outcome {
        self.with(|world, location| operation::release(world, location, None, None, None))
    }

    /// Runs `evenkeel release --confirm=production`.
    pub fn release_confirmed(&self) -> Outcome {
        self.with(|world, location| {
            operation::release(world, location, None, Some("production"), None)
        })
    }

    /// Runs `evenkeel rollback production`.
    pub fn rollback(&self) -> Outcome {
        self.rollback_with(RollbackRequest::default())
    }

    /// Runs `evenkeel rollback production` with these arguments.
    pub fn rollback_with(&self, request: RollbackRequest<'_>) -> Outcome {
        let request = RollbackRequest {
            environment: "production",
            ..request
        };
        self.with(|world, location| operation::rollback(world, location, &request))
    }

    /// Runs `evenkeel status`.
    pub fn status(&self) -> Outcome {
        self.with(operation::status)
    }

    /// Runs `evenkeel log`.
    pub fn log(&self) -> Outcome {
        self.with(|world, location| {
            operation::log(
                world,
                location,
                &operation::LogRequest {
                    limit: 1_000_000,
                    all: true,
                    ..Default::default()
                },
            )
        })
    }

    /// Runs `evenkeel audit verify`.
    pub fn audit(&self) -> Outcome {
        self.with(|world, location| operation::audit_verify(world, location, &[], false))
    }
}

/// Returns the exit code of an outcome.
pub fn code(outcome: &Outcome) -> u8 {
    match outcome {
        Ok(report) => report.exit_code,
        Err(failure) => failure.exit_code(),
    }
}

/// Returns an outcome as JSON or as the failure's message.
pub fn words(outcome: &Outcome) -> String {
    match outcome {
        Ok(report) => serde_json::to_string(report).unwrap(),
        Err(failure) => format!(
            "{failure} {} {failure:?}",
            failure.help().unwrap_or_default()
        ),
    }
}

/// Checks the code of an outcome.
#[track_caller]
pub fn expect(wanted: u8, outcome: Outcome) -> Report {
    assert_eq!(code(&outcome), wanted, "{}", words(&outcome));
    let report = outcome.unwrap_or_else(|failure| panic!("{failure}"));
    is_all_in_the_document(&report);
    report
}

/// Checks the code and a text of an outcome.
#[track_caller]
pub fn refused(wanted: u8, says: &str, outcome: &Outcome) {
    assert_eq!(code(outcome), wanted, "{}", words(outcome));
    assert!(
        words(outcome).contains(says),
        "output lacks {says:?}: {}",
        words(outcome)
    );
}

/// Returns the dossier of the newest verdict in the ledger of a system.
pub fn newest_dossier(inside: &Inside, system: &str) -> StoredDossier {
    let store = FolderStore::new(&inside.world.path(".evenkeel"));
    let ledger = store.open(Some(system)).unwrap().unwrap();
    let mut newest = None;
    for entry in ledger.read(0).unwrap() {
        if let Some(Record::VerdictGiven(given)) = chain::understand(&entry).unwrap() {
            newest = Some(given.dossier);
        }
    }
    let bytes = store.objects().get(&newest.unwrap()).unwrap().unwrap();
    StoredDossier::read(&bytes).unwrap()
}

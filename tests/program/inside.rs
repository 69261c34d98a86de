//! The program's operations run inside the test: recorded targets, a clock that stands still, a silent listener.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex};

use evenkeel::operation::{
    self, ApplyRequest, DeliverRequest, DriftRequest, Event, Failure, Listener, ProjectLocation,
    TargetMaker, World,
};
use evenkeel::report::Report;
use evenkeel::world::processes::LocalProcesses;
use evenkeel::world::redaction::RunSecrets;
use evenkeel::world::stores::FolderStores;
use evenkeel_core::environment::resolve::TargetPlace;
use evenkeel_host::recorded::RecordedTarget;
use evenkeel_host::{Interruption, Target};
use evenkeel_ledger::StoreMaker as _;
use evenkeel_ledger::record::Actor;
use evenkeel_model::moment::FixedClock;
use evenkeel_model::{EnvironmentName, Moment, Sealer};

use super::reports::is_all_in_the_document;
use super::world::TestWorld;

/// A project whose targets are in memory.
pub struct Inside {
    /// The project on disk.
    pub world: TestWorld,
    /// Environment variables.
    pub variables: RefCell<BTreeMap<String, String>>,
    /// Now.
    pub now: Cell<Moment>,
    /// Who runs it.
    pub actor: RefCell<String>,
    targets: Recorded,
}

/// One target for each environment.
struct Recorded(Mutex<BTreeMap<String, Arc<RecordedTarget>>>);

impl TargetMaker for Recorded {
    fn make(
        &self,
        environment: &EnvironmentName,
        _name: &str,
        _place: &TargetPlace,
        sealer: &Sealer,
    ) -> Arc<dyn Target> {
        let mut targets = self.0.lock().unwrap();
        let target = targets.entry(environment.to_string()).or_insert_with(|| {
            let target = RecordedTarget::new(sealer.clone());
            target.change(|world| world.put_directory("/srv", 0o755));
            Arc::new(target)
        });
        Arc::clone(target) as Arc<dyn Target>
    }
}

/// Says nothing.
struct Silence;

impl Listener for Silence {
    fn event(&self, _event: Event<'_>) {}
}

/// What came of an operation.
pub type Outcome = Result<Report, Failure>;

impl Inside {
    /// Around a project whose environments are at `/srv/…` of targets in memory.
    pub fn new(world: TestWorld) -> Self {
        for name in ["staging", "production"] {
            world.replace(
                &format!("environments/{name}.toml"),
                &format!("run/{name}"),
                &format!("/srv/{name}"),
            );
        }
        // The key is there before the first look, so that all looks seal alike.
        std::fs::create_dir_all(world.path(".evenkeel")).unwrap();
        world.mode(".evenkeel", 0o700);
        FolderStores::default()
            .make(&world.path(""))
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
            targets: Recorded(Mutex::default()),
        }
    }

    /// The target of an environment; made when the first operation looks at it, or here.
    pub fn target(&self, environment: &str) -> Arc<RecordedTarget> {
        let sealer = FolderStores::default()
            .make(&self.world.path(""))
            .make_key()
            .unwrap();
        let sealer = sealer.for_target(environment, "web");
        let place = TargetPlace {
            base: "/".into(),
            state: "/".into(),
        };
        self.targets
            .make(&EnvironmentName::new(environment), "web", &place, &sealer);
        Arc::clone(&self.targets.0.lock().unwrap()[environment])
    }

    /// How many actions an environment's target was ever asked for.
    pub fn asked(&self, environment: &str) -> usize {
        self.target(environment).journal().len()
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: i64) {
        self.now.set(Moment::from_millisecond(
            self.now.get().as_millisecond() + seconds * 1000,
        ));
    }

    /// Does something with the program's world.
    pub fn with<T>(&self, task: impl FnOnce(&World<'_>, &ProjectLocation) -> T) -> T {
        self.with_interruption(Interruption::default(), task)
    }

    /// The same, with an interruption of the test's.
    pub fn with_interruption<T>(
        &self,
        interruption: Interruption,
        task: impl FnOnce(&World<'_>, &ProjectLocation) -> T,
    ) -> T {
        self.with_all(interruption, &Silence, task)
    }

    /// The same, with a listener.
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
        let stores = FolderStores {
            interruption: interruption.clone(),
        };
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
            listener,
            targets: &self.targets,
            stores: &stores,
            secrets: RunSecrets::default(),
        };
        let outcome = task(&world, &ProjectLocation::default());
        self.pass(1);
        outcome
    }

    /// `evenkeel apply ENVIRONMENT`.
    pub fn apply(&self, environment: &str) -> Outcome {
        self.apply_confirmed(environment, None)
    }

    /// With a word of confirmation.
    pub fn apply_confirmed(&self, what: &str, confirm: Option<&str>) -> Outcome {
        let request = ApplyRequest {
            what: what.into(),
            confirm: confirm.map(str::to_owned),
            wait: None,
        };
        self.with(|world, location| operation::apply(world, location, &request))
    }

    /// `evenkeel plan ENVIRONMENT`.
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

    /// `evenkeel drift`.
    pub fn drift(&self) -> Outcome {
        self.with(|world, location| operation::drift(world, location, &DriftRequest::default()))
    }

    /// `evenkeel deliver`.
    pub fn deliver(&self) -> Outcome {
        self.with(|world, location| operation::deliver(world, location, &DeliverRequest::default()))
    }

    /// `evenkeel approve PLAN`.
    pub fn approve(&self, plan: &str) -> Outcome {
        self.with(|world, location| {
            operation::approve(
                world,
                location,
                operation::ApproveRequest {
                    plan,
                    reason: "it is good",
                    confirm: &|_| true,
                },
            )
        })
    }

    /// `evenkeel release`.
    pub fn release(&self) -> Outcome {
        self.with(|world, location| operation::release(world, location, None, None, None))
    }

    /// `evenkeel release --confirm=production`.
    pub fn release_confirmed(&self) -> Outcome {
        self.with(|world, location| {
            operation::release(world, location, None, Some("production"), None)
        })
    }

    /// `evenkeel status`.
    pub fn status(&self) -> Outcome {
        self.with(operation::status)
    }

    /// `evenkeel log`.
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

    /// `evenkeel audit verify`.
    pub fn audit(&self) -> Outcome {
        self.with(|world, location| operation::audit_verify(world, location, &[], false))
    }
}

/// The exit code of an outcome.
pub fn code(outcome: &Outcome) -> u8 {
    match outcome {
        Ok(report) => report.exit_code,
        Err(failure) => failure.exit_code(),
    }
}

/// Everything an outcome says, as JSON or as the failure's words.
pub fn words(outcome: &Outcome) -> String {
    match outcome {
        Ok(report) => serde_json::to_string(report).unwrap(),
        Err(failure) => format!(
            "{failure} {} {failure:?}",
            failure.help().unwrap_or_default()
        ),
    }
}

/// That an outcome has a code.
#[track_caller]
pub fn expect(wanted: u8, outcome: Outcome) -> Report {
    assert_eq!(code(&outcome), wanted, "{}", words(&outcome));
    let report = outcome.unwrap_or_else(|failure| panic!("{failure}"));
    is_all_in_the_document(&report);
    report
}

/// That an outcome has a code and says something.
#[track_caller]
pub fn refused(wanted: u8, says: &str, outcome: &Outcome) {
    assert_eq!(code(outcome), wanted, "{}", words(outcome));
    assert!(
        words(outcome).contains(says),
        "nobody says {says:?}: {}",
        words(outcome)
    );
}

//! Makes the targets of an environment.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use evenkeel_core::environment::Resolved;
use evenkeel_core::environment::resolve::TargetPlace;
use evenkeel_core::observe::Observers;
use evenkeel_host::Target;
use evenkeel_host::local::LocalTarget;
use evenkeel_model::{EnvironmentName, Sealer};

/// Makes a target: real ones for the program, recorded ones for tests.
pub trait TargetMaker: Sync {
    /// The target of this name in an environment.
    fn make(
        &self,
        environment: &EnvironmentName,
        name: &str,
        place: &TargetPlace,
        sealer: &Sealer,
    ) -> Arc<dyn Target>;
}

/// Makes targets on this machine.
#[derive(Debug)]
pub struct LocalTargets {
    /// The program that starts processes: this one.
    pub launcher: PathBuf,
}

impl TargetMaker for LocalTargets {
    fn make(
        &self,
        _environment: &EnvironmentName,
        _name: &str,
        _place: &TargetPlace,
        sealer: &Sealer,
    ) -> Arc<dyn Target> {
        Arc::new(LocalTarget::new(sealer.clone(), self.launcher.clone()))
    }
}

/// The targets of one environment.
pub(super) struct Targets(BTreeMap<Arc<str>, Arc<dyn Target>>);

impl Targets {
    pub(super) fn of(resolved: &Resolved, maker: &dyn TargetMaker, sealer: &Sealer) -> Self {
        Self(
            resolved
                .targets
                .iter()
                .map(|(name, place)| {
                    (
                        Arc::clone(name),
                        maker.make(&resolved.name, name, place, sealer),
                    )
                })
                .collect(),
        )
    }

    /// For looking only.
    pub(super) fn observers(&self) -> Observers<'_> {
        self.0
            .iter()
            .map(|(name, target)| {
                let observer: &dyn evenkeel_host::Observer = &**target;
                (Arc::clone(name), observer)
            })
            .collect()
    }

    /// For changing.
    pub(super) fn targets(&self) -> BTreeMap<Arc<str>, &dyn Target> {
        self.0
            .iter()
            .map(|(name, target)| (Arc::clone(name), &**target))
            .collect()
    }
}

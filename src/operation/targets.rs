//! Creation of an environment's targets.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use crate::world::redacted_target::RedactedTarget;
use crate::world::redaction::Redactor;
use crate::world::ssh::Hosts;
use evenkeel_core::environment::Resolved;
use evenkeel_core::environment::resolve::TargetPlace;
use evenkeel_core::observe::{AppliedSeals, Observers, applied_seals};
use evenkeel_host::{LocalTarget, Observer, SealedTarget, Target};
use evenkeel_ledger::AppliedResource;
use evenkeel_model::{EnvironmentName, Instance, Member, Sealer};

/// Creates targets: real ones for the program, recorded ones for tests.
pub trait TargetMaker: Sync {
    /// Creates one machine of a target in an environment, with its own sealer.
    fn make(
        &self,
        environment: &EnvironmentName,
        member: &Member,
        place: &TargetPlace,
        sealer: &Sealer,
    ) -> Arc<dyn Target>;

    /// Reads the same target with the project's sealer, to recognise resources applied before each target had its own.
    /// Only for targets in this process: a host never gets the project's key.
    fn with_project_key(
        &self,
        _place: &TargetPlace,
        _sealer: &Sealer,
    ) -> Option<Arc<dyn Observer>> {
        None
    }
}

/// Creates the program's targets: this machine, and hosts over SSH.
pub struct ProgramTargets {
    /// Program that starts processes on this machine: this one.
    pub launcher: PathBuf,
    /// Hosts of this run.
    pub hosts: Hosts,
}

impl TargetMaker for ProgramTargets {
    fn make(
        &self,
        environment: &EnvironmentName,
        member: &Member,
        place: &TargetPlace,
        sealer: &Sealer,
    ) -> Arc<dyn Target> {
        match place.ssh(member.host.as_ref()) {
            Some(host) => {
                let environment = environment.as_str();
                self.hosts.target(environment, member, host, sealer)
            }
            None => Arc::new(LocalTarget::new(sealer.clone(), self.launcher.clone())),
        }
    }

    fn with_project_key(&self, place: &TargetPlace, sealer: &Sealer) -> Option<Arc<dyn Observer>> {
        if !place.is_here() {
            return None;
        }
        let target = LocalTarget::new(sealer.clone(), self.launcher.clone());
        Some(Arc::new(target))
    }
}

/// Targets of one environment, by machine.
pub(super) struct Targets(BTreeMap<Member, SealedTarget>);

impl Targets {
    pub(super) fn of(
        resolved: &Resolved,
        maker: &dyn TargetMaker,
        sealer: &Sealer,
        secrets: &Arc<Redactor>,
    ) -> Self {
        Self(
            resolved
                .members()
                .map(|(member, place)| {
                    let own = resolved.materials.sealer_of(&member);
                    let made = maker.make(&resolved.name, &member, place, &own);
                    let target = SealedTarget::new(
                        RedactedTarget::wrap(made, secrets),
                        maker.with_project_key(place, sealer),
                    );
                    for (project, own) in resolved.materials.seals_of(&member) {
                        target.book().pair(project, own);
                    }
                    (member, target)
                })
                .collect(),
        )
    }

    /// Adds the seals of applied resources, so that they are recognised although their declaration changed.
    pub(super) fn recall(&self, applied: &BTreeMap<Instance, AppliedResource>) {
        let applied: Vec<(&Instance, &AppliedResource)> = applied.iter().collect();
        let seals: Vec<(Member, AppliedSeals)> = applied
            .par_iter()
            .filter_map(|(instance, resource)| {
                let (on, seals) = applied_seals(&resource.record)?;
                Some((Member::new(&on, instance.host.as_ref()), seals))
            })
            .collect();
        for (member, seals) in seals {
            let Some(target) = self.0.get(&member) else {
                continue;
            };
            match seals {
                AppliedSeals::Known(seals) => {
                    for (project, own) in seals {
                        target.book().pair(project, own);
                    }
                }
                AppliedSeals::Alone(seals) => {
                    for project in seals {
                        target.book().miss(project);
                    }
                }
            }
        }
    }

    /// Returns the targets for observation.
    pub(super) fn observers(&self) -> Observers<'_> {
        self.0
            .iter()
            .map(|(member, target)| {
                let observer: &dyn Observer = target;
                (member.clone(), observer)
            })
            .collect()
    }

    /// Returns the targets for changes.
    pub(super) fn targets(&self) -> BTreeMap<Member, &dyn Target> {
        self.0
            .iter()
            .map(|(member, target)| {
                let target: &dyn Target = target;
                (member.clone(), target)
            })
            .collect()
    }
}

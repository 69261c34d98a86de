//! What a rollout does besides steps: its commands, its waits and its suite.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::picture::Resolution;
use super::verify::scratch;
use super::{Event, Project};
use crate::suite::{self, Outcome};
use crate::world::command::{CommandRun, CommandStatus, handed_on, run};
use crate::world::waiting::wait;
use evenkeel_core::apply::RolloutWorld;
use evenkeel_core::environment::Resolved;
use evenkeel_host::command::{Check, RunCommand};
use evenkeel_host::{Action, ActionError, Target};
use evenkeel_model::Member;

/// Time limit of a command: draining a host may take long.
const WITHIN: Duration = Duration::from_mins(10);

/// Commands and suites of one environment.
pub(super) struct Rolled<'a> {
    pub(super) project: &'a Project<'a>,
    pub(super) resolution: &'a Resolution,
    pub(super) resolved: &'a Resolved,
    pub(super) targets: &'a BTreeMap<Member, &'a dyn Target>,
}

impl RolloutWorld for Rolled<'_> {
    fn run(&self, command: &[String]) -> Result<(), String> {
        let world = self.project.world;
        let wanted = CommandRun {
            environment: handed_on(world.environment),
            directory: Some(self.project.root.clone()),
            timeout: WITHIN,
            output_limit: 64 * 1024,
            ..CommandRun::new(command.iter().cloned())
        };
        let ran =
            run(&wanted, &world.interruption).map_err(|error| format!("cannot be run: {error}"))?;
        match ran.status {
            status if status.is_success() => Ok(()),
            CommandStatus::Interrupted => Err("was interrupted".to_owned()),
            _ => Err(self.resolution.secrets.text(&ran.failure())),
        }
    }

    fn run_on(&self, member: &Member, command: &[String]) -> Result<(), String> {
        let target = self.targets.get(member).ok_or("has no host to run on")?;
        let action = Action::RunCommand(RunCommand {
            name: format!("rollout of {member}"),
            run: command.to_vec(),
            environment: BTreeMap::new(),
            within: u64::try_from(WITHIN.as_millis()).unwrap_or(u64::MAX),
            check: Check::nothing(),
        });
        let interruption = &self.project.world.interruption;
        let done = target.perform(&[action], &self.resolved.materials, interruption);
        match done.into_iter().next() {
            Some(Ok(_)) => Ok(()),
            Some(Err(ActionError::Interrupted)) => Err("was interrupted".to_owned()),
            Some(Err(ActionError::Failed { reason, .. })) => {
                Err(self.resolution.secrets.text(&reason))
            }
            Some(Err(error)) => Err(self.resolution.secrets.text(&error.to_string())),
            None => Err("has no result".to_owned()),
        }
    }

    fn wait(&self, time: Duration) -> bool {
        wait(time, &self.project.world.interruption)
    }

    fn check(&self, name: &str) -> Result<(), String> {
        let world = self.project.world;
        let known = self.resolved.suites.iter();
        let Some(suite) = known.clone().find(|suite| *suite.name == *name) else {
            let names: BTreeSet<&str> = known.map(|suite| &*suite.name).collect();
            let names: Vec<&str> = names.into_iter().collect();
            return Err(format!(
                "it is not one of {}",
                evenkeel_model::text::list(&names, "and")
            ));
        };
        scratch(self.project, &self.resolved.name, suite)?;
        world.listener.event(Event::SuiteBegan {
            kind: &suite.kind,
            suite: &suite.name,
        });
        let result = suite::run(
            suite,
            world.clock,
            world.environment,
            &self.resolution.secrets,
            &world.interruption,
            &|line| world.listener.event(Event::CommandLine { line }),
        );
        world.listener.event(Event::Ended);
        if result.passed {
            Ok(())
        } else {
            let case = result
                .cases
                .iter()
                .find(|case| matches!(case.outcome, Outcome::Failed | Outcome::Error));
            let case = case.map(|case| {
                let message = case.message.as_deref().unwrap_or_default();
                format!("; {}: {message}", case.name)
            });
            Err(format!("{}{}", result.summary, case.unwrap_or_default()))
        }
    }
}

//! Build of artifacts with the commands of their definitions, for `--build`.

use std::time::Duration;

use super::{Event, Failure, Project};
use crate::world::command::{CommandRun, CommandStatus, handed_on, run_with_lines};

/// Time limit of a build.
const WITHIN: Duration = Duration::from_hours(2);

/// Runs the build command of every artifact that has one, in the project's directory.
pub(super) fn build(project: &Project<'_>) -> Result<(), Failure> {
    let world = project.world;
    for (name, artifact) in &project.definition.artifacts {
        if artifact.build.is_empty() {
            continue;
        }
        world.listener.event(Event::BuildBegan {
            artifact: name,
            command: &artifact.build,
        });
        let mut command = CommandRun::new(artifact.build.iter().cloned());
        command.environment = handed_on(world.environment);
        command.directory = Some(project.root.clone());
        command.timeout = WITHIN;
        let listener = world.listener;
        let outcome = run_with_lines(&command, &world.interruption, &mut |_, line| {
            listener.event(Event::CommandLine { line });
        });
        world.listener.event(Event::Ended);
        let outcome = outcome.map_err(|error| {
            Failure::other(format!("the artifact `{name}` cannot be built: {error}"))
        })?;
        if outcome.status == CommandStatus::Interrupted {
            return Err(Failure::Interrupted);
        }
        if !outcome.status.is_success() {
            let said = outcome.stderr.into_bytes();
            let said = String::from_utf8_lossy(&said);
            let last: Vec<&str> = said.lines().rev().take(20).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            return Err(Failure::Other {
                reason: format!(
                    "the artifact `{name}` was not built: `{}` {}",
                    artifact.build.join(" "),
                    outcome.status
                ),
                help: Some(evenkeel_model::text::inert(&last.join("\n")).into_owned()),
            });
        }
    }
    Ok(())
}

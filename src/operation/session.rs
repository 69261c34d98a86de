//! The opening of every operation: find the definitions, read them, resolve environments, begin the report.
//!
//! An operation says what it needs ([`Needs`]) and gets no more: no secret is read, no artifact is hashed and no render
//! command runs for an operation that does not use the result.

use super::large::Large;
use super::picture::Resolution;
use super::project::Depth;
use super::{Event, Failure, Project, ProjectLocation, World};
use crate::report::{RUNNING_COMMANDS, Report};
use evenkeel_ledger::State;
use evenkeel_model::{EnvironmentName, Sealer};

/// What an operation needs of environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Definitions. Documents only where a declared difference names them. No command runs.
    Definitions,
    /// As [`Needs::Definitions`], and the commands run that print such documents.
    RenderedDefinitions,
    /// Parity of definitions and documents. No command runs.
    UnrenderedParity,
    /// Parity of definitions and documents.
    Parity,
    /// The live state and what it should be: secrets and artifacts, no documents.
    Live,
    /// Parity, secrets included, and the live state.
    Drift,
    /// As [`Needs::Live`], to change or test an environment.
    Change,
    /// As [`Needs::Drift`], to judge or make a release.
    Release,
}

/// Which documents are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DocumentNeed {
    /// None.
    None,
    /// Those that a declared difference names.
    Named,
    /// All of every environment.
    All,
}

impl Needs {
    /// How much of the world resolving reads.
    pub(super) fn depth(self) -> Depth {
        match self {
            Self::Definitions
            | Self::RenderedDefinitions
            | Self::UnrenderedParity
            | Self::Parity => Depth::Shape,
            Self::Live | Self::Drift | Self::Change | Self::Release => Depth::Whole,
        }
    }

    /// Whether claims are compared with those of all environments, whatever that costs.
    pub(super) fn compares_all(self) -> bool {
        matches!(self, Self::Definitions | Self::Change | Self::Release)
    }

    /// Which documents are read.
    pub(super) fn documents(self) -> DocumentNeed {
        match self {
            Self::Definitions | Self::RenderedDefinitions => DocumentNeed::Named,
            Self::Live | Self::Change => DocumentNeed::None,
            Self::UnrenderedParity | Self::Parity | Self::Drift | Self::Release => {
                DocumentNeed::All
            }
        }
    }

    /// Whether the commands run that print documents.
    pub(super) fn renders(self) -> bool {
        !matches!(self, Self::Definitions | Self::UnrenderedParity)
    }

    /// The project's key. It is made where something will be recorded under it.
    fn sealer(self, project: &Project<'_>) -> Result<Sealer, Failure> {
        match self {
            Self::Change | Self::Release => project.sealer(),
            Self::Definitions
            | Self::RenderedDefinitions
            | Self::UnrenderedParity
            | Self::Parity
            | Self::Live
            | Self::Drift => project.sealer_for_reading(),
        }
    }
}

/// An operation that has begun.
pub(super) struct Session<'w> {
    /// The project, with its definitions read.
    pub(super) project: Project<'w>,
    /// The report.
    pub(super) report: Report,
}

impl<'w> Session<'w> {
    /// Finds and reads the project, and begins the report of `command`.
    pub(super) fn open(
        world: &'w World<'_>,
        location: &ProjectLocation,
        command: &'static str,
    ) -> Result<Self, Failure> {
        Ok(Self::of(Project::open(world, location)?, command))
    }

    /// As [`Session::open`], with the state of the ledger. The two are read at the same time.
    pub(super) fn open_with_state(
        world: &'w World<'_>,
        location: &ProjectLocation,
        command: &'static str,
    ) -> Result<(Self, Large<State>), Failure> {
        let (project, state) = Project::open_with_state(world, location)?;
        Ok((Self::of(project, command), state))
    }

    fn of(project: Project<'w>, command: &'static str) -> Self {
        let mut report = Report::new(
            command,
            &project.definition.system,
            project.world.clock.now(),
        );
        report.project = project.path_in_repository();
        report.path = project
            .definition
            .path
            .iter()
            .map(ToString::to_string)
            .collect();
        if RUNNING_COMMANDS.contains(&command) {
            project.world.listener.event(Event::Opened {
                system: &project.definition.system,
                commit: project.head().as_deref(),
                path: &project.definition.path,
            });
        }
        Self { project, report }
    }

    /// Resolves environments, as far as the operation needs them, and reports where their definitions came from.
    pub(super) fn resolve(
        &mut self,
        names: &[EnvironmentName],
        needs: Needs,
    ) -> Result<Resolution, Failure> {
        let sealer = needs.sealer(&self.project)?;
        let resolution = Resolution::of(&self.project, names, sealer, needs)?;
        self.report.origin(&resolution.origin);
        Ok(resolution)
    }
}

//! Start of every operation: finds and reads the definitions, resolves environments, and creates the report.
//!
//! An operation declares its inputs ([`Needs`]) and gets no more: without use for the result, no secret is read, no
//! artifact is hashed and no render command runs.

use super::large::Large;
use super::picture::Resolution;
use super::project::Depth;
use super::{Event, Failure, Project, ProjectLocation, World};
use crate::report::{RUNNING_COMMANDS, Report};
use evenkeel_ledger::State;
use evenkeel_model::{EnvironmentName, Sealer};

/// Inputs that an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Definitions. Documents only if a declared difference names them. No command runs.
    Definitions,
    /// As [`Needs::Definitions`], and commands that print such documents run.
    RenderedDefinitions,
    /// Parity of definitions and documents. No command runs.
    UnrenderedParity,
    /// Parity of definitions and documents.
    Parity,
    /// Live state and definitions: secrets and artifacts, no documents.
    Live,
    /// Parity with secrets, and the live state.
    Drift,
    /// As [`Needs::Live`], to change or test an environment.
    Change,
    /// As [`Needs::Drift`], to judge or make a release.
    Release,
}

/// Documents to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DocumentNeed {
    /// None.
    None,
    /// Documents that a declared difference names.
    Named,
    /// All documents of every environment.
    All,
}

impl Needs {
    /// Returns the extent of resolving.
    pub(super) fn depth(self) -> Depth {
        match self {
            Self::Definitions
            | Self::RenderedDefinitions
            | Self::UnrenderedParity
            | Self::Parity => Depth::Shape,
            Self::Live | Self::Drift | Self::Change | Self::Release => Depth::Whole,
        }
    }

    /// Whether claims are always compared with those of all environments.
    pub(super) fn compares_all(self) -> bool {
        matches!(self, Self::Definitions | Self::Change | Self::Release)
    }

    /// Returns the documents to read.
    pub(super) fn documents(self) -> DocumentNeed {
        match self {
            Self::Definitions | Self::RenderedDefinitions => DocumentNeed::Named,
            Self::Live | Self::Change => DocumentNeed::None,
            Self::UnrenderedParity | Self::Parity | Self::Drift | Self::Release => {
                DocumentNeed::All
            }
        }
    }

    /// Whether commands that print documents run.
    pub(super) fn renders(self) -> bool {
        !matches!(self, Self::Definitions | Self::UnrenderedParity)
    }

    /// Returns the project's key, and creates a missing one if something will be recorded under it.
    fn sealer(self, project: &Project<'_>) -> Result<Sealer, Failure> {
        match self {
            Self::Change | Self::Release => project.sealer(),
            // No secret is read, so the key of a team is not asked for.
            Self::Definitions
            | Self::RenderedDefinitions
            | Self::UnrenderedParity
            | Self::Parity
                if project.store.is_shared() =>
            {
                Ok(project.temporary_sealer())
            }
            Self::Definitions
            | Self::RenderedDefinitions
            | Self::UnrenderedParity
            | Self::Parity
            | Self::Live
            | Self::Drift => project.sealer_for_reading(),
        }
    }
}

/// Started operation.
pub(super) struct Session<'w> {
    /// Project with parsed definitions.
    pub(super) project: Project<'w>,
    /// The report.
    pub(super) report: Report,
}

impl<'w> Session<'w> {
    /// Finds and reads the project, and creates the report of `command`.
    pub(super) fn open(
        world: &'w World<'_>,
        location: &ProjectLocation,
        command: &'static str,
    ) -> Result<Self, Failure> {
        Ok(Self::of(Project::open(world, location)?, command))
    }

    /// Opens a session like [`Session::open`], and concurrently reads the state of the ledger.
    pub(super) fn open_with_state(
        world: &'w World<'_>,
        location: &ProjectLocation,
        command: &'static str,
    ) -> Result<(Self, Large<State>), Failure> {
        let (project, state) = Project::open_with_state(world, location)?;
        Ok((Self::of(project, command), state))
    }

    /// Creates the report of `command` on a project that was read.
    pub(super) fn of(project: Project<'w>, command: &'static str) -> Self {
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

    /// Resolves environments as far as the operation needs them, and reports the origin of their definitions.
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

//! Progress of an operation as typed events, for a waiting person.
//!
//! Operations send events without sentences; the command line displays them as lines or bars, or not at all.

use crate::report::{ApplyDocument, PlanReport, SuiteDocument};
use evenkeel_model::{EnvironmentName, Instance};

/// Event.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The definitions are read, and the work on environments starts.
    Opened {
        /// The system.
        system: &'a str,
        /// The commit of the definitions.
        commit: Option<&'a str>,
        /// The environments, in the order of the path.
        path: &'a [EnvironmentName],
    },
    /// A plan is made.
    Planned {
        /// The plan.
        plan: &'a PlanReport,
    },
    /// An apply ended, and its result was observed.
    Applied {
        /// Result.
        apply: &'a ApplyDocument,
    },
    /// A suite ended.
    Verified {
        /// Result.
        suite: &'a SuiteDocument,
    },
    /// An apply started.
    ApplyBegan {
        /// The environment.
        environment: &'a EnvironmentName,
        /// Number of its steps.
        steps: usize,
    },
    /// A step of the apply ended.
    StepEnded {
        /// The resource on its host.
        instance: &'a Instance,
    },
    /// The build of an artifact started.
    BuildBegan {
        /// The artifact.
        artifact: &'a str,
        /// The command.
        command: &'a [String],
    },
    /// A suite started.
    SuiteBegan {
        /// Its kind.
        kind: &'a str,
        /// Its name.
        suite: &'a str,
    },
    /// A running command printed a line.
    CommandLine {
        /// The line.
        line: &'a str,
    },
    /// The last started thing ended.
    Ended,
}

/// Receives events. Steps end on several threads concurrently.
pub trait Listener: Sync {
    /// Takes one event.
    fn event(&self, event: Event<'_>);
}

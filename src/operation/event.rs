//! Progress of an operation as typed events: what happens, while it happens, for a person who waits.
//!
//! Operations send events and no sentences; the command line turns them into words, bars or nothing.

use crate::report::{ApplyDocument, PlanReport, SuiteDocument};
use evenkeel_model::{EnvironmentName, Instance};

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The definitions are read, and the work on environments begins.
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
        /// What came of it.
        apply: &'a ApplyDocument,
    },
    /// A suite ended.
    Verified {
        /// What it showed.
        suite: &'a SuiteDocument,
    },
    /// An apply began.
    ApplyBegan {
        /// The environment.
        environment: &'a EnvironmentName,
        /// The number of its steps.
        steps: usize,
    },
    /// A step of the apply ended.
    StepEnded {
        /// The resource on its host.
        instance: &'a Instance,
    },
    /// The build of an artifact began.
    BuildBegan {
        /// The artifact.
        artifact: &'a str,
        /// The command.
        command: &'a [String],
    },
    /// A suite began.
    SuiteBegan {
        /// Its kind.
        kind: &'a str,
        /// Its name.
        suite: &'a str,
    },
    /// A command that runs printed a line.
    CommandLine {
        /// The line.
        line: &'a str,
    },
    /// Whatever began last ended.
    Ended,
}

/// Receives events. Steps end on several threads at once.
pub trait Listener: Sync {
    /// Takes one event.
    fn event(&self, event: Event<'_>);
}

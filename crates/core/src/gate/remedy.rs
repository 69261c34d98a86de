//! Remedies: the commands and instructions that resolve reasons.
//!
//! The effect of each on a dossier is in `supposed`, the choice between them in `unblocking`.

use evenkeel_model::{EnvironmentName, Moment};

/// Remedy of a reason. The order is the order in which remedies are followed: each leaves the results of the earlier
/// ones valid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Restore the ledger.
    RestoreLedger,
    /// Prove that no entry is missing at the end of the ledger.
    ProveLedger,
    /// Use the definitions of the last release, in this directory.
    UseDirectory(String),
    /// Revert the changes of later commits in a new commit.
    Revert,
    /// Revert the changes in a new commit, since the release cannot be rolled back.
    RevertInstead,
    /// Write the path so that this environment comes last.
    WriteLast(EnvironmentName),
    /// Add an environment before production.
    AddEnvironment,
    /// Declare a resource of an environment that declares none.
    DeclareResource(EnvironmentName),
    /// Declare a suite of a required kind.
    DeclareSuite(String),
    /// Fix or declare differences between environments.
    FixDifferences,
    /// Commit the definitions for the first time; there may be no repository.
    CommitFirst,
    /// Commit the definitions.
    Commit,
    /// Make an environment readable.
    MakeReadable(EnvironmentName),
    /// Review changes made outside evenkeel.
    SettleByHand(EnvironmentName),
    /// Restore the applied state of an environment, from the released commit if that is not the present one.
    Repair(EnvironmentName, Option<String>),
    /// Undo steps in an environment, so that the next delivery runs them there.
    UndoSteps(EnvironmentName),
    /// Wait, before running suites or approving, which would expire meanwhile.
    Wait(Moment),
    /// Drill the gate.
    Drill,
    /// Deliver the recipe to the environments before production, and test it there.
    Deliver,
    /// Run suites again.
    Verify(EnvironmentName),
    /// Withdraw the rejection of a person.
    Withdraw {
        /// Short digest of the plan.
        plan: String,
        /// The person.
        by: String,
    },
    /// Approve.
    Approve {
        /// Short digest of the plan.
        plan: String,
        /// Number of this missing approval, from 1: each is by another person.
        number: usize,
    },
}

impl Remedy {
    /// Whether it changes the definitions.
    pub(super) fn is_edit(&self) -> bool {
        matches!(
            self,
            Self::UseDirectory(_)
                | Self::Revert
                | Self::WriteLast(_)
                | Self::AddEnvironment
                | Self::DeclareResource(_)
                | Self::DeclareSuite(_)
                | Self::FixDifferences
        )
    }

    /// Returns it as one line: a command that can be pasted, or an instruction.
    pub(super) fn line(&self) -> String {
        match self {
            Self::RestoreLedger => {
                "restore the ledger from a backup; `evenkeel audit verify` names what is wrong with it"
                    .into()
            }
            Self::ProveLedger => {
                "run `evenkeel audit verify --against CHECKPOINT` with a checkpoint that was kept elsewhere, then `evenkeel audit verify --restore-head`"
                    .into()
            }
            Self::UseDirectory(then) => format!("release with --environments {then}"),
            Self::Revert => "revert the changes in a new commit".into(),
            Self::RevertInstead => "revert the changes in a new commit and deliver it".into(),
            Self::WriteLast(name) => format!("write `path` so that {name} comes last"),
            Self::AddEnvironment => "add an environment before production to `path`".into(),
            Self::DeclareResource(environment) => {
                format!("declare the resources of {environment}")
            }
            Self::DeclareSuite(kind) => format!("declare a suite of kind `{kind}`"),
            // With live drift, since only that reads secrets, which may be shared.
            Self::FixDifferences => {
                "run `evenkeel drift` and fix or declare what it lists between environments".into()
            }
            Self::CommitFirst => {
                "commit the definitions and every file that they name (`git init` creates a repository)"
                    .into()
            }
            Self::Commit => "commit the definitions and every file that they name".into(),
            Self::MakeReadable(environment) => {
                format!("run `evenkeel drift {environment}` and make readable what it could not read")
            }
            Self::SettleByHand(environment) => {
                format!("run `evenkeel drift {environment}` and remove or declare what no plan repairs")
            }
            Self::Repair(environment, None) => format!("evenkeel apply {environment}"),
            Self::Repair(environment, Some(commit)) => {
                format!("evenkeel --at {commit} apply {environment}")
            }
            Self::UndoSteps(environment) => format!(
                "undo the steps that were not rehearsed in {environment}, so that `evenkeel deliver` runs them there"
            ),
            Self::Wait(until) => format!("wait until {}", until.for_people()),
            Self::Drill => "evenkeel drill".into(),
            Self::Deliver => "evenkeel deliver".into(),
            Self::Verify(environment) => format!("evenkeel verify {environment}"),
            // Only that person can.
            Self::Withdraw { plan, by } => {
                format!("evenkeel withdraw {plan} --reason '…'   # as {by}")
            }
            Self::Approve { plan, number: 1 } => format!("evenkeel approve {plan} --reason '…'"),
            Self::Approve { plan, .. } => {
                format!("evenkeel approve {plan} --reason '…'   # as another person")
            }
        }
    }
}

//! Failures that stop an operation before its report, and their exit codes.

use crate::report::{FailureDocument, FailureKind, Report};
use crate::world::documents::PairError;
use crate::world::git::GitError;
use crate::world::place::PlaceError;
use evenkeel_ledger::LedgerError;
use evenkeel_model::Moment;
use evenkeel_model::defect::Defect;

/// Reason why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Definitions are wrong; all defects.
    #[error("{} in the definitions", evenkeel_model::text::count(.0.len(), "error"))]
    Definitions(Vec<Defect>),
    /// The command is wrong.
    #[error("{0}")]
    Usage(String),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The plan is out of date.
    #[error("{reason}")]
    Stale {
        /// Reason.
        reason: String,
        /// Changes.
        changes: Vec<String>,
    },
    /// A rule outside of the gate refused it.
    #[error("{reason}")]
    Refused {
        /// Reason.
        reason: String,
        /// Help.
        help: String,
    },
    /// Nothing was attempted: there is nothing to do, or the person did not confirm.
    #[error("{reason}")]
    NotAttempted {
        /// Reason.
        reason: String,
        /// Help.
        help: String,
    },
    /// A target is managed from another ledger.
    #[error("{reason}")]
    OtherLedger {
        /// Reason.
        reason: String,
        /// Help.
        help: String,
    },
    /// Interrupted before the work started.
    #[error("interrupted")]
    Interrupted,
    /// Any other failure.
    #[error("{reason}")]
    Other {
        /// Reason.
        reason: String,
        /// Help.
        help: Option<String>,
    },
}

impl From<PlaceError> for Failure {
    fn from(PlaceError { reason, help }: PlaceError) -> Self {
        Self::Other { reason, help }
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        if matches!(error, GitError::Interrupted) {
            return Self::Interrupted;
        }
        Self::Other {
            reason: error.to_string(),
            help: error.help(),
        }
    }
}

impl From<PairError> for Failure {
    fn from(error: PairError) -> Self {
        match error {
            PairError::Usage(reason) => Self::Usage(reason),
            PairError::Unreadable { reason, help } => Self::Other { reason, help },
        }
    }
}

impl Failure {
    /// Creates any other failure.
    pub fn other(reason: impl Into<String>) -> Self {
        Self::Other {
            reason: reason.into(),
            help: None,
        }
    }

    /// Returns the documented exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Definitions(_) | Self::OtherLedger { .. } | Self::Other { .. } => 1,
            Self::Usage(_) => 64,
            Self::Ledger(error) => ledger_code(error),
            Self::Stale { .. } => 4,
            Self::Refused { .. } | Self::NotAttempted { .. } => 3,
            Self::Interrupted => 130,
        }
    }

    /// Returns the failure as a report, for every format: errors in definitions are its findings. `project` is the
    /// project's directory within its repository.
    #[must_use]
    pub fn report(self, command: &'static str, at: Moment, project: Option<String>) -> Report {
        let mut report = Report::new(command, "", at);
        report.exit_code = self.exit_code();
        report.project = project;
        report.failure = Some(FailureDocument {
            kind: self.kind(),
            reason: self.to_string(),
            causes: self.causes(),
            changes: match &self {
                Self::Stale { changes, .. } => changes.clone(),
                _ => Vec::new(),
            },
            help: self.help(),
        });
        if let Self::Definitions(defects) = self {
            report.defects(defects);
        }
        report
    }

    fn kind(&self) -> FailureKind {
        match self {
            Self::Definitions(_) => FailureKind::Definitions,
            Self::Usage(_) => FailureKind::Usage,
            Self::Ledger(LedgerError::Interrupted { .. }) => FailureKind::Interrupted,
            Self::Ledger(_) => FailureKind::Ledger,
            Self::Stale { .. } => FailureKind::Stale,
            Self::Refused { .. } | Self::NotAttempted { .. } => FailureKind::Refused,
            Self::Interrupted => FailureKind::Interrupted,
            Self::OtherLedger { .. } | Self::Other { .. } => FailureKind::Other,
        }
    }

    /// Returns its causes, if its own message omits them.
    fn causes(&self) -> Vec<String> {
        let Self::Ledger(_) = self else {
            return Vec::new();
        };
        causes(self)
    }

    /// Returns the help.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Refused { help, .. }
            | Self::NotAttempted { help, .. }
            | Self::OtherLedger { help, .. } => Some(help.clone()),
            Self::Other { help, .. } => help.clone(),
            Self::Stale { .. } => Some("run `evenkeel plan` to make a new plan".into()),
            Self::Ledger(LedgerError::Broken { .. }) => Some(
                "run `evenkeel audit verify` to see what is wrong, and restore the ledger from a backup".into(),
            ),
            Self::Ledger(LedgerError::Held { .. }) => {
                Some("wait for it to end, or add --lock-timeout 5m; run `evenkeel lock show` to see its holder \
                 and state".into())
            }
            Self::Ledger(LedgerError::Fenced { environment, .. }) => Some(format!(
                "run `evenkeel log` to see who took it over, and `evenkeel apply {environment}` to continue"
            )),
            _ => None,
        }
    }
}

/// Returns the causes of an error, which its own message omits.
fn causes(error: &dyn std::error::Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes
}

/// Returns an error with its causes in one line, for a sentence of a report.
#[must_use]
pub fn in_one_line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    for cause in causes(error) {
        line.push_str(": ");
        line.push_str(&cause);
    }
    line
}

/// Returns the exit code of a ledger error.
#[must_use]
pub fn ledger_code(error: &LedgerError) -> u8 {
    match error {
        LedgerError::Broken { .. }
        | LedgerError::NotALedger { .. }
        | LedgerError::Missing { .. }
        | LedgerError::Damaged { .. } => 7,
        LedgerError::Held { .. } | LedgerError::Busy { .. } | LedgerError::Fenced { .. } => 5,
        LedgerError::Interrupted { .. } => 130,
        _ => 1,
    }
}

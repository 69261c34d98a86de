//! Errors of the ledger and of the files beside it.

use std::path::Path;

use evenkeel_model::EnvironmentName;

/// Formats the position of a broken entry; entries count from one.
fn at_entry(sequence: u64) -> String {
    match sequence {
        0 => String::new(),
        entry => format!(" at entry {entry}"),
    }
}

/// An error of a ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// An entry differs from what was written.
    #[error("the ledger is broken{}: {reason}", at_entry(*sequence))]
    Broken {
        /// The first bad entry; zero when the problem is not an entry.
        sequence: u64,
        /// The problem.
        reason: String,
    },
    /// The file was written by a newer evenkeel.
    #[error("{path} has format {found}, supported up to {known}; use a newer evenkeel")]
    Newer {
        /// The file.
        path: String,
        /// The format found.
        found: i64,
        /// The newest supported format.
        known: i64,
    },
    /// The ledger belongs to another project.
    #[error("{path} belongs to system `{found}`, expected `{expected}`")]
    Foreign {
        /// The file.
        path: String,
        /// The system found.
        found: String,
        /// The expected system.
        expected: String,
    },
    /// Another writer holds the environment.
    #[error("{environment} is locked by {holder}")]
    Held {
        /// The environment.
        environment: EnvironmentName,
        /// The holder: person, host, time and command.
        holder: String,
    },
    /// Another process holds the write lock and does not release it.
    #[error("cannot {operation} {path}: {writer}")]
    Busy {
        /// The operation.
        operation: &'static str,
        /// The path.
        path: String,
        /// The process, and how to end it.
        writer: String,
    },
    /// The caller was interrupted while it waited for another process.
    #[error("interrupted while waiting for {awaited}")]
    Interrupted {
        /// The other process.
        awaited: String,
    },
    /// A newer lease was taken: this writer lost its lease.
    #[error("lost the lease on {environment}: its token is {held}, the newest is {newest}")]
    Fenced {
        /// The environment.
        environment: EnvironmentName,
        /// The token held.
        held: u64,
        /// The newest token.
        newest: u64,
    },
    /// The file is not a ledger.
    #[error("{path} is not a ledger: {reason}; restore it from a backup, or move it away")]
    NotALedger {
        /// The file.
        path: String,
        /// The problem.
        reason: String,
    },
    /// The ledger existed and is missing.
    #[error(
        "{path} is missing, but {head} records entries; restore it from a backup, or remove {head} to start a new ledger"
    )]
    Missing {
        /// The ledger's file.
        path: String,
        /// The head file that records entries.
        head: String,
    },
    /// A file beside the ledger is damaged.
    #[error("{path} is damaged: {reason}; restore it from a backup")]
    Damaged {
        /// The file.
        path: String,
        /// The problem.
        reason: String,
    },
    /// The key of a shared ledger is needed, and its source does not supply it.
    #[error("the key of the shared ledger is unavailable: {reason}; {remedy}")]
    KeyUnavailable {
        /// The reason.
        reason: String,
        /// The remedy.
        remedy: String,
    },
    /// The ledger was moved, so another entry here would fork it.
    #[error("the ledger was moved to {to}, and goes on there; declare that place in `[ledger]`")]
    GoesOnElsewhere {
        /// The other place.
        to: String,
    },
    /// The file or folder is unusable in its current state.
    #[error("{path} is unusable: {reason}; {remedy}")]
    Unusable {
        /// The file or folder.
        path: String,
        /// The reason.
        reason: String,
        /// The remedy.
        remedy: String,
    },
    /// Reading or writing failed.
    #[error("cannot {operation} {path}")]
    Storage {
        /// The operation.
        operation: &'static str,
        /// The path.
        path: String,
        /// The reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl LedgerError {
    /// Creates the error of a failed `operation` on `path`.
    pub(crate) fn storage(
        operation: &'static str,
        path: &Path,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Storage {
            operation,
            path: path.display().to_string(),
            source: source.into(),
        }
    }

    /// Creates the error of an unusable `path`.
    pub(crate) fn unusable(path: &Path, reason: &str, remedy: &str) -> Self {
        Self::Unusable {
            path: path.display().to_string(),
            reason: reason.to_owned(),
            remedy: remedy.to_owned(),
        }
    }

    /// Creates the error of a broken entry.
    pub(crate) fn broken(sequence: u64, reason: impl Into<String>) -> Self {
        Self::Broken {
            sequence,
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LedgerError;

    #[test]
    fn errors_of_the_whole_file_have_no_number() {
        let file = LedgerError::broken(0, "the file is damaged").to_string();
        assert_eq!(file, "the ledger is broken: the file is damaged");
        let entry = LedgerError::broken(3, "it was changed").to_string();
        assert_eq!(entry, "the ledger is broken at entry 3: it was changed");
    }
}

//! The errors of the ledger and of everything that is kept beside it.

use std::path::Path;

use evenkeel_model::EnvironmentName;

/// Where it is broken: entries count from one.
fn at_entry(sequence: u64) -> String {
    match sequence {
        0 => String::new(),
        entry => format!(" at entry {entry}"),
    }
}

/// What can go wrong with a ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// An entry is not what was written.
    #[error("the ledger is broken{}: {reason}", at_entry(*sequence))]
    Broken {
        /// The first bad entry; zero when it is not one of them.
        sequence: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// It was written by a newer evenkeel.
    #[error(
        "{path} has format {found}, and this evenkeel knows formats up to {known}; use a newer one"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its format.
        found: i64,
        /// The newest known.
        known: i64,
    },
    /// It belongs to another project.
    #[error("{path} belongs to the system `{found}`, not to `{expected}`")]
    Foreign {
        /// The file.
        path: String,
        /// The system it names.
        found: String,
        /// The system that asked.
        expected: String,
    },
    /// Somebody else holds the environment.
    #[error("{environment} is held by {holder}")]
    Held {
        /// The environment.
        environment: EnvironmentName,
        /// Who, where, since when, doing what.
        holder: String,
    },
    /// Another process is inside of a write, and does not come to its end.
    #[error("cannot {operation} {path}: {writer}")]
    Busy {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: String,
        /// Who it is, and what ends it.
        writer: String,
    },
    /// Whoever uses it was asked to end while it waited for others.
    #[error("interrupted while waiting for {awaited}")]
    Interrupted {
        /// Who was waited for.
        awaited: String,
    },
    /// A newer lease was taken: this writer has lost its right.
    #[error(
        "the lease on {environment} was lost: token {held} was held and {newest} is the newest"
    )]
    Fenced {
        /// The environment.
        environment: EnvironmentName,
        /// The token held.
        held: u64,
        /// The newest token.
        newest: u64,
    },
    /// What is there is not a ledger.
    #[error(
        "{path} is not a ledger: {reason}; restore it from a backup, or move it away if it is not evenkeel's"
    )]
    NotALedger {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There was a ledger and it is gone.
    #[error(
        "{path} is gone, but {head} says that entries were written to it; restore it from a backup, or remove {head} deliberately to begin a new ledger"
    )]
    Missing {
        /// The ledger's file.
        path: String,
        /// The file that remembers it.
        head: String,
    },
    /// Something kept beside the ledger is not what was put there.
    #[error("{path} is damaged: {reason}; restore it from a backup")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It must not be used as it is.
    #[error("{path} cannot be used: {reason}; {remedy}")]
    Unusable {
        /// The file or folder.
        path: String,
        /// Why not.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// It could not be read or written.
    #[error("cannot {operation} {path}")]
    Storage {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl LedgerError {
    /// That `operation` on `path` failed because of `source`.
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

    /// That `path` must not be used, and what to do.
    pub(crate) fn unusable(path: &Path, reason: &str, remedy: &str) -> Self {
        Self::Unusable {
            path: path.display().to_string(),
            reason: reason.to_owned(),
            remedy: remedy.to_owned(),
        }
    }

    /// That an entry is not what was written.
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
    fn what_is_no_entry_has_no_number() {
        let file = LedgerError::broken(0, "the file is damaged").to_string();
        assert_eq!(file, "the ledger is broken: the file is damaged");
        let entry = LedgerError::broken(3, "it was changed").to_string();
        assert_eq!(entry, "the ledger is broken at entry 3: it was changed");
    }
}

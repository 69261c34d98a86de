//! The port: what every ledger does, wherever it is kept.

use super::{Entry, Record};
use crate::model::{EnvironmentName, Moment};

/// The right to write about an environment: good as long as nobody took a newer lease on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The environment.
    pub environment: EnvironmentName,
    /// The token of the lease: rises with every lease.
    pub token: u64,
}

/// An append-only, hash-chained list of entries.
pub trait Ledger: Send + Sync {
    /// All entries with a number above `after`, in order, each verified against its predecessor.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] at the first entry that is not what was written.
    fn read(&self, after: u64) -> Result<Vec<Entry>, LedgerError>;

    /// Appends records in one durable transaction; when it returns they survive a loss of power.
    ///
    /// With a fence, refuses when the newest lease on that environment has another token. Returns the number of the
    /// last entry.
    ///
    /// # Errors
    ///
    /// Any; nothing was appended then.
    fn append(
        &self,
        time: Moment,
        records: &[Record],
        fence: Option<&Fence>,
    ) -> Result<u64, LedgerError>;
}

/// What can go wrong with a ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// An entry is not what was written.
    #[error("the ledger is broken at entry {sequence}: {reason}")]
    Broken {
        /// The first bad entry.
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

//! The ledger port: operations on entries, independent of the backend.
//!
//! `store` opens ledgers and holds everything else of a project.

use super::{Entry, EntryRange, LedgerError, Record, State};
use evenkeel_model::{EnvironmentName, Moment};

/// The right to append entries about an environment: valid until a newer lease is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The environment.
    pub environment: EnvironmentName,
    /// The token of the lease, which rises with every lease.
    pub token: u64,
}

/// An append-only, hash-chained list of entries, opened for reading or for appending.
pub trait Ledger: Send + Sync {
    /// Rejects a ledger of another system.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Foreign`].
    fn belongs_to(&self, system: &str) -> Result<(), LedgerError>;

    /// Passes all entries with a number above `after` to `take`, one by one and in order, each verified against its
    /// predecessor.
    ///
    /// A concurrent append restarts the read, so an entry can be delivered twice: callers deduplicate by sequence
    /// number.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] at the first bad entry, and any error of `take`.
    fn each(
        &self,
        after: u64,
        take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError>;

    /// Passes the entries of a part of the ledger to `take`, like [`Ledger::each`]. Backends need not read beyond it.
    ///
    /// # Errors
    ///
    /// Like [`Ledger::each`].
    fn each_within(
        &self,
        range: EntryRange,
        take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        self.each(range.after, &mut |entry| {
            if entry.sequence <= range.through {
                take(entry)
            } else {
                Ok(())
            }
        })
    }

    /// Passes entries like [`Ledger::each`], with their records: `None` for a kind that this version does not know. Backends
    /// decode several at once.
    ///
    /// # Errors
    ///
    /// Like [`Ledger::each`], and [`LedgerError::Broken`] when a body does not match its kind.
    fn each_record(
        &self,
        after: u64,
        take: &mut dyn FnMut(Entry, Option<Record>) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        self.each(after, &mut |entry| {
            let record = super::chain::understand(&entry)?;
            take(entry, record)
        })
    }

    /// Returns all entries with a number above `after`, in order, each verified against its predecessor. Prefer
    /// [`Ledger::each`] for long ledgers; this collects every entry in memory.
    ///
    /// # Errors
    ///
    /// Like [`Ledger::each`].
    fn read(&self, after: u64) -> Result<Vec<Entry>, LedgerError> {
        let mut entries: Vec<Entry> = Vec::new();
        self.each(after, &mut |entry| {
            // After a restarted read, the later delivery counts.
            let known = entry.sequence.saturating_sub(after).saturating_sub(1);
            entries.truncate(usize::try_from(known).unwrap_or(usize::MAX));
            entries.push(entry);
            Ok(())
        })?;
        Ok(entries)
    }

    /// Returns a stored state of this ledger, where the backend stores one and can tell that the entries up to it have not
    /// changed since. It spares the fold of all entries: see [`State::current`].
    fn snapshot(&self) -> Option<State> {
        None
    }

    /// Returns whether an append is expensive: callers then write what belongs together at once, such as the intents of all
    /// steps before the first.
    fn prefers_few_appends(&self) -> bool {
        false
    }

    /// Appends records in one durable transaction; on return, they survive a power cut.
    ///
    /// With a fence, refuses when the newest lease on that environment has another token. Returns the number of the
    /// last entry.
    ///
    /// # Errors
    ///
    /// On any error, nothing was appended. After [`LedgerError::Storage`] only, a later reader may still find the
    /// entries, because the medium failed during the write. Never act on the entries after an error.
    fn append(
        &self,
        time: Moment,
        records: &[Record],
        fence: Option<&Fence>,
    ) -> Result<u64, LedgerError>;

    /// Returns the newest token of any lease on this environment; zero when there was none.
    ///
    /// # Errors
    ///
    /// Like [`Ledger::read`].
    fn newest_token(&self, environment: &EnvironmentName) -> Result<u64, LedgerError> {
        let mut newest = 0;
        self.each(0, &mut |entry| {
            if let Some(Record::LeaseTaken(taken)) = super::chain::understand(&entry)?
                && taken.environment == *environment
            {
                newest = newest.max(taken.token);
            }
            Ok(())
        })?;
        Ok(newest)
    }
}

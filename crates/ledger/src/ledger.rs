//! The entries: what every ledger does with them, wherever they are kept.
//!
//! What a project keeps besides, and how a ledger is opened, is for `store`.

use super::{Entry, LedgerError, Record};
use evenkeel_model::{EnvironmentName, Moment};

/// The right to write about an environment: good as long as nobody took a newer lease on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The environment.
    pub environment: EnvironmentName,
    /// The token of the lease: rises with every lease.
    pub token: u64,
}

/// An append-only, hash-chained list of entries, opened for reading or for appending.
pub trait Ledger: Send + Sync {
    /// Refuses a ledger that was founded for another system.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Foreign`].
    fn belongs_to(&self, system: &str) -> Result<(), LedgerError>;

    /// Gives all entries with a number above `after`, one by one and in order, each verified against its predecessor.
    ///
    /// Should the ledger change while it is looked at, the look may be taken again: then entries come again that came
    /// already. Who takes them knows them by their numbers.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] at the first entry that is not what was written, and whatever `take` says.
    fn each(
        &self,
        after: u64,
        take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError>;

    /// All entries with a number above `after`, in order, each verified against its predecessor. A ledger is long:
    /// who needs each entry only once asks for [`Ledger::each`].
    ///
    /// # Errors
    ///
    /// As [`Ledger::each`].
    fn read(&self, after: u64) -> Result<Vec<Entry>, LedgerError> {
        let mut entries: Vec<Entry> = Vec::new();
        self.each(after, &mut |entry| {
            // Of a look that was taken again, the later word counts.
            let known = entry.sequence.saturating_sub(after).saturating_sub(1);
            entries.truncate(usize::try_from(known).unwrap_or(usize::MAX));
            entries.push(entry);
            Ok(())
        })?;
        Ok(entries)
    }

    /// Appends records in one durable transaction; when it returns they survive a loss of power.
    ///
    /// With a fence, refuses when the newest lease on that environment has another token. Returns the number of the
    /// last entry.
    ///
    /// # Errors
    ///
    /// Any; nothing was appended then. Only after [`LedgerError::Storage`] is it open whether a later reader finds the
    /// entries: the medium failed while they were on their way. Nothing may be done on their account.
    fn append(
        &self,
        time: Moment,
        records: &[Record],
        fence: Option<&Fence>,
    ) -> Result<u64, LedgerError>;

    /// The highest token of any lease on this environment; zero when there was none.
    ///
    /// # Errors
    ///
    /// As [`Ledger::read`].
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

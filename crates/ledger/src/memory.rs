//! The ledger in memory: for tests, with faults on demand.
//!
//! It promises what the file promises, proven by the same conformance suite, and forgets everything in the end.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::chain::{Link, Written};
use super::port::{Fence, Ledger, LedgerError};
use super::record::{Founded, Record};
use super::{Entry, chain};
use evenkeel_model::{EnvironmentName, Moment};

/// What becomes of entries whose append fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They reached the medium, although that was never acknowledged.
    Kept,
    /// They are lost.
    Dropped,
}

/// A ledger in memory.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    lines: Vec<Written>,
    appends: u64,
    fault: Option<(u64, Fate)>,
}

impl MemoryLedger {
    /// Founds a ledger of `system`.
    ///
    /// # Errors
    ///
    /// Never, for a system's name is text.
    pub fn found(system: &str, time: Moment, lineage: &str) -> Result<Self, LedgerError> {
        let ledger = Self::default();
        let founded = Founded {
            system: system.to_owned(),
            lineage: lineage.to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
        };
        ledger.append(time, &[founded.into()], None)?;
        ledger.inner().appends = 0;
        Ok(ledger)
    }

    /// Lets the append with this number, counted from one since the founding, fail; those after it succeed again.
    pub fn fail_append(&self, number: u64, fate: Fate) {
        self.inner().fault = Some((number, fate));
    }

    /// Puts other bytes in the place of a line, as a bad disk or a bad person would.
    pub fn tamper(&self, sequence: u64, line: &str) {
        let mut inner = self.inner();
        if let Some(written) = inner
            .lines
            .iter_mut()
            .find(|written| written.sequence == sequence)
        {
            line.clone_into(&mut written.line);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn read(&self, after: u64) -> Result<Vec<Entry>, LedgerError> {
        let mut link = Link::root();
        let mut entries = Vec::new();
        for written in &self.lines {
            let entry = link
                .follow(
                    written.sequence,
                    written.line.as_bytes(),
                    written.digest.as_bytes(),
                )
                .map_err(|reason| LedgerError::broken(link.sequence + 1, reason))?;
            link = Link::from(&entry);
            if entry.sequence > after {
                entries.push(entry);
            }
        }
        if after > link.sequence {
            return Err(LedgerError::broken(
                after,
                "the entry is missing, although it was read before; restore the ledger from a backup",
            ));
        }
        Ok(entries)
    }

    fn newest_token(&self, environment: &EnvironmentName) -> Result<u64, LedgerError> {
        let mut newest = 0;
        for entry in self.read(0)? {
            if let Some(Record::LeaseTaken(taken)) = chain::understand(&entry)?
                && taken.environment == *environment
            {
                newest = newest.max(taken.token);
            }
        }
        Ok(newest)
    }
}

impl Ledger for MemoryLedger {
    fn each(
        &self,
        after: u64,
        take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let entries = self.inner().read(after)?;
        entries.into_iter().try_for_each(take)
    }

    fn append(
        &self,
        time: Moment,
        records: &[Record],
        fence: Option<&Fence>,
    ) -> Result<u64, LedgerError> {
        let bodies = chain::encode(records)?;
        let mut inner = self.inner();
        if let Some(fence) = fence {
            let newest = inner.newest_token(&fence.environment)?;
            if newest != fence.token {
                return Err(LedgerError::Fenced {
                    environment: fence.environment.clone(),
                    held: fence.token,
                    newest,
                });
            }
        }
        let mut link = inner.lines.last().map_or_else(Link::root, Link::from);
        let mut batch: Vec<Written> = Vec::new();
        let mut taken: Vec<(&EnvironmentName, u64)> = Vec::new();
        for (record, body) in records.iter().zip(&bodies) {
            if let Record::LeaseTaken(lease) = record {
                let newest = taken
                    .iter()
                    .filter(|(environment, _)| **environment == lease.environment)
                    .map(|(_, token)| *token)
                    .fold(inner.newest_token(&lease.environment)?, u64::max);
                if lease.token <= newest {
                    return Err(LedgerError::Fenced {
                        environment: lease.environment.clone(),
                        held: lease.token,
                        newest,
                    });
                }
                taken.push((&lease.environment, lease.token));
            }
            let written = link.extend(time, record.kind(), body).map_err(|error| {
                LedgerError::storage("encode an entry for", "the ledger".as_ref(), error)
            })?;
            link = Link::from(&written);
            batch.push(written);
        }
        inner.appends += 1;
        let fault = inner
            .fault
            .filter(|(number, _)| *number == inner.appends)
            .map(|(_, fate)| fate);
        if fault != Some(Fate::Dropped) {
            inner.lines.append(&mut batch);
        }
        match fault {
            None => Ok(link.sequence),
            Some(_) => Err(LedgerError::storage(
                "append to",
                "the ledger in memory".as_ref(),
                "the test asked for it",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fate, LedgerError, MemoryLedger};
    use crate::conformance::{lease, time};
    use crate::{Entry, Ledger};

    #[test]
    fn it_keeps_the_promises_of_every_ledger() {
        crate::conformance::check(|| {
            Box::new(MemoryLedger::found("guestbook", time(0), "lineage").unwrap())
        });
    }

    #[test]
    fn a_failed_append_is_kept_or_dropped_as_asked() {
        for (fate, entries) in [(Fate::Dropped, 2), (Fate::Kept, 3)] {
            let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
            ledger.fail_append(2, fate);
            ledger
                .append(time(1), &[lease("staging", 1)], None)
                .unwrap();
            let refused = ledger.append(time(2), &[lease("staging", 2)], None);
            assert!(matches!(refused, Err(LedgerError::Storage { .. })));
            assert_eq!(ledger.read(0).unwrap().len(), entries);
            ledger
                .append(time(3), &[lease("staging", 3)], None)
                .unwrap();
        }
    }

    #[test]
    fn a_changed_line_is_found() {
        let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
        ledger
            .append(time(1), &[lease("staging", 1)], None)
            .unwrap();
        ledger.tamper(2, "{}");
        let found: Result<Vec<Entry>, _> = ledger.read(0);
        assert!(matches!(
            found,
            Err(LedgerError::Broken { sequence: 2, .. })
        ));
    }
}

//! The ledger in memory: lines behind a lock, changed or lost on demand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::chain::{Link, Written};
use crate::record::{Founded, Record};
use crate::verify::{self, Medium, Row};
use crate::walk::TakeRecord;
use crate::{
    Checkpoint, Entry, Fence, Head, Kept, Ledger, LedgerError, Verification, chain, copy, entry,
    remembered,
};
use evenkeel_model::{EnvironmentName, Moment};

/// The fate of entries whose append fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They reached the medium without an acknowledgement.
    Kept,
    /// They are lost.
    Dropped,
}

/// The name in messages.
const NAME: &str = "the ledger in memory";
/// The name of its head in messages.
const HEAD: &str = "the head in memory";

/// A ledger in memory. Clones are the same ledger.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger {
    inner: Arc<Mutex<Inner>>,
    /// Whether opened for reading only.
    reads_only: bool,
}

#[derive(Debug)]
struct Inner {
    lines: Vec<Written>,
    head: Head,
    appends: u64,
    fault: Option<(u64, Fate)>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            lines: Vec::new(),
            head: Head::Absent,
            appends: 0,
            fault: None,
        }
    }
}

impl MemoryLedger {
    /// Founds a ledger of `system`.
    ///
    /// # Errors
    ///
    /// Never: a system's name is valid text.
    pub fn found(system: &str, time: Moment, lineage: &str) -> Result<Self, LedgerError> {
        let ledger = Self::default();
        ledger.begin(system, time, lineage)?;
        Ok(ledger)
    }

    /// Founds this ledger, unless another handle did meanwhile.
    pub(super) fn begin(
        &self,
        system: &str,
        time: Moment,
        lineage: &str,
    ) -> Result<(), LedgerError> {
        let founded = Founded {
            system: system.to_owned(),
            lineage: lineage.to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let mut inner = self.inner();
        if inner.lines.is_empty() {
            inner.append(time, &[founded.into()], None)?;
            inner.appends = 0;
        }
        Ok(())
    }

    /// Returns the same ledger, read-only.
    pub(super) fn reader(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            reads_only: true,
        }
    }

    /// Verifies that it was founded for this system and reaches its head. Returns whether it was founded.
    pub(super) fn inspect(&self, system: Option<&str>) -> Result<bool, LedgerError> {
        let inner = self.inner();
        if inner.lines.is_empty() {
            return match inner.head {
                Head::Absent => Ok(false),
                _ => Err(missing()),
            };
        }
        let founded = inner.founded()?;
        if let Some(system) = system {
            founded.belongs_to(system, NAME)?;
        }
        if let Head::Known(checkpoint) = &inner.head {
            checkpoint.prove(
                &founded.lineage,
                inner.lines.last().map_or(0, |line| line.sequence),
                inner
                    .kept(checkpoint.sequence)
                    .map(|line| &line.digest.as_bytes()[..]),
                HEAD,
                &format!("remove {HEAD} deliberately"),
            )?;
        }
        Ok(true)
    }

    /// Like [`Store::fill`](crate::Store::fill).
    pub(super) fn fill(&self, source: &dyn Ledger) -> Result<Link, LedgerError> {
        let mut lines = Vec::new();
        let copied = copy::each_line(source, &mut |line| {
            lines.push(line);
            Ok(())
        })?;
        let mut inner = self.inner();
        if !inner.lines.is_empty() || inner.head != Head::Absent {
            return Err(copy::occupied(NAME));
        }
        inner.lines = lines;
        inner.head = Head::Known(Checkpoint {
            digest: copied.link.digest,
            lineage: copied.lineage,
            sequence: copied.link.sequence,
        });
        Ok(copied.link)
    }

    /// Like [`Store::verify`](crate::Store::verify).
    pub(super) fn verify(
        &self,
        checkpoints: &[Kept],
        take: &mut TakeRecord<'_>,
    ) -> Result<Verification, LedgerError> {
        let inner = self.inner();
        if !inner.lines.is_empty() {
            return verify::examine(&*inner, checkpoints, take);
        }
        match (checkpoints.first(), &inner.head) {
            (Some(first), _) => Ok(remembered::gone(NAME, first, checkpoints)),
            (None, Head::Absent) => {
                Err(LedgerError::storage("verify", NAME.as_ref(), "not founded"))
            }
            (None, _) => Err(missing()),
        }
    }

    /// Makes the append with this number fail, counted from one since the founding; later ones succeed again.
    pub fn fail_append(&self, number: u64, fate: Fate) {
        self.inner().fault = Some((number, fate));
    }

    /// Replaces the bytes of a line, as a failing disk or an attacker would.
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

    /// Removes every entry above `last` and keeps the head.
    pub fn cut(&self, last: u64) {
        self.inner().lines.retain(|line| line.sequence <= last);
    }

    /// Replaces the head.
    pub fn remember(&self, head: Head) {
        self.inner().head = head;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn missing() -> LedgerError {
    LedgerError::Missing {
        path: NAME.to_owned(),
        head: HEAD.to_owned(),
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
                "the entry is missing, but was read before; restore the ledger from a backup",
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

    fn append(
        &mut self,
        time: Moment,
        records: &[Record],
        fence: Option<&Fence>,
    ) -> Result<u64, LedgerError> {
        if let Some(fence) = fence {
            let newest = self.newest_token(&fence.environment)?;
            if newest != fence.token {
                return Err(LedgerError::Fenced {
                    environment: fence.environment.clone(),
                    held: fence.token,
                    newest,
                });
            }
        }
        let mut link = self.lines.last().map_or_else(Link::root, Link::from);
        let mut batch: Vec<Written> = Vec::new();
        let mut taken: Vec<(&EnvironmentName, u64)> = Vec::new();
        for record in records {
            if let Record::LeaseTaken(lease) = record {
                let newest = taken
                    .iter()
                    .filter(|(environment, _)| **environment == lease.environment)
                    .map(|(_, token)| *token)
                    .fold(self.newest_token(&lease.environment)?, u64::max);
                if lease.token <= newest {
                    return Err(LedgerError::Fenced {
                        environment: lease.environment.clone(),
                        held: lease.token,
                        newest,
                    });
                }
                taken.push((&lease.environment, lease.token));
            }
            let written = link.extend_by(time, record)?;
            link = Link::from(&written);
            batch.push(written);
        }
        self.appends += 1;
        let fault = self
            .fault
            .filter(|(number, _)| *number == self.appends)
            .map(|(_, fate)| fate);
        if fault != Some(Fate::Dropped) {
            let is_first = self.lines.len() <= 1;
            self.lines.append(&mut batch);
            // As in a folder: an append does not hide that the end is not proven.
            let is_remembered = is_first || matches!(self.head, Head::Known(_));
            if is_remembered && let Ok(founded) = self.founded() {
                self.head = Head::Known(Checkpoint {
                    digest: link.digest,
                    lineage: founded.lineage,
                    sequence: link.sequence,
                });
            }
        }
        match fault {
            None => Ok(link.sequence),
            Some(_) => Err(LedgerError::storage(
                "append to",
                NAME.as_ref(),
                "injected failure",
            )),
        }
    }
    fn kept(&self, sequence: u64) -> Option<&Written> {
        self.lines.iter().find(|line| line.sequence == sequence)
    }

    /// Returns the founding record.
    fn founded(&self) -> Result<Founded, LedgerError> {
        let Some(first) = self.lines.first() else {
            return Err(LedgerError::broken(1, "the ledger is empty"));
        };
        let entry = Link::root()
            .follow(
                first.sequence,
                first.line.as_bytes(),
                first.digest.as_bytes(),
            )
            .map_err(|reason| LedgerError::broken(1, reason))?;
        match chain::understand(&entry)? {
            Some(Record::Founded(founded)) => Ok(founded),
            _ => Err(LedgerError::broken(
                1,
                "the first entry is not a founding record",
            )),
        }
    }
}

impl Medium for Inner {
    fn each_row(&self, take: &mut dyn FnMut(Row<'_>)) -> Result<(), LedgerError> {
        for line in &self.lines {
            take(Ok((
                line.sequence,
                line.line.as_bytes(),
                line.digest.as_bytes(),
            )));
        }
        Ok(())
    }

    fn digest(&self, sequence: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        let kept = self.kept(sequence);
        Ok(kept.map(|line| line.digest.as_bytes().to_vec()))
    }

    fn time(&self, sequence: u64) -> Result<Option<Moment>, LedgerError> {
        let kept = self.kept(sequence);
        Ok(kept.and_then(|line| Some(entry::read(&line.line).ok()?.time)))
    }

    fn head(&self) -> Result<Head, LedgerError> {
        Ok(self.head.clone())
    }

    fn head_name(&self) -> String {
        HEAD.to_owned()
    }

    fn check(
        &self,
        _tokens: &BTreeMap<EnvironmentName, u64>,
        _found: &mut Verification,
    ) -> Result<(), LedgerError> {
        // Nothing is derived from the lines or stored around them.
        Ok(())
    }
}

impl Ledger for MemoryLedger {
    fn belongs_to(&self, system: &str) -> Result<(), LedgerError> {
        self.inner().founded()?.belongs_to(system, NAME)
    }

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
        if self.reads_only {
            return Err(LedgerError::storage(
                "append to",
                NAME.as_ref(),
                "opened for reading only",
            ));
        }
        self.inner().append(time, records, fence)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fate, LedgerError, MemoryLedger};
    use crate::conformance::{lease, time};
    use crate::{Entry, Ledger};

    #[test]
    fn a_failed_append_is_kept_or_dropped_as_configured() {
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
    fn a_changed_line_is_detected() {
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

//! The walk along a possibly broken chain: it reports a bad entry and continues after it.
//!
//! Backends check the medium around the entries.

use std::collections::BTreeMap;

use super::chain::{self, Link};
use super::record::Record;
use super::verify::{Irregularity, Medium, Verification};
use super::{Entry, LedgerError};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// The walk along the chain, which continues after bad entries.
#[derive(Clone)]
pub struct Walk {
    /// The last entry as it is now.
    pub link: Link,
    /// After a bad entry, its successor may continue the stored digest instead of the present line's digest.
    instead: Option<Digest>,
    /// The number of rows.
    pub entries: u64,
    /// The time of the last readable entry.
    pub time: Option<Moment>,
    /// The newest token of every environment.
    pub tokens: BTreeMap<EnvironmentName, u64>,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            link: Link::root(),
            instead: None,
            entries: 0,
            time: None,
            tokens: BTreeMap::new(),
        }
    }
}

impl Walk {
    /// Takes every row of a medium.
    ///
    /// # Errors
    ///
    /// When the medium becomes unreadable; problems of an entry are findings.
    pub fn every_row(
        &mut self,
        medium: &dyn Medium,
        verification: &mut Verification,
    ) -> Result<(), LedgerError> {
        medium.each_row(&mut |row| {
            self.entries += 1;
            match row {
                Ok((sequence, line, digest)) => self.step(sequence, line, digest, verification),
                Err(reason) => {
                    self.link.sequence += 1;
                    verification.find(Some(self.link.sequence), reason);
                }
            }
        })?;
        if self.entries == 0 {
            verification.find(Some(1), "the ledger is empty");
        }
        Ok(())
    }

    /// Takes one row.
    pub fn step(&mut self, sequence: u64, line: &[u8], stored: &[u8], found: &mut Verification) {
        let expected = self.link.sequence + 1;
        let digest = Digest::of(line);
        if sequence > expected {
            let missing = if sequence == expected + 1 {
                "the entry is missing".to_owned()
            } else {
                format!("the entries from here to {} are missing", sequence - 1)
            };
            found.find(Some(expected), missing);
            // The predecessor is missing: accept this entry's own digest, which its successor must continue.
            let previous = std::str::from_utf8(line)
                .ok()
                .and_then(|line| super::entry::read(line).ok())
                .map_or(self.link.digest, |entry| entry.previous);
            self.link = Link {
                sequence: sequence - 1,
                digest: previous,
            };
            self.instead = None;
        }
        let mut outcome = self.link.follow(sequence, line, stored);
        if let (Err(_), Some(instead)) = (&outcome, self.instead) {
            let other = Link {
                digest: instead,
                ..self.link
            };
            outcome = other.follow(sequence, line, stored).or(outcome);
        }
        match outcome {
            Ok(entry) => {
                self.instead = None;
                self.understand(&entry, found);
            }
            Err(reason) => {
                self.instead = <[u8; 32]>::try_from(stored).ok().map(Digest::from_bytes);
                found.find(Some(sequence), reason);
            }
        }
        self.link = Link {
            sequence: sequence.max(self.link.sequence),
            digest,
        };
    }

    fn understand(&mut self, entry: &Entry, found: &mut Verification) {
        if let Some(before) = self.time
            && entry.time < before
        {
            found.advice.push(Irregularity {
                sequence: Some(entry.sequence),
                what: format!(
                    "written at {}, before its predecessor at {before}: a clock was set back",
                    entry.time
                ),
            });
        }
        self.time = Some(entry.time);
        match chain::understand(entry) {
            Ok(Some(Record::Founded(founded))) if entry.sequence == 1 => {
                found.founded = Some(founded);
            }
            Ok(Some(Record::Founded(_))) => {
                found.find(Some(entry.sequence), "second founding record");
            }
            Ok(_) if entry.sequence == 1 => {
                found.find(Some(1), "the first entry is not a founding record");
            }
            Ok(Some(Record::LeaseTaken(taken))) => {
                let newest = self.tokens.entry(taken.environment).or_default();
                if taken.token <= *newest {
                    found.find(
                        Some(entry.sequence),
                        format!("its token {} is not above {newest}", taken.token),
                    );
                }
                *newest = taken.token.max(*newest);
            }
            Ok(_) => {}
            Err(LedgerError::Broken { reason, .. }) => found.find(Some(entry.sequence), reason),
            Err(other) => found.find(Some(entry.sequence), other.to_string()),
        }
    }
}

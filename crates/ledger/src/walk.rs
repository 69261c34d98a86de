//! The walk along a possibly broken chain: it reports a bad entry and continues after it.
//!
//! Backends check the medium around the entries.

use std::collections::BTreeMap;

use super::chain::Link;
use super::lines::{self, Checked};
use super::record::Record;
use super::verify::{Irregularity, Medium, Verification};
use super::{Entry, LedgerError, State};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// Receives the record of each valid entry, with the entry's number.
pub type TakeRecord<'a> = dyn FnMut(u64, &Record) + 'a;

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
    /// The fold of the entries so far; `None` after a bad one.
    pub state: Option<State>,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            link: Link::root(),
            instead: None,
            entries: 0,
            time: None,
            tokens: BTreeMap::new(),
            state: Some(State::default()),
        }
    }
}

impl Walk {
    /// Takes every row of a medium, and passes the records of valid entries on.
    ///
    /// # Errors
    ///
    /// When the medium becomes unreadable; problems of an entry are findings.
    pub fn every_row(
        &mut self,
        medium: &dyn Medium,
        verification: &mut Verification,
        take: &mut TakeRecord<'_>,
    ) -> Result<(), LedgerError> {
        lines::in_order(
            |inspect| {
                // Only this walk judges a row, so inspecting one never fails.
                medium.each_row(&mut |row| drop(inspect(row)))
            },
            &mut |row| {
                self.entries += 1;
                match row {
                    Ok(checked) => self.advance(checked, verification, take),
                    Err(reason) => {
                        self.link.sequence += 1;
                        self.state = None;
                        verification.find(Some(self.link.sequence), reason);
                    }
                }
                Ok(())
            },
        )?;
        if self.entries == 0 {
            verification.find(Some(1), "the ledger is empty");
        }
        Ok(())
    }

    /// Takes one row.
    #[cfg(test)]
    pub(crate) fn step(
        &mut self,
        sequence: u64,
        line: &[u8],
        stored: &[u8],
        found: &mut Verification,
    ) {
        let checked = Checked::of(sequence, line, stored);
        self.advance(checked, found, &mut |_, _| {});
    }

    fn advance(&mut self, checked: Checked, found: &mut Verification, take: &mut TakeRecord<'_>) {
        let Checked { line, record } = checked;
        let sequence = line.sequence;
        let expected = self.link.sequence + 1;
        if sequence > expected {
            let missing = if sequence == expected + 1 {
                "the entry is missing".to_owned()
            } else {
                format!("the entries from here to {} are missing", sequence - 1)
            };
            found.find(Some(expected), missing);
            self.state = None;
            // The predecessor is missing: accept this entry's own digest, which its successor must continue.
            self.link = Link {
                sequence: sequence - 1,
                digest: line.previous.unwrap_or(self.link.digest),
            };
            self.instead = None;
        }
        let mut outcome = self.link.accept(&line);
        if let (Err(_), Some(instead)) = (&outcome, self.instead) {
            let other = Link {
                digest: instead,
                ..self.link
            };
            outcome = other.accept(&line).or(outcome);
        }
        let digest = line.digest;
        match (outcome, line.outcome) {
            (Ok(()), Ok(entry)) => {
                self.instead = None;
                self.understand(&entry, record, found, take);
            }
            (outcome, _) => {
                self.instead = line.stored;
                self.state = None;
                found.find(Some(sequence), outcome.err().unwrap_or_default());
            }
        }
        self.link = Link {
            sequence: sequence.max(self.link.sequence),
            digest,
        };
    }

    fn understand(
        &mut self,
        entry: &Entry,
        record: Result<Option<Record>, LedgerError>,
        found: &mut Verification,
        take: &mut TakeRecord<'_>,
    ) {
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
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                self.state = None;
                let reason = match error {
                    LedgerError::Broken { reason, .. } => reason,
                    other => other.to_string(),
                };
                return found.find(Some(entry.sequence), reason);
            }
        };
        match &record {
            Some(Record::Founded(founded)) if entry.sequence == 1 => {
                found.founded = Some(founded.clone());
            }
            Some(Record::Founded(_)) => {
                found.find(Some(entry.sequence), "second founding record");
            }
            _ if entry.sequence == 1 => {
                found.find(Some(1), "the first entry is not a founding record");
            }
            Some(Record::LeaseTaken(taken)) => {
                let newest = self.tokens.entry(taken.environment.clone()).or_default();
                if taken.token <= *newest {
                    found.find(
                        Some(entry.sequence),
                        format!("its token {} is not above {newest}", taken.token),
                    );
                }
                *newest = taken.token.max(*newest);
            }
            _ => {}
        }
        if let Some(record) = &record {
            take(entry.sequence, record);
        }
        if let Some(state) = &mut self.state
            && state.absorb_record(entry, record).is_err()
        {
            self.state = None;
        }
    }
}

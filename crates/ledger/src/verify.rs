//! Verification: reads a ledger as if nobody could be trusted, and lists everything that is not as written.
//!
//! Where reading stops at the first bad entry, this goes on, so that the extent of the damage is seen. It changes
//! nothing. It can say that an end is missing only with a memory of that end: the head, or a checkpoint that was
//! kept elsewhere. How rows are read, and what may be wrong with the medium around them, is for each backend.

use std::collections::BTreeMap;

use super::LedgerError;
use super::head::{Checkpoint, Head};
use super::record::Founded;
use super::remembered::{self, Kept, Proof};
use super::walk::Walk;
use evenkeel_model::{EnvironmentName, Moment};

/// More findings than this say no more.
const MOST: usize = 200;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// How the ledger began, if that can still be read.
    pub founded: Option<Founded>,
    /// How many entries are there.
    pub entries: u64,
    /// How far it goes: worth keeping elsewhere, see [`Store::verify`](super::Store::verify).
    pub head: Option<Checkpoint>,
    /// When the entry was written that it goes to, by its writer's clock.
    pub time: Option<Moment>,
    /// What came of each checkpoint that was kept elsewhere, in the order in which they were given.
    pub proofs: Vec<Proof>,
    /// What is not as it was written. Empty means: every entry that is there is what was written.
    pub findings: Vec<Irregularity>,
    /// What is odd without being wrong, such as a clock that was set back.
    pub advice: Vec<Irregularity>,
    /// Whether the end is where it was.
    pub complete: Completeness,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Irregularity {
    /// The entry it is about; `None` when it is about the whole file.
    pub sequence: Option<u64>,
    /// What, as a sentence says it.
    pub what: String,
}

/// Whether anything is missing at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// The ledger goes at least as far as was remembered.
    Proven,
    /// That cannot be told, and why.
    NotProven(String),
}

impl Default for Completeness {
    fn default() -> Self {
        Self::NotProven("the ledger could not be read to its end".to_owned())
    }
}

impl Verification {
    /// Whether nothing is wrong with any entry or with the file.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether nothing is wrong but that checkpoints which were kept elsewhere remember another ledger.
    #[must_use]
    pub fn is_only_refuted(&self) -> bool {
        let refuted = self.proofs.iter().filter(|proof| proof.refuted.is_some());
        !self.is_whole() && refuted.count() == self.findings.len()
    }

    /// How far a whole ledger goes.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] when it is not whole.
    pub fn end(&self) -> Result<&Checkpoint, LedgerError> {
        match (&self.head, self.findings.first()) {
            (Some(end), None) => Ok(end),
            (_, Some(finding)) => Err(LedgerError::broken(
                finding.sequence.unwrap_or(0),
                finding.what.clone(),
            )),
            (None, None) => Err(LedgerError::broken(0, "it has no entries".to_owned())),
        }
    }

    /// The lowest number of an entry that something is wrong with.
    #[must_use]
    pub fn first_bad(&self) -> Option<u64> {
        self.findings
            .iter()
            .filter_map(|finding| finding.sequence)
            .min()
    }

    pub(crate) fn find(&mut self, sequence: Option<u64>, what: impl Into<String>) {
        if self.findings.len() < MOST {
            self.findings.push(Irregularity {
                sequence,
                what: what.into(),
            });
        }
    }

    /// Takes an error as a finding, unless it says that nothing can be told.
    pub(crate) fn blame(&mut self, error: LedgerError) -> Result<(), LedgerError> {
        match error {
            LedgerError::Broken { sequence, reason } => {
                self.find((sequence > 0).then_some(sequence), reason);
            }
            LedgerError::NotALedger { reason, .. } => self.find(None, reason),
            other => return Err(other),
        }
        Ok(())
    }
}

/// A row as it is kept: its number, its line and the digest beside it; or why it cannot be read.
pub type Row<'row> = Result<(u64, &'row [u8], &'row [u8]), String>;

/// What a backend shows of a ledger to have it verified: everything as it is kept, proven in nothing.
pub trait Medium {
    /// Hands over every row in order.
    ///
    /// # Errors
    ///
    /// When the medium refuses to be read.
    fn each_row(&self, take: &mut dyn FnMut(Row<'_>)) -> Result<(), LedgerError>;

    /// The digest that is kept for an entry.
    ///
    /// # Errors
    ///
    /// When the medium refuses to be read.
    fn digest(&self, sequence: u64) -> Result<Option<Vec<u8>>, LedgerError>;

    /// When an entry was written, if it is there and can be read.
    ///
    /// # Errors
    ///
    /// When the medium refuses to be read.
    fn time(&self, sequence: u64) -> Result<Option<Moment>, LedgerError>;

    /// The head.
    ///
    /// # Errors
    ///
    /// When the medium refuses to be read.
    fn head(&self) -> Result<Head, LedgerError>;

    /// What people call the head.
    fn head_name(&self) -> String;

    /// Adds what is wrong around the entries: the medium, and what is derived from them, such as the newest `tokens`.
    ///
    /// # Errors
    ///
    /// When the medium refuses to be read.
    fn check(
        &self,
        tokens: &BTreeMap<EnvironmentName, u64>,
        found: &mut Verification,
    ) -> Result<(), LedgerError>;
}

/// Verifies the ledger on a medium, and holds it against checkpoints that were kept elsewhere.
///
/// # Errors
///
/// When the medium refuses to be read.
pub fn examine(medium: &dyn Medium, checkpoints: &[Kept]) -> Result<Verification, LedgerError> {
    let mut verification = Verification::default();
    // The medium as a whole is told after its entries: the first finding names the first bad entry.
    let mut walk = Walk::default();
    if let Err(error) = walk.every_row(medium, &mut verification) {
        verification.blame(match error {
            LedgerError::Broken { reason, .. } => {
                LedgerError::broken(walk.link.sequence + 1, reason)
            }
            other => other,
        })?;
    }
    medium.check(&walk.tokens, &mut verification)?;
    verification.entries = walk.entries;
    let lineage = verification
        .founded
        .as_ref()
        .map_or_else(String::new, |founded| founded.lineage.clone());
    if walk.entries > 0 {
        verification.time = walk.time;
        verification.head = Some(Checkpoint {
            digest: walk.link.digest,
            lineage,
            sequence: walk.link.sequence,
        });
    }
    remembered::check(medium, checkpoints, &mut verification)?;
    Ok(verification)
}

//! Verification: checks a ledger without trust in its writers, and lists every problem.
//!
//! Reading stops at the first bad entry; verification continues, so that it shows the extent of the damage. It changes
//! nothing. A missing end is detected only with a record of that end: the head, or a checkpoint that was kept
//! elsewhere. Each backend reads its rows and checks its medium.

use std::collections::BTreeMap;

use super::LedgerError;
use super::State;
use super::head::{Checkpoint, Head};
use super::record::Founded;
use super::remembered::{self, Kept, Proof};
use super::walk::{TakeRecord, Walk};
use evenkeel_model::{EnvironmentName, Moment};

/// The largest number of findings.
const MOST: usize = 200;

/// The result of a verification.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// The founding record, if readable.
    pub founded: Option<Founded>,
    /// The number of entries.
    pub entries: u64,
    /// The end of the ledger: worth keeping elsewhere, see [`Store::verify`](super::Store::verify).
    pub head: Option<Checkpoint>,
    /// The time of the last entry, by its writer's clock.
    pub time: Option<Moment>,
    /// The results for the checkpoints that were kept elsewhere, in the given order.
    pub proofs: Vec<Proof>,
    /// The findings. Empty means that every present entry is original.
    pub findings: Vec<Irregularity>,
    /// Oddities that are no errors, such as a clock that was set back.
    pub advice: Vec<Irregularity>,
    /// Whether the end is proven.
    pub complete: Completeness,
    /// The state after the last entry, folded from the verified entries alone; `None` where one of them is bad.
    pub state: Option<Box<State>>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Irregularity {
    /// The entry; `None` for the whole file.
    pub sequence: Option<u64>,
    /// The finding in a sentence.
    pub what: String,
}

/// Whether entries may be missing at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// The ledger reaches at least its recorded end.
    Proven,
    /// The end is not proven, for this reason.
    NotProven(String),
}

impl Default for Completeness {
    fn default() -> Self {
        Self::NotProven("the ledger is not readable to its end".to_owned())
    }
}

impl Verification {
    /// Returns whether there are no findings.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }

    /// Returns whether the only findings are checkpoints of another ledger.
    #[must_use]
    pub fn is_only_refuted(&self) -> bool {
        let refuted = self.proofs.iter().filter(|proof| proof.refuted.is_some());
        !self.is_whole() && refuted.count() == self.findings.len()
    }

    /// Returns the end of an intact ledger.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] when it is not intact.
    pub fn end(&self) -> Result<&Checkpoint, LedgerError> {
        match (&self.head, self.findings.first()) {
            (Some(end), None) => Ok(end),
            (_, Some(finding)) => Err(LedgerError::broken(
                finding.sequence.unwrap_or(0),
                finding.what.clone(),
            )),
            (None, None) => Err(LedgerError::broken(0, "no entries found".to_owned())),
        }
    }

    /// Returns the lowest number of a bad entry.
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

    /// Records an error as a finding, unless it prevents the verification.
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

/// A stored row: its number, its line and its digest; or the reason why it is unreadable.
pub type Row<'row> = Result<(u64, &'row [u8], &'row [u8]), String>;

/// The raw content of a ledger, shown by a backend for verification.
pub trait Medium {
    /// Passes every row to `take`, in order.
    ///
    /// # Errors
    ///
    /// When the medium is unreadable.
    fn each_row(&self, take: &mut dyn FnMut(Row<'_>)) -> Result<(), LedgerError>;

    /// Returns the stored digest of an entry.
    ///
    /// # Errors
    ///
    /// When the medium is unreadable.
    fn digest(&self, sequence: u64) -> Result<Option<Vec<u8>>, LedgerError>;

    /// Returns the time of an entry, if it exists and is readable.
    ///
    /// # Errors
    ///
    /// When the medium is unreadable.
    fn time(&self, sequence: u64) -> Result<Option<Moment>, LedgerError>;

    /// Returns the head.
    ///
    /// # Errors
    ///
    /// When the medium is unreadable.
    fn head(&self) -> Result<Head, LedgerError>;

    /// Returns the name of the head in messages.
    fn head_name(&self) -> String;

    /// Adds findings outside the entries: about the medium, and about data derived from them, such as the newest
    /// `tokens`.
    ///
    /// # Errors
    ///
    /// When the medium is unreadable.
    fn check(
        &self,
        tokens: &BTreeMap<EnvironmentName, u64>,
        found: &mut Verification,
    ) -> Result<(), LedgerError>;
}

/// Compares the newest tokens that a medium stores with those of its entries.
pub fn check_tokens(
    kept: &BTreeMap<EnvironmentName, u64>,
    tokens: &BTreeMap<EnvironmentName, u64>,
    found: &mut Verification,
) {
    for (environment, token) in tokens {
        if kept.get(environment) != Some(token) {
            let kept = kept.get(environment).copied().unwrap_or(0);
            found.find(
                None,
                format!(
                    "the stored token of {environment} is {kept}, but its newest entry has {token}"
                ),
            );
        }
    }
    for environment in kept.keys() {
        if !tokens.contains_key(environment) {
            found.find(
                None,
                format!("the stored token of {environment} has no entry"),
            );
        }
    }
}

/// Verifies the ledger on a medium, including against checkpoints that were kept elsewhere. Passes the records of valid
/// entries to `take`.
///
/// # Errors
///
/// When the medium is unreadable.
pub fn examine(
    medium: &dyn Medium,
    checkpoints: &[Kept],
    take: &mut TakeRecord<'_>,
) -> Result<Verification, LedgerError> {
    let mut verification = Verification::default();
    // Check the medium after its entries: the first finding names the first bad entry.
    let mut walk = Walk::default();
    if let Err(error) = walk.every_row(medium, &mut verification, take) {
        verification.blame(match error {
            LedgerError::Broken { reason, .. } => {
                LedgerError::broken(walk.link.sequence + 1, reason)
            }
            other => other,
        })?;
    }
    if verification.is_whole() {
        verification.state = walk.state.take().map(State::compacted).map(Box::new);
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

//! A copy of a ledger's entries into another store, byte for byte.
//!
//! Backends write the lines.

use super::chain::{self, Link, Written};
use super::record::Record;
use super::{Ledger, LedgerError};
use evenkeel_model::EnvironmentName;
use std::collections::BTreeMap;
use std::path::Path;

/// The end of a copied ledger, and what its lines contain that a backend stores separately.
#[derive(Clone, Debug)]
pub(crate) struct Copied {
    /// The end.
    pub(crate) link: Link,
    /// The random name of the ledger.
    pub(crate) lineage: String,
    /// The newest token of each environment.
    pub(crate) tokens: BTreeMap<EnvironmentName, u64>,
}

/// Passes every line of a ledger to `write`, in order and once.
///
/// # Errors
///
/// When the source is broken or empty, and any error of `write`.
pub(crate) fn each_line(
    source: &dyn Ledger,
    write: &mut dyn FnMut(Written) -> Result<(), LedgerError>,
) -> Result<Copied, LedgerError> {
    let mut link = Link::root();
    let mut lineage = String::new();
    let mut tokens = BTreeMap::new();
    source.each(0, &mut |entry| {
        // A concurrent append restarts the read.
        if entry.sequence <= link.sequence {
            return Ok(());
        }
        let written = link
            .extend(entry.time, &entry.kind, &entry.body)
            .map_err(|error| LedgerError::broken(entry.sequence, error.to_string()))?;
        if written.digest != entry.digest {
            return Err(LedgerError::broken(
                entry.sequence,
                "it cannot be copied byte for byte",
            ));
        }
        match chain::understand(&entry)? {
            Some(Record::Founded(founded)) => lineage = founded.lineage,
            Some(Record::LeaseTaken(taken)) => {
                let newest = tokens.entry(taken.environment).or_insert(0);
                *newest = taken.token.max(*newest);
            }
            _ => {}
        }
        link = Link::from(&written);
        write(written)
    })?;
    if link.sequence == 0 {
        return Err(LedgerError::broken(1, "the ledger is empty"));
    }
    Ok(Copied {
        link,
        lineage,
        tokens,
    })
}

/// Returns the refusal of a store that has a ledger already.
pub(crate) fn occupied(place: &str) -> LedgerError {
    LedgerError::unusable(
        Path::new(place),
        "it has a ledger already",
        "copy to an empty place, so that no entry is overwritten",
    )
}

//! What is remembered of a ledger, held against its entries: the head beside it, and checkpoints kept elsewhere.
//!
//! What is wrong with the entries themselves is for `verify` and `walk`.

use super::LedgerError;
use super::head::{Checkpoint, Head};
use super::verify::{Completeness, Medium, Verification};
use evenkeel_model::Moment;

/// A checkpoint that was kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What people call it: its file.
    pub name: String,
    /// What it remembers.
    pub checkpoint: Checkpoint,
}

/// What came of holding the ledger against a checkpoint that was kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The checkpoint.
    pub kept: Kept,
    /// When the entry was written that it names, where the ledger has that very entry and is whole up to it: then all
    /// entries up to there are the ones that were there when the checkpoint was made.
    pub proven: Option<Moment>,
    /// Why it is not the ledger that this checkpoint remembers; that is among the findings as well.
    pub refuted: Option<String>,
}

/// There is no ledger, and somebody kept a checkpoint of one.
#[must_use]
pub fn gone(place: &str, first: &Kept, checkpoints: &[Kept]) -> Verification {
    let mut verification = Verification::default();
    verification.find(
        None,
        format!(
            "{} is gone: {} says that entry {} was written to a ledger",
            place, first.name, first.checkpoint.sequence
        ),
    );
    verification.proofs = unproven(checkpoints);
    verification
}

/// Nothing was held against them.
#[must_use]
pub fn unproven(checkpoints: &[Kept]) -> Vec<Proof> {
    checkpoints
        .iter()
        .map(|kept| Proof {
            kept: kept.clone(),
            proven: None,
            refuted: None,
        })
        .collect()
}

/// Holds everything that is remembered against the entries, after everything else was looked at.
pub(crate) fn check(
    medium: &dyn Medium,
    checkpoints: &[Kept],
    found: &mut Verification,
) -> Result<(), LedgerError> {
    let head_path = medium.head_name();
    let mut reason = format!("{head_path} is not there to tell how far the ledger went");
    let remembered = match medium.head()? {
        Head::Absent => None,
        Head::Unreadable => {
            reason = format!("{head_path} cannot be understood");
            None
        }
        Head::Known(checkpoint) => Some(checkpoint),
    };
    // What the entries themselves say, before anything remembered is held against them.
    let sound = Sound {
        last: found.head.as_ref().map_or(0, |head| head.sequence),
        lineage: found
            .founded
            .as_ref()
            .map_or_else(String::new, |founded| founded.lineage.clone()),
        up_to: if found.findings.iter().any(|each| each.sequence.is_none()) {
            0
        } else {
            found.first_bad().map_or(u64::MAX, |bad| bad - 1)
        },
    };
    for kept in checkpoints {
        let remedy = format!(
            "name the right file if {} is of another ledger or was edited",
            kept.name
        );
        let proof = sound.prove(medium, &kept.checkpoint, &kept.name, &remedy);
        let mut refuted = None;
        let proven = match proof {
            Ok(()) if kept.checkpoint.sequence <= sound.up_to => {
                medium.time(kept.checkpoint.sequence)?
            }
            Ok(()) => None,
            Err(error) => {
                if let LedgerError::Broken { reason, .. } = &error {
                    refuted = Some(reason.clone());
                }
                found.blame(error)?;
                None
            }
        };
        found.proofs.push(Proof {
            kept: kept.clone(),
            proven,
            refuted,
        });
    }
    if let Some(checkpoint) = &remembered {
        let remedy = format!("remove {head_path} deliberately");
        sound
            .prove(medium, checkpoint, &head_path, &remedy)
            .or_else(|error| found.blame(error))?;
    }
    // A ledger that was just founded has no head yet if the run was killed there. There is nothing in it to miss: without
    // its head it says no more than a folder that was emptied.
    let is_only_founded = sound.last == 1 && medium.head()? == Head::Absent;
    found.complete = if !found.is_whole() {
        Completeness::NotProven("the ledger is broken".to_owned())
    } else if remembered.is_none() && checkpoints.is_empty() && !is_only_founded {
        Completeness::NotProven(reason)
    } else {
        Completeness::Proven
    };
    Ok(())
}

/// What the entries say, for what is remembered to be held against them.
struct Sound {
    lineage: String,
    last: u64,
    /// Nothing is wrong with the entries up to this one.
    up_to: u64,
}

impl Sound {
    fn prove(
        &self,
        medium: &dyn Medium,
        checkpoint: &Checkpoint,
        source: &str,
        remedy: &str,
    ) -> Result<(), LedgerError> {
        let kept = medium.digest(checkpoint.sequence)?;
        checkpoint.prove(&self.lineage, self.last, kept.as_deref(), source, remedy)
    }
}

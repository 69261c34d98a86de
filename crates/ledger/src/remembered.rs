//! The end of a ledger, checked against the head beside it and against checkpoints kept elsewhere.
//!
//! `verify` and `walk` check the entries themselves.

use super::LedgerError;
use super::head::{Checkpoint, Head};
use super::verify::{Completeness, Medium, Verification};
use evenkeel_model::Moment;

/// A checkpoint that was kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The name in messages: its file.
    pub name: String,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
}

/// The result of checking a ledger against a checkpoint that was kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The checkpoint.
    pub kept: Kept,
    /// The time of the entry in the checkpoint, if the ledger contains that entry and is intact up to it: then all
    /// entries up to there are the original ones.
    pub proven: Option<Moment>,
    /// The reason why the ledger does not match this checkpoint; also among the findings.
    pub refuted: Option<String>,
}

/// The ledger is missing, but a checkpoint of one exists.
#[must_use]
pub fn gone(place: &str, first: &Kept, checkpoints: &[Kept]) -> Verification {
    let mut verification = Verification::default();
    verification.find(
        None,
        format!(
            "{} is missing, but {} records entry {}",
            place, first.name, first.checkpoint.sequence
        ),
    );
    verification.proofs = unproven(checkpoints);
    verification
}

/// Checked against none.
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

/// Checks the entries against the head and the checkpoints, after all other checks.
pub(crate) fn check(
    medium: &dyn Medium,
    checkpoints: &[Kept],
    found: &mut Verification,
) -> Result<(), LedgerError> {
    let head_path = medium.head_name();
    let mut reason = format!("{head_path} is missing, so the end of the ledger is not proven");
    let remembered = match medium.head()? {
        Head::Absent => None,
        Head::Unreadable => {
            reason = format!("{head_path} is unreadable");
            None
        }
        Head::Known(checkpoint) => Some(checkpoint),
    };
    // The findings about the entries themselves, before the comparison with head and checkpoints.
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
            "pass the right file if {} is of another ledger or was edited",
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
    // A run killed during the founding leaves a ledger without a head. It contains nothing to miss, so the missing head
    // matters no more than that of an emptied folder.
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

/// The state of the entries, for the comparison with head and checkpoints.
struct Sound {
    lineage: String,
    last: u64,
    /// The last entry up to which nothing is wrong.
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

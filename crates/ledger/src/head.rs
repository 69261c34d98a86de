//! The head: a record beside the ledger of its last entry, which reveals a truncation.
//!
//! A backend writes it after every append. It may lag behind, which proves less and is no finding. A process that can
//! rewrite the ledger can rewrite its head as well; copies kept elsewhere (another machine, a commit) prove more.

use serde::{Deserialize, Serialize};

use super::LedgerError;
use evenkeel_model::Digest;

/// The end of a ledger at some time. This is the stored type: the head file is its JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Checkpoint {
    /// The digest of the last entry.
    pub digest: Digest,
    /// The ledger's own random name.
    pub lineage: String,
    /// The number of the last entry.
    pub sequence: u64,
}

/// The content of the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// The head is missing.
    Absent,
    /// The head exists and is unreadable (possible after a power cut).
    Unreadable,
    /// The head is valid.
    Known(Checkpoint),
}

impl Checkpoint {
    /// Checks whether a ledger still contains this checkpoint. `lineage` is the ledger's, `last` its last number, and
    /// `kept` its digest at this checkpoint's number; `remedy` applies when `source` is wrong.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] with the first number that cannot be original.
    pub fn prove(
        &self,
        lineage: &str,
        last: u64,
        kept: Option<&[u8]>,
        source: &str,
        remedy: &str,
    ) -> Result<(), LedgerError> {
        let remedy = format!("restore the whole folder from a backup, or {remedy}");
        let complain = |sequence, what: String| {
            Err(LedgerError::broken(
                sequence,
                format!("the ledger was truncated or replaced: {what}; {remedy}"),
            ))
        };
        if self.lineage != lineage {
            return complain(
                1,
                format!(
                    "its lineage is {lineage}, but {source} has {}",
                    self.lineage
                ),
            );
        }
        match kept {
            Some(digest) if digest == self.digest.as_bytes() => Ok(()),
            Some(_) => complain(
                self.sequence,
                format!("{source} has a different entry {}", self.sequence),
            ),
            None => complain(
                last + 1,
                format!(
                    "its last entry is {last}, but {source} records entry {}",
                    self.sequence
                ),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Checkpoint;
    use evenkeel_model::Digest;

    /// The format of head files and of checkpoints kept elsewhere.
    #[test]
    fn the_stored_form_is_stable() {
        let text = r#"{"digest":"blake3:6e9eaa15c9eb0fb3ea92ce5a4a9c1a8eb1a9e2e0b5ad6ca0ca6f0b8d4ad0a1f0","lineage":"lineage","sequence":7}"#;
        let read: Checkpoint = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert_eq!((read.sequence, &*read.lineage), (7, "lineage"));
        assert_ne!(read.digest, Digest::of(b""));
    }
}

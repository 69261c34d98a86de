//! The head: what is remembered beside the ledger of how far it went, so that a ledger cut short is noticed.
//!
//! A backend writes it after every append. It may lag behind, which proves less and accuses nobody. Whoever can rewrite
//! the ledger can rewrite its head as well; copies of it kept elsewhere (another machine, a commit) prove more.

use serde::{Deserialize, Serialize};

use super::LedgerError;
use evenkeel_model::Digest;

/// How far a ledger had come at some time. This is the stored type: the head file is its JSON.
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

/// What the head says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// It is not there.
    Absent,
    /// It is there and says nothing (a loss of power may do that).
    Unreadable,
    /// It says this.
    Known(Checkpoint),
}

impl Checkpoint {
    /// Whether a ledger still contains what this remembers. `lineage` is the ledger's, `last` its last number, and
    /// `kept` the digest it has at this checkpoint's number; `remedy` is what to do when `source` is what is wrong.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] with the first number that cannot be what was written.
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
                    "its lineage is {lineage}, and {source} says {}",
                    self.lineage
                ),
            );
        }
        match kept {
            Some(digest) if digest == self.digest.as_bytes() => Ok(()),
            Some(_) => complain(
                self.sequence,
                format!("{source} remembers another entry {}", self.sequence),
            ),
            None => complain(
                last + 1,
                format!(
                    "its last entry is {last}, and {source} says that entry {} was written",
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

    /// Head files and checkpoints that are kept elsewhere say this.
    #[test]
    fn the_stored_form_is_exactly_this() {
        let text = r#"{"digest":"blake3:6e9eaa15c9eb0fb3ea92ce5a4a9c1a8eb1a9e2e0b5ad6ca0ca6f0b8d4ad0a1f0","lineage":"lineage","sequence":7}"#;
        let read: Checkpoint = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert_eq!((read.sequence, &*read.lineage), (7, "lineage"));
        assert_ne!(read.digest, Digest::of(b""));
    }
}

//! The chain: how each line follows the previous one, independent of the backend.
//!
//! Every backend writes with [`Link::extend`] and reads with [`Link::follow`], so all agree on what a valid ledger is.

use std::path::Path;

use super::{Entry, LedgerError, Record, entry};
use evenkeel_model::{Digest, Moment};

/// The end of a chain: the number and the digest of its last entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The number of the last entry; zero when the chain is empty.
    pub sequence: u64,
    /// Its digest.
    pub digest: Digest,
}

/// A line that is about to be appended.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its number.
    pub sequence: u64,
    /// The line.
    pub line: String,
    /// The digest of the line.
    pub digest: Digest,
}

impl Link {
    /// Returns the end of the empty chain.
    #[must_use]
    pub fn root() -> Self {
        Self {
            sequence: 0,
            digest: entry::root(),
        }
    }

    /// Writes the line that follows this end.
    ///
    /// # Errors
    ///
    /// When `body` is not JSON.
    pub fn extend(
        &self,
        time: Moment,
        kind: &str,
        body: &str,
    ) -> Result<Written, serde_json::Error> {
        let sequence = self.sequence + 1;
        let line = entry::write(sequence, self.digest, time, kind, body)?;
        let digest = Digest::of(line.as_bytes());
        Ok(Written {
            sequence,
            line,
            digest,
        })
    }

    /// Writes the line of a record that follows this end. Encode one record at a time: a body may be megabytes.
    ///
    /// # Errors
    ///
    /// Never for the records of this version.
    pub fn extend_by(&self, time: Moment, record: &Record) -> Result<Written, LedgerError> {
        record
            .encode()
            .and_then(|body| self.extend(time, record.kind(), &body))
            .map_err(|error| {
                LedgerError::storage("encode an entry for", Path::new("the ledger"), error)
            })
    }

    /// Reads the line stored under `sequence` with the digest `stored`, and verifies that it follows this end.
    ///
    /// # Errors
    ///
    /// When the line is invalid, with the reason in a sentence.
    pub fn follow(&self, sequence: u64, line: &[u8], stored: &[u8]) -> Result<Entry, String> {
        let inspected = Inspected::of(sequence, line, stored);
        self.accept(&inspected)?;
        inspected.outcome
    }

    /// Verifies that an inspected line follows this end.
    ///
    /// # Errors
    ///
    /// When it does not, or is invalid by itself, with the reason in a sentence.
    pub fn accept(&self, line: &Inspected) -> Result<(), String> {
        if line.sequence != self.sequence + 1 {
            return Err(format!(
                "it is stored in place of entry {}",
                self.sequence + 1
            ));
        }
        let entry = line.outcome.as_ref().map_err(Clone::clone)?;
        if entry.previous != self.digest {
            return Err(format!("it does not follow entry {}", self.sequence));
        }
        if !line.is_canonical {
            return Err("its line is not in canonical form".to_owned());
        }
        Ok(())
    }
}

/// A line with the results of every check that needs no other line, so that many lines are inspected at once.
/// [`Link::accept`] makes the remaining ones.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// The number under which it is stored.
    pub sequence: u64,
    /// The digest of the line, which its successor continues.
    pub digest: Digest,
    /// The digest stored beside the line, if it is one.
    pub stored: Option<Digest>,
    /// The digest that it names as its predecessor, even where something else is wrong with it.
    pub previous: Option<Digest>,
    /// The entry; or the reason why the line is invalid, in a sentence.
    pub outcome: Result<Entry, String>,
    is_canonical: bool,
}

impl Inspected {
    /// Inspects the line stored under `sequence` with the digest `stored`.
    #[must_use]
    pub fn of(sequence: u64, line: &[u8], stored: &[u8]) -> Self {
        let digest = Digest::of(line);
        let text = std::str::from_utf8(line);
        let outcome = if digest.as_bytes() == stored {
            text.map_err(|_| "its line is not valid UTF-8".to_owned())
                .and_then(|text| {
                    entry::read_hashed(text, digest)
                        .map_err(|error| format!("its line is malformed: {error}"))
                })
        } else {
            Err("its line does not match its stored digest".to_owned())
        };
        let previous = match (&outcome, text) {
            (Ok(entry), _) => Some(entry.previous),
            (Err(_), Ok(text)) => entry::read(text).ok().map(|entry| entry.previous),
            (Err(_), Err(_)) => None,
        };
        let outcome = outcome.and_then(|entry| {
            if entry.sequence == sequence {
                Ok(entry)
            } else {
                Err(format!("its line belongs to entry {}", entry.sequence))
            }
        });
        let is_canonical = match (&outcome, text) {
            (Ok(entry), Ok(text)) => entry::is_canonical(entry, text),
            _ => false,
        };
        Self {
            sequence,
            digest,
            stored: <[u8; 32]>::try_from(stored).ok().map(Digest::from_bytes),
            previous,
            outcome,
            is_canonical,
        }
    }
}

impl From<&Written> for Link {
    fn from(written: &Written) -> Self {
        Self {
            sequence: written.sequence,
            digest: written.digest,
        }
    }
}

impl From<&Entry> for Link {
    fn from(entry: &Entry) -> Self {
        Self {
            sequence: entry.sequence,
            digest: entry.digest,
        }
    }
}

/// Returns the record of an entry; `None` when its kind is newer than this version.
///
/// # Errors
///
/// [`LedgerError::Broken`] when the body does not match its kind.
pub fn understand(entry: &Entry) -> Result<Option<Record>, LedgerError> {
    Record::decode(&entry.kind, &entry.body).map_err(|error| {
        LedgerError::broken(
            entry.sequence,
            format!("its body is not a valid `{}`: {error}", entry.kind),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::Link;
    use evenkeel_model::{Digest, Moment};

    #[test]
    fn only_the_written_line_follows() {
        let written = Link::root()
            .extend(Moment::from_millisecond(5), "kind", r#"{"a":1}"#)
            .unwrap();
        let stored = written.digest.as_bytes();
        let root = Link::root();
        assert!(root.follow(1, written.line.as_bytes(), stored).is_ok());
        assert!(root.follow(2, written.line.as_bytes(), stored).is_err());
        let spaced = written.line.replace("\"kind\":", "\"kind\": ");
        let digest = Digest::of(spaced.as_bytes());
        assert_eq!(
            root.follow(1, spaced.as_bytes(), digest.as_bytes())
                .unwrap_err(),
            "its line is not in canonical form"
        );
    }
}

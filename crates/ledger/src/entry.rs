//! An entry: one line of canonical JSON, chained to the line before it.
//!
//! The line is `{"body":…,"kind":"…","previous":"…","sequence":n,"time":"…"}`: keys sorted, no spaces, the body itself
//! canonical. An entry's digest is the BLAKE3 digest of the line's bytes. The line is what is kept; nothing is ever
//! written anew in order to verify it.

use serde::{Deserialize, Serialize};

use evenkeel_model::{Digest, Moment};

/// What the first entry names as the one before it.
#[must_use]
pub fn root() -> Digest {
    Digest::of(b"evenkeel ledger 1")
}

/// An entry as it was read.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number, from one, without gaps.
    pub sequence: u64,
    /// When it was written, by the writer's clock.
    pub time: Moment,
    /// What kind of record the body is.
    pub kind: String,
    /// The body: canonical JSON.
    pub body: Box<str>,
    /// The digest of the entry before it.
    pub previous: Digest,
    /// Its own digest.
    pub digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    body: &'a serde_json::value::RawValue,
    #[serde(borrow)]
    kind: std::borrow::Cow<'a, str>,
    previous: Digest,
    sequence: u64,
    time: Moment,
}

/// Writes the line of an entry. `body` is canonical JSON.
///
/// # Errors
///
/// When `body` is not JSON.
pub fn write(
    sequence: u64,
    previous: Digest,
    time: Moment,
    kind: &str,
    body: &str,
) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Line {
        body: serde_json::from_str(body)?,
        kind: kind.into(),
        previous,
        sequence,
        time,
    })
}

/// Whether `line` is what [`write`] writes for an entry. The body is not parsed again: it may be very long.
#[must_use]
pub fn is_canonical(entry: &Entry, line: &str) -> bool {
    let Entry {
        sequence,
        time,
        kind,
        body,
        previous,
        ..
    } = entry;
    let bare = write(*sequence, *previous, *time, kind, "null");
    bare.is_ok_and(|bare| {
        let after_body = line
            .strip_prefix("{\"body\":")
            .and_then(|rest| rest.strip_prefix(&**body));
        after_body.is_some() && after_body == bare.strip_prefix("{\"body\":null")
    })
}

/// Reads the line of an entry.
///
/// # Errors
///
/// When it is not a line as [`write`] writes it.
pub fn read(line: &str) -> Result<Entry, serde_json::Error> {
    read_hashed(line, Digest::of(line.as_bytes()))
}

/// As [`read`], for a line whose digest is known.
///
/// # Errors
///
/// As [`read`].
pub fn read_hashed(line: &str, digest: Digest) -> Result<Entry, serde_json::Error> {
    let parsed: Line<'_> = serde_json::from_str(line)?;
    Ok(Entry {
        sequence: parsed.sequence,
        time: parsed.time,
        kind: parsed.kind.into_owned(),
        body: parsed.body.get().into(),
        previous: parsed.previous,
        digest,
    })
}

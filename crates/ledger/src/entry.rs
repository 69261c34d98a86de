//! An entry: one line of canonical JSON, chained to the line before it.
//!
//! The line is `{"body":…,"kind":"…","previous":"…","sequence":n,"time":"…"}`: keys sorted, no spaces, the body itself
//! canonical. An entry's digest is the BLAKE3 digest of the line's bytes. The line itself is stored, so verification
//! never encodes it again.

use serde::{Deserialize, Serialize};

use evenkeel_model::{Digest, Moment};

/// Returns the digest that the first entry names as its predecessor.
#[must_use]
pub fn root() -> Digest {
    Digest::of(b"evenkeel ledger 1")
}

/// An entry as read from a ledger.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The number, from one, without gaps.
    pub sequence: u64,
    /// The time of writing, by the writer's clock.
    pub time: Moment,
    /// The kind of the record in the body.
    pub kind: String,
    /// The body: canonical JSON.
    pub body: Box<str>,
    /// The digest of the previous entry.
    pub previous: Digest,
    /// The digest of this entry.
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

impl Line<'_> {
    fn entry(&self, body: &str, digest: Digest) -> Entry {
        Entry {
            sequence: self.sequence,
            time: self.time,
            kind: self.kind.clone().into_owned(),
            body: body.into(),
            previous: self.previous,
            digest,
        }
    }
}

/// The start of every line.
const BEFORE_BODY: &str = "{\"body\":";
/// The start of a line whose body is `null`.
const BARE: &str = "{\"body\":null";

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
    let _: &serde_json::value::RawValue = serde_json::from_str(body)?;
    let bare = bare(sequence, previous, time, kind)?;
    let after = bare.strip_prefix(BARE).unwrap_or_default();
    // A body may be megabytes: the line is built once, with its exact capacity.
    let mut line = String::with_capacity(BEFORE_BODY.len() + body.len() + after.len());
    line.push_str(BEFORE_BODY);
    line.push_str(body);
    line.push_str(after);
    Ok(line)
}

/// Returns the line of an entry whose body is `null`.
fn bare(
    sequence: u64,
    previous: Digest,
    time: Moment,
    kind: &str,
) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Line {
        body: serde_json::from_str("null")?,
        kind: kind.into(),
        previous,
        sequence,
        time,
    })
}

/// Returns whether `line` is what [`write`] writes for an entry. Does not parse the body again, which may be very long.
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
    bare(*sequence, *previous, *time, kind).is_ok_and(|bare| {
        let after_body = line
            .strip_prefix(BEFORE_BODY)
            .and_then(|rest| rest.strip_prefix(&**body));
        after_body.is_some() && after_body == bare.strip_prefix(BARE)
    })
}

/// Reads the line of an entry.
///
/// # Errors
///
/// When it is not in the form that [`write`] produces.
pub fn read(line: &str) -> Result<Entry, serde_json::Error> {
    let parsed: Line<'_> = serde_json::from_str(line)?;
    Ok(parsed.entry(parsed.body.get(), Digest::of(line.as_bytes())))
}

/// Reads a line whose digest is known, like [`read`]. Does not check the body: it is checked when it is decoded, so
/// that a long one is parsed once.
///
/// # Errors
///
/// Like [`read`].
pub fn read_hashed(line: &str, digest: Digest) -> Result<Entry, serde_json::Error> {
    let parts = line
        .strip_prefix(BEFORE_BODY)
        // A body may contain such a key too; the text after the body contains only its own.
        .and_then(|rest| rest.rfind(",\"kind\":").map(|end| rest.split_at(end)));
    let Some((body, after)) = parts else {
        let parsed: Line<'_> = serde_json::from_str(line)?;
        return Ok(parsed.entry(parsed.body.get(), digest));
    };
    let bare = format!("{BEFORE_BODY}null{after}");
    let parsed: Line<'_> = serde_json::from_str(&bare)?;
    Ok(parsed.entry(body, digest))
}

#[cfg(test)]
mod tests {
    use super::{is_canonical, read, read_hashed, write};
    use evenkeel_model::{Digest, Moment};

    #[test]
    fn a_line_is_split_at_the_end_of_its_body() {
        for body in [
            "null",
            r#"{"a":1,"kind":"x","z":[{"b":1,"kind":"y"}]}"#,
            r#"{"a":"},\"kind\":\"z\",","kind":"}"}"#,
            r#"[",\"kind\":"]"#,
        ] {
            for kind in ["kind", r#"a,"kind":"b"#, "é\n"] {
                let time = Moment::from_millisecond(5);
                let line = write(3, Digest::of(b"x"), time, kind, body).unwrap();
                let digest = Digest::of(line.as_bytes());
                let whole = read(&line).unwrap();
                let split = read_hashed(&line, digest).unwrap();
                assert_eq!(format!("{whole:?}"), format!("{split:?}"));
                assert_eq!(&*split.body, body);
                assert!(is_canonical(&split, &line));
            }
        }
    }

    #[test]
    fn malformed_lines_are_rejected() {
        for line in [
            "",
            "{",
            "{\"body\":",
            "{\"body\":1,\"kind\":",
            "{\"body\":1}",
            "[]",
        ] {
            assert!(
                read_hashed(line, Digest::of(line.as_bytes())).is_err(),
                "{line}"
            );
        }
    }
}

//! Content of a document's file: text, or the digest of other bytes.

use std::io::{ErrorKind, Read};

use super::Limits;
use evenkeel_model::Digest;

/// Number of bytes beyond the longest text that are searched for a zero byte, which text never contains.
const SAMPLE: u64 = 64 * 1024;

/// Bytes of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Bytes {
    /// Text, without a byte order mark.
    Text(String),
    /// Binary.
    Binary(Digest),
    /// Text of another encoding, with its name as far as it is recognised.
    Encoded(Digest, String),
}

/// Reason why there is no content.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The text is too large.
    TooLarge(u64),
    /// It could not be read, with the reason.
    Failed(String),
}

/// Reads a file of known size. Binary files may be larger than texts, since only their digest is kept.
///
/// # Errors
///
/// When the text is too large, or reading fails.
pub fn read(reader: &mut dyn Read, size: u64, limits: &Limits) -> Result<Bytes, Refusal> {
    if size > limits.longest {
        return large(reader, size, limits);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    reader
        .take(limits.longest + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > limits.longest {
        // It grew while it was read.
        return Err(Refusal::TooLarge(bytes.len() as u64));
    }
    if let Some(encoding) = encoding(&bytes) {
        return Ok(Bytes::Encoded(Digest::of(&bytes), encoding));
    }
    if bytes.contains(&0) || std::str::from_utf8(&bytes).is_err() {
        return Ok(Bytes::Binary(Digest::of(&bytes)));
    }
    match evenkeel_document::text_of("", bytes) {
        Ok(text) => Ok(Bytes::Text(text)),
        Err(defect) => Err(Refusal::Failed(defect.message)),
    }
}

/// Returns the likely encoding of a text that is not UTF-8.
fn encoding(bytes: &[u8]) -> Option<String> {
    /// Minimum share of printable bytes in a text with a one-byte encoding.
    const PRINTED: usize = 95;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Some("it is UTF-16, as PowerShell writes it".to_owned());
    }
    let error = std::str::from_utf8(bytes).err()?;
    let is_control = |byte: &&u8| **byte < 0x20 && !matches!(**byte, b'\n' | b'\r' | b'\t');
    let controls = bytes.iter().filter(is_control).count();
    let is_text = !bytes.contains(&0) && (bytes.len() - controls) * 100 >= bytes.len() * PRINTED;
    is_text.then(|| format!("it is not UTF-8 from byte {} on", error.valid_up_to()))
}

fn large(reader: &mut dyn Read, size: u64, limits: &Limits) -> Result<Bytes, Refusal> {
    let mut sample = Vec::new();
    reader
        .take(SAMPLE)
        .read_to_end(&mut sample)
        .map_err(failed)?;
    if !sample.contains(&0) {
        return Err(Refusal::TooLarge(size));
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(&sample);
    let mut rest = reader.take(limits.bytes);
    let mut space = vec![0; 256 * 1024];
    loop {
        match rest.read(&mut space) {
            Ok(0) => break,
            Ok(length) => {
                hasher.update(space.get(..length).unwrap_or_default());
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    if rest.limit() == 0 {
        return Err(Refusal::TooLarge(size.max(limits.bytes)));
    }
    Ok(Bytes::Binary(Digest::from_bytes(
        *hasher.finalize().as_bytes(),
    )))
}

fn failed(error: std::io::Error) -> Refusal {
    Refusal::Failed(why(&error))
}

/// Returns the reason why a file cannot be read, for display.
#[must_use]
pub fn why(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "it was deleted while it was read; try again".into(),
        ErrorKind::PermissionDenied => {
            "permission denied: run as a user who can read it, or change its mode".into()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Digest, Refusal, read};
    use crate::documents::Limits;

    const SMALL: Limits = Limits {
        files: 10,
        entries: 10,
        bytes: 1000,
        longest: 10,
    };

    fn of(bytes: &[u8]) -> Result<Bytes, Refusal> {
        read(&mut &bytes[..], bytes.len() as u64, &SMALL)
    }

    #[test]
    fn text_is_kept_and_other_bytes_by_digest() {
        assert_eq!(of(b"\xef\xbb\xbfa: 1\n"), Ok(Bytes::Text("a: 1\n".into())));
        assert_eq!(of(b""), Ok(Bytes::Text(String::new())));
        for binary in [&b"a\0b"[..], b"\xff\xd8\0", b"0123456789\0 and more"] {
            assert_eq!(of(binary), Ok(Bytes::Binary(Digest::of(binary))));
        }
        for (encoded, wanted) in [
            (&b"\xff\xfea\0"[..], "it is UTF-16, as PowerShell writes it"),
            (b"a: \xfcb\n", "it is not UTF-8 from byte 3 on"),
        ] {
            let reported = Bytes::Encoded(Digest::of(encoded), wanted.to_owned());
            assert_eq!(of(encoded), Ok(reported));
        }
    }

    #[test]
    fn a_long_text_is_refused_and_so_is_a_file_that_grows_without_end() {
        assert_eq!(of(b"01234567890"), Err(Refusal::TooLarge(11)));
        let mut endless = std::io::repeat(b'a');
        assert_eq!(read(&mut endless, 3, &SMALL), Err(Refusal::TooLarge(11)));
        let mut endless = std::io::repeat(0);
        assert!(matches!(
            read(&mut endless, 50, &SMALL),
            Err(Refusal::TooLarge(_))
        ));
    }
}

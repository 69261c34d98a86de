//! The files of the ref: their names and contents.
//!
//! - `entries/00/00/00/00/01`: the lines of one append, named by the number of its first entry; each line is the digest
//!   of an entry, a space, and the entry.
//! - `head`: the checkpoint of the last entry.
//! - `key`: the fingerprint of the key that seals secrets.
//! - `locks/ENVIRONMENT`: the holder of an environment's lock.
//! - `tokens/ENVIRONMENT`: the newest token of an environment.
//! - `objects/ab/…`: objects, named by their digests.

use serde::{Deserialize, Serialize};

use crate::chain::Written;
use crate::lease::Holder;
use evenkeel_model::{Digest, EnvironmentName};

/// The ref, on the remote.
pub(super) const REF: &str = "refs/evenkeel/ledger";

/// The file of the head.
pub(super) const HEAD: &str = "head";

/// The file of the key's fingerprint.
pub(super) const KEY: &str = "key";

/// The folder of entries.
pub(super) const ENTRIES: &str = "entries/";

/// The folder of tokens.
pub(super) const TOKENS: &str = "tokens/";

/// The folder of objects.
pub(super) const OBJECTS: &str = "objects/";

/// Returns the file of an append whose first entry has this number.
pub(super) fn segment(first: u64) -> String {
    let digits = format!("{first:010}");
    let mut path = String::from("entries");
    for pair in digits.as_bytes().chunks(2) {
        path.push('/');
        path.push_str(std::str::from_utf8(pair).unwrap_or_default());
    }
    path
}

/// Returns the number of the first entry in the file at `path`.
pub(super) fn first_of(path: &str) -> Option<u64> {
    let digits = path.strip_prefix(ENTRIES)?.replace('/', "");
    if digits.len() < 10 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// Returns the content of the file of one append.
pub(super) fn lines(written: &[Written]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for each in written {
        bytes.extend_from_slice(each.digest.hex().as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(each.line.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// Returns the stored digest and the line of each entry in a file, whatever its content.
pub(super) fn split(bytes: &[u8]) -> impl Iterator<Item = (Vec<u8>, &[u8])> {
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    body.split(|byte| *byte == b'\n').map(|line| {
        let (digest, line) = match line.iter().position(|byte| *byte == b' ') {
            Some(at) => line.split_at(at),
            None => line.split_at(0),
        };
        let digest = std::str::from_utf8(digest)
            .ok()
            .and_then(|hex| hex.parse::<Digest>().ok());
        (
            digest.map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()),
            line.get(1..).unwrap_or_default(),
        )
    })
}

/// Returns the file of an environment's lock.
pub(super) fn lock(environment: &EnvironmentName) -> String {
    format!("locks/{environment}")
}

/// Returns the file of an environment's newest token.
pub(super) fn token(environment: &EnvironmentName) -> String {
    format!("{TOKENS}{environment}")
}

/// Returns the file of an object.
pub(super) fn object(digest: &Digest) -> String {
    let hex = digest.hex();
    let (drawer, name) = hex.split_at_checked(2).unwrap_or(("", &hex));
    format!("{OBJECTS}{drawer}/{name}")
}

/// Returns the digest of the object in the file at `path`.
pub(super) fn digest_of(path: &str) -> Option<Digest> {
    path.strip_prefix(OBJECTS)?.replace('/', "").parse().ok()
}

/// A lock, as stored. This is the stored type: the file is its JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct StoredLock {
    /// The holder.
    pub(super) holder: Holder,
    /// A random name of this holding, which its successor does not have.
    pub(super) name: String,
    /// Rises with every sign of life.
    pub(super) beat: u64,
}

#[cfg(test)]
mod tests {
    use super::{first_of, segment, split};

    #[test]
    fn segments_are_sorted_by_their_names() {
        assert_eq!(segment(1), "entries/00/00/00/00/01");
        assert_eq!(segment(1_234_567), "entries/00/01/23/45/67");
        for number in [1, 99, 100, 12_345, 9_999_999_999] {
            assert_eq!(first_of(&segment(number)), Some(number));
        }
        assert!(segment(99) < segment(100));
        assert_eq!(first_of("entries/x"), None);
        assert_eq!(first_of("head"), None);
    }

    #[test]
    fn any_content_is_split_into_lines() {
        let parts: Vec<_> = split(b"zz {}\nno-space\n").collect();
        assert_eq!(parts, [(vec![], &b"{}"[..]), (vec![], &b"o-space"[..])]);
    }
}

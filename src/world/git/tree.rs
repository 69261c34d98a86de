//! Directories of commits: parsing of git's tree objects.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt as _;

/// Object hash: 20 bytes, or 32.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    bytes: [u8; 32],
    length: u8,
}

impl ObjectId {
    /// Parses a hash of hexadecimal digits.
    pub(super) fn new(hex: &str) -> Option<Self> {
        if !matches!(hex.len(), 40 | 64) {
            return None;
        }
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let bytes: Option<Vec<u8>> = hex
            .as_bytes()
            .chunks_exact(2)
            .map(|pair| match pair {
                [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
                _ => None,
            })
            .collect();
        Self::of(&bytes?)
    }

    /// Parses a hash of bytes.
    fn of(name: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        let length = u8::try_from(name.len()).ok()?;
        matches!(length, 20 | 32).then_some(Self { bytes, length })
    }

    /// Returns its number of bytes.
    pub(super) fn length(&self) -> usize {
        usize::from(self.length)
    }
}

/// Hexadecimal digits.
impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes.iter().take(self.length());
        bytes
            .into_iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Kind of a directory entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeKind {
    /// A file.
    File,
    /// A symbolic link.
    Link,
    /// A directory.
    Directory,
    /// A submodule: a commit of another repository, without files here.
    Submodule,
}

/// Directory entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// Kind.
    pub kind: TreeKind,
    /// Object.
    pub id: ObjectId,
}

/// Directory of a commit, by name.
pub type Tree = BTreeMap<OsString, TreeEntry>;

/// Returns the kind of a mode in octal digits.
fn kind_of(mode: &[u8]) -> Option<TreeKind> {
    match mode {
        b"40000" | b"040000" => Some(TreeKind::Directory),
        b"120000" => Some(TreeKind::Link),
        b"160000" => Some(TreeKind::Submodule),
        mode if mode.starts_with(b"100") => Some(TreeKind::File),
        _ => None,
    }
}

/// Parses one side of a raw difference, its mode and hash; `None` if nothing was there.
pub(super) fn side(mode: &str, id: &str) -> Option<TreeEntry> {
    Some(TreeEntry {
        kind: kind_of(mode.as_bytes())?,
        id: ObjectId::new(id)?,
    })
}

/// Parses a tree object: repeated `MODE NAME\0` and object hash. `None` if it is invalid, or contains names that no
/// directory can have.
pub(super) fn parse(mut bytes: &[u8], id_length: usize) -> Option<Tree> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ')?;
        let (mode, rest) = bytes.split_at(space);
        let rest = rest.get(1..)?;
        let zero = rest.iter().position(|byte| *byte == 0)?;
        let (name, rest) = rest.split_at(zero);
        let id = rest.get(1..=id_length)?;
        bytes = rest.get(id_length + 1..)?;
        if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') {
            return None;
        }
        let entry = TreeEntry {
            kind: kind_of(mode)?,
            id: ObjectId::of(id)?,
        };
        entries.push((OsString::from_vec(name.to_vec()), entry));
    }
    Some(entries.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::{TreeKind, parse};

    fn entry(mode: &str, name: &str) -> Vec<u8> {
        [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &[0xab; 20]].concat()
    }

    #[test]
    fn every_kind_of_entry_is_known() {
        let bytes = [
            entry("100644", "a b"),
            entry("100755", "run"),
            entry("40000", "sub"),
            entry("120000", "link"),
            entry("160000", "module"),
        ]
        .concat();
        let tree = parse(&bytes, 20).unwrap();
        let kinds: Vec<_> = tree
            .iter()
            .map(|(name, entry)| (name.to_str().unwrap(), entry.kind))
            .collect();
        assert_eq!(
            kinds,
            [
                ("a b", TreeKind::File),
                ("link", TreeKind::Link),
                ("module", TreeKind::Submodule),
                ("run", TreeKind::File),
                ("sub", TreeKind::Directory),
            ]
        );
        assert_eq!(
            tree.values().next().unwrap().id.to_string(),
            "ab".repeat(20)
        );
    }

    #[test]
    fn an_invalid_tree_is_rejected() {
        for bytes in [
            entry("100644", ".."),
            entry("100644", "a/b"),
            entry("100644", ""),
            entry("7", "a"),
            entry("100644", "a")[..20].to_vec(),
            b"100644".to_vec(),
            entry("100644", "a")[..9].to_vec(),
        ] {
            assert_eq!(parse(&bytes, 20), None, "{bytes:?}");
        }
        assert!(parse(&[], 20).unwrap().is_empty());
    }
}

//! What a directory of a commit holds: git's tree objects, read.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt as _;
use std::sync::Arc;

/// The name of an object: hexadecimal digits, 40 or 64 of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(Arc<str>);

impl ObjectId {
    /// The name, when it can be one.
    pub(super) fn new(hex: &str) -> Option<Self> {
        let whole =
            matches!(hex.len(), 40 | 64) && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then(|| Self(hex.into()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What an entry of a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeKind {
    /// A file.
    File,
    /// A symbolic link.
    Link,
    /// A directory.
    Directory,
    /// A submodule: a commit of another repository, whose files are not here.
    Submodule,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// What it is.
    pub kind: TreeKind,
    /// Its object.
    pub id: ObjectId,
}

/// A directory of a commit, by name.
pub type Tree = BTreeMap<OsString, TreeEntry>;

/// Reads a tree object: `MODE NAME\0` and the bytes of an object's name, over and over. `None` when it is none, or
/// has names that no directory can have.
pub(super) fn parse(mut bytes: &[u8], id_length: usize) -> Option<Tree> {
    let mut tree = Tree::new();
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
        let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let entry = TreeEntry {
            kind: match mode {
                b"40000" | b"040000" => TreeKind::Directory,
                b"120000" => TreeKind::Link,
                b"160000" => TreeKind::Submodule,
                mode if mode.starts_with(b"100") => TreeKind::File,
                _ => return None,
            },
            id: ObjectId::new(&hex)?,
        };
        tree.insert(OsString::from_vec(name.to_vec()), entry);
    }
    Some(tree)
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
        assert_eq!(tree.values().next().unwrap().id.as_str(), "ab".repeat(20));
    }

    #[test]
    fn what_is_no_tree_is_refused() {
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

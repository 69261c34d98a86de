//! Likeness of two files: a cheap measure on the paths of their keys, or on their lines.
//!
//! Environment words in keys count as equal. Values do not count, since they may differ. Exact differences are left to
//! `comparison`.

use std::collections::BTreeSet;

use super::tokens::without_words;
use evenkeel_document::{Content, Format, Node};
use evenkeel_model::source::SourceFile;

/// Maximum number of keys of one file.
const MOST_KEYS: usize = 20_000;

/// Common part of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Likeness {
    /// Keys or lines in both.
    pub(super) shared: usize,
    /// Keys in either.
    pub(super) all: usize,
    /// Keys of the smaller file.
    pub(super) fewer: usize,
}

impl Likeness {
    /// Compares two sets of keys.
    pub(super) fn of(one: &BTreeSet<String>, two: &BTreeSet<String>) -> Self {
        let shared = one.intersection(two).count();
        Self {
            shared,
            all: one.len() + two.len() - shared,
            fewer: one.len().min(two.len()),
        }
    }

    /// Adds the likeness of two more files.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            shared: self.shared + other.shared,
            all: self.all + other.all,
            fewer: self.fewer + other.fewer,
        }
    }

    /// Whether both have at least half of all keys.
    pub(super) fn is_close(self) -> bool {
        self.shared > 0 && self.shared * 2 >= self.all
    }

    /// Whether too little is shared for a pair.
    pub(super) fn is_far(self) -> bool {
        self.shared * 5 < self.all && self.shared * 2 < self.fewer
    }
}

/// Returns the keys of a text; `None` if it is binary.
pub(super) fn keys(path: &str, format: Format, text: &str) -> Option<BTreeSet<String>> {
    if text.contains('\0') {
        return None;
    }
    let mut keys = BTreeSet::new();
    let tree = (format != Format::Lines)
        .then(|| evenkeel_document::read(&SourceFile::new(path, text), format))
        .and_then(Result::ok);
    if let Some(tree) = tree {
        for root in &tree.roots {
            let kind = root.get("kind").and_then(Node::as_scalar);
            let prefix = kind.map_or_else(String::new, |kind| format!("{}:", kind.text));
            gather(root, &prefix, &mut keys);
        }
    } else {
        // Templates have no format, but their lines have keys.
        for line in text.lines().take(MOST_KEYS) {
            let line = line.trim().trim_start_matches("- ");
            let is_comment = line.starts_with(['#', ';']) || line.starts_with("//");
            if line.is_empty() || is_comment || !line.contains(char::is_alphanumeric) {
                continue;
            }
            let key = line.split([':', '=']).next().unwrap_or(line);
            keys.insert(without_words(key.trim()));
        }
    }
    Some(keys)
}

/// Returns the keys of a part of a document.
pub(super) fn keys_of(node: &Node) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    gather(node, "", &mut keys);
    keys
}

/// Collects the paths to the leaves below a node. Readers bound the depth.
fn gather(node: &Node, path: &str, keys: &mut BTreeSet<String>) {
    if keys.len() >= MOST_KEYS {
        return;
    }
    match &node.content {
        Content::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                let path = format!("{path}.{}", without_words(&entry.key));
                gather(&entry.value, &path, keys);
            }
        }
        Content::List(items) if !items.is_empty() => {
            let path = format!("{path}[]");
            for item in items {
                gather(item, &path, keys);
            }
        }
        _ => {
            keys.insert(path.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Likeness, keys};
    use evenkeel_document::Format;

    fn likeness(one: &str, two: &str) -> Likeness {
        let of = |text| keys("a.conf", Format::Lines, text).unwrap();
        Likeness::of(&of(one), &of(two))
    }

    #[test]
    fn keys_count_and_values_do_not() {
        let like = likeness("# x\na: 1\nstaging-db: 2\n", "a: 3\n\nprod-db: 4\nc: 5\n");
        assert_eq!((like.shared, like.all, like.fewer), (2, 3, 2));
        assert!(like.is_close() && !like.is_far());
        assert!(likeness("a: 1", "b: 1").is_far());
        assert!(!likeness("", "").is_close());
    }

    #[test]
    fn binary_files_have_no_keys() {
        assert_eq!(keys("a", Format::Lines, "a\0b"), None);
    }

    #[test]
    fn an_unparsable_file_still_has_lines() {
        let found = keys("a.json", Format::Json, "{{ if .x }}\n\"a\": 1\n").unwrap();
        assert!(found.contains("\"a\""), "{found:?}");
    }
}

//! What a value stands under, as far as it tells whether it is a secret.

use super::names::{is_reference, is_secret};
use super::within::holds_secret;
use crate::tree::{Entry, Scalar, ScalarKind};

/// What a value stands under, as far as it tells whether it is a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Under<'n> {
    /// The key, or the name that stands beside it: `DB_PASSWORD` of `{name: DB_PASSWORD, value: …}`.
    key: &'n str,
    /// Whether everything here is a secret, whatever its key: a Kubernetes Secret's data.
    is_covered: bool,
}

/// What the keys of one map stand under.
#[derive(Clone, Copy, Debug)]
pub struct Within<'n> {
    above: Under<'n>,
    /// What `value` is the value of.
    name: Option<&'n str>,
    /// Whether the map is a Kubernetes Secret.
    is_secret: bool,
}

impl<'n> Under<'n> {
    /// The entries of a map that stands here.
    #[must_use]
    pub fn within(self, entries: &'n [Entry]) -> Within<'n> {
        /// More keys than a pair of name and value has beside it.
        const MOST: usize = 6;
        let text = |key: &str| {
            let entry = entries.iter().find(|entry| &*entry.key == key)?;
            entry.value.as_scalar().map(|scalar| &*scalar.text)
        };
        let is_pair = entries.len() <= MOST
            && entries
                .iter()
                .any(|entry| entry.key.eq_ignore_ascii_case("value"));
        let name = || ["name", "Name", "key", "Key"].into_iter().find_map(text);
        let has_kind = entries.iter().take(MOST).any(|entry| &*entry.key == "kind");
        Within {
            above: self,
            name: if is_pair { name() } else { None },
            is_secret: has_kind && text("kind") == Some("Secret"),
        }
    }

    /// Whether a single value here is a secret, or has one in it: by itself, or in `NAME=value`.
    #[must_use]
    pub fn is_secret(self, scalar: &Scalar) -> bool {
        let is_covered = self.is_covered
            && scalar.kind != ScalarKind::Null
            && !scalar.text.is_empty()
            && !is_reference(&scalar.text);
        // Of several lines those that hold a secret are covered, and the others are shown.
        let is_text = matches!(scalar.kind, ScalarKind::Text | ScalarKind::Loose);
        let holds = if is_text && scalar.text.contains('\n') {
            is_secret(self.key, scalar)
        } else {
            holds_secret(self.key, scalar)
        };
        is_covered || holds
    }
}

impl<'n> Within<'n> {
    /// What the value of a key stands under that two maps have, of which either may tell more.
    #[must_use]
    pub fn either(both: [Self; 2], key: &'n str) -> Under<'n> {
        let [one, two] = both.map(|within| within.entry(key));
        Under {
            key: if one.key == key { two.key } else { one.key },
            is_covered: one.is_covered || two.is_covered,
        }
    }

    /// What the value of one of the keys stands under.
    #[must_use]
    pub fn entry(self, key: &'n str) -> Under<'n> {
        let is_data = self.is_secret && matches!(key, "data" | "stringData");
        // What makes a Secret out of what stands there.
        let makes = matches!(key, "secretGenerator");
        Under {
            key: match self.name {
                Some(name) if key.eq_ignore_ascii_case("value") => name,
                _ => key,
            },
            is_covered: self.above.is_covered && !NAMING.contains(&key) || is_data || makes,
        }
    }
}

/// Keys that name things, also among secrets.
const NAMING: &[&str] = &[
    "name",
    "namespace",
    "type",
    "behavior",
    "envs",
    "files",
    "options",
];

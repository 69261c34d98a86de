//! Names that end in a hash of the content that they name, as kustomize makes them: `app-6ct58987ht`.
//!
//! What has such a name on both sides, and is the same but for the hash, is one thing: its name and all references to it
//! count as equal, and what differs inside of it is reported. A reference to what is not in the document is compared as it
//! is, since what it leads to was not seen.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::{Identities, Identity, Which};
use evenkeel_document::{Content, Document, Node};

/// What kustomize encodes its hashes in.
const DIGITS: &[u8] = b"2456789bcdfghkmt";
/// How long they are.
const LENGTH: usize = 10;

/// The identities of two documents and the pairs of names of both that differ in a hash of contents only. None where there
/// are no such names.
pub(super) fn with_hashes(
    identities: &Identities,
    left: &Document,
    right: &Document,
) -> Option<Identities> {
    let (ones, twos) = (
        named(left, identities, Which::Left),
        named(right, identities, Which::Right),
    );
    if ones.is_empty() || twos.is_empty() {
        return None;
    }
    let mut pairs = Vec::new();
    for (key, ones) in &ones {
        let Some(twos) = twos.get(key) else {
            continue;
        };
        // Several of one name are distinguished by their namespaces, in order.
        if ones.len() == twos.len() {
            let differ = ones.iter().zip(twos).filter(|(one, two)| one != two);
            pairs.extend(differ.map(|(one, two)| Identity {
                name: "hash of contents".into(),
                left: Arc::from(*one),
                right: Arc::from(*two),
            }));
        }
    }
    (!pairs.is_empty()).then(|| identities.with_words(pairs))
}

/// A kind, and what is before the hash in a name.
type Base<'n> = (&'n str, Cow<'n, str>);

/// The names with a hash, by kind and by what is before the hash, in the order of their namespaces. What is before the hash may
/// have identity values in it.
fn named<'n>(
    document: &'n Document,
    identities: &Identities,
    which: Which,
) -> BTreeMap<Base<'n>, Vec<&'n str>> {
    let mut found: BTreeMap<Base<'_>, Vec<(&str, &str)>> = BTreeMap::new();
    for root in &document.roots {
        let items = match root.get("items").map(|items| &items.content) {
            Some(Content::List(items)) => items.as_slice(),
            _ => std::slice::from_ref(root),
        };
        for item in items {
            let Some((kind, namespace, name)) = described(item) else {
                continue;
            };
            let Some(base) = without_hash(name) else {
                continue;
            };
            let base = identities
                .marked(base, which)
                .map_or(Cow::Borrowed(base), Cow::Owned);
            let entry = found.entry((kind, base)).or_default();
            if !entry.contains(&(namespace, name)) {
                entry.push((namespace, name));
            }
        }
    }
    found
        .into_iter()
        .map(|(key, mut names)| {
            names.sort_unstable();
            (key, names.into_iter().map(|(_, name)| name).collect())
        })
        .collect()
}

/// The kind, the namespace and the name of an object of Kubernetes.
fn described(node: &Node) -> Option<(&str, &str, &str)> {
    let kind = &*node.get("kind")?.as_scalar()?.text;
    let metadata = node.get("metadata")?;
    let name = &*metadata.get("name")?.as_scalar()?.text;
    let namespace = metadata.get("namespace").and_then(Node::as_scalar);
    Some((kind, namespace.map_or("", |scalar| &*scalar.text), name))
}

/// What is before the hash in a name.
fn without_hash(name: &str) -> Option<&str> {
    let (base, hash) = name.rsplit_once('-')?;
    let is_hash = hash.len() == LENGTH && hash.bytes().all(|byte| DIGITS.contains(&byte));
    // A word of these letters is no hash.
    let is_mixed = hash.bytes().any(|byte| byte.is_ascii_digit());
    (is_hash && is_mixed && !base.is_empty()).then_some(base)
}

#[cfg(test)]
mod tests {
    use super::without_hash;

    #[test]
    fn a_hash_is_known_by_its_letters() {
        assert_eq!(without_hash("app-6ct58987ht"), Some("app"));
        assert_eq!(without_hash("app-config-9hf2mk7gtb"), Some("app-config"));
        for name in [
            "app",
            "app-production",
            "app-6ct58987h",
            "app-6ct58987h1",
            "app-bbbbbbbbbb",
            "-6ct58987ht",
        ] {
            assert_eq!(without_hash(name), None, "{name}");
        }
    }
}

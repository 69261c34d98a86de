//! Files with a content hash in their name: `assets/app-3f2a9c1d.js`, `app-config-6ct58987ht.yaml`.
//!
//! Two such files whose names differ only in the hash are one file, and references to them agree. Other hashes are
//! compared as they are: the same digits may be a commit elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::{Identities, Identity, Which};

/// Returns the identities with the pairs of names that differ in a hash only; `None` if there are none.
pub(crate) fn with_names<'n>(
    identities: &Identities,
    left: impl Iterator<Item = &'n String> + Clone,
    right: impl Iterator<Item = &'n String> + Clone,
) -> Option<Identities> {
    let (ones, twos): (BTreeSet<&String>, BTreeSet<&String>) =
        (left.clone().collect(), right.clone().collect());
    let lefts = alone(
        identities,
        left.filter(|name| !twos.contains(name)),
        Which::Left,
    );
    let rights = alone(
        identities,
        right.filter(|name| !ones.contains(name)),
        Which::Right,
    );
    let mut pairs = Vec::new();
    for (skeleton, one) in lefts {
        let (Some(one), Some(Some(two))) = (one, rights.get(&skeleton)) else {
            continue;
        };
        pairs.extend([(one.name, two.name), (one.stem, two.stem)]);
    }
    let identity = |(left, right): (&str, &str)| Identity {
        name: "hash of contents".into(),
        left: left.into(),
        right: right.into(),
    };
    (!pairs.is_empty()).then(|| identities.with_words(pairs.into_iter().map(identity)))
}

/// Name that contains a hash.
#[derive(Clone, Copy)]
struct Hashed<'n> {
    /// Name without its folders.
    name: &'n str,
    /// Name up to the end of the hash.
    stem: &'n str,
}

/// Returns the names with a hash by the name without it; skips those that several share.
fn alone<'n>(
    identities: &Identities,
    names: impl Iterator<Item = &'n String>,
    which: Which,
) -> BTreeMap<String, Option<Hashed<'n>>> {
    let mut found = BTreeMap::new();
    for path in names {
        let Some((before, hashed, after)) = hashed(path) else {
            continue;
        };
        let skeleton = format!("{before}\0{after}");
        let skeleton = identities.marked(&skeleton, which).unwrap_or(skeleton);
        found
            .entry(skeleton)
            .and_modify(|known| *known = None)
            .or_insert(Some(hashed));
    }
    found
}

/// Returns the text before the only hash of a path, the name, and the text after the hash.
fn hashed(path: &str) -> Option<(&str, Hashed<'_>, &str)> {
    let start = path.rfind('/').map_or(0, |at| at + 1);
    let name = path.get(start..)?;
    let mut at = start;
    let mut found = None;
    for part in name.split(['-', '_', '.']) {
        let here = at..at + part.len();
        at = here.end + 1;
        if is_hash(part) {
            // With several hashes, the one of the contents is unknown.
            if found.replace(here).is_some() {
                return None;
            }
        }
    }
    let range = found?;
    // A hash without a preceding name identifies nothing.
    if range.start <= start + 1 {
        return None;
    }
    let (before, after) = (path.get(..range.start)?, path.get(range.end..)?);
    let stem = path.get(start..range.end)?;
    Some((before, Hashed { name, stem }, after))
}

/// Whether a part of a name is a hash: hexadecimal digits or kustomize's alphabet, with both lower-case letters and
/// digits.
fn is_hash(part: &str) -> bool {
    const SHORTEST: usize = 8;
    /// Alphabet and length of kustomize's hashes.
    const KUSTOMIZE: (&[u8], usize) = (b"2456789bcdfghkmt", 10);
    let all = |is: &dyn Fn(u8) -> bool| part.bytes().all(is);
    let is_hex =
        part.len() >= SHORTEST && all(&|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    let is_kustomize = part.len() == KUSTOMIZE.1 && all(&|byte| KUSTOMIZE.0.contains(&byte));
    let any = |is: fn(&u8) -> bool| part.as_bytes().iter().any(is);
    (is_hex || is_kustomize) && any(u8::is_ascii_digit) && any(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::{hashed, with_names};
    use crate::Identities;

    #[test]
    fn a_hash_is_recognised_beside_a_name() {
        let stem = |path: &str| hashed(path).map(|(_, hashed, _)| hashed.stem.to_owned());
        for (path, wanted) in [
            ("assets/app-3f2a9c1d.js", Some("app-3f2a9c1d")),
            ("app.3f2a9c1d.chunk.css", Some("app.3f2a9c1d")),
            ("app-config-6ct58987ht.yaml", Some("app-config-6ct58987ht")),
            ("3f2a9c1d.js", None),
            ("app-20240101.yaml", None),
            ("app-deadbeef.yaml", None),
            ("a-3f2a9c1d-9e81bb20.js", None),
            ("app.yaml", None),
        ] {
            assert_eq!(stem(path).as_deref(), wanted, "{path}");
        }
    }

    #[test]
    fn names_that_differ_by_a_hash_correspond() {
        let names = |all: &[&str]| -> Vec<String> { all.iter().map(|&name| name.into()).collect() };
        let agree = |left: &[&str], right: &[&str], one: &str, two: &str| {
            let (left, right) = (names(left), names(right));
            with_names(&Identities::default(), left.iter(), right.iter())
                .is_some_and(|identities| identities.agree(one, two))
        };
        let (left, right) = (["a/app-3f2a9c1d.js"], ["a/app-9e81bb20.js"]);
        assert!(agree(
            &left,
            &right,
            "a/app-3f2a9c1d.js",
            "a/app-9e81bb20.js"
        ));
        assert!(agree(&left, &right, "x: app-3f2a9c1d", "x: app-9e81bb20"));
        assert!(!agree(&left, &right, "3f2a9c1d", "9e81bb20"));
        let two = ["a/app-9e81bb20.js", "a/app-8e81bb20.js"];
        assert!(!agree(
            &left,
            &two,
            "a/app-3f2a9c1d.js",
            "a/app-9e81bb20.js"
        ));
        assert!(!agree(&left, &["b/app-9e81bb20.js"], "a", "b"));
    }
}

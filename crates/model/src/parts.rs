//! Incremental hashing of a record, so that its text is never in memory as a whole.
//!
//! The caller writes the parts in canonical order; the result equals the digest of the whole record, which tests check.

use serde::Serialize;

use super::{Digest, canonical};

/// The amount of text that is collected before it is hashed.
const PIECE: usize = 64 * 1024;

/// The parts of a record so far.
pub struct Parts {
    hasher: blake3::Hasher,
    text: Vec<u8>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Parts")
    }
}

impl Parts {
    /// Starts a record of a domain, like [`Digest::of_record`].
    #[must_use]
    pub fn of(domain: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(domain.as_bytes());
        hasher.update(b"\0");
        Self {
            hasher,
            text: Vec::with_capacity(PIECE),
        }
    }

    /// Adds literal text: `[`, `,`, `"key":`.
    #[must_use]
    pub fn mark(mut self, mark: &str) -> Self {
        self.text.extend_from_slice(mark.as_bytes());
        self
    }

    /// Adds a value.
    #[must_use]
    pub fn value<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        self.add(value);
        self
    }

    /// Adds a list.
    #[must_use]
    pub fn list<T: Serialize>(mut self, items: impl IntoIterator<Item = T>) -> Self {
        self.text.push(b'[');
        for (number, item) in items.into_iter().enumerate() {
            if number > 0 {
                self.text.push(b',');
            }
            self.add(&item);
        }
        self.text.push(b']');
        self
    }

    /// Adds a table, whose keys must arrive in ascending order.
    #[must_use]
    pub fn table<K: Serialize, T: Serialize>(
        mut self,
        entries: impl IntoIterator<Item = (K, T)>,
    ) -> Self {
        self.text.push(b'{');
        for (number, (key, value)) in entries.into_iter().enumerate() {
            if number > 0 {
                self.text.push(b',');
            }
            self.add(&key);
            self.text.push(b':');
            self.add(&value);
        }
        self.text.push(b'}');
        self
    }

    /// Returns the digest of all parts.
    #[must_use]
    pub fn digest(mut self) -> Digest {
        self.hasher.update(&self.text);
        Digest::from_bytes(*self.hasher.finalize().as_bytes())
    }

    fn add<T: Serialize + ?Sized>(&mut self, value: &T) {
        if let Err(error) = canonical::append(&mut self.text, value) {
            // Serialization fails only for maps with keys that are not strings; no record has one.
            self.text.extend_from_slice(error.to_string().as_bytes());
        }
        if self.text.len() >= PIECE {
            self.hasher.update(&self.text);
            self.text.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Parts;
    use crate::Digest;

    #[test]
    fn parts_have_the_digest_of_the_whole() {
        let names: BTreeMap<String, Vec<u32>> = (0..20_000)
            .map(|number| (format!("n{number} \"é\""), vec![number; 3]))
            .collect();
        let numbers: Vec<u32> = (0..20_000).collect();
        let whole = Digest::of_record("a", &(&names, &numbers, "end"));
        let parts = Parts::of("a")
            .mark("[")
            .table(&names)
            .mark(",")
            .list(&numbers)
            .mark(",")
            .value("end")
            .mark("]")
            .digest();
        assert_eq!(parts, whole);
        assert_eq!(
            Parts::of("a").table(BTreeMap::<&str, u8>::new()).digest(),
            Digest::of_record("a", &BTreeMap::<&str, u8>::new())
        );
    }
}

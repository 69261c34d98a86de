//! Limits of expanding references and templates: a few lines can expand beyond all memory.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Maximum length of the result of references or a template.
const LONGEST: u64 = 64 * 1024 * 1024;
/// Maximum length of all texts of an environment together.
const MOST: u64 = 256 * 1024 * 1024;
/// Maximum length of a chain of references between resources.
pub(super) const DEEPEST: usize = 1_000;

/// Expanded bytes of one environment so far.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    bytes: AtomicU64,
    is_full: AtomicBool,
}

/// Reason why a text exceeds a limit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// It is too long by itself.
    Text(String),
    /// All texts together are too long.
    Sum(String),
    /// As [`Excess::Sum`], which was reported once.
    Again,
}

impl Expansion {
    /// Checks that a text of this length is allowed.
    pub(super) fn admits(length: usize) -> Result<(), Excess> {
        if length as u64 <= LONGEST {
            return Ok(());
        }
        Err(Excess::Text(format!(
            "expands to more than {} MiB",
            LONGEST / 1024 / 1024
        )))
    }

    /// Counts an expanded text.
    pub(super) fn add(&self, length: usize) -> Result<(), Excess> {
        Self::admits(length)?;
        let length = length as u64;
        let before = self.bytes.fetch_add(length, Ordering::Relaxed);
        if before.saturating_add(length) <= MOST {
            return Ok(());
        }
        if self.is_full.swap(true, Ordering::Relaxed) {
            return Err(Excess::Again);
        }
        Err(Excess::Sum(format!(
            "here the texts of the environment expand to more than {} MiB together",
            MOST / 1024 / 1024
        )))
    }

    /// Returns the count.
    pub(super) fn mark(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Resets the count to a mark, to start again from there.
    pub(super) fn back_to(&self, mark: u64) {
        self.bytes.store(mark, Ordering::Relaxed);
        self.is_full.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Excess, Expansion, LONGEST, MOST};

    #[test]
    fn texts_are_limited_alone_and_together() {
        let longest = usize::try_from(LONGEST).unwrap();
        assert_eq!(Expansion::admits(longest), Ok(()));
        assert!(matches!(
            Expansion::admits(longest + 1),
            Err(Excess::Text(_))
        ));
        let expansion = Expansion::default();
        for _ in 0..MOST / LONGEST {
            assert_eq!(expansion.add(longest), Ok(()));
        }
        let mark = expansion.mark();
        assert!(matches!(expansion.add(1), Err(Excess::Sum(_))));
        assert_eq!(expansion.add(1), Err(Excess::Again));
        expansion.back_to(mark - 1);
        assert_eq!(expansion.add(1), Ok(()));
    }
}

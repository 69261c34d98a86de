//! How much references and templates may expand to: a few lines can stand for more than a machine has memory.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The longest text that references or a template may become.
const LONGEST: u64 = 64 * 1024 * 1024;
/// The most that the texts of an environment may have together.
const MOST: u64 = 256 * 1024 * 1024;
/// How many resources may refer to each other in a row.
pub(super) const DEEPEST: usize = 1_000;

/// What was expanded in one environment so far.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    bytes: AtomicU64,
    is_full: AtomicBool,
}

/// Why a text may not become as long as it would.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// It is too long by itself.
    Text(String),
    /// All texts together are too long.
    Sum(String),
    /// As [`Excess::Sum`], which was complained about once.
    Again,
}

impl Expansion {
    /// Makes sure that a text of this length may be made.
    pub(super) fn admits(length: usize) -> Result<(), Excess> {
        if length as u64 <= LONGEST {
            return Ok(());
        }
        Err(Excess::Text(format!(
            "expands to more than {} MiB",
            LONGEST / 1024 / 1024
        )))
    }

    /// Counts a text that was made.
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

    /// How much was counted.
    pub(super) fn mark(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Forgets what was counted since a mark, to begin again from there.
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

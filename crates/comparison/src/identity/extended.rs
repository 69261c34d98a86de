//! Further questions to identities: additional words, accounts, and texts that name both environments.

use std::sync::Arc;

use super::word::{Word, is_separate};
use super::{Identities, Identity};

impl Identities {
    /// Returns these identities with additional words, which are never reported as a mention of the other environment.
    #[must_use]
    pub(crate) fn with_words(&self, more: impl IntoIterator<Item = Identity>) -> Self {
        let mut extended = self.clone();
        extended.all.extend(more.into_iter().map(|identity| {
            let mut word = Word::new(&identity.name, &identity.left, &identity.right);
            (word.left_telling, word.right_telling) = (false, false);
            word
        }));
        let length = |word: &Word| word.left.len().max(word.right.len());
        extended
            .all
            .sort_by_key(|word| std::cmp::Reverse(length(word)));
        extended
    }

    /// Whether both environments are known to have separate accounts: both have a long number or a UUID.
    #[must_use]
    pub(crate) fn have_accounts(&self) -> bool {
        const LEAST: usize = 9;
        let is_account = |text: &str| {
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            digits >= LEAST
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        };
        let mut all = self.all.iter();
        all.any(|word| is_account(&word.left) && is_account(&word.right))
    }

    /// Returns the identity by which a text names both environments.
    #[must_use]
    pub(crate) fn names_both(&self, text: &str) -> Option<&Arc<str>> {
        let occurs = |value: &str| {
            let mut places = text.match_indices(value);
            places.any(|(at, found)| is_separate(text, at, found))
        };
        let named = self.all.iter().find(|word| {
            word.left_telling
                && word.right_telling
                && !word.left.contains(&*word.right)
                && !word.right.contains(&*word.left)
                && occurs(&word.left)
                && occurs(&word.right)
        });
        named.map(|word| &word.name)
    }
}

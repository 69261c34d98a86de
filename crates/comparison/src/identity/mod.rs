//! Identity values: values that each environment has by nature (its name, domains, account numbers), recognised inside
//! texts and keys.
//!
//! Two texts agree if replacing the first environment's values by the second's turns one into the other. Any identity
//! may occur at any position: `fizzy-staging` ↔ `fizzy` and `staging` ↔ `production` are tried together, so neither
//! hides what the other explains.

mod agreement;
mod extended;
mod foreign;
pub(crate) mod hosts;
mod names;
mod network;
mod word;

use std::sync::Arc;

pub(crate) use agreement::Way;
use names::Names;
pub(crate) use network::{Network, addresses};
use word::Word;
pub(crate) use word::is_separate;

/// Identity: two values that correspond to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Name of the parameter, or `environment`.
    pub name: Arc<str>,
    /// The first environment's value.
    pub left: Arc<str>,
    /// The second environment's value.
    pub right: Arc<str>,
}

/// Identities of a pair of environments.
#[derive(Clone, Debug, Default)]
pub struct Identities {
    /// Given and derived, the longest first.
    all: Vec<Word>,
    /// Names of the two environments.
    environments: Option<(Arc<str>, Arc<str>)>,
    /// Names in all spellings.
    names: Names,
    /// Networks, by the parameter's name.
    networks: Vec<(Arc<str>, Network, Network)>,
}

/// One of the two environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// First environment.
    Left,
    /// Second environment.
    Right,
}

impl Which {
    /// Returns the other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

impl Identities {
    /// Creates the identities of two environments, including capitalised spellings.
    #[must_use]
    pub fn new(given: impl IntoIterator<Item = Identity>) -> Self {
        let mut all: Vec<Word> = Vec::new();
        let mut environments = None;
        let mut names = Names::default();
        let mut networks = Vec::new();
        let add = |all: &mut Vec<Word>, new: Word| {
            let is_known = |word: &Word| word.left == new.left && word.right == new.right;
            if !all.iter().any(is_known) {
                all.push(new);
            }
        };
        for identity in given {
            let Identity { name, left, right } = identity;
            if &*name == "environment" {
                environments = Some((Arc::clone(&left), Arc::clone(&right)));
            }
            if left.is_empty() || right.is_empty() || left == right {
                continue;
            }
            for (left, right) in word::spellings(&left).iter().zip(&word::spellings(&right)) {
                add(&mut all, Word::new(&name, left, right));
            }
            if word::is_environment(&name) {
                names.add(&left, &right);
            }
            if let (Some(one), Some(two)) = (Network::parse(&left), Network::parse(&right))
                && one.bits() == two.bits()
            {
                for (left, right) in one.spellings().iter().zip(&two.spellings()) {
                    add(&mut all, Word::new(&name, left, right));
                }
                networks.push((name, one, two));
            }
        }
        let length = |word: &Word| word.left.len().max(word.right.len());
        all.sort_by(|one, two| {
            (length(two), &one.left, &one.right).cmp(&(length(one), &two.left, &two.right))
        });
        Self {
            all,
            environments,
            names,
            networks,
        }
    }

    /// Whether there are no identities.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns a text with a mark in place of each identity value of its environment, the longest first: texts with
    /// equal marks agree. Others may agree too; see [`Self::agree`].
    #[must_use]
    pub fn marked(&self, text: &str, which: Which) -> Option<String> {
        let own = |word: &Word| match which {
            Which::Left => Arc::clone(&word.left),
            Which::Right => Arc::clone(&word.right),
        };
        if !self.all.iter().any(|word| text.contains(&*own(word))) {
            return None;
        }
        let mut marked = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(rest) = text.get(at..)
            && let Some(first) = rest.chars().next()
        {
            let found = self.all.iter().enumerate().find(|(_, word)| {
                let value = own(word);
                rest.starts_with(&*value) && is_separate(text, at, &value)
            });
            if let Some((number, word)) = found {
                marked.push('\u{1}');
                marked.push_str(&number.to_string());
                marked.push('\u{2}');
                at += own(word).len();
            } else {
                marked.push(first);
                at += first.len_utf8();
            }
        }
        Some(marked)
    }

    /// Returns a text of one environment as written in the other: each identity value is replaced by the other's, the
    /// longest first. `None` if it contains none.
    #[must_use]
    pub fn exchanged(&self, text: &str, which: Which) -> Option<String> {
        let sides = |word: &Word| match which {
            Which::Left => (Arc::clone(&word.left), Arc::clone(&word.right)),
            Which::Right => (Arc::clone(&word.right), Arc::clone(&word.left)),
        };
        let candidates: Vec<(Arc<str>, Arc<str>)> = self
            .all
            .iter()
            .map(sides)
            .filter(|(own, _)| text.contains(&**own))
            .collect();
        if candidates.is_empty() {
            return None;
        }
        let mut exchanged = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(rest) = text.get(at..)
            && let Some(first) = rest.chars().next()
        {
            let found = candidates
                .iter()
                .find(|(own, _)| rest.starts_with(&**own) && is_separate(text, at, own));
            if let Some((own, other)) = found {
                exchanged.push_str(other);
                at += own.len();
            } else {
                exchanged.push(first);
                at += first.len_utf8();
            }
        }
        Some(exchanged)
    }
}

#[cfg(test)]
mod tests;

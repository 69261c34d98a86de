//! Agreement of two texts apart from identity values.

use std::collections::HashSet;

use super::network::address_at;
use super::word::Word;
use super::{Identities, Which};

/// Maximum number of tried positions for one pair of texts.
const MOST_POSITIONS: usize = 1 << 16;

/// Ways in which two names agree, the likelier first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// They differ by identity values only.
    Identity,
    /// The name of an environment is added to one of them.
    Addition,
}

impl Way {
    /// All ways, in order.
    pub(crate) const ALL: [Self; 2] = [Self::Identity, Self::Addition];
}

impl Identities {
    /// Whether two different names agree in one way.
    pub(crate) fn are_one(&self, left: &str, right: &str, way: Way) -> bool {
        match way {
            Way::Identity => self.agree(left, right),
            Way::Addition => self.marked_on_one_side(left, right).is_some(),
        }
    }

    /// Whether two different texts differ only by identity values.
    #[must_use]
    pub fn agree(&self, left: &str, right: &str) -> bool {
        let candidates = self.candidates(left, right);
        if candidates.is_empty() && self.networks.is_empty() {
            return false;
        }
        self.leads_through(left, right, &candidates, None)
    }

    /// Returns the environment whose name is in one text without a counterpart in the other, if the two differ in
    /// nothing else but identities: `Shop (staging)` and `Shop`.
    #[must_use]
    pub fn marked_on_one_side(&self, left: &str, right: &str) -> Option<Which> {
        let says_something = |text: &str| text.chars().any(char::is_alphanumeric);
        let may = |marked: &str, other: &str, which| {
            self.names.is_there(marked, which) && says_something(other)
        };
        let sides = [(Which::Left, left, right), (Which::Right, right, left)];
        let likely = sides.map(|(which, marked, other)| may(marked, other, which));
        if likely == [false, false] || self.agree(left, right) {
            return None;
        }
        let candidates = self.candidates(left, right);
        sides
            .into_iter()
            .zip(likely)
            .filter(|(_, is_likely)| *is_likely)
            .map(|((which, ..), _)| which)
            .find(|which| self.leads_through(left, right, &candidates, Some(*which)))
    }

    fn candidates(&self, left: &str, right: &str) -> Vec<&Word> {
        self.all
            .iter()
            .filter(|word| left.contains(&*word.left) && right.contains(&*word.right))
            .collect()
    }

    /// Whether both texts can be read to the end in steps of one equal character, two values of an identity, two
    /// addresses of corresponding networks, or an addition of an environment that may have one.
    fn leads_through(
        &self,
        left: &str,
        right: &str,
        candidates: &[&Word],
        adds: Option<Which>,
    ) -> bool {
        let mut open = vec![(0, 0)];
        let mut tried: HashSet<(usize, usize)> = HashSet::new();
        while let Some((one, two)) = open.pop() {
            let (Some(rest), Some(other)) = (left.get(one..), right.get(two..)) else {
                continue;
            };
            if rest.is_empty() && other.is_empty() {
                return true;
            }
            if !tried.insert((one, two)) || tried.len() > MOST_POSITIONS {
                continue;
            }
            match adds {
                Some(Which::Left) => {
                    let ends = self.names.additions(left, one, Which::Left);
                    open.extend(ends.into_iter().map(|end| (end, two)));
                }
                Some(Which::Right) => {
                    let ends = self.names.additions(right, two, Which::Right);
                    open.extend(ends.into_iter().map(|end| (one, end)));
                }
                None => {}
            }
            if let (Some(first), Some(second)) = (rest.chars().next(), other.chars().next())
                && first == second
            {
                open.push((one + first.len_utf8(), two + first.len_utf8()));
            }
            // Reverse order, since the stack is last in, first out: substitutions before single characters.
            for word in candidates.iter().rev() {
                if rest.starts_with(&*word.left)
                    && other.starts_with(&*word.right)
                    && word.corresponds((left, one), (right, two))
                {
                    open.push((one + word.left.len(), two + word.right.len()));
                }
            }
            open.extend(self.corresponding_addresses((left, one), (right, two)));
        }
        false
    }

    /// Returns the positions after corresponding addresses of two networks.
    fn corresponding_addresses(
        &self,
        left: (&str, usize),
        right: (&str, usize),
    ) -> Option<(usize, usize)> {
        if self.networks.is_empty() {
            return None;
        }
        let (one, length) = address_at(left.0, left.1)?;
        let (two, other) = address_at(right.0, right.1)?;
        self.networks
            .iter()
            .any(|(_, own, their)| {
                own.contains(one) && their.contains(two) && own.host(one) == their.host(two)
            })
            .then_some((left.1 + length, right.1 + other))
    }
}

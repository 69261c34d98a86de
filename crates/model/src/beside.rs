//! A joint walk over two sorted sequences.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::Peekable;

/// Pairs each item of `left` with the value under the same key of `right`.
///
/// `left` must be sorted by key. Each step then costs one comparison, where a lookup in a large map costs one for each
/// level.
pub fn beside<'a, K: Ord + 'a, Q: Borrow<K>, A, V>(
    left: impl Iterator<Item = (Q, A)>,
    right: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (Q, A, Option<&'a V>)> {
    let mut right: Peekable<_> = right.iter().peekable();
    left.map(move |(key, value)| {
        let found = loop {
            match right.peek() {
                Some((other, found)) => match (*other).cmp(key.borrow()) {
                    Ordering::Less => {
                        right.next();
                    }
                    Ordering::Equal => break Some(*found),
                    Ordering::Greater => break None,
                },
                None => break None,
            }
        };
        (key, value, found)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::beside;

    proptest! {
        #[test]
        fn it_agrees_with_a_lookup(left: BTreeSet<u8>, right: BTreeMap<u8, u16>) {
            let walked: Vec<_> = beside(left.iter().map(|key| (*key, ())), &right)
                .map(|(key, (), value)| (key, value))
                .collect();
            let searched: Vec<_> = left.iter().map(|key| (*key, right.get(key))).collect();
            prop_assert_eq!(walked, searched);
        }
    }
}

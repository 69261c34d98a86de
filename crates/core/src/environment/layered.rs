//! Blocks of an environment: the environment's own over the system's.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::btree_map::Iter;
use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::sync::Arc;

use super::Block;

/// Blocks of one environment by name. No merged map is built: a project has far more blocks than environments override.
#[derive(Debug)]
pub struct Layered<'a, K> {
    system: &'a BTreeMap<K, Arc<Block>>,
    own: Option<&'a BTreeMap<K, Arc<Block>>>,
}

impl<K> Clone for Layered<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Layered<'_, K> {}

impl<'a, K: Ord> Layered<'a, K> {
    /// Layers the environment's own blocks over the system's.
    #[must_use]
    pub fn new(
        system: &'a BTreeMap<K, Arc<Block>>,
        own: Option<&'a BTreeMap<K, Arc<Block>>>,
    ) -> Self {
        Self { system, own }
    }

    /// Returns the block with a name.
    pub fn get<Q: Ord + ?Sized>(&self, name: &Q) -> Option<&'a Arc<Block>>
    where
        K: Borrow<Q>,
    {
        self.own
            .and_then(|own| own.get(name))
            .or_else(|| self.system.get(name))
    }

    /// Returns all names, in order.
    pub fn keys(&self) -> impl Iterator<Item = &'a K> + use<'a, K> {
        self.into_iter().map(|(name, _)| name)
    }

    /// Returns the names whose blocks may differ from those of `other`, a view of the same system. A block that neither
    /// environment overrides is the same in both.
    #[must_use]
    pub fn may_differ(&self, other: &Self) -> BTreeSet<&'a K> {
        [self.own, other.own]
            .into_iter()
            .flatten()
            .flat_map(BTreeMap::keys)
            .collect()
    }
}

impl<'a, K: Ord> IntoIterator for Layered<'a, K> {
    type Item = (&'a K, &'a Arc<Block>);
    type IntoIter = Blocks<'a, K>;

    fn into_iter(self) -> Blocks<'a, K> {
        Blocks {
            system: self.system.iter().peekable(),
            own: self.own.map(|own| own.iter().peekable()),
        }
    }
}

/// Iterator over the blocks of one environment, in the order of their names.
#[derive(Debug)]
pub struct Blocks<'a, K> {
    system: Peekable<Iter<'a, K, Arc<Block>>>,
    own: Option<Peekable<Iter<'a, K, Arc<Block>>>>,
}

impl<'a, K: Ord> Iterator for Blocks<'a, K> {
    type Item = (&'a K, &'a Arc<Block>);

    fn next(&mut self) -> Option<Self::Item> {
        let Some(own) = &mut self.own else {
            return self.system.next();
        };
        match (own.peek(), self.system.peek()) {
            (Some((first, _)), Some((second, _))) => match first.cmp(second) {
                Ordering::Less => own.next(),
                Ordering::Greater => self.system.next(),
                Ordering::Equal => {
                    self.system.next();
                    own.next()
                }
            },
            (Some(_), None) => own.next(),
            (None, _) => self.system.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let own = self.own.as_ref().map_or(0, ExactSizeIterator::len);
        let system = self.system.len();
        (own.max(system), own.checked_add(system))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use evenkeel_model::source::{SourceFile, Span};
    use proptest::prelude::*;

    use super::super::Block;
    use super::Layered;

    fn blocks(names: &[u8]) -> BTreeMap<u8, Arc<Block>> {
        let span = Span::start_of(&SourceFile::new("system.toml", String::new()));
        let block = || Block {
            span: span.clone(),
            attributes: Vec::new(),
        };
        names
            .iter()
            .map(|name| (*name, Arc::new(block())))
            .collect()
    }

    proptest! {
        /// The view equals one map that contains the system's blocks, overwritten by the environment's.
        #[test]
        fn the_view_equals_the_merged_map(system: Vec<u8>, own: Option<Vec<u8>>, other: Option<Vec<u8>>) {
            let system = blocks(&system);
            let own = own.map(|names| blocks(&names));
            let other = other.map(|names| blocks(&names));
            let map = |own: &Option<BTreeMap<u8, Arc<Block>>>| {
                let mut map = system.clone();
                map.extend(own.clone().into_iter().flatten());
                map
            };
            let layered = Layered::new(&system, own.as_ref());
            let expected = map(&own);
            let pointers = |blocks: Vec<(&u8, &Arc<Block>)>| -> Vec<(u8, *const Block)> {
                blocks.into_iter().map(|(name, block)| (*name, Arc::as_ptr(block))).collect()
            };
            prop_assert_eq!(
                pointers(layered.into_iter().collect()),
                pointers(expected.iter().collect())
            );
            for name in 0..=u8::MAX {
                prop_assert_eq!(
                    layered.get(&name).map(Arc::as_ptr),
                    expected.get(&name).map(Arc::as_ptr)
                );
            }
            let second = Layered::new(&system, other.as_ref());
            let differing = layered.may_differ(&second);
            let beside = map(&other);
            for name in 0..=u8::MAX {
                let same = expected.get(&name).map(Arc::as_ptr) == beside.get(&name).map(Arc::as_ptr);
                prop_assert!(same || differing.contains(&name));
            }
        }
    }
}

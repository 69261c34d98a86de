//! Maps and sets by hash for keys that are looked up very often.
//!
//! The hasher is several times as fast as the standard one. Its seed differs in each process, which protects against
//! chosen keys as long as the order of a map is not shown: no output may depend on the order of these maps.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

/// A map by hash.
pub type FastMap<K, V> = HashMap<K, V, RandomState>;

/// A set by hash.
pub type FastSet<K> = HashSet<K, RandomState>;

//! What readers gather on their way through a text: complaints, the number of values, and the entries of a map.

use std::collections::hash_map::Entry as Slot;

use evenkeel_model::FastMap;

use super::complaint::{Complaint, Gathered, Outcome};
use super::duplicates::duplicate;
use super::limits::{self, MOST_NODES};
use super::tree::{Content, Entry, Node, Place, without_room};

/// Complaints and a count of values, both bounded.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    complaints: Gathered,
    nodes: usize,
}

impl Gathering {
    /// Keeps a complaint.
    pub(super) fn complain(&mut self, complaint: Complaint) {
        self.complaints.push(complaint);
    }

    /// Says that a duplicate key in one map.
    pub(super) fn complain_of_twice(&mut self, key: &str, first: Place, second: Place) {
        self.complain(duplicate(key, second, first));
    }

    /// Takes over the complaints of another.
    pub(super) fn merge(&mut self, other: Self) {
        self.complaints.merge(other.complaints);
    }

    /// Counts a value that stands at a place; complains of the first that is too much.
    pub(super) fn count(&mut self, place: Place) {
        self.nodes += 1;
        if self.nodes == MOST_NODES + 1 {
            self.complain(limits::too_many(place));
        }
    }

    /// How many values were counted.
    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    /// There are too many values; there is no use in reading on.
    pub(super) fn is_full(&self) -> bool {
        self.nodes > MOST_NODES
    }

    /// A single document, unless something was wrong; what was wrong in the order of the text.
    pub(super) fn finish(self, root: Node) -> Outcome {
        self.finish_all(vec![root])
    }

    /// As [`Self::finish`], with any number of documents.
    pub(super) fn finish_all(mut self, roots: Vec<Node>) -> Outcome {
        self.complaints.sort();
        self.complaints.outcome(roots)
    }

    /// Everything that was wrong, in the order of the text.
    pub(super) fn into_complaints(mut self) -> Vec<Complaint> {
        self.complaints.sort();
        self.complaints
            .outcome(Vec::new())
            .err()
            .map(|broken| broken.complaints)
            .unwrap_or_default()
    }
}

/// Where the entries of a map are found by their keys. Most maps are small, and those are looked through.
#[derive(Debug, Default)]
pub(super) struct Index {
    at: Option<Box<FastMap<Box<str>, usize>>>,
}

impl Index {
    /// Maps of up to so many entries have no index.
    const SMALL: usize = 12;

    /// Where `key` is among `keys`, which only ever grow at their end.
    pub(super) fn find<'k, T>(
        &mut self,
        entries: &'k [T],
        key_of: impl Fn(&'k T) -> &'k str,
        key: &str,
    ) -> Option<usize> {
        if entries.len() <= Self::SMALL {
            return entries.iter().position(|entry| key_of(entry) == key);
        }
        let known = self.at.get_or_insert_default();
        for (at, entry) in entries.iter().enumerate().skip(known.len()) {
            if let Slot::Vacant(slot) = known.entry(key_of(entry).into()) {
                slot.insert(at);
            }
        }
        known.get(key).copied()
    }
}

/// A map that grows entry by entry.
#[derive(Debug, Default)]
pub(super) struct Entries {
    entries: Vec<Entry>,
    index: Index,
}

impl Entries {
    /// The entry of a key.
    pub(super) fn find(&mut self, key: &str) -> Option<&mut Entry> {
        let at = self.index.find(&self.entries, |entry| &entry.key, key)?;
        self.entries.get_mut(at)
    }

    /// Adds an entry whose key is not there yet.
    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Adds an entry, or complains that its key is there already.
    pub(super) fn insert(&mut self, entry: Entry, gathering: &mut Gathering) {
        match self.find(&entry.key) {
            Some(first) => gathering.complain_of_twice(&entry.key, first.place, entry.place),
            None => self.push(entry),
        }
    }

    /// The map at a place.
    pub(super) fn into_node(self, place: Place) -> Node {
        Node::new(place, Content::Map(without_room(self.entries)))
    }
}

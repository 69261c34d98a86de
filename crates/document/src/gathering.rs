//! State shared by readers: complaints, the number of values, and the entries of a map.

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
    /// Adds a complaint.
    pub(super) fn complain(&mut self, complaint: Complaint) {
        self.complaints.push(complaint);
    }

    /// Reports a duplicate key.
    pub(super) fn complain_of_twice(&mut self, key: &str, first: Place, second: Place) {
        self.complain(duplicate(key, second, first));
    }

    /// Adds the complaints of another.
    pub(super) fn merge(&mut self, other: Self) {
        self.complaints.merge(other.complaints);
    }

    /// Counts a value at a place; reports the first one beyond the limit.
    pub(super) fn count(&mut self, place: Place) {
        self.nodes += 1;
        if self.nodes == MOST_NODES + 1 {
            self.complain(limits::too_many(place));
        }
    }

    /// Returns the number of values.
    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    /// Returns whether the limit of values was exceeded: stop reading.
    pub(super) fn is_full(&self) -> bool {
        self.nodes > MOST_NODES
    }

    /// Returns a single document, or all complaints in text order.
    pub(super) fn finish(self, root: Node) -> Outcome {
        self.finish_all(vec![root])
    }

    /// Finishes like [`Self::finish`], with any number of documents.
    pub(super) fn finish_all(mut self, roots: Vec<Node>) -> Outcome {
        self.complaints.sort();
        self.complaints.outcome(roots)
    }

    /// Returns all complaints in text order.
    pub(super) fn into_complaints(mut self) -> Vec<Complaint> {
        self.complaints.sort();
        self.complaints
            .outcome(Vec::new())
            .err()
            .map(|broken| broken.complaints)
            .unwrap_or_default()
    }
}

/// An index of a map's entries by key. Small maps are searched linearly.
#[derive(Debug, Default)]
pub(super) struct Index {
    at: Option<Box<FastMap<Box<str>, usize>>>,
}

impl Index {
    /// The largest map without an index.
    const SMALL: usize = 12;

    /// Returns the position of `key` in `keys`, which only grow at their end.
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

/// A map in progress.
#[derive(Debug, Default)]
pub(super) struct Entries {
    entries: Vec<Entry>,
    index: Index,
}

impl Entries {
    /// Returns the entry of a key.
    pub(super) fn find(&mut self, key: &str) -> Option<&mut Entry> {
        let at = self.index.find(&self.entries, |entry| &entry.key, key)?;
        self.entries.get_mut(at)
    }

    /// Adds an entry with a new key.
    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Adds an entry, or reports its key as a duplicate.
    pub(super) fn insert(&mut self, entry: Entry, gathering: &mut Gathering) {
        match self.find(&entry.key) {
            Some(first) => gathering.complain_of_twice(&entry.key, first.place, entry.place),
            None => self.push(entry),
        }
    }

    /// Returns the map at a place.
    pub(super) fn into_node(self, place: Place) -> Node {
        Node::new(place, Content::Map(without_room(self.entries)))
    }
}

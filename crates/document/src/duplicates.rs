//! Duplicate keys in a map, for formats whose parsers accept them.

use std::collections::HashMap;
use std::collections::hash_map;

use super::codes;
use super::complaint::{Complaint, Gathered};
use super::tree::{Entry, Place};

/// Up to this number of keys, pairwise comparison is faster than a table.
const FEW: usize = 8;

/// Reports every duplicate key with the place of the first, and keeps only the first.
pub(super) fn complain(entries: &mut Vec<Entry>, complaints: &mut Gathered) {
    let before = complaints.found();
    complain_of(entries, complaints);
    if complaints.found() > before {
        leave_first(entries);
    }
}

fn complain_of(entries: &[Entry], complaints: &mut Gathered) {
    if entries.len() <= FEW {
        for (at, entry) in entries.iter().enumerate() {
            let mut before = entries.iter().take(at);
            if let Some(first) = before.find(|first| first.key == entry.key) {
                complaints.push(duplicate(&entry.key, entry.place, first.place));
            }
        }
        return;
    }
    let mut first: HashMap<&str, Place> = HashMap::with_capacity(entries.len());
    for entry in entries {
        match first.entry(&entry.key) {
            hash_map::Entry::Vacant(vacant) => {
                vacant.insert(entry.place);
            }
            hash_map::Entry::Occupied(occupied) => {
                complaints.push(duplicate(&entry.key, entry.place, *occupied.get()));
            }
        }
    }
}

/// Keeps only the first entry of each key.
fn leave_first(entries: &mut Vec<Entry>) {
    let mut seen = std::collections::HashSet::with_capacity(entries.len());
    entries.retain(|entry| seen.insert(entry.key.clone()));
}

/// Creates the complaint about a duplicate key.
pub(super) fn duplicate(key: &str, place: Place, first: Place) -> Complaint {
    Complaint::new(
        &codes::DUPLICATE_KEY,
        place,
        format!("duplicate key `{}`", shortened(key)),
    )
    .with(first, "first used here")
}

/// Returns the start of a text that is too long for a message.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().nth(LONGEST).is_none() {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::super::complaint::Gathered;
    use super::super::tree::{Entry, Node, Place, ScalarKind};
    use super::complain;

    fn entries(keys: &[String]) -> Vec<Entry> {
        keys.iter()
            .enumerate()
            .map(|(at, key)| Entry {
                key: key.as_str().into(),
                place: Place::new(at, at + 1),
                value: Node::scalar(Place::new(at, at), ScalarKind::Null, ""),
            })
            .collect()
    }

    #[test]
    fn duplicates_are_reported_with_the_first_place_in_small_and_large_maps() {
        for count in [3, 30] {
            let mut keys: Vec<String> = (0..count).map(|number| number.to_string()).collect();
            keys.extend(["1".to_owned(), "2".to_owned(), "1".to_owned()]);
            let mut complaints = Gathered::default();
            complain(&mut entries(&keys), &mut complaints);
            let complaints = complaints.outcome(Vec::new()).unwrap_err();
            let places: Vec<(u32, u32)> = complaints
                .iter()
                .map(|one| (one.place.start, one.other.as_ref().unwrap().0.start))
                .collect();
            assert_eq!(places, [(count, 1), (count + 1, 2), (count + 2, 1)]);
        }
    }

    #[test]
    fn different_keys_are_accepted() {
        let keys: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        let mut complaints = Gathered::default();
        complain(&mut entries(&keys), &mut complaints);
        assert!(complaints.outcome(Vec::new()).is_ok());
    }
}

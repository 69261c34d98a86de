//! Merge keys: `<<` copies the entries of one or several other maps.
//!
//! The map's own entries win, then the first map in a list that has the key. Several `<<` in one map are accepted if
//! they merge different keys: for equal keys, programs differ in which they use. Merged entries are placed where `<<`
//! is, in the order of their map, and keep their original places.

use std::collections::{HashMap, hash_map};
use std::sync::Arc;

use super::super::codes;
use super::super::complaint::{Complaint, Gathered};
use super::super::duplicates::shortened;
use super::super::tree::{Content, Entry, Node, Place};

/// A `<<` of a map and its value.
#[derive(Debug)]
pub(super) struct Merge {
    /// The number of entries before it.
    pub(super) before: usize,
    /// The place of its value: the alias, if it is one.
    pub(super) place: Place,
    /// The merged value.
    pub(super) value: Node,
}

/// Returns the entries of a map with everything that is merged into it.
pub(super) fn merged(
    entries: Vec<Entry>,
    merges: Vec<Merge>,
    complaints: &mut Gathered,
) -> Vec<Entry> {
    if merges.is_empty() {
        return entries;
    }
    // The source of each key: the map itself, or the `<<` with this number and place.
    let own = entries.iter().map(|entry| (entry.key.clone(), None));
    let mut taken: HashMap<Arc<str>, Option<Taken>> = own.collect();
    let mut sources: Vec<(usize, Vec<Entry>)> = Vec::with_capacity(merges.len());
    for (merge_at, merge) in merges.into_iter().enumerate() {
        let (before, place) = (merge.before, merge.place);
        let mut new = Vec::new();
        for entry in maps_of(merge, complaints).into_iter().flatten() {
            match taken.entry(entry.key.clone()) {
                hash_map::Entry::Vacant(vacant) => {
                    vacant.insert(Some(Taken {
                        merge: merge_at,
                        by: place,
                        written: entry.place,
                    }));
                    new.push(entry);
                }
                hash_map::Entry::Occupied(occupied) => {
                    if let Some(taken) = occupied.get()
                        && taken.merge != merge_at
                        && taken.written != entry.place
                    {
                        complaints.push(ambiguous(&entry.key, place, taken.by));
                    }
                }
            }
        }
        sources.push((before, new));
    }
    let mut sources = sources.into_iter().peekable();
    let mut all = Vec::with_capacity(taken.len());
    for (at, entry) in entries.into_iter().enumerate() {
        while let Some((_, source)) = sources.next_if(|(before, _)| *before <= at) {
            all.extend(source);
        }
        all.push(entry);
    }
    all.extend(sources.flat_map(|(_, source)| source));
    all
}

/// The source of a key.
struct Taken {
    merge: usize,
    by: Place,
    written: Place,
}

fn ambiguous(key: &str, place: Place, first: Place) -> Complaint {
    let key = shortened(key);
    Complaint::new(
        &codes::DUPLICATE_KEY,
        place,
        format!("two `<<` of one map merge the key `{key}`: merge a list of maps, or only one"),
    )
    .with(first, "first merged here")
}

/// Returns the maps in a `<<` value.
fn maps_of(merge: Merge, complaints: &mut Gathered) -> Vec<Vec<Entry>> {
    let place = merge.place;
    let nodes = match merge.value.content {
        Content::List(items) => items,
        _ => vec![merge.value],
    };
    let mut maps = Vec::with_capacity(nodes.len());
    for node in nodes {
        let what = node.type_name();
        if let Content::Map(entries) = node.content {
            maps.push(entries);
        } else {
            complaints.push(Complaint::new(
                &codes::SYNTAX,
                place,
                format!("expected a map or a list of maps after `<<`, found {what}"),
            ));
        }
    }
    maps
}

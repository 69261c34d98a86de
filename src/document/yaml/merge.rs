//! Merge keys: `<<` takes over the entries of another map, or of several.
//!
//! What the map itself says wins; of a list of maps, the first that has a key; of several `<<` in one map, the last. The
//! entries taken over stand where `<<` stands, in the order of the map they come from, and keep the places where they
//! are really written.

use std::collections::HashSet;

use super::super::codes;
use super::super::complaint::{Complaint, Gathered};
use super::super::tree::{Content, Entry, Node, Place};

/// A `<<` of a map and its value.
#[derive(Debug)]
pub(super) struct Merge {
    /// How many entries of the map stand before it.
    pub(super) before: usize,
    /// Where the value of `<<` stands: the alias, if it is one.
    pub(super) place: Place,
    /// What is merged.
    pub(super) value: Node,
}

/// The entries of a map with everything that is merged into it.
pub(super) fn merged(
    entries: Vec<Entry>,
    merges: Vec<Merge>,
    complaints: &mut Gathered,
) -> Vec<Entry> {
    if merges.is_empty() {
        return entries;
    }
    let mut taken: HashSet<Box<str>> = entries.iter().map(|entry| entry.key.clone()).collect();
    let mut sources: Vec<(usize, Vec<Entry>)> = Vec::with_capacity(merges.len());
    for merge in merges.into_iter().rev() {
        let before = merge.before;
        let maps = maps_of(merge, complaints).into_iter().flatten();
        let new = maps.filter(|entry| taken.insert(entry.key.clone()));
        sources.push((before, new.collect()));
    }
    let mut sources = sources.into_iter().rev().peekable();
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

/// The maps that a `<<` names.
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
                format!("`<<` merges a map or a list of maps, and this is {what}"),
            ));
        }
    }
    maps
}

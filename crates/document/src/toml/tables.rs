//! The tables of a TOML file during parsing, with the rules of what may extend them.

use super::super::gathering::{Gathering, Index};
use super::super::limits;
use super::super::tree::{Content, Entry, Node, Place};

/// A part of a dotted key and its place.
pub(super) type Key = (Box<str>, Place);

/// The origin of a table, which decides what may extend it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A header of a nested table: may still get its own header.
    Implied,
    /// By a dotted key.
    Dotted,
    /// Its own header or braces.
    Defined,
}

/// The content of a key.
pub(super) enum Item {
    /// A single value, a list, or a table in braces.
    Value(Node),
    /// A table by its number.
    Table(usize),
    /// `[[…]]`: never empty.
    Tables(Vec<usize>),
}

struct Table {
    origin: Origin,
    depth: usize,
    /// Its header or braces; an empty place for a table without either.
    place: Option<Place>,
    entries: Vec<(Key, Item)>,
    index: Index,
}

/// All tables, identified by number.
pub(super) struct Tables {
    all: Vec<Table>,
    /// The deepest permitted nesting.
    pub(super) deepest: usize,
    pub(super) gathering: Gathering,
}

/// The root table.
pub(super) const ROOT: usize = 0;

impl Tables {
    pub(super) fn new(deepest: usize) -> Self {
        let mut tables = Self {
            all: Vec::new(),
            deepest,
            gathering: Gathering::default(),
        };
        tables.add(Origin::Defined, 0, None);
        tables
    }

    /// Creates a table without a parent.
    pub(super) fn add_inline(&mut self, depth: usize, place: Place) -> usize {
        self.add(Origin::Defined, depth, Some(place))
    }

    fn add(&mut self, origin: Origin, depth: usize, place: Option<Place>) -> usize {
        self.all.push(Table {
            origin,
            depth,
            place,
            entries: Vec::new(),
            index: Index::default(),
        });
        self.all.len() - 1
    }

    /// Returns the nesting depth of a table.
    pub(super) fn depth(&self, table: usize) -> usize {
        self.all.get(table).map_or(0, |table| table.depth)
    }

    /// Reports that the value at a place is nested too deep.
    pub(super) fn complain_of_depth(&mut self, place: Place) {
        let complaint = limits::deeper_than(self.deepest, place);
        self.gathering.complain(complaint);
    }

    /// Returns a table's header or braces, if any.
    pub(super) fn place(&self, table: usize) -> Option<Place> {
        self.all.get(table)?.place
    }

    /// Takes the entries of a table.
    pub(super) fn take_entries(&mut self, table: usize) -> Vec<(Key, Item)> {
        let Some(table) = self.all.get_mut(table) else {
            return Vec::new();
        };
        table.index = Index::default();
        std::mem::take(&mut table.entries)
    }

    /// Returns the position of a key in a table's entries.
    fn find(&mut self, table: usize, key: &str) -> Option<usize> {
        let table = self.all.get_mut(table)?;
        table.index.find(&table.entries, |entry| &entry.0.0, key)
    }

    fn push(&mut self, table: usize, key: Key, item: Item) {
        self.gathering.count(key.1);
        if let Some(table) = self.all.get_mut(table) {
            table.entries.push((key, item));
        }
    }

    /// Returns the table of a part of a key, created if missing. `origin` says how it is referenced.
    fn step(&mut self, table: usize, key: &Key, origin: Origin) -> Option<usize> {
        let depth = self.depth(table) + 1;
        if depth > self.deepest {
            self.complain_of_depth(key.1);
            return None;
        }
        let Some(at) = self.find(table, &key.0) else {
            let next = self.add(origin, depth, None);
            self.push(table, key.clone(), Item::Table(next));
            return Some(next);
        };
        let (first, item) = self.all.get(table)?.entries.get(at)?;
        let first = first.1;
        let next = match item {
            Item::Table(next) => Some(*next),
            Item::Tables(all) => all.last().copied(),
            Item::Value(_) => None,
        };
        let next = next.and_then(|at| Some((at, self.all.get_mut(at)?)));
        match next {
            // A dotted key must not extend a table defined by a header.
            Some((at, table)) if origin != Origin::Dotted || table.origin != Origin::Defined => {
                if origin == Origin::Dotted {
                    table.origin = Origin::Dotted;
                }
                Some(at)
            }
            _ => {
                self.gathering.complain_of_twice(&key.0, first, key.1);
                None
            }
        }
    }

    /// Enters a header; returns the table of the following keys. Returns an unconnected table when the header is
    /// invalid.
    pub(super) fn open(&mut self, mut keys: Vec<Key>, is_list: bool, header: Place) -> usize {
        let last = keys.pop();
        let opened = last.and_then(|last| {
            let parent = keys
                .iter()
                .try_fold(ROOT, |table, key| self.step(table, key, Origin::Implied))?;
            self.define(parent, last, is_list, header)
        });
        opened.unwrap_or_else(|| self.add(Origin::Defined, 0, None))
    }

    fn define(&mut self, parent: usize, key: Key, is_list: bool, header: Place) -> Option<usize> {
        let depth = self.depth(parent) + 1 + usize::from(is_list);
        if depth > self.deepest {
            self.complain_of_depth(key.1);
            return None;
        }
        let Some(at) = self.find(parent, &key.0) else {
            let table = self.add(Origin::Defined, depth, Some(header));
            let item = if is_list {
                Item::Tables(vec![table])
            } else {
                Item::Table(table)
            };
            self.push(parent, key, item);
            return Some(table);
        };
        let next = self.all.len();
        let entry = self.all.get_mut(parent)?.entries.get_mut(at)?;
        let first = entry.0.1;
        match &mut entry.1 {
            Item::Tables(all) if is_list => {
                all.push(next);
                self.gathering.count(header);
                return Some(self.add(Origin::Defined, depth, Some(header)));
            }
            Item::Table(table) if !is_list => {
                let at = *table;
                let table = self.all.get_mut(at)?;
                if table.origin == Origin::Implied {
                    table.origin = Origin::Defined;
                    table.place = Some(header);
                    return Some(at);
                }
            }
            _ => {}
        }
        self.gathering.complain_of_twice(&key.0, first, key.1);
        None
    }

    /// Adds a value to a table.
    pub(super) fn insert(&mut self, table: usize, mut keys: Vec<Key>, value: Node) {
        let Some(last) = keys.pop() else { return };
        let parent = keys
            .iter()
            .try_fold(table, |table, key| self.step(table, key, Origin::Dotted));
        let Some(parent) = parent else { return };
        match self.find(parent, &last.0) {
            None => self.push(parent, last, Item::Value(value)),
            Some(at) => {
                let first = self
                    .all
                    .get(parent)
                    .and_then(|table| table.entries.get(at))
                    .map(|entry| entry.0.1);
                self.gathering
                    .complain_of_twice(&last.0, first.unwrap_or_default(), last.1);
            }
        }
    }

    /// Takes a table as a value. Recursion is bounded by the depth stored in each table.
    pub(super) fn take(&mut self, table: usize) -> Node {
        let mut place = self.place(table);
        let entries = self
            .take_entries(table)
            .into_iter()
            .map(|((key, key_place), item)| {
                let value = match item {
                    Item::Value(node) => node,
                    Item::Table(table) => self.take(table),
                    Item::Tables(tables) => self.take_all(tables),
                };
                place = Some(around(place, key_place, value.place));
                Entry {
                    key: key.into(),
                    place: key_place,
                    value,
                }
            })
            .collect();
        Node::new(place.unwrap_or_default(), Content::Map(entries))
    }

    fn take_all(&mut self, tables: Vec<usize>) -> Node {
        let items: Vec<Node> = tables.into_iter().map(|table| self.take(table)).collect();
        let place = items.iter().fold(None, |place, item| {
            Some(around(place, item.place, item.place))
        });
        Node::new(place.unwrap_or_default(), Content::List(items))
    }
}

/// Returns a place that contains both.
fn around(place: Option<Place>, key: Place, value: Place) -> Place {
    let place = place.unwrap_or(key);
    Place {
        start: place.start.min(key.start).min(value.start),
        end: place.end.max(key.end).max(value.end),
    }
}

//! The secrets of one document, found in one walk: their places and texts.

use std::collections::BTreeSet;
use std::ops::Range;

use super::known::Found;
use super::places::{add, lines_with_secrets};
use super::under::{Under, secret_arguments};
use super::within::{Secrecy, covered_name};
use crate::tree::{Content, Document, Node, Place, Scalar};
use crate::{Format, covering};

/// The secrets of one document.
#[derive(Debug, Default)]
pub struct Survey {
    /// The places in its lines.
    lines: Vec<Range<usize>>,
    /// The places in its values and comments.
    pub(super) places: Vec<Place>,
    /// The texts that are masked at every occurrence.
    pub(super) texts: BTreeSet<String>,
    /// Ordinary words that are secrets.
    pub(super) words: BTreeSet<String>,
}

impl Survey {
    /// Surveys a document: its values, its comments, and its lines.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        let text = &document.file.text;
        let (mut texts, mut words) = (BTreeSet::new(), BTreeSet::new());
        let mut found = Found {
            texts: &mut texts,
            words: &mut words,
            is_own: Format::of_file(&document.file) == document.format,
        };
        let lines = covering::secret_ranges(text);
        for range in &lines {
            found.add(text.get(range.clone()).unwrap_or_default());
        }
        let mut places: Vec<Place> = Vec::new();
        if document.format == Format::Lines {
            each(document, &mut |_, scalar, secrecy| {
                found.scalar(scalar, secrecy);
            });
            lines_with_secrets(text, &|_| true, &mut places);
        } else {
            for root in &document.roots {
                walk(Under::default(), root, &mut |seen| match seen {
                    Seen::Scalar(node, scalar, secrecy) => {
                        found.scalar(scalar, secrecy);
                        add(node, scalar, secrecy, text, &mut places);
                    }
                    Seen::Key(key, place) => {
                        places.extend(covered_name(key).is_some().then_some(place));
                    }
                });
            }
            lines_with_secrets(text, &super::places::is_comment, &mut places);
        }
        found.own_format(&document.file, document.format);
        Self {
            lines,
            places,
            texts,
            words,
        }
    }
}

impl Survey {
    /// Returns their places in the document's text, unsorted.
    #[must_use]
    pub fn into_ranges(self) -> Vec<Range<usize>> {
        let mut ranges = self.lines;
        let places = self.places.into_iter();
        ranges.extend(places.map(|place| place.start as usize..place.end as usize));
        ranges
    }
}

/// An item of the walk.
enum Seen<'n> {
    /// A value and its secret parts.
    Scalar(&'n Node, &'n Scalar, &'n Secrecy),
    /// A key and the place of its entry.
    Key(&'n str, Place),
}

/// Passes each value of a document that contains a secret.
pub(super) fn each(document: &Document, to: &mut dyn FnMut(&Node, &Scalar, &Secrecy)) {
    for root in &document.roots {
        walk(Under::default(), root, &mut |seen| {
            if let Seen::Scalar(node, scalar, secrecy) = seen {
                to(node, scalar, secrecy);
            }
        });
    }
}

fn walk(under: Under<'_>, node: &Node, to: &mut dyn FnMut(Seen<'_>)) {
    match &node.content {
        Content::Scalar(scalar) => {
            let secrecy = under.secrecy(scalar);
            if secrecy != Secrecy::Open {
                to(Seen::Scalar(node, scalar, &secrecy));
            }
        }
        Content::List(items) => {
            let arguments = secret_arguments(items);
            for (number, item) in items.iter().enumerate() {
                let is_argument = arguments.contains(&number);
                walk(if is_argument { under.argument() } else { under }, item, to);
            }
        }
        Content::Map(entries) => {
            let within = under.within(entries);
            for entry in entries {
                to(Seen::Key(&entry.key, entry.place));
                walk(within.entry(&entry.key), &entry.value, to);
            }
        }
    }
}

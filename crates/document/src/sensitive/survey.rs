//! The secrets of one document, found in one walk: where they stand, and what they are.

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
    /// Where its lines have some.
    lines: Vec<Range<usize>>,
    /// Where its values and its comments have some.
    pub(super) places: Vec<Place>,
    /// What they are, where they are known again anywhere.
    pub(super) texts: BTreeSet<String>,
    /// Ordinary words that are secrets.
    pub(super) words: BTreeSet<String>,
}

impl Survey {
    /// Looks through a document: its values, its comments, and its lines.
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
    /// Where they stand in the document's text, in no order.
    #[must_use]
    pub fn into_ranges(self) -> Vec<Range<usize>> {
        let mut ranges = self.lines;
        let places = self.places.into_iter();
        ranges.extend(places.map(|place| place.start as usize..place.end as usize));
        ranges
    }
}

/// What a walk comes to.
enum Seen<'n> {
    /// A value, and what of it is a secret.
    Scalar(&'n Node, &'n Scalar, &'n Secrecy),
    /// A key, and where its entry stands.
    Key(&'n str, Place),
}

/// Hands over each value of a document that has a secret.
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

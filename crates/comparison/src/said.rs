//! Values of an environment's documents, used to check proposed identities.

use std::ops::Range;

use evenkeel_document::{Content, Document, Node};

/// Values of an environment's documents: each value, each key, and each list of single values on one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said(String);

/// Maximum size of the kept text of one environment.
const MOST: usize = 4 * 1024 * 1024;

impl Said {
    /// Adds all values of a document.
    pub fn add(&mut self, document: &Document) {
        for root in &document.roots {
            self.node(root);
        }
    }

    /// Adds the values of another part of the environment.
    pub fn append(&mut self, other: &Self) {
        if self.0.len() <= MOST {
            self.0.push_str(&other.0);
        }
    }

    /// Adds a value.
    pub fn add_text(&mut self, text: &str) {
        self.words(text);
        self.end();
    }

    fn node(&mut self, node: &Node) {
        if self.0.len() > MOST {
            return;
        }
        match &node.content {
            Content::Scalar(scalar) => {
                // Configuration within configuration: each line separately.
                for line in scalar.text.lines() {
                    self.words(line);
                    self.end();
                }
            }
            Content::List(items) => {
                let scalars = items.iter().filter_map(Node::as_scalar);
                for scalar in scalars {
                    self.words(&scalar.text);
                }
                self.end();
                for item in items.iter().filter(|item| item.as_scalar().is_none()) {
                    self.node(item);
                }
            }
            Content::Map(entries) => {
                for entry in entries {
                    self.words(&entry.key);
                    self.end();
                    self.node(&entry.value);
                }
            }
        }
    }

    fn words(&mut self, text: &str) {
        for line in text.lines() {
            self.0.push_str(line);
            self.0.push(' ');
        }
    }

    fn end(&mut self) {
        if !self.0.ends_with('\n') {
            self.0.push('\n');
        }
    }

    /// Returns every line that contains a text, with its position.
    pub(crate) fn find<'s>(
        &'s self,
        wanted: &'s str,
    ) -> impl Iterator<Item = (&'s str, Range<usize>)> {
        let all = self.0.as_str();
        all.match_indices(wanted).filter_map(move |(at, found)| {
            let start = all.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
            let rest = all.get(start..)?;
            let line = rest.split('\n').next()?;
            Some((line, at - start..at - start + found.len()))
        })
    }

    /// Returns all lines.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.lines()
    }
}

//! Anchors of one document, and what aliases may cost.
//!
//! An alias is a copy of what its anchor names. Copies may take [`FREE`] values and [`TIMES`] what is written so far,
//! and as many bytes of text as a file may have; whatever multiplies beyond that is refused, so reading stays linear.

use std::collections::HashMap;

use super::super::codes;
use super::super::complaint::Complaint;
use super::super::limits::{self, DEEPEST, LONGEST, MOST_NODES};
use super::super::tree::{Node, Place};

/// So many values may be copied in any file.
const FREE: usize = 100_000;

/// So many times what is written may be copied beyond that.
const TIMES: usize = 10;

/// A value, how much is in it, and how high it stands.
#[derive(Clone, Debug)]
pub(super) struct Built {
    /// The value.
    pub(super) node: Node,
    /// What is in it.
    pub(super) size: Size,
    /// How many lists and maps are nested in it, itself included.
    pub(super) height: usize,
}

/// Values and bytes of text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    pub(super) nodes: usize,
    pub(super) bytes: usize,
}

impl Size {
    pub(super) fn add(&mut self, other: Self) {
        self.nodes += other.nodes;
        self.bytes += other.bytes;
    }
}

/// The anchors of a document that are complete, and what was written and copied in the whole file.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    complete: HashMap<usize, Built>,
    written: Size,
    copied: Size,
}

impl Anchors {
    /// Another document begins: it knows none of the anchors before.
    pub(super) fn forget(&mut self) {
        self.complete.clear();
    }

    /// Counts a value that was written.
    pub(super) fn count(&mut self, bytes: usize, place: Place) -> Result<Size, Complaint> {
        let size = Size { nodes: 1, bytes };
        self.written.add(size);
        self.within(place)?;
        Ok(size)
    }

    /// Keeps a copy of a value that has an anchor.
    pub(super) fn keep(&mut self, anchor: usize, built: &Built) -> Result<(), Complaint> {
        if anchor != 0 {
            self.copied.add(built.size);
            self.within(built.node.place)?;
            self.complete.insert(anchor, built.clone());
        }
        Ok(())
    }

    /// A copy of what an alias names, to stand `depth` levels deep.
    pub(super) fn follow(
        &mut self,
        anchor: usize,
        place: Place,
        depth: usize,
    ) -> Result<Option<Built>, Complaint> {
        let Some(built) = self.complete.get(&anchor) else {
            return Ok(None);
        };
        if depth + built.height > DEEPEST {
            return Err(limits::too_deep(place));
        }
        self.copied.add(built.size);
        self.within(place)?;
        Ok(self.complete.get(&anchor).cloned())
    }

    fn within(&self, place: Place) -> Result<(), Complaint> {
        if self.written.nodes + self.copied.nodes > MOST_NODES {
            return Err(limits::too_many(place));
        }
        let bound = FREE + TIMES * self.written.nodes;
        if self.copied.nodes > bound || self.copied.bytes > LONGEST {
            return Err(Complaint::new(
                &codes::ALIAS,
                place,
                format!(
                    "aliases repeat more than {TIMES} times what is written, so they are followed no further"
                ),
            ));
        }
        Ok(())
    }
}

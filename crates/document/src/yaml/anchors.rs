//! Anchors of one document, with limits for aliases.
//!
//! An alias is a copy of its anchor's value. Copies may contain [`FREE`] values plus [`TIMES`] the written values, and
//! as many bytes of text as a file may have; beyond that they are rejected, so parsing takes linear time.

use std::collections::HashMap;

use super::super::codes;
use super::super::complaint::Complaint;
use super::super::limits::{self, DEEPEST, LONGEST, MOST_NODES};
use super::super::tree::{Node, Place};

/// The number of values that may be copied in any file.
const FREE: usize = 100_000;

/// The multiple of the written values that may be copied beyond that.
const TIMES: usize = 10;

/// A value with its size and height.
#[derive(Clone, Debug)]
pub(super) struct Built {
    /// The value.
    pub(super) node: Node,
    /// The number of values and bytes in it.
    pub(super) size: Size,
    /// The nesting depth of lists and maps, itself included.
    pub(super) height: usize,
}

/// A number of values and of bytes of text.
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

/// The completed anchors of a document, and the written and copied sizes of the whole file.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    complete: HashMap<usize, Built>,
    written: Size,
    copied: Size,
}

impl Anchors {
    /// Starts another document, which does not see earlier anchors.
    pub(super) fn forget(&mut self) {
        self.complete.clear();
    }

    /// Counts a written value.
    pub(super) fn count(&mut self, bytes: usize, place: Place) -> Result<Size, Complaint> {
        let size = Size { nodes: 1, bytes };
        self.written.add(size);
        self.within(place)?;
        Ok(size)
    }

    /// Stores a copy of a value with an anchor.
    pub(super) fn keep(&mut self, anchor: usize, built: &Built) -> Result<(), Complaint> {
        if anchor != 0 {
            self.copied.add(built.size);
            self.within(built.node.place)?;
            self.complete.insert(anchor, built.clone());
        }
        Ok(())
    }

    /// Returns a copy of an alias's value, for a depth of `depth` levels.
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
                format!("aliases repeat the written values more than {TIMES} times"),
            ));
        }
        Ok(())
    }
}

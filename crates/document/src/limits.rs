//! How much of a document is read: beyond that, a complaint instead of time and memory without bound.

use super::codes;
use super::complaint::Complaint;
use super::tree::Place;

/// Longest text, in bytes.
pub const LONGEST: usize = 64 * 1024 * 1024;

/// Deepest nesting of lists and maps. Deeper files are refused before anything walks them.
pub const DEEPEST: usize = 128;

/// Most values, lists and maps of one file, after aliases are followed.
pub const MOST_NODES: usize = 8_000_000;

/// Most complaints that are told of one file; the rest is counted.
pub(super) const MOST_COMPLAINTS: usize = 100;

/// A text that is too long.
pub(super) fn too_large(bytes: usize) -> Complaint {
    Complaint::new(
        &codes::TOO_LARGE,
        Place::default(),
        format!(
            "{} MiB, and at most {} are read",
            bytes.div_ceil(1024 * 1024),
            LONGEST / 1024 / 1024
        ),
    )
}

/// A value that is nested too deep.
pub(super) fn too_deep(place: Place) -> Complaint {
    deeper_than(DEEPEST, place)
}

/// A value that is nested deeper than so many levels.
pub(super) fn deeper_than(levels: usize, place: Place) -> Complaint {
    Complaint::new(
        &codes::TOO_DEEP,
        place,
        format!("nested deeper than {levels} levels"),
    )
}

/// A file with too many values.
pub(super) fn too_many(place: Place) -> Complaint {
    Complaint::new(
        &codes::TOO_LARGE,
        place,
        format!("more than {MOST_NODES} values"),
    )
}

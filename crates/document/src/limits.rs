//! Limits of documents: exceeding one is an error, instead of unbounded time and memory.

use super::codes;
use super::complaint::Complaint;
use super::tree::Place;

/// The longest text, in bytes.
pub const LONGEST: usize = 64 * 1024 * 1024;

/// The deepest nesting of lists and maps. Deeper files are rejected before any recursive walk.
pub const DEEPEST: usize = 128;

/// The largest number of values, lists and maps of one file, after aliases are expanded.
pub const MOST_NODES: usize = 8_000_000;

/// The largest number of reported complaints of one file; the rest is counted.
pub(super) const MOST_COMPLAINTS: usize = 100;

/// Creates the complaint about a text that is too long.
pub(super) fn too_large(bytes: usize) -> Complaint {
    Complaint::new(
        &codes::TOO_LARGE,
        Place::default(),
        format!(
            "{} MiB exceed the limit of {} MiB",
            bytes.div_ceil(1024 * 1024),
            LONGEST / 1024 / 1024
        ),
    )
}

/// Creates the complaint about a value that is nested too deep.
pub(super) fn too_deep(place: Place) -> Complaint {
    deeper_than(DEEPEST, place)
}

/// Creates the complaint about a value nested deeper than a number of levels.
pub(super) fn deeper_than(levels: usize, place: Place) -> Complaint {
    Complaint::new(
        &codes::TOO_DEEP,
        place,
        format!("nested deeper than {levels} levels"),
    )
}

/// Creates the complaint about a file with too many values.
pub(super) fn too_many(place: Place) -> Complaint {
    Complaint::new(
        &codes::TOO_LARGE,
        place,
        format!("more than {MOST_NODES} values"),
    )
}

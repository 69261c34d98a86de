//! How much one document may be: beyond that, a complaint instead of time and memory without bound.

use evenkeel_document::LONGEST;

/// Bounds of one document of one environment.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most files.
    pub files: usize,
    /// Most names that are looked at on the way to them.
    pub entries: usize,
    /// Most bytes of all files together.
    pub bytes: u64,
    /// Most bytes of one text.
    pub longest: u64,
}

/// The limits in force.
pub const LIMITS: Limits = Limits {
    files: 100_000,
    entries: 1_000_000,
    bytes: 1024 * 1024 * 1024,
    longest: LONGEST as u64,
};

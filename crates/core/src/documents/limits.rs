//! Limits of one document, so that time and memory stay bounded.

use evenkeel_document::LONGEST;

/// Limits of one document of one environment.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum number of files.
    pub files: usize,
    /// Maximum number of names examined on the way to them.
    pub entries: usize,
    /// Maximum number of bytes of all files together.
    pub bytes: u64,
    /// Maximum number of bytes of one text.
    pub longest: u64,
}

/// Limits in force.
pub const LIMITS: Limits = Limits {
    files: 100_000,
    entries: 1_000_000,
    bytes: 1024 * 1024 * 1024,
    longest: LONGEST as u64,
};

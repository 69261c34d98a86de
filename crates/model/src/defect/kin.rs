//! Common properties of differences, for grouping.

/// The view of one grouping rule on a difference. Never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kin {
    /// The rule.
    pub rule: &'static str,
    /// The property that differences with one cause share.
    pub key: String,
    /// The property that distinguishes it among those.
    pub part: String,
}

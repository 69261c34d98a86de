//! What a difference has in common with others.

/// What one rule of grouping sees in a difference. Never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kin {
    /// The rule.
    pub rule: &'static str,
    /// What differences of one cause have in common.
    pub key: String,
    /// What is its own among those.
    pub part: String,
}

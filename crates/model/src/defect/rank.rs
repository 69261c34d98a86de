//! The place of a difference in a report, beside its severity.

/// What puts a difference before others. The first one comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// One environment may reach what belongs to the other.
    Foreign,
    /// Something is on in one environment and off in the other.
    Switch,
    /// A wildcard, or an empty value, in one environment only.
    Open,
    /// An earlier environment has more than a later one.
    Inverted,
    /// None, one and many.
    Class,
    /// The key is equal at all its siblings.
    Lone,
    /// Everything else, by its reach.
    #[default]
    Rest,
}

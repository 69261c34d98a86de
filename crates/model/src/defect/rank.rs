//! The rank of a difference in a report, within its severity.

/// A reason to sort a difference before others, in descending order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// One environment may access resources of the other.
    Foreign,
    /// A switch is on in one environment and off in the other.
    Switch,
    /// A wildcard or an empty value in one environment only.
    Open,
    /// An earlier environment has more than a later one.
    Inverted,
    /// None, one and many.
    Class,
    /// The key is equal in all sibling resources.
    Lone,
    /// Everything else, by its reach.
    #[default]
    Rest,
}

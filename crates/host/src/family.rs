//! Families: the closed lists of queries, answers and actions of one type of target.
//!
//! A family names three lists; the ports in [`crate::port`] are generic over them. A new type of target defines its own
//! lists and implements the ports for them, without changes to this family.

use std::fmt::Debug;

/// The lists that one type of target understands.
pub trait Family: 'static {
    /// A query.
    type Query: Clone + Debug + Send + Sync;
    /// An answer to a query.
    type Answer: Clone + Debug + Send + Sync;
    /// An action.
    type Action: Clone + Debug + Send + Sync;
}

/// A host: this machine, or one that runs the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {}

impl Family for Host {
    type Query = crate::Query;
    type Answer = crate::Answer;
    type Action = crate::Action;
}

//! Families: the closed lists of queries, answers and actions of one type of target.
//!
//! A family names three lists; the ports in [`crate::port`] are generic over them. A target of another type brings its
//! own lists and its own implementations of the ports, and leaves this family as it is.

use std::fmt::Debug;

/// The lists that one type of target understands.
pub trait Family: 'static {
    /// What can be asked.
    type Query: Clone + Debug + Send + Sync;
    /// What is answered.
    type Answer: Clone + Debug + Send + Sync;
    /// What can be done.
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

//! The world: what can be asked of it, what can be asked to change, and the adapters that do it.
//!
//! [`Query`] and [`Action`] are closed, serialisable lists, so that the same code can answer here and on a host far
//! away. [`Observer`] can only look; [`Target`] can also change. Commands that must not change anything are given
//! observers and nothing else.

#![forbid(unsafe_code)]

pub mod action;
pub mod answer;
mod compare;
mod content;
pub mod interruption;
pub mod launch;
pub mod local;
mod place;
pub mod port;
pub mod query;
pub mod reason;
mod record;
pub mod recorded;
pub mod tree;

pub use action::{Action, Text};
pub use answer::{Account, Answer, Entry, EntryKind, PathState, ProcessState};
pub use interruption::Interruption;
pub use local::LocalTarget;
pub use port::{ActionError, Materials, Observer, Performed, Target};
pub use query::{Query, Ready};
pub use recorded::RecordedTarget;
pub use tree::{TreeDigest, TreeError, tree_digest};

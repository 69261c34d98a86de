//! The world: what can be asked of it, what can be asked to change, and the adapters that do it.
//!
//! [`Query`] and [`Action`] are closed, serialisable lists, so that the same code can answer here and on a host far
//! away. [`Observer`] can only look; [`Target`] can also change. Commands that must not change anything are given
//! observers and nothing else.

pub mod action;
pub mod answer;
pub mod command;
mod compare;
mod content;
pub mod git;
pub mod http;
pub mod interruption;
pub mod launch;
pub mod local;
pub mod patient;
mod place;
pub mod port;
pub mod query;
mod reason;
mod record;
pub mod recorded;
pub mod tree;
mod wait;

pub use action::{Action, Text};
pub use answer::{Answer, Entry, EntryKind, Owner, ProcessState, Standing};
pub use interruption::Interruption;
pub use local::LocalTarget;
pub use port::{ActionError, Materials, Observer, Performed, Target};
pub use query::{Query, Ready};
pub use recorded::RecordedTarget;
pub use tree::{TreeDigest, TreeError, tree_digest};

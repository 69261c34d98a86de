//! Queries and actions of a host, and the targets that answer and perform them.
//!
//! [`Query`] and [`Action`] are closed, serialisable lists, so the same code answers locally and on a remote host. Each
//! subsystem has one entry in these lists, see [`subsystem`]. [`Observer`] only reads; [`Target`] also changes.
//! Commands that must not change anything get observers only.
//!
//! Without features this crate is pure: types, ports and comparison. `local` adds everything that touches this machine;
//! `testing` adds a target in memory.

#![forbid(unsafe_code)]
#![cfg_attr(
    any(test, feature = "local"),
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "`local` touches the world; without it, clippy checks that nothing does"
    )
)]

pub mod family;
#[cfg(feature = "local")]
pub mod inheritance;
pub mod interruption;
#[cfg(feature = "local")]
pub mod local;
#[cfg(any(feature = "local", feature = "testing"))]
mod place;
pub mod port;
#[cfg(feature = "local")]
pub mod program;
#[cfg(feature = "testing")]
pub mod recorded;
pub mod sealing;
pub mod subsystem;
pub mod threads;
pub mod wire;

pub use family::{Family, Host};
pub use interruption::Interruption;
pub use port::{ActionError, Batches, Materials, Observer, Performed, Target};
pub use sealing::{SealBook, SealedTarget};
pub use subsystem::path::{Account, PathState};
pub use subsystem::process::{ProcessState, Ready, Running, Text};
pub use subsystem::{
    Action, Answer, Query, Subject, command, content, entries, facts, group, installation,
    inventory, lines, mount, package, path, process, revert, sysctl, timer, unit, user,
};

#[cfg(feature = "local")]
pub use local::tree::digest::TreeHasher;
#[cfg(feature = "local")]
pub use local::tree::near::{Near, NearTree};
#[cfg(feature = "local")]
pub use local::tree::write::TreeWriter;
#[cfg(feature = "local")]
pub use local::tree::{TreeDigest, TreeError, links, tree_digest};
#[cfg(feature = "local")]
pub use local::{LocalTarget, reason, remove_tree};
#[cfg(feature = "testing")]
pub use recorded::RecordedTarget;
#[cfg(feature = "local")]
pub use subsystem::installation::local::keep::{ArtifactStore, Stored};
#[cfg(feature = "local")]
pub use subsystem::process::launch;

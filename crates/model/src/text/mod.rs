//! Words: how things are said, whatever is said about.
//!
//! Everything here takes text and gives text. Nothing here knows about environments, targets or terminals.

#[cfg(feature = "definitions")]
pub mod difference;
pub mod inert;
pub mod number;
#[cfg(feature = "definitions")]
pub mod suggestion;
pub mod wildcard;

#[cfg(feature = "definitions")]
pub use difference::{unified, unified_shown};
pub use inert::inert;
pub use number::{count, list};
#[cfg(feature = "definitions")]
pub use suggestion::nearest;
pub use wildcard::matches;

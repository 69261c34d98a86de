//! Text functions: plurals, lists, suggestions, differences, escaping.
//!
//! These functions take and return text, and know nothing about environments, targets or terminals.

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

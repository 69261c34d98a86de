//! Words: how things are said, whatever is said about.
//!
//! Everything here takes text and gives text. Nothing here knows about environments, targets or terminals.

pub mod difference;
pub mod inert;
pub mod number;
pub mod suggestion;
pub mod wildcard;

pub use difference::unified;
pub use inert::inert;
pub use number::{count, list};
pub use suggestion::nearest;
pub use wildcard::matches;

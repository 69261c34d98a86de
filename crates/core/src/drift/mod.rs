//! Drift: differences between environments, and between an environment's definition and its live state.
//!
//! Pure: takes definitions and situations, returns defects, and observes nothing.

mod along;
mod causes;
pub mod codes;
mod corners;
mod declare;
mod differences;
pub mod documents;
mod live;
mod machines;
mod parity;
mod scopes;
mod seen;
pub mod severities;
pub mod survey;
mod unmanaged;

pub use along::{compare_along_path, name_releases};
pub(crate) use causes::order::order;
pub use causes::{group, group_without, rules};
pub use declare::{Signature, declare};
pub use differences::{Declaration, Presence, SettledParity, settle};
pub use live::{live, live_resources};
pub use machines::by_machine;
pub use parity::{Disparity, parity};
pub use scopes::{Unmanaged, undeclared_things};
pub use seen::{
    Baseline, Classes, PastFinding, SeenSince, Unread, hiding, is_of_parity, seen_since,
};

//! Applies a plan: the only caller of [`Target::perform`](evenkeel_host::Target::perform).
//!
//! It decides nothing. It writes down what it is about to do, asks targets to do it, looks again, and writes down what
//! came of it; a step is done only when looking showed it. What does not depend on each other runs at once.

mod aftermath;
mod bystanders;
mod execute;
mod journal;
mod owner;
mod permission;
mod schedule;

pub use aftermath::judge_aftermath;
pub use execute::{Apply, ApplyReport, Progress, StepReport, execute};
pub use journal::{Journal, JournalError};
pub use owner::{NotOurs, OwnerStamp};
pub use permission::{is_new, is_recorded, unconfirmed_removals, unrecorded};

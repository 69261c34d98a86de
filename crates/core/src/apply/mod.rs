//! Application of plans: the only caller of [`Target::perform`](evenkeel_host::Target::perform).
//!
//! It makes no decisions. It records the intent, has the target perform the actions, observes the result, and records
//! the outcome; a step is done only if the observation confirms it. Independent steps run concurrently.

mod aftermath;
mod bystanders;
mod confirmation;
#[cfg(test)]
mod confirmation_tests;
mod execute;
mod journal;
mod owner;
mod permission;
mod renewal;
mod rollout;
#[cfg(test)]
mod rollout_tests;
mod schedule;

pub use aftermath::judge_aftermath;
pub use execute::{Apply, ApplyReport, Progress, StepReport, execute};
pub use journal::{Journal, JournalError};
pub use owner::{ForeignStamp, NotOurs, OwnerStamp};
pub use permission::{is_new, is_recorded, unconfirmed_removals, unrecorded};
pub use rollout::{RolloutReport, RolloutWorld};

//! Observation of targets: one batch of queries each, however many resources.
//!
//! A [`Situation`] combines observations with definitions and the last applied state; everything above works on it
//! without further input.

mod batch;
mod handover;
mod situation;

pub use batch::{Observers, Questions, observe, observe_with};
pub use handover::{FormerPlace, Handover, Hold, Holder, Leaving, owner_of_former};
pub use situation::{
    AppliedSeals, LastApplied, Situation, Things, applied_record, applied_seals, look,
    look_with_things,
};

//! Looks at targets: one batch of questions each, however many resources.
//!
//! What was seen is gathered with what is declared and what was last applied into a [`Situation`], on which everything
//! above only thinks.

mod batch;
mod handover;
mod situation;

pub use batch::{Observers, observe};
pub use handover::{FormerPlace, Handover, Hold, Holder, Leaving, owner_of_former};
pub use situation::{AppliedSeals, LastApplied, Situation, applied_record, applied_seals, look};

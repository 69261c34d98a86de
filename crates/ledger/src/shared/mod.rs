//! What the stores of a team have in common: the key from a source outside, and locks that expire.

mod key;
mod outage;
mod renewal;

pub use key::{KeySource, SharedKey};
pub(crate) use outage::Outage;
pub(crate) use renewal::{RENEW_EVERY, Renewal, TIME_TO_LIVE};

//! The agent: reads requests in frames from one channel and writes replies to another, see [`evenkeel_host::wire`].
//!
//! [`serve`] runs one conversation; `main.rs` contains the program. The target of the conversation executes the
//! requests. A [`Resident`] answers later conversations at a [`Residence`].

#![forbid(unsafe_code)]

mod ahead;
mod conversation;
mod inbox;
mod materials;
pub mod residence;
mod resident;
mod staging;
mod wiped;

pub use conversation::{End, serve};
pub use inbox::Stopper;
pub use residence::Residence;
pub use resident::Resident;

//! The agent: reads requests in frames from one channel and writes replies to another, see [`evenkeel_host::wire`].
//!
//! [`serve`] is one conversation; the program around it is in `main.rs`. What the requests do to this machine is left
//! to the target that the conversation is given.

#![forbid(unsafe_code)]

mod conversation;
mod inbox;
mod materials;
mod staging;

pub use conversation::{End, serve};
pub use inbox::Stopper;

//! The protocol between evenkeel and its agent, version 4: types, frames and the evenkeel side of it.
//!
//! Each side first writes the line [`MAGIC`]. Then both exchange frames (see [`frame`]): a hello with the protocol's
//! version, the target's key, requests and replies (see [`message`]). Anything that a side does not understand ends the
//! conversation, with two exceptions: unknown fields are ignored, and an unknown query or action is answered as
//! unreadable or failed.
//!
//! These are wire types: live types may change freely, these only together with [`PROTOCOL`].

#[cfg(feature = "local")]
pub mod client;
pub mod frame;
pub mod limit;
pub mod message;
pub mod mirror;
#[cfg(feature = "local")]
pub mod parts;
#[cfg(feature = "local")]
mod supply;

/// The version of the protocol. Two sides with different versions do not communicate.
pub const PROTOCOL: u32 = 4;

/// The first line that each side writes.
pub const MAGIC: &[u8] = b"evenkeel agent protocol\n";

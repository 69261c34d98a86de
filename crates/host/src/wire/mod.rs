//! The protocol between evenkeel and its agent, version 1: types, frames and the evenkeel side of it.
//!
//! Each side first writes the line [`MAGIC`]. Then both exchange frames (see [`frame`]): a hello with the protocol's
//! version, the target's key, requests and replies (see [`message`]). Whatever a side does not understand ends the
//! conversation, with two exceptions: fields that are not known are ignored, and a query or an action that is not
//! known is answered with "cannot tell" or with a failure.
//!
//! The types here are the wire's own: the live types may change, these only with [`PROTOCOL`].

#[cfg(feature = "local")]
pub mod client;
pub mod frame;
pub mod limit;
pub mod message;
pub mod mirror;

/// The version of the protocol. Two sides of different versions do not talk.
pub const PROTOCOL: u32 = 1;

/// The first line that each side writes.
pub const MAGIC: &[u8] = b"evenkeel agent protocol\n";

//! Basic types of all crates: names, addresses, digests, values, secrets, moments, text, places in files, codes and
//! defects.
//!
//! Plain data with its rules. No code here reads files, clocks or environment variables.

#![forbid(unsafe_code)]

#[cfg(feature = "definitions")]
pub mod defect;

#[cfg(feature = "definitions")]
pub mod source;

pub mod address;
mod beside;
pub mod canonical;
pub mod digest;
pub mod duration;
#[cfg(feature = "definitions")]
mod fast;
pub mod instance;
pub mod moment;
pub mod name;
pub mod order;
mod parts;
pub mod secret;
pub mod value;

pub mod text;

pub use address::Address;
pub use beside::beside;
pub use digest::{Digest, DigestOfPieces};
#[cfg(feature = "definitions")]
pub use fast::{FastMap, FastSet};
pub use instance::{HostName, Instance, Member};
pub use moment::{Clock, Moment};
pub use name::EnvironmentName;
pub use parts::Parts;
pub use secret::{Sealer, Secret};
pub use value::Value;

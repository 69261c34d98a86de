//! The subsystems of a host: one module each, with its query, its answer, its actions and what performs them.
//!
//! [`Query`], [`Answer`] and [`Action`] have one entry per subsystem, made from the one list below. None carries a
//! secret: content is named by its digest and handed over separately (see [`crate::Materials`]). Every action is safe
//! to repeat and carries what it expects to find; the target refuses it when something else is there.

pub mod entries;
pub mod installation;
mod list;
pub mod path;
pub mod process;
#[cfg(feature = "toys")]
pub mod toy;

use serde::{Deserialize, Serialize};

#[cfg(feature = "local")]
use crate::local::{Found, Local, LocalTarget, Performer, Work};
#[cfg(any(feature = "local", feature = "testing"))]
use crate::port::Outcome;
#[cfg(feature = "testing")]
use crate::recorded::{Kit, Recorded, RecordedHost};
use crate::sealing::Seals;
use evenkeel_model::Digest;
#[cfg(feature = "testing")]
use evenkeel_model::Sealer;

/// What a query or an action is about: a path, an installation's directory, a record file.
pub trait Subject {
    /// Its path, for messages.
    fn subject(&self) -> &str;
}

list::subsystems! {
    /// What stands at a path: a file, a directory, a link.
    Path => path {
        /// Make a directory, or give one the right mode and owners.
        Directory,
        /// Put a file in place.
        File,
        /// Put a symbolic link in place.
        Link,
        /// Remove what stands at a path.
        Remove
    }
    /// The names in a directory.
    Entries => entries {}
    /// An artifact that is installed as a release.
    Installation => installation {
        /// Copy an artifact to `releases/<digest>`, verify it there, then switch `current` to it.
        Install,
        /// Remove an installation.
        Uninstall
    }
    /// A process that was started with a record file.
    Process => process {
        /// Start a process and wait until it is ready.
        Start,
        /// Stop a process and remove its record.
        Stop,
        /// Keep a process under another record, while it goes on running.
        TakeOver
    }
    [feature = "toys"]
    /// A named thing with a value, for tests of how kinds are added.
    Toy => toy {
        /// Give a thing a value.
        SetToy,
        /// Remove a thing.
        DropToy
    }
}

#[cfg(test)]
mod tests;

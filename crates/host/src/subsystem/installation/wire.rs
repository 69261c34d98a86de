//! The wire's types of installations.

use crate::wire::mirror::mirror;
use evenkeel_model::{Digest, Moment};

mirror! {
    /// An installation.
    Query = super::Query { into: String, artifact: Digest }
    /// An installation.
    Answer = super::Answer {
        current: Option<Digest>,
        actual: Option<Digest>,
        releases: Vec<Digest>,
        held: bool,
        changed: Option<Moment>,
    }
    /// Installs an artifact.
    Install = super::Install { into: String, artifact: Digest, keep: u32, expected: Option<Digest> }
    /// Removes an installation.
    Uninstall = super::Uninstall { into: String, expected: Option<Digest> }
}

//! The tests of a target, run in this process.

mod support {
    pub use crate::support::*;
    pub type HostFixture = Fixture<Here>;
}

#[path = "files.rs"]
mod files;
#[path = "installations.rs"]
mod installations;
#[path = "lines.rs"]
mod lines;
#[path = "processes.rs"]
mod processes;
#[path = "races.rs"]
mod races;
#[path = "recorded.rs"]
mod recorded;

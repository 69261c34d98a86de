//! The local target: this machine's files, installations and processes.
//!
//! Questions are answered by [`observe`], actions are dispatched by [`perform`]: those on paths go through
//! [`placing`] as one batch that shares its syncs, the others each on a thread of its own. What should be there is
//! decided elsewhere.

mod commit;
mod copy;
mod install;
mod installation;
mod log;
mod look;
mod observe;
mod owners;
mod perform;
mod placing;
mod probe;
mod process;
mod prune;
mod ready;
mod session;
mod spawn;
mod stage;
mod start;
mod stop;
mod sync;
mod uninstall;
mod unrecorded;

use std::path::PathBuf;

use super::{
    Action, ActionError, Answer, Interruption, Materials, Observer, Performed, Query, Target,
};
use evenkeel_model::Sealer;

pub use installation::current_target;

/// This machine.
#[derive(Clone, Debug)]
pub struct LocalTarget {
    sealer: Sealer,
    launcher: PathBuf,
}

impl LocalTarget {
    /// Seals with the project's key; starts processes through `launcher`, an evenkeel binary (see
    /// [`crate::launch`]).
    #[must_use]
    pub fn new(sealer: Sealer, launcher: PathBuf) -> Self {
        Self { sealer, launcher }
    }
}

impl Observer for LocalTarget {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        observe::observe(self, queries)
    }
}

impl Target for LocalTarget {
    fn perform(
        &self,
        actions: &[Action],
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>> {
        perform::perform(self, actions, materials, interruption)
    }
}

//! Creation of a project's store.

use std::path::Path;
use std::sync::Arc;

use super::{Failure, World};
use evenkeel_core::environment::definition::SharedLedger;
use evenkeel_ledger::Store;

/// Creates stores: real ones for the program, others for tests.
pub trait StoreMaker: Sync {
    /// Returns the store of a project, or the shared one that its definitions or the variables declare. Connects to
    /// nothing and creates nothing.
    ///
    /// # Errors
    ///
    /// When the place of a shared ledger is malformed or not supported.
    fn make(
        &self,
        world: &World<'_>,
        project: &ProjectPlace<'_>,
        declared: Option<&SharedLedger>,
    ) -> Result<Arc<dyn Store>, Failure>;

    /// Returns the store of a project whose definitions are not read yet; `None` when they have to be read first.
    fn make_early(&self, world: &World<'_>, project: &ProjectPlace<'_>) -> Option<Arc<dyn Store>>;
}

/// The directories of a project.
#[derive(Clone, Copy, Debug)]
pub struct ProjectPlace<'a> {
    /// Project directory.
    pub root: &'a Path,
    /// Directory of the definitions.
    pub definitions: &'a Path,
}
